"""How far it goes, on paper: the table of docs/deploy.md, from the catalogue's limits and prices."""

from decimal import Decimal

from qwenocr_assets.qwenocr.catalogue import load_catalogue

_TOKENS_A_CALL = (2700, 300)
"""Read and written a call, reckoned: about 3,000 for a page of text."""
_PAGES_A_CORE_SECOND = 26
"""Text PDFs drawn and their answers flattened, measured on one core with a local disk."""
_TASKS = (1, 3)
_ACCOUNTS = (1, 10, 100, 1500)


def paper_table() -> str:
    """Pages a day by accounts and tasks, what that costs, and what it takes of processors."""
    model = load_catalogue().model("singapore")
    price = model.price()
    read, written = _TOKENS_A_CALL
    usd_a_call = Decimal(read * price.input_pico + written * price.output_pico) / 10**12
    by_tokens = model.tokens_per_minute // sum(_TOKENS_A_CALL)
    calls = min(model.requests_per_minute, by_tokens)
    binds = "calls" if calls == model.requests_per_minute else "tokens"
    lines = [
        "| accounts | calls a minute | tasks a page | pages a day | US dollars a day | cores that draw text PDFs |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for accounts in _ACCOUNTS:
        for tasks in _TASKS:
            pages = accounts * calls * 1440 // tasks
            usd = usd_a_call * accounts * calls * 1440
            cores = pages / 86_400 / _PAGES_A_CORE_SECOND
            lines.append(
                f"| {accounts:,} | {accounts * calls:,} | {tasks} | {pages:,} | {usd:,.0f} | {cores:,.1f} |"
            )
    lines += [
        "",
        f"{model.name} in {model.region}: {model.requests_per_minute:,} calls and {model.tokens_per_minute:,} tokens a "
        f"minute; {read:,} tokens read and {written:,} written a call, so {binds} bind first, at ${usd_a_call:.6f} "
        "a call.",
    ]
    return "\n".join(lines)
