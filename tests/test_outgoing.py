"""Text of others leaves the program as text, in every kind of exit, and no exit can be added that forgets it."""

import ast
import io
import sys
from collections.abc import Callable, Iterator
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import dagster as dg
import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from rich.progress import Progress
from rich.table import Column, Table
from rich.text import Text

from qwenocr_assets.cli import terminal
from qwenocr_assets.cli.progress import BarProgress
from qwenocr_assets.cli.tables import print_result
from qwenocr_assets.defs.metadata import markdown_table, picture
from qwenocr_assets.errors import RejectedInput
from qwenocr_assets.outgoing import from_spreadsheet, markdown, markdown_code, spreadsheet, visible, xml
from qwenocr_assets.review.label_studio import labelling_config
from qwenocr_assets.review.pages import AskedPage, AskedValue
from qwenocr_assets.review.places import read_place
from qwenocr_assets.warehouse.query import QueryResult

PACKAGE = Path(__file__).parents[1] / "qwenocr_assets"
STEERING = "\x1b[31m red \x9b31m \x1b]0;title\x07 \x08\x7f \ud800 \u202e"
"""What terminals obey, in both widths, half a surrogate pair, and what turns the direction of writing."""


def steers(text: str) -> bool:
    return any(not (c.isprintable() or c in "\n\t") for c in text)


# ---- terminals


def _as_error(to: terminal.Terminal) -> None:
    terminal.print_error(to, STEERING)


def _as_our_error(to: terminal.Terminal) -> None:
    to.print(str(RejectedInput(STEERING, STEERING)))


def _in_table(to: terminal.Terminal) -> None:
    table = Table(Column(Text(STEERING)))
    table.add_row(Text(STEERING), STEERING.replace("[", "("))
    to.print(table)


def _as_rows(to: terminal.Terminal) -> None:
    print_result(QueryResult((STEERING,), [(STEERING,), (None,)]), to)


def _as_note(to: terminal.Terminal) -> None:
    with BarProgress(to) as progress:
        progress.note(STEERING)


def _beside_bars(to: terminal.Terminal) -> None:
    with Progress(console=to) as bars:
        bars.console.print(Text(STEERING))


SAYS: list[Callable[[terminal.Terminal], None]] = [
    _as_error,
    _as_our_error,
    _in_table,
    _as_rows,
    _as_note,
    _beside_bars,
    lambda to: to.print(STEERING, markup=False),
    lambda to: to.out(STEERING),
]


@pytest.mark.parametrize("say", SAYS)
def test_nothing_steers_the_terminal(say: Callable[[terminal.Terminal], None]) -> None:
    shown = io.StringIO()
    say(terminal.Terminal(file=shown, width=200, force_terminal=False))
    assert "red" in shown.getvalue()
    assert not steers(shown.getvalue())
    shown.getvalue().encode()  # half a surrogate pair cannot be written


@pytest.mark.parametrize(("eyes", "written"), [(True, "␛[31m\n"), (False, "\x1b[31m\n")])
def test_rows_are_as_they_are_for_programs_only(
    eyes: bool, written: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: eyes)
    terminal.write_rows(["\x1b[31m\n"])
    assert capsys.readouterr().out == written


def test_what_rich_sends_itself_stays() -> None:
    shown = io.StringIO()
    terminal.Terminal(file=shown, force_terminal=True, color_system="standard").print("[red]red[/]")
    assert shown.getvalue() == "\x1b[31mred\x1b[0m\n"


@given(st.text(st.characters()))
def test_visible_text_steers_nothing_and_stays_as_long(text: str) -> None:
    assert not [c for c in visible(text) if ord(c) < 0x20 and c not in "\n\t"]
    assert len(visible(text)) == len(text)
    assert visible(visible(text)) == visible(text)
    visible(text).encode()


def calls(folder: str) -> Iterator[tuple[Path, ast.Call, str]]:
    """Every call below a folder of the package, with what is called."""
    for path in sorted((PACKAGE / folder).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call):
                yield path.relative_to(PACKAGE), node, ast.unparse(node.func)


def test_commands_write_to_the_terminal_in_one_place() -> None:
    """Whatever is written past `cli/terminal.py` may steer the terminal."""
    writing = ("Console", "print", "typer.echo", "typer.secho", "sys.stdout.write", "sys.stderr.write")
    past = {(str(path), called) for path, _, called in calls("cli") if called in writing}
    assert past == {("cli/terminal.py", "sys.stdout.write")}


# ---- Dagster


class _Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.text = ""

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.tags.add(tag)

    def handle_data(self, data: str) -> None:
        self.text += data


def rendered(text: str) -> _Tags:
    html = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"]).render(text)
    found = _Tags()
    found.feed(html)
    return found


TABLE = {"table", "thead", "tbody", "tr", "th", "td"}
NASTY = [
    "![x](http://example.org/a.png)", "[x](javascript:alert(1))", "<img src=x onerror=alert(1)>", "a|b|c",
    "`code`", "**bold** _it_ ~~no~~", "&lt;b&gt; &amp;", "line\n\n# heading", "\\| \\", "<http://example.org>",
    "```\nend", "\x1b[31m",
]  # fmt: skip


