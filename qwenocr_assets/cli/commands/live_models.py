"""`qwenocr models --live`: what the service says of the account's models, and what differs from the catalogue."""

from dataclasses import asdict

import orjson
from rich.console import Console
from rich.text import Text

from qwenocr_assets.environment.environment import Environment
from qwenocr_assets.steps.live_catalogue import ask_the_service


def print_live_models(
    environment: Environment, console: Console, *, region: str | None = None, as_json: bool = False
) -> None:
    """Ask the service, print what differs, and the `[[models]]` entries to paste. Nothing is changed.

    Raises:
        ConfigurationError, MissingApiKey: nothing can be asked there.
        ServiceError: the service refused, or no answer came.
    """
    compared = ask_the_service(environment, region)
    listing, differences = compared.listing, compared.differences
    if as_json:
        text = orjson.dumps(asdict(compared), default=str, option=orjson.OPT_INDENT_2).decode()
        console.out(text, highlight=False)
        return
    console.print(
        f"{listing.region} lists {len(listing.models)} OCR models at {listing.host} "
        f"({listing.asked_at:%Y-%m-%d %H:%M} UTC). Being listed is no grant: a call may still be refused.",
        highlight=False,
    )
    if listing.quotas_problem:
        console.print(Text(f"Its rates are not known: {listing.quotas_problem}."))
    if not differences:
        console.print(f"All as in the catalogue ({environment.catalogue.version}).", highlight=False)
        return
    console.print(f"\nOther than in the catalogue ({environment.catalogue.version}):", highlight=False)
    for difference in differences:
        style = "bold yellow" if difference.bears_on_money else ""
        console.print(Text(f"  {difference.said}.", style=style))
    if compared.entries:
        console.print("\nNothing was changed. To go by the service, paste into pipeline.toml:\n")
        console.out("\n\n".join(compared.entries), highlight=False)
