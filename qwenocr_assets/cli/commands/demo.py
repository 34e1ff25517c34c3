"""`qwenocr demo`: the sample documents, read by the embedded engine, and the first SQL on them."""

from rich.console import Console
from rich.text import Text

from qwenocr_assets.cli.commands.run import run_paths
from qwenocr_assets.cli.tables import print_query
from qwenocr_assets.environment.environment import Environment
from qwenocr_assets.errors import ExitCode

QUERIES: tuple[tuple[str, str], ...] = (
    (
        "Result per document",
        "select document_name, pages_ready as pages, text_lines, key_values, table_cells, answers_skipped as skipped\n"
        "from marts.documents_overview order by document_name",
    ),
    (
        "The items of an invoice, as rows",
        "select item_index, description, quantity, unit_price, amount\n"
        "from marts.line_items where document_name = 'invoices/invoice-acme.png' order by item_index",
    ),
    (
        "Values not found on their page (expected: none)",
        "select document_name, place, value from marts.value_trust\n"
        "where ground = 'not_found' order by document_name, place",
    ),
)
"""A question and its SQL."""


def run_demo(console: Console) -> ExitCode:
    """Run the samples through the main job without a key; returns how they ended."""
    environment = Environment.load(region="local", model=None)
    code = run_paths([environment.project / "data" / "samples"], console, environment=environment)
    for question, query in QUERIES:
        console.print(f"\n[bold]{question}[/]")
        console.print(Text(query, style="dim"))
        print_query(environment.settings, query, console)
    console.print(
        "\nNext: [bold]qwenocr report[/] to see it on the pages, [bold]qwenocr sql[/] with your own query, or "
        "[bold]make ui[/] for the lineage graph."
    )
    return code