@pytest.mark.parametrize("text", NASTY)
def test_names_are_text_in_dagsters_tables(text: str) -> None:
    value = markdown_table([{"name": text, text: "other"}], ["name", text])
    assert isinstance(value, dg.MarkdownMetadataValue)
    found = rendered(value.value or "")
    assert found.tags == TABLE
    words = visible(text).split()
    assert " ".join(words) in " ".join(found.text.split())


@given(st.text(st.characters(codec="utf-8")))
def test_any_text_is_one_cell(text: str) -> None:
    found = rendered(f"| a | b |\n| --- | --- |\n| {markdown(text)} | end |")
    assert found.tags == TABLE
    cells = [line.strip() for line in found.text.split("\n") if line.strip()]
    assert cells[-1] == "end"
    assert "".join(cells[2:-1]) == " ".join(visible(text).split()).strip()


@pytest.mark.parametrize("code", ["select 1", "select '```'", "`````\n# heading", ""])
def test_code_stays_code(code: str) -> None:
    found = rendered(markdown_code(code, "sql"))
    assert found.tags == {"pre", "code"}
    assert found.text.strip() == code


def test_a_pictures_title_is_text() -> None:
    value = picture(b"", "x](http://example.org) ![y")
    assert isinstance(value, dg.MarkdownMetadataValue)
    (shown,) = rendered(value.value or "").tags - {"p"}
    assert shown == "img"


SAFE = {"markdown", "markdown_code", "visible", "len", "sum", "repr"}
OURS = {"schema.description", "c.description", "task.spec.description", "description"}
"""Texts of the declared tables and tasks, and what a function of ours was given under this name: looked at there."""


def _foreign(node: ast.AST) -> bool:
    """Whether an expression may hold text of others that no function of `outgoing` has seen."""
    if isinstance(node, ast.Call) and ast.unparse(node.func) in SAFE:
        return False
    if isinstance(node, ast.IfExp):
        return _foreign(node.body) or _foreign(node.orelse)
    if isinstance(node, ast.Name | ast.Attribute):
        return ast.unparse(node) not in OURS
    return any(map(_foreign, ast.iter_child_nodes(node)))


def test_whatever_dagster_shows_or_logs_has_been_made_text() -> None:
    """Markdown is made in one module; descriptions, reasons to skip and what is logged are made text where they are
    written."""
    raw = []
    for path, node, called in calls("defs"):
        if called.endswith("MetadataValue.md"):
            assert path == Path("defs/metadata.py")
        said = [keyword.value for keyword in node.keywords if keyword.arg in ("description", "skip_reason")]
        if called.endswith("SkipReason") or ".log." in called:
            said += node.args[:1]
        raw += [f"{path}: {ast.unparse(text)}" for text in said if _foreign(text)]
    assert raw == []


# ---- XML


def _asked(place: str) -> AskedValue:
    return AskedValue(place, "key_information_extraction", "5", "5", 0.5, "audit", None, None)


@given(st.text(st.characters(exclude_characters='.[]"#'), min_size=1))
def test_any_key_is_a_label_of_label_studio(key: str) -> None:
    page = AskedPage("b", "d", "a.png", "d-p1", 1, "p.png", None, 10, 10, (_asked(key),))
    config = ElementTree.fromstring(labelling_config([page]).encode("utf-8"))
    place = read_place(key)
    assert place is not None
    assert [label.get("value") for label in config.iter("Label")] == [place.label]
    assert place.field == key
    assert xml(key) == place.label


def test_xml_is_written_in_one_place() -> None:
    writing = {
        str(path.relative_to(PACKAGE))
        for path in PACKAGE.rglob("*.py")
        if "quoteattr" in (text := path.read_text(encoding="utf-8")) or "xml.sax" in text
    }
    assert writing == {"review/label_studio.py"}


# ---- spreadsheets


BEGINNINGS = ["=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠", "'="]


@pytest.mark.parametrize("beginning", BEGINNINGS)
def test_a_formula_is_text_in_a_sheet_and_comes_back(beginning: str) -> None:
    text = f"{beginning}cmd|' /C calc'!A0"
    assert spreadsheet(text) == f"'{text}"
    assert from_spreadsheet(spreadsheet(text)) == text


@given(st.text())
def test_any_text_comes_back_from_a_sheet(text: str) -> None:
    assert from_spreadsheet(spreadsheet(text)) == text


def test_sheets_are_written_in_two_places() -> None:
    """What people fill in, and what they export; both call `outgoing`."""
    writes = ("csv.writer", "csv.DictWriter", "FORMAT csv", "xlsxwriter")
    found = {
        str(path.relative_to(PACKAGE)): "spreadsheet(" in text
        for path in PACKAGE.rglob("*.py")
        if any(word in (text := path.read_text(encoding="utf-8")) for word in writes)
    }
    assert found == {"review/spreadsheet.py": True, "warehouse/export.py": True}
