"""The page in headless Chromium, with the keyboard alone."""

from collections.abc import Callable, Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

from qwenocr_assets.warehouse.query import run_query
from tests.app.conftest import Served
from tests.report.browser import CHROMIUM, Tab, chromium
from tests.waiting import wait_until

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium is installed"),
]

SIZES = (390, 1024, 1920)
AXE = "axe.run().then(r => [r.violations.map(v => [v.id, v.nodes[0].html]), r.passes.length])"
AT = "document.activeElement.closest('[data-place]')?.dataset.place"


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
    tab.press("Enter")


def said(tab: Tab) -> str:
    text: str = tab.run("document.getElementById('said').textContent")
    return text


def test_values_are_corrected_with_the_keyboard(tab: Tab, served: Served, sql: Any) -> None:
    tab.open(f"{served.address}/documents/d1")
    tab.run("localStorage.clear(); document.getElementById('by').focus()")
    tab.send("Input.insertText", text="Ada")
    tab.press("Tab")
    for place, text in (("tax", "1.50"), ("seller", "Acme")):
        if tab.run(AT) != place:
            tab.press("Tab")  # past what is left as it is
        assert tab.run(AT) == place
        type_in(tab, text)
        wait_until(lambda: said(tab).startswith("Saved"), f"{place} to be saved")
        tab.run("document.getElementById('said').textContent = ''")
    wait_until(
        lambda: sql("from staging.stg_key_values where corrected_by = 'Ada' and path = 'seller'"), "the marts"
    )
    assert sql("select value from staging.stg_key_values where path = 'tax'") == [("1.50",)]
    tab.run("document.getElementById('undo').focus()")
    tab.press("Enter")
    wait_until(lambda: said(tab) == "Undone: seller.", "it to be undone")
    wait_until(
        lambda: sql("select value from staging.stg_key_values where path = 'seller'") == [(None,)],
        "the marts",
    )
    assert tab.run("document.getElementById('left').textContent").endswith("left")
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
            if not person.run("document.activeElement.matches('.typed')"):
                person.press("Enter")
        type_in(tab, "6")
        wait_until(lambda: said(tab).startswith("Saved"), "the first word")
        type_in(other, "7")
        wait_until(lambda: 'Ada said "6"' in said(other), "the clash to be told")
        other.press("Enter")
        wait_until(lambda: said(other).startswith("Saved"), "the second word")
    tab.open(address)
    tab.open(f"{served.address}/documents/d2")
    assert tab.run("document.querySelector('[data-place]').dataset.stands") == "7"


def test_files_are_dropped_and_read(tab: Tab, served: Served, tmp_path: Path) -> None:
    samples = Path(__file__).parents[2] / "data" / "samples"
    chosen = [samples / "receipts" / "taxi-receipt.jpg", tmp_path / "請求書.txt"]
    chosen[1].write_text("no document")
    tab.open(f"{served.address}/drop")
    node = tab.send("DOM.getDocument")["root"]["nodeId"]
    field = tab.send("DOM.querySelector", nodeId=node, selector="#files")["nodeId"]
    tab.send("DOM.setFileInputFiles", nodeId=field, files=[str(path) for path in chosen])
    wait_until(lambda: tab.run("document.activeElement.id") == "read", "the quote")
    assert "free" in tab.run("document.getElementById('state').textContent")
    assert "請求書.txt" in tab.run("document.getElementById('rejected').textContent")
    tab.press("Enter")
    wait_until(
        lambda: tab.run("document.activeElement.textContent") == "taxi-receipt.jpg", "the receipt to be read"
    )
    tab.press("Enter")
    wait_until(
        lambda: tab.run("document.querySelector('h1 bdi')?.textContent") == "taxi-receipt.jpg", "its page"
    )
    assert tab.errors == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(
    "address",
    ["/", "/documents/d1", "/drop", "/search?q=bolt", "/tables", "/tables/core.documents", "/charts"],
)
def test_axe_finds_nothing(tab: Tab, served: Served, address: str, scheme: str) -> None:
    axe = files("axe_core_python").joinpath("axe.min.js").read_text(encoding="utf-8")
    for width in SIZES:
        tab.open(f"{served.address}{address}", width=width, prefers_color_scheme=scheme)
        tab.run(axe)
        violations, passed = tab.run(AXE)
        assert (violations, passed > 10) == ([], True), width
        assert tab.run("document.documentElement.scrollWidth <= innerWidth"), (
            f"{address} runs off at {width} px"
        )
        assert tab.run("window.broken") is None
