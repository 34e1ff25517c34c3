"""Truth folders: what people wrote down about their documents, in files named after them.

`NAME.txt` holds a document's text, pages apart by form feeds; `NAME.json` any of text, lines, fields and tables.
docs/scoring.md says exactly what.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath
from typing import Annotated, Any
from unicodedata import normalize

import orjson
from pydantic import AfterValidator, AliasChoices, BaseModel, ConfigDict, Field, ValidationError

from qwenocr_assets.errors import ConfigurationError
from qwenocr_assets.geometry import Quad
from qwenocr_assets.scoring.fields import merged
from qwenocr_assets.scoring.lines import Line
from qwenocr_assets.tables.grid import Cell
from qwenocr_assets.tables.html.tables import html_tables


def _box_or_quad(numbers: list[float]) -> list[float]:
    """Left, top, right, bottom of a box, or x1, y1 … x4, y4: raises ValueError for anything else."""
    Quad.of(numbers)
    return numbers


class _Line(BaseModel):
    text: str
    bbox: Annotated[list[float], AfterValidator(_box_or_quad)] | None = None


class _Cell(BaseModel):
    row: int = Field(ge=0)
    column: int = Field(ge=0)
    row_span: int = Field(1, ge=1)
    column_span: int = Field(1, ge=1)
    text: str = ""


class _Table(BaseModel):
    cells: list[_Cell]


def _has_a_table(html: str) -> str:
    if not html_tables(html):
        raise ValueError("there is no <table> in this HTML")
    return html


_AnyTable = Annotated[str, AfterValidator(_has_a_table)] | list[list[str | int | float | None]] | _Table


class _Page(BaseModel):
    """What a page, or a document of one page, can say. Other keys are left alone."""

    model_config = ConfigDict(extra="ignore")

    text: str | None = None
    lines: list[_Line] | None = None
    fields: dict[str, Any] | None = Field(None, validation_alias=AliasChoices("fields", "extracted"))
    key_values: dict[str, Any] | None = None
    tables: list[_AnyTable] | None = None


class _Document(_Page):
    sha256: str | None = None
    document: str | None = None
    pages: list[_Page] | None = None


_KNOWN = {"text", "lines", "fields", "extracted", "key_values", "tables", "pages", "sha256", "document"}


@dataclass(frozen=True, slots=True)
class TruthPage:
    """What truly stands on a page; None where nothing is said about it."""

    text: str | None = None
    lines: tuple[Line, ...] | None = None
    """Boxes in pixels of the picture as it is stored, or points of the PDF page, from the top left."""
    tables: tuple[tuple[Cell, ...], ...] | None = None


@dataclass(frozen=True, slots=True)
class Truth:
    """What truly stands in a document."""

    name: str
    """Path of its file below the folder, without the ending."""
    pages: tuple[TruthPage, ...] = ()
    fields: Mapping[str, Any] | None = None
    """Values by the keys of the route's result schema."""
    key_values: Mapping[str, Any] | None = None
    """Values by the labels on the document."""
    sha256: str | None = None


@dataclass(frozen=True, slots=True)
class Problem:
    """A file that cannot be used."""

    file: str
    reason: str


@dataclass(frozen=True, slots=True)
class TruthFolder:
    """The truths of a folder, and the files that hold none."""

    truths: tuple[Truth, ...]
    problems: tuple[Problem, ...]
    _by_name: dict[str, Truth] = field(default_factory=dict)
    _by_content: dict[str, Truth] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._by_name.update({_plain(truth.name): truth for truth in self.truths})
        self._by_content.update({truth.sha256.lower(): truth for truth in self.truths if truth.sha256})

    def find(self, name: str, sha256: str | None = None) -> Truth | None:
        """The truth of a document: by its content, else by its name, with and without the ending, and then without
        its outer folders, one after the other."""
        if sha256 is not None and (truth := self._by_content.get(sha256.lower())):
            return truth
        parts = PurePosixPath(_plain(name)).parts
        for start in range(len(parts)):
            path = PurePosixPath(*parts[start:])
            truth = self._by_name.get(str(path)) or self._by_name.get(str(path.with_suffix("")))
            if truth is not None:
                return truth
        return None


def _plain(name: str) -> str:
    return normalize("NFC", name)


