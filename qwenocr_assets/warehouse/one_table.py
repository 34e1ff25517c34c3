"""One table of a document, as the rectangle a person saw: the SQL that gives it back."""

from difflib import get_close_matches

from qwenocr_assets.errors import WarehouseError
from qwenocr_assets.warehouse.connect import Warehouse, open_reader
from qwenocr_assets.warehouse.ddl import literal, quoted


def document_table_sql(warehouse: Warehouse, document: str, number: int) -> str:
    """The SQL that selects a document's table, stitched over its pages, its header as the columns' names.

    `number` is `stitched_index` of `marts.stitched_tables`. A column of numbers comes twice, as numbers and
    `… as written`; what is written there and is no number, as `—`, has none.

    Raises:
        WarehouseError: there is no such document or no such table in it; names those there are.
    """
    with open_reader(warehouse) as con:
        rows = con.execute(
            "SELECT tables.is_header, tables.cells, tables.numbers, tables.task "
            "FROM marts.stitched_tables AS tables "
            "JOIN marts.documents_overview AS documents USING (document_id) "
            "WHERE documents.name = ? AND tables.stitched_index = ? "
            "QUALIFY tables.task = max(tables.task) OVER () ORDER BY tables.row_number",
            [document, number],
        ).fetchall()
        if not rows:
            names = [n for (n,) in con.execute("SELECT name FROM marts.documents_overview").fetchall()]
            count = con.execute(
                "SELECT count(DISTINCT stitched_index) FROM marts.stitched_tables "
                "JOIN marts.documents_overview USING (document_id) WHERE name = ?",
                [document],
            ).fetchone()
            if document in names:
                raise WarehouseError(
                    f"{document} has no table {number}.",
                    f"It has {count[0] if count else 0}, counted from 0.",
                )
            near = get_close_matches(document, names, n=3)
            raise WarehouseError(
                f"There is no document {document} in the warehouse.",
                f"Did you mean {' or '.join(near)}?" if near else "marts.documents_overview lists them all.",
            )
    task = rows[0][3]
    heads = [cells for is_header, cells, _, _ in rows if is_header]
    body = [(cells, numbers) for is_header, cells, numbers, _ in rows if not is_header]
    columns: list[str] = []
    for place in range(len(rows[0][1])):
        parts = dict.fromkeys(head[place] for head in heads if head[place])
        name = " ".join(" > ".join(parts).split()) or f"column {place + 1}"
        filled = [numbers[place] is not None for cells, numbers in body if cells[place]]
        is_numeric = sum(filled) * 2 > len(filled)
        for source, suffix in (("numbers", ""), ("cells", " as written")) if is_numeric else (("cells", ""),):
            columns.append(f"{source}[{place + 1}] AS {quoted(_distinct(name + suffix, columns))}")
    return (
        f"SELECT {', '.join(columns)} FROM marts.stitched_tables "  # noqa: S608  quoted names and literals
        f"JOIN marts.documents_overview USING (document_id) WHERE name = {literal(document)} "
        f"AND task = {literal(task)} AND stitched_index = {number} AND NOT is_header ORDER BY row_number"
    )


def _distinct(name: str, columns: list[str]) -> str:
    taken = {column.partition(" AS ")[2].lower() for column in columns}
    candidate, times = name, 2
    while quoted(candidate).lower() in taken:
        candidate, times = f"{name} {times}", times + 1
    return candidate
