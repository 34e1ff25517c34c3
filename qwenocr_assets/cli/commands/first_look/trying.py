"""`qwenocr try`: a document is read and shown, and nothing of it is kept."""

from pathlib import Path
from typing import Any

import orjson
import typer
from rich.console import Console
from rich.text import Text

from qwenocr_assets.app.document_json import documents_json
from qwenocr_assets.cli.progress import BarProgress
from qwenocr_assets.cli.tables import print_rows
from qwenocr_assets.cli.terminal import Terminal
from qwenocr_assets.environment.environment import Environment
from qwenocr_assets.errors import ExitCode, RejectedInput, Stopped
from qwenocr_assets.outgoing import visible
from qwenocr_assets.qwenocr.prices import dollars
from qwenocr_assets.statuses import AnswerStatus
from qwenocr_assets.steps.first_look.trying import read_schema, set_apart
from qwenocr_assets.steps.pipeline import run
from qwenocr_assets.steps.quote import quote


def try_file(file: Path, schema: Path | None, console: Console, *, as_json: bool, yes: bool) -> ExitCode:
    """Read a document and print what is in it; nothing but its cost is kept.

    Raises:
        RejectedInput: the file or the schema cannot be read.
        ConfigurationError: a setting that cannot work, like a cloud region without a key.
        Stopped: the person did not want to pay.
    """
    if not file.is_file():
        raise RejectedInput(f"There is no file {file}.", "Name one document.")
    try:
        wanted = None if schema is None else read_schema(schema.read_bytes())
    except OSError as error:
        raise RejectedInput(
            f"{schema} cannot be read ({error.strerror or error}).", "Name a file that is there."
        ) from error
    with set_apart(Environment.load(), file, wanted) as (environment, copy):
        environment.require_usable()
        priced = quote(environment, [copy])
        total = priced.totals.all
        told = Terminal(stderr=True) if as_json else console
        told.print(
            Text(
                f"{len(priced.pages)} pages, {total.requests} requests to {priced.model.name}: expected "
                f"{dollars(total.expected_usd)}. Nothing of the document is kept."
            )
        )
        if total.expected_usd and console.is_terminal and not yes and not typer.confirm("Read it?"):
            raise Stopped("Nothing was sent.", "Run it with --yes to read without being asked.")
        with BarProgress(told) as progress:
            outcomes = run(environment, [copy], progress)
        documents = [found for o in outcomes for found in documents_json(environment, o.batch_id)]
    if as_json:
        console.out(
            orjson.dumps(documents, default=str, option=orjson.OPT_INDENT_2).decode(), highlight=False
        )
    else:
        for document in documents:
            _print(document, console)
    if refused := next((o.refused for o in outcomes if o.refused is not None), None):
        raise refused
    failed = any(a["status"] != AnswerStatus.OK for d in documents for a in d["answers"])
    return ExitCode.PARTLY_FAILED if failed or any(d["reason"] for d in documents) else ExitCode.DONE


def _print(document: dict[str, Any], console: Console) -> None:
    reasons = [document["reason"], *(a["reason"] for a in document["answers"])]
    for reason in filter(None, reasons):
        console.print(Text(f"{document['name']}: {reason}"))
    values = [
        (v["path"], v["value"], v["value_number"] or v["value_date"], v["currency"], v["ground"])
        for v in document["key_values"]
    ]
    if values:
        print_rows(("field", "value", "typed", "currency", "on the page"), values, console, wide=False)
    lines = [line["text"] for line in document["text_lines"]]
    if not values:
        for line in lines:
            console.print(Text(visible(line)), soft_wrap=True)
    console.print(
        Text(f"{len(lines)} lines, {len(values)} values, {len(document['table_cells'])} table cells.")
    )