def read_truths(folder: Path) -> TruthFolder:
    """Every truth of a folder.

    Raises:
        ConfigurationError: there is no such folder, or not one truth file in it.
    """
    files = sorted(p for p in folder.rglob("*") if p.suffix.lower() in (".txt", ".json") and p.is_file())
    if not files:
        what = "holds no .txt or .json file" if folder.is_dir() else "is no folder"
        raise ConfigurationError(
            f"The truth folder {folder} {what}.", "docs/scoring.md says what files it should hold."
        )
    truths: dict[str, Truth] = {}
    problems = []
    for file in files:
        name = file.relative_to(folder).with_suffix("").as_posix()
        try:
            truth = _read(file, name)
            truths[name] = _joined(truths[name], truth) if name in truths else truth
        except ValidationError as error:
            problems.append(Problem(str(file), "; ".join(_said(error))))
        except (ValueError, OSError) as error:
            problems.append(Problem(str(file), str(error)))
    return TruthFolder(tuple(truths.values()), tuple(problems))


def _said(error: ValidationError) -> Iterator[str]:
    for problem in error.errors()[:3]:
        yield f"{'.'.join(map(str, problem['loc'])) or 'the file'}: {problem['msg'].removeprefix('Value error, ')}"
    if error.error_count() > 3:
        yield f"and {error.error_count() - 3} more"


def _read(file: Path, name: str) -> Truth:
    content = file.read_bytes()
    if file.suffix.lower() == ".txt":
        try:
            text = content.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise ValueError(
                f"it is not UTF-8 ({error.reason} at byte {error.start}); save it as UTF-8"
            ) from None
        return Truth(name, tuple(TruthPage(text=page) for page in text.removesuffix("\f").split("\f")))
    try:
        said = orjson.loads(content.removeprefix(b"\xef\xbb\xbf"))
    except orjson.JSONDecodeError as error:
        raise ValueError(f"it is not JSON: {error}") from None
    if not isinstance(said, dict):
        raise ValueError("it should be a JSON object, like an answer of key information extraction")  # noqa: TRY004
    if not _KNOWN & said.keys():  # nothing but the fields themselves
        return Truth(name, fields=said)
    document = _Document.model_validate(said)
    pages = document.pages if document.pages is not None else [document]
    return Truth(
        name,
        tuple(p for page in pages for p in _pages(page)),
        _together([document.fields, *(page.fields for page in pages)]),
        _together([document.key_values, *(page.key_values for page in pages)]),
        document.sha256,
    )


def _together(parts: Sequence[dict[str, Any] | None]) -> dict[str, Any] | None:
    """The fields of all pages; the document's own stand for the whole."""
    whole = parts[0]
    if whole is None:
        whole = merged(part for part in parts[1:] if part is not None)
    return whole or None


def _pages(page: _Page) -> Iterator[TruthPage]:
    lines = None if page.lines is None else tuple(_line(line) for line in page.lines)
    tables = None if page.tables is None else tuple(grid for t in page.tables for grid in _grids(t))
    text = page.text if page.text is not None or not lines else "\n".join(line.text for line in lines)
    first, *others = [text] if text is None else text.split("\f")
    yield TruthPage(first, lines, tables)
    yield from (TruthPage(other) for other in others)


def _line(line: _Line) -> Line:
    return Line(line.text, None if line.bbox is None else Quad.of(line.bbox))


def _grids(table: _AnyTable) -> Iterator[tuple[Cell, ...]]:
    if isinstance(table, str):
        yield from (tuple(found.cells) for found in html_tables(table))
    elif isinstance(table, _Table):
        yield tuple(
            Cell(cell.row, cell.column, cell.row_span, cell.column_span, False, cell.text)
            for cell in table.cells
        )
    else:
        yield tuple(
            Cell(row, column, 1, 1, False, "" if value is None else str(value))
            for row, values in enumerate(table)
            for column, value in enumerate(values)
        )


def _joined(one: Truth, other: Truth) -> Truth:
    """What NAME.json says, with the text of NAME.txt."""
    count = max(len(one.pages), len(other.pages))
    blank = TruthPage()
    ours, theirs = ((*t.pages, *[blank] * (count - len(t.pages))) for t in (one, other))
    pages = tuple(
        replace(a, text=b.text if b.text is not None else a.text) for a, b in zip(ours, theirs, strict=True)
    )
    return replace(one, pages=pages)
