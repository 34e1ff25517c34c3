"""How data flows, as a picture: the groups of Dagster's lineage graph with their assets, from the definitions."""

from collections.abc import Iterator
from html import escape

_GROUPS = {
    "intake": ("files become an intake", "data/batches/"),
    "pages": ("a normalised image per page", "data/pages/"),
    "ocr": ("a question per page and task", "data/responses/"),
    "tables": ("answers become rows, with boxes", "data/tables/"),
    "warehouse": ("rows become tables of DuckDB", "data/.working/"),
    "staging": ("current documents, each once", "the same file"),
    "marts": ("questions people ask", "the same file"),
    "publish": ("replaced atomically, for SQL", "data/warehouse.duckdb"),
}
"""Groups in the order of the flow, with what happens and where it is stored."""
_FIRST = (
    "text_lines", "key_values", "table_cells", "tables", "document_blocks", "corrections", "validation_results",
    "stg_documents", "stg_pages", "stg_text_lines", "stg_key_values", "stg_table_cells", "stg_corrections",
    "stg_responses", "documents_overview", "line_items", "value_trust", "review_queue", "page_text", "failures",
    "cost_by_day",
)  # fmt: skip
"""Named before the others of their group, which are too many."""
_A_ROW = 4
_BOX_WIDTH, _BOX_HEIGHT = 246, 236
_GAP, _BETWEEN_ROWS, _MARGIN, _ABOVE = 36, 64, 12, 34
_LINE = 19
_MOST = 7
_STYLE = """
  .box { fill: #ffffff; stroke: #8a8f98; } .frame { fill: #eef3fb; } .own { fill: #eef8f1; }
  text { font-family: system-ui, "DejaVu Sans", sans-serif; fill: #1c2430; font-size: 14px; }
  .name { font-weight: 700; font-size: 17px; } .small { font-size: 13px; fill: #56606e; }
  .asset { font-family: ui-monospace, "DejaVu Sans Mono", monospace; font-size: 12.5px; }
  .arrow { stroke: #46505e; stroke-width: 2; fill: none; marker-end: url(#head); } .head { fill: #46505e; }
  @media (prefers-color-scheme: dark) {
    .box { fill: #161b22; stroke: #6b7480; } .frame { fill: #1b2636; } .own { fill: #182a20; }
    text { fill: #e6edf3; } .small { fill: #9aa5b1; } .arrow { stroke: #b5bfca; } .head { fill: #b5bfca; }
  }
"""


def flow_svg() -> str:
    """The picture, as SVG."""
    width = 2 * _MARGIN + _A_ROW * _BOX_WIDTH + (_A_ROW - 1) * _GAP
    height = _ABOVE + 2 * _BOX_HEIGHT + _BETWEEN_ROWS + _MARGIN
    assets = _assets()
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img"'
        ' aria-label="How data flows">',
        f"<style>{_STYLE}</style>",
        '<defs><marker id="head" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="7" markerHeight="7"'
        ' orient="auto"><path class="head" d="M0 0 10 5 0 10z"/></marker></defs>',
        *_row_title(0, "for each intake, one Dagster partition"),
        *_row_title(1, "for all intakes together"),
        *(line for place, group in enumerate(_GROUPS) for line in _box(place, group, assets[group])),
        *_arrows(),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _assets() -> dict[str, list[str]]:
    """The assets of each group, in the graph's order."""
    from qwenocr_assets.definitions import build_definitions

    graph = build_definitions().resolve_asset_graph()
    found: dict[str, list[str]] = {group: [] for group in _GROUPS}
    for key in graph.toposorted_asset_keys:
        node = graph.get(key)
        if node.group_name in found:
            found[node.group_name].append(key.path[-1])
    rank = {name: place for place, name in enumerate(_FIRST)}
    return {group: sorted(names, key=lambda n: rank.get(n, len(rank))) for group, names in found.items()}


def _corner(place: int) -> tuple[int, int]:
    row, column = divmod(place, _A_ROW)
    return _MARGIN + column * (_BOX_WIDTH + _GAP), _ABOVE + row * (_BOX_HEIGHT + _BETWEEN_ROWS)


def _row_title(row: int, title: str) -> Iterator[str]:
    x, y = _corner(row * _A_ROW)
    x += row * (_BOX_WIDTH // 2 + 12)  # beside the arrow
    yield f'<text class="small" x="{x}" y="{y - 12}">{escape(title)}</text>'


def _box(place: int, group: str, assets: list[str]) -> Iterator[str]:
    x, y = _corner(place)
    does, stored = _GROUPS[group]
    kind = "frame" if place < _A_ROW else "own"
    yield f'<rect class="box" x="{x}" y="{y}" width="{_BOX_WIDTH}" height="{_BOX_HEIGHT}" rx="8"/>'
    yield f'<rect class="{kind}" x="{x + 1}" y="{y + 1}" width="{_BOX_WIDTH - 2}" height="66" rx="7"/>'
    yield f'<text class="name" x="{x + 12}" y="{y + 23}">{escape(group)}</text>'
    yield f'<text class="small" x="{x + 12}" y="{y + 42}">{escape(does)}</text>'
    yield f'<text class="small" x="{x + 12}" y="{y + 59}">{escape(stored)}</text>'
    shown = assets if len(assets) <= _MOST + 1 else [*assets[:_MOST], f"… and {len(assets) - _MOST} more"]
    for number, name in enumerate(shown):
        yield f'<text class="asset" x="{x + 12}" y="{y + 90 + number * _LINE}">{escape(name)}</text>'


def _arrows() -> Iterator[str]:
    for place in range(len(_GROUPS) - 1):
        x, y = _corner(place)
        middle = y + _BOX_HEIGHT // 2
        if place % _A_ROW < _A_ROW - 1:
            yield f'<path class="arrow" d="M{x + _BOX_WIDTH + 4} {middle}h{_GAP - 9}"/>'
        else:
            start, turn = x + _BOX_WIDTH // 2, y + _BOX_HEIGHT + 24
            end_x, end_y = _corner(place + 1)
            yield (
                f'<path class="arrow" d="M{start} {y + _BOX_HEIGHT + 4}V{turn}H{end_x + _BOX_WIDTH // 2}V{end_y - 5}"/>'
            )
