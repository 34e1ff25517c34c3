"""`qwenocr demo`: the sample documents, read by the embedded engine, and the first SQL on them."""

from rich.console import Console

from qwenocr_assets.cli.run import run_paths
from qwenocr_assets.cli.tables import print_query
from qwenocr_assets.settings import load_settings, project_root

QUERIES: tuple[tuple[str, str], ...] = (
    (
        "What came of each document",
        "select name, pages, lines, key_values, cells, status from marts.documents_overview order by name limit 12",
    ),
)
"""A question and its SQL; the README shows the same."""


def run_demo(console: Console) -> bool:
    """Run the samples through the main job without a key; returns whether all of it worked."""
    settings = load_settings(region="local", model=None)
    success = run_paths([project_root() / "data" / "samples"], console, settings=settings)
    for question, query in QUERIES:
        console.print(f"\n[bold]{question}[/]\n[dim]{query}[/]")
        print_query(settings, query, console)
    console.print(
        "\nNext: [bold]qwenocr sql[/] with your own query, or [bold]make ui[/] for the lineage graph."
    )
    return success
