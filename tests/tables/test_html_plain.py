"""Plain HTML is read tag by tag, as the parser would read it; the rest is left to the parser."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qwenocr_assets.tables.html.dom import dom_tables
from qwenocr_assets.tables.html.plain import plain_tables
from qwenocr_assets.tables.raw_tables import RawTable


def without_nodes(tables: list[RawTable]) -> list[tuple[object, ...]]:
    return [
        (
            [(kind, [[cell[:4] for cell in row] for row in rows]) for kind, rows in table.groups],
            table.caption,
            table.cell_around,
        )
        for table in tables
    ]


@pytest.mark.parametrize(
    "html",
    [
        "<table><tr><td>a</td><th>b</th></tr></table>",
        "<table border=1 class='x y'><thead><tr><th rowspan=\"2\" colspan=3>a</thead><tbody><tr><td>b</table>",
        "<table><tfoot><tr><td>f</tfoot><tr><td>a</table>",
        "<table><tr><td>a<br>b<br/> c</td></tr></table> between <table>\n <tr>\n <td> 1  2 </td></table>",
        "<TABLE><TR><TD ROWSPAN=2>a &amp; b&nbsp;</TD></TR></TABLE>",
        "<table><tr><td></td><td> </td></tr><tr></tr></table>",
        "<table><tr><td>a",
        "<table></table>",
    ],
)
def test_plain(html: str) -> None:
    tables = plain_tables(html)
    assert tables is not None
    assert without_nodes(tables) == without_nodes(dom_tables(html))


@pytest.mark.parametrize(
    "html",
    [
        "<tr><td>a</td></tr>",
        "<table><td>a</table>",
        "<table><tr>x<td>a</table>",
        "<table><tr><td><b>a</b></table>",
        "<table><tr><td title='a>b'>c</table>",
        "<table><tr><td>&eacute;</table>",
        "<table><tr><td><table><tr><td>a</table></table>",
        "<table><caption>c</caption><tr><td>a</table>",
        "<table><tr><td>3 < 4</table>",
        "<table><tr><td>a</th></table>",
        "<table><!-- no --><tr><td>a</table>",
        "<table><tr><td>a\x00</table>",
    ],
)
def test_left_to_the_parser(html: str) -> None:
    assert plain_tables(html) is None


PIECES = [
    *("<table>", "</table>", "<tr>", "</tr>", "<td>", "</td>", "<th>", "</th>", "<br>", "<br/>", "</br>"),
    *(
        "<thead>",
        "</thead>",
        "<tbody>",
        "</tbody>",
        "<tfoot>",
        "</tfoot>",
        "<td rowspan=2>",
        "<TD colspan='3'>",
    ),
    *(
        "<td rowspan=0 rowspan=5>",
        '<th class="a" colspan="2">',
        "<td ROWSPAN = 2 >",
        "<td/>",
        "<tr/>",
        "</td >",
    ),
    *("a", " ", "\n", "1,5", "&amp;", "&lt", "&nbsp;", "&x;", "é中", "<", "</", "<p>", "<table>x", "\t \x0c"),
    *("<table><tr><td>", "</td><td>", "</td></tr><tr><td>", "</td></tr></table>", "<td>a</td><td>b</td>"),
]


@pytest.mark.slow
@settings(max_examples=3000)
@given(st.lists(st.sampled_from(PIECES), max_size=14).map("".join))
def test_what_is_read_as_plain_is_what_the_parser_reads(html: str) -> None:
    for text in (html, f"<table><tr><td>{html}</td></tr></table>", f"<table><tr><td>a</td>{html}"):
        tables = plain_tables(text)
        if tables is not None:
            assert without_nodes(tables) == without_nodes(dom_tables(text))
