"""Pages as they are after recognition, written down as texts and places."""

from qwenocr_assets.engine.page.read_page import Cell, Line, ReadPage, Table


def line(text: str, left: float, top: float) -> Line:
    right, bottom = left + 10 * len(text), top + 20
    places = tuple((i + 0.5) / len(text) for i in range(len(text)))
    return Line(text, (left, top, right, top, right, bottom, left, bottom), 0.99, places)


def page(*lines: tuple[str, float, float], tables: tuple[Table, ...] = ()) -> ReadPage:
    read = tuple(line(*entry) for entry in lines)
    return ReadPage(1000, 1400, 0, 0.0, read, read, tables)


def table(rows: list[list[str]], top: float = 600) -> Table:
    cells = tuple(Cell(r, c, 1, 1, text) for r, row in enumerate(rows) for c, text in enumerate(row))
    return Table(cells, (50, top, 900, top + 30 * len(rows)))


def receipt(*texts: str) -> ReadPage:
    """Rows of print from the top; "|" parts what stands left from what stands right."""
    places = (
        (left, right, 30.0 * row)
        for row, text in enumerate(texts)
        for left, _, right in (text.partition("|"),)
    )
    return page(
        *(
            (part.strip(), left, top)
            for texts_of_row in places
            for part, left, top in (
                (texts_of_row[0], 50.0, texts_of_row[2]),
                (texts_of_row[1], 700.0, texts_of_row[2]),
            )
            if part.strip()
        )
    )
