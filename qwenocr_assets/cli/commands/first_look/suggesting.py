"""`qwenocr suggest`: a schema of the values that a document has, and the route that asks for them."""

from rich.console import Console
from rich.text import Text

from qwenocr_assets.cli.commands.report import find_document
from qwenocr_assets.environment.environment import Environment
from qwenocr_assets.steps.first_look.suggesting import save, suggest


def print_suggestion(document: str, name: str | None, console: Console) -> None:
    """Write a schema made of a document's values, and print its route.

    Raises:
        UsageError: there is no such document, or several, or another schema of the name.
        RejectedInput: the document has no values.
    """
    environment = Environment.load()
    found = find_document(environment.data, document)
    suggestion = suggest(environment, found["batch_id"], found["document_id"], name)
    file = save(suggestion)
    console.print(Text(f"The schema of {found['name']} is in {file}."))
    if suggestion.left_out:
        console.print(Text(f"Left out, since no schema can ask for them: {', '.join(suggestion.left_out)}."))
    console.print("Paste this into pipeline.toml, before routes that would take its documents as well:\n")
    console.out(suggestion.toml, highlight=False)
    console.print(Text("Next: qwenocr try FILE --schema " + str(file), style="dim"))
