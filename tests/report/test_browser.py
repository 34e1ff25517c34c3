"""A report in headless Chromium, from file:// and without a network."""

from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

import pytest

from qwenocr_assets.report.write import Report
from tests.report.browser import CHROMIUM, Tab, chromium

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium is installed"),
]

DESKTOP, TELEPHONE = {"width": 1440, "height": 1000}, {"width": 390, "height": 800}


@pytest.fixture(scope="module")
def tab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tab]:
    with chromium(tmp_path_factory.mktemp("chromium")) as tab:
        yield tab


def document(report: Report, document_id: str) -> Path:
    return Path(report.page_of(next(d for d in report.documents if d.document_id == document_id)).path)


def seen(tab: Tab, anchor: str) -> list[bool]:
    """Whether a box and what it stands for are lit."""
    lit: list[bool] = tab.run(
        f"['b-{anchor}', '{anchor}'].map(i => document.getElementById(i).classList.contains('on'))"
    )
    return lit


AXE = "axe.run().then(r => [r.violations.map(v => [v.id, v.nodes[0].html]), r.passes.length])"


def test_axe_finds_nothing_and_nothing_escapes(tab: Tab, report: Report) -> None:
    axe = files("axe_core_python").joinpath("axe.min.js").read_text(encoding="utf-8")
    index, full, arabic, broken = Path(report.index.path), *(document(report, i) for i in ("d1", "d2", "d3"))
    found = {}
    for path, scheme, size in (
        (full, "light", DESKTOP),
        (full, "dark", DESKTOP),
        (full, "light", TELEPHONE),
        (index, "light", TELEPHONE),
        (index, "dark", DESKTOP),
        (arabic, "dark", TELEPHONE),
        (broken, "light", DESKTOP),
    ):
        tab.open(path, **size, prefers_color_scheme=scheme)
        tab.run("document.querySelectorAll('details').forEach(d => { d.open = true })")
        tab.run(axe)
        violations, passed = tab.run(AXE)
        assert passed > 10  # it did look
        if violations:
            found[path.name, scheme, size["width"]] = violations
        assert tab.run("window.broken") is None
        assert tab.run("document.documentElement.scrollWidth <= innerWidth"), f"{path} runs off the side"
        assert tab.run("[...document.images].every(i => i.complete && i.naturalWidth > 0)")
    assert found == {}
    assert tab.errors == []


def test_a_text_and_its_box_light_up_together(tab: Tab, report: Report) -> None:
    tab.open(document(report, "d1"))
    assert seen(tab, "p1-f0") == [False, False]
    tab.hover("#b-p1-f0 polygon")
    assert seen(tab, "p1-f0") == [True, True]
    tab.hover("#p1-f4")
    assert [seen(tab, "p1-f0"), seen(tab, "p1-f4")] == [[False, False], [True, True]]
    assert "12.50" in tab.run("document.querySelector('.readout').textContent")
    tab.hover("h1")
    tab.run("document.querySelector('#p1-f2 a').focus()")
    assert seen(tab, "p1-f2") == [True, True]
    stroke = "getComputedStyle(document.querySelector('#b-p1-f2 polygon')).stroke"
    assert tab.run(stroke) == "rgb(29, 28, 26)"  # also of a box that is red otherwise


def test_keys_lead_through_what_is_doubtful_and_through_tables(tab: Tab, report: Report) -> None:
    tab.open(document(report, "d1"))
    at = "document.activeElement.dataset.for"
    walked = []
    for key in "nnnnnp":
        tab.press(key)
        walked.append(tab.run(at))
    assert walked == ["p1-f2", "p1-f1", "p1-f3", "p1-t0", "p1-f2", "p1-t0"]
    tab.run("document.querySelector('#p1-t0-r0c0 a').focus()")
    for key, cell in (
        ("ArrowRight", "r0c1"),
        ("ArrowDown", "r1c1"),
        ("ArrowRight", "r1c2"),
        ("ArrowDown", "r2c2"),
        ("ArrowLeft", "r2c1"),
        ("ArrowLeft", "r1c0"),
        ("ArrowUp", "r0c0"),
    ):
        tab.press(key)
        assert tab.run(at) == f"p1-t0-{cell}", key


def test_the_first_tab_stop_leads_past_the_navigation(tab: Tab, report: Report) -> None:
    tab.open(document(report, "d1"))
    tab.press("Tab")
    assert tab.run("document.activeElement.className") == "skip"
    assert tab.run("document.activeElement.getBoundingClientRect().left >= 0")
    tab.press("Enter")
    assert tab.run("document.activeElement.id || location.hash") in ("content", "#content")


def test_without_scripts_links_do_the_same(tab: Tab, report: Report) -> None:
    tab.send("Emulation.setScriptExecutionDisabled", value=True)
    try:
        path = document(report, "d1")
        tab.open(path)
        plain = tab.picture()
        tab.send("Page.navigate", url=f"{path.as_uri()}#b-p1-f0")
        assert tab.run("document.querySelector('#b-p1-f0').matches(':target')")
        assert tab.picture() != plain  # it is lit
    finally:
        tab.send("Emulation.setScriptExecutionDisabled", value=False)


def test_names_can_be_searched(tab: Tab, report: Report) -> None:
    tab.open(Path(report.index.path))
    tab.run("document.getElementById('filter').focus()")
    tab.send("Input.insertText", text="فاتورة")
    names = "[...document.querySelectorAll('tbody tr:not([hidden]) th bdi')].map(b => b.textContent)"
    assert tab.run(names) == ["forms/فاتورة.pdf"]
