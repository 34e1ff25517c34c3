"""The page in headless Chromium, with the keyboard alone."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest

from qwenocr_assets.warehouse.query import run_query
from tests.app.conftest import Served
from tests.report.browser import CHROMIUM, Tab, chromium
from tests.report.conftest import write_batch
from tests.waiting import wait_until

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium is installed"),
]

SAMPLES = Path(__file__).parents[2] / "data" / "samples"
_OF_SQLITE = ("-wal", "-shm")
"""Files that come and go while a database is open."""

WIDTHS = (390, 768, 1280, 1920)
AXE = "axe.run().then(r => [r.violations.map(v => [v.id, v.nodes[0].html]), r.passes.length])"
AT = "document.activeElement.closest('[data-place]')?.dataset.place"
STANDS = (
    "Object.fromEntries([...document.querySelectorAll('[data-place]')]"
    ".map(({ dataset }) => [dataset.place, dataset.stands]))"
)
IN_A_FIELD = "document.activeElement.matches('.typed')"


@pytest.fixture(scope="module")
def tab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tab]:
    with chromium(tmp_path_factory.mktemp("chromium")) as tab:
        yield tab


@pytest.fixture
def sql(served: Served) -> Callable[[str], list[tuple[Any, ...]]]:
    return lambda query: run_query(Path(served.environment.data.warehouse.path), query).rows


def type_in(tab: Tab, text: str) -> None:
    tab.run("document.activeElement.select()")
    tab.send("Input.insertText", text=text) if text else tab.press("Delete")


def correct(tab: Tab, text: str) -> None:
    """Type into the field that is open, and save it."""
    type_in(tab, text)
    tab.run("document.getElementById('said').textContent = ''")
    tab.press("Enter")
    wait_until(lambda: said(tab).startswith("Saved"), f"{text} to be saved")


def said(tab: Tab) -> str:
    text: str = tab.run("document.getElementById('said').textContent")
    return text


def to(tab: Tab, condition: str, most: int = 80) -> None:
    """Press Tab until something is in focus."""
    for _ in range(most):
        if tab.run(condition):
            return
        tab.press("Tab")
    raise AssertionError(f"Tab does not lead to {condition}")


def to_text(tab: Tab, text: str) -> None:
    to(tab, f"document.activeElement.textContent.trim() === {text!r}")


def choose(tab: Tab, paths: list[Path]) -> None:
    """Open the dialog for files with the keyboard, and choose these."""
    tab.send("Page.setInterceptFileChooserDialog", enabled=True)
    tab.asked_for_files = None
    to(tab, "document.activeElement.id === 'files'")
    tab.press("Enter")
    wait_until(lambda: tab.run("1") and tab.asked_for_files is not None, "the dialog for files")
    tab.send("DOM.setFileInputFiles", backendNodeId=tab.asked_for_files, files=[str(path) for path in paths])


def test_files_are_dropped_corrected_and_seen_in_the_marts(
    tab: Tab, served: Served, sql: Any, tmp_path: Path
) -> None:
    unreadable = tmp_path / "請求書.txt"
    unreadable.write_text("no document")
    tab.open(f"{served.address}/")
    tab.run("localStorage.clear()")
    to_text(tab, "Drop files")
    tab.press("Enter")
    there = "document.readyState === 'complete' && document.title.startsWith('Drop files')"
    wait_until(lambda: tab.run(there), "the page to drop on")
    choose(tab, [SAMPLES / "office" / "form.png", SAMPLES / "receipts" / "taxi-receipt.jpg", unreadable])
    wait_until(lambda: tab.run("document.activeElement.id") == "read", "the quote")
    assert "free" in tab.run("document.getElementById('state').textContent")
    assert unreadable.name in tab.run("document.getElementById('rejected').textContent")
    tab.press("Enter")
    wait_until(lambda: tab.run("document.activeElement.closest('#results') !== null"), "them to be read")
    to_text(tab, "form.png")
    tab.press("Enter")
    wait_until(lambda: tab.run("document.querySelector('h1 bdi')?.textContent") == "form.png", "its page")

    to(tab, "document.activeElement.id === 'by'")
    tab.send("Input.insertText", text="Ada")
    tab.press("Tab")  # to the first field without a value
    assert tab.run(AT) == "Nickname"
    correct(tab, "Kem")
    to_text(tab, "Surname")
    tab.press("Enter")
    correct(tab, "Okafor-Bell")
    to_text(tab, "Phone")
    tab.press("Enter")
    correct(tab, "none")
    tab.press("z", ctrl=True)
    wait_until(lambda: said(tab) == "Undone: Phone.", "it to be undone")

    of_form = (
        "select path, value from staging.stg_key_values k join staging.stg_documents d using (document_id)"
    )
    wanted = {"Nickname": "Kem", "Surname": "Okafor-Bell", "Phone": "555 0177"}
    wait_until(
        lambda: wanted.items() <= dict(sql(f"{of_form} where name = 'form.png'")).items(), "the warehouse"
    )
    marts = "select nickname, surname, phone from marts.form_fields"
    wait_until(lambda: sql(marts) == [("Kem", "Okafor-Bell", "555 0177")], "the mart")
    tab.open(f"{served.address}/tables/marts.form_fields")
    assert "Okafor-Bell" in tab.run("document.querySelector('.rows').textContent")
    assert tab.run("document.querySelector('.rows th:last-child').textContent").endswith("_id")  # keys last
    assert tab.errors == []


def test_a_document_is_tried_with_a_schema(tab: Tab, served: Served) -> None:
    def kept() -> set[str]:
        paths = Path(served.environment.data.root.path).rglob("*")
        return {str(p) for p in paths if p.is_file() and not p.name.endswith(_OF_SQLITE)}

    before = kept()
    tab.open(f"{served.address}/try")
    to(tab, "document.activeElement.id === 'schema'")
    tab.send("Input.insertText", text='{"Surname": "", "Date of birth": "YYYY-MM-DD"}')
    tab.run("document.querySelector('nav a').focus()")
    choose(tab, [SAMPLES / "office" / "form.png"])
    wait_until(lambda: tab.run("document.activeElement.id") == "read", "the quote")
    tab.press("Enter")
    wait_until(lambda: tab.run("document.querySelector('#results table') !== null"), "what is in it")
    cells = tab.run("[...document.querySelectorAll('#results tbody tr')].map(r => r.cells[1].textContent)")
    assert sorted(cells) == ["17 August 1994", "Okafor"]
    assert kept() == before
    assert tab.errors == []


def test_two_people_at_one_value_lose_nothing(tab: Tab, served: Served, tmp_path: Path) -> None:
    address = f"{served.address}/documents/d2"
    with chromium(tmp_path / "other") as other:
        for person, name in ((tab, "Ada"), (other, "Ben")):
            person.open(address)
            person.run(
                f"localStorage.setItem('qwenocr-by', '{name}'); document.getElementById('by').value = '{name}'"
            )
            person.run("document.querySelector('[data-place]').querySelector('td').focus()")
            if not person.run(IN_A_FIELD):
                person.press("Enter")
        correct(tab, "6")
        type_in(other, "7")
        other.press("Enter")
        wait_until(lambda: 'Ada said "6"' in said(other), "the clash to be told")
        other.press("Enter")
        wait_until(lambda: said(other).startswith("Saved"), "the second word")
    tab.open(f"{served.address}/documents/d4")
    tab.open(address)
    assert tab.run("document.querySelector('[data-place]').dataset.stands") == "7"


def test_the_server_killed_between_typing_and_saving_loses_nothing_that_was_saved(
    tab: Tab, tmp_path: Path
) -> None:
    write_batch(tmp_path / "data")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = os.environ | {
        "QWENOCR_DATA": str(tmp_path / "data"),
        "DAGSTER_HOME": str(tmp_path / "home"),
    }
    command = [Path(sys.executable).with_name("qwenocr"), "app", "--port", str(port)]

    def start() -> subprocess.Popen[bytes]:
        process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)

        def answers() -> bool:
            assert process.poll() is None, "the page did not start"
            try:
                with urlopen(f"http://127.0.0.1:{port}/static/app.css") as answer:
                    return bool(answer.status == 200)
            except OSError:
                return False

        wait_until(answers, "the page")
        return process

    address = f"http://127.0.0.1:{port}/documents/d1"
    server = start()
    try:
        tab.open(address)
        tab.run("localStorage.setItem('qwenocr-by', 'Ada'); document.getElementById('by').value = 'Ada'")
        to(tab, IN_A_FIELD)
        first = tab.run(AT)
        correct(tab, "1.50")
        to(tab, f"{AT} === 'seller'")
        type_in(tab, "Acme")
        server.send_signal(signal.SIGKILL)
        server.wait()
        tab.press("Enter")
        wait_until(lambda: said(tab).startswith("It was not saved"), "it to be told")
        assert tab.run("document.activeElement.value") == "Acme"  # what was typed is still there
        server = start()
        tab.press("Enter")
        wait_until(lambda: said(tab).startswith("Saved"), "it to be saved by the new server")
        tab.open(f"http://127.0.0.1:{port}/drop")
        tab.open(address)
        now = tab.run(STANDS)
        assert (now[first], now["seller"]) == ("1.50", "Acme")
    finally:
        server.terminate()
        server.wait()


@pytest.mark.parametrize(
    "address",
    [
        "/",
        "/?q=nothing%20like",
        "/documents/d1",
        "/documents/d2",
        "/documents/d1/schema",
        "/documents/none",
        "/drop",
        "/try",
        "/search",
        "/search?q=bolt",
        "/tables",
        "/tables/core.documents",
        "/charts",
    ],
)
def test_axe_finds_nothing(tab: Tab, served: Served, address: str) -> None:
    axe = files("axe_core_python").joinpath("axe.min.js").read_text(encoding="utf-8")
    tab.open(f"{served.address}{address}")
    tab.run(axe)
    for scheme in ("light", "dark"):
        for width in WIDTHS:
            tab.resize(width, prefers_color_scheme=scheme)
            violations, passed = tab.run(AXE)
            assert (violations, passed > 10) == ([], True), (scheme, width)
            wide = tab.run("document.documentElement.scrollWidth <= innerWidth")
            assert wide, f"{address} runs off at {width} px"
    assert tab.run("window.broken") is None
