"""`qwenocr inbox`: what the inbox sensor has seen, and what it waits for."""

from dataclasses import asdict
from pathlib import Path

import orjson
from rich.console import Console
from rich.table import Table
from rich.text import Text
from sqlalchemy import make_url

from qwenocr_assets.intake.inbox.index import open_index
from qwenocr_assets.intake.inbox.states import FileState
from qwenocr_assets.intake.inbox.status import InboxFile, InboxStatus, inbox_status
from qwenocr_assets.intake.left_out import LeftOut
from qwenocr_assets.settings import Settings, load_settings

_MEANING = {
    FileState.WAITING: "waiting until unchanged",
    FileState.READY: "settled; wait for their intake to fill",
    FileState.BATCHED: "in intakes",
    FileState.COPY: "copies of documents: not read again",
    FileState.MOVED: "moved after they were read: not read again",
    FileState.UNREADABLE: "do not open; tried again every ten minutes",
    FileState.VANISHED: "vanished; what was read from them stays",
}


def print_inbox(console: Console, *, as_json: bool = False, most: int = 20) -> None:
    """Print how many files of the inbox stand where, and name those that need a word."""
    settings = load_settings()
    if not _has_index(settings):
        console.print(f"The inbox sensor has not run yet in {settings.inbox_folder}. `qwenocr ui` runs it.")
        return
    with open_index(
        settings.inbox_index_url, settings.inbox_folder, LeftOut(tuple(settings.leave_out))
    ) as index:
        status = inbox_status(index, most)
    if as_json:
        text = orjson.dumps(asdict(status), option=orjson.OPT_INDENT_2 | orjson.OPT_NON_STR_KEYS)
        console.out(text.decode(), highlight=False)
    else:
        _print(console, status)


def _has_index(settings: Settings) -> bool:
    url = make_url(settings.inbox_index_url)
    return url.get_backend_name() != "sqlite" or Path(url.database or "").exists()


def _print(console: Console, status: InboxStatus) -> None:
    console.print(Text(status.inbox, style="bold"))
    table = Table(show_header=False, show_edge=False, box=None)
    table.add_column(justify="right")
    table.add_column()
    for state, meaning in _MEANING.items():
        if status.counts[state] or state in (FileState.WAITING, FileState.BATCHED):
            table.add_row(
                f"{status.counts[state]:,}",
                f"{meaning} ({status.batches:,})" if state is FileState.BATCHED else meaning,
            )
    if status.left_out:
        table.add_row(f"{status.left_out:,}", "files and folders left out by their names (leave_out)")
    console.print(table)
    if status.unlisted_folders:
        console.print(
            f"{status.unlisted_folders:,} folders are not listed to the end yet: the next looks go on."
        )
    for file in status.files:
        console.print(Text(f"  {file.name}: {_word(file)}"))


def _word(file: InboxFile) -> str:
    when = f"{file.since:%Y-%m-%d %H:%M} UTC"
    if file.state is FileState.UNREADABLE:
        return f"{file.reason or 'It does not open.'} Make it readable."
    if file.state is FileState.COPY:
        return f"a copy of {file.original}"
    if file.state is FileState.MOVED:
        return f"moved from {file.original}"
    return f"vanished, noted {when}"
