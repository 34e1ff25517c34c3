"""Every page of a report, held against what the language and people who cannot see it ask for."""

import itertools
import re
from base64 import b64encode
from hashlib import sha256
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote

import pytest
from lxml import html

from qwenocr_assets.report.html import style
from qwenocr_assets.report.write import Report

VOID = {"meta", "img", "input", "br", "link", "hr"}


def files(report: Report) -> list[Path]:
    root = Path(report.index.path).parent
    return sorted(root.rglob("*.html"))


def trees(report: Report) -> list[tuple[Path, html.HtmlElement]]:
    return [(path, html.fromstring(path.read_bytes())) for path in files(report)]


class _Nesting(HTMLParser):
    """Fails where a tag closes another than the last that was opened."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert len({name for name, _ in attrs}) == len(attrs), f"{tag} has an attribute twice"
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag == "polygon", f"<{tag}/> closes nothing in HTML"

    def handle_endtag(self, tag: str) -> None:
        assert self.open, f"</{tag}> closes nothing"
        assert self.open.pop() == tag, f"</{tag}> in line {self.getpos()[0]}"


def test_tags_are_closed_in_order(report: Report) -> None:
    for path in files(report):
        nesting = _Nesting()
        nesting.feed(path.read_text(encoding="utf-8"))
        assert nesting.open == [], path


def test_ids_are_there_once_and_references_lead_to_them(report: Report) -> None:
    for path, tree in trees(report):
        ids = tree.xpath("//@id")
        assert len(ids) == len(set(ids)), path
        wanted = [i for value in tree.xpath("//@aria-labelledby") for i in value.split()]
        wanted += tree.xpath("//label/@for") + tree.xpath("//*[local-name()='a']/@data-for")
        wanted += [href[1:] for href in tree.xpath("//@href") if href.startswith("#")]
        assert set(wanted) <= set(ids), path


def test_links_between_files_lead_somewhere(report: Report) -> None:
    for path, tree in trees(report):
        for target in tree.xpath("//@href | //@src"):
            if not target.startswith("#"):
                name, _, fragment = target.partition("#")
                file = path.parent / unquote(name)
                assert file.is_file(), f"{path.name} links to {target}"
                assert file.resolve().is_relative_to(Path(report.index.path).parent.resolve())
                assert not fragment or f'id="{fragment}"' in file.read_text(encoding="utf-8")


def test_headings_go_down_one_by_one(report: Report) -> None:
    for path, tree in trees(report):
        levels = [int(e.tag[1]) for e in tree.iter("h1", "h2", "h3", "h4")]
        assert (levels[0], levels.count(1)) == (1, 1), path
        assert all(b <= a + 1 for a, b in itertools.pairwise(levels)), path


def test_what_is_not_text_has_a_text(report: Report) -> None:
    for path, tree in trees(report):
        assert tree.get("lang") == "en"
        assert tree.xpath("//title")[0].text_content().strip()
        assert not tree.xpath("//img[not(@alt) or @alt='']"), path
        assert not tree.xpath("//a[not(normalize-space())]"), path
        assert all(svg.get("aria-hidden") == "true" for svg in tree.iter("svg"))
        labelled = set(tree.xpath("//label/@for"))
        for control in tree.iter("input"):
            assert control.get("id") in labelled or control.getparent().tag == "label", path
        assert all(h.text_content().strip() for h in tree.iter("h1", "h2", "h3")), path


def test_tables_say_what_their_headers_head(report: Report) -> None:
    for path, tree in trees(report):
        for table in tree.iter("table"):
            assert all(th.get("scope") in ("col", "row") for th in table.iter("th")), path
            widths = []
            spans: dict[int, int] = {}
            for index, row in enumerate(table.iter("tr")):
                width = sum(int(c.get("colspan", "1")) for c in row.iter("td", "th")) + spans.get(index, 0)
                widths.append(width)
                for cell in row.iter("td", "th"):
                    for below in range(index + 1, index + int(cell.get("rowspan", "1"))):
                        spans[below] = spans.get(below, 0) + int(cell.get("colspan", "1"))
            assert len(set(widths)) == 1, f"{path.name}: rows of {set(widths)} columns"


def test_people_with_keyboards_get_everywhere(report: Report) -> None:
    for path, tree in trees(report):
        assert len(tree.xpath("//main")) == 1
        assert len(tree.xpath("//header")) == 1
        first = tree.xpath("//body/*")[0]
        assert first.get("class") == "skip"
        assert first.get("href") == "#content"
        assert set(tree.xpath("//@tabindex")) <= {"0", "-1"}, path
        # what is hidden from screen readers can be clicked and not tabbed to
        assert not tree.xpath("//svg[@aria-hidden]//a[not(@tabindex='-1')]"), path


def test_nothing_comes_from_elsewhere_and_nothing_runs_but_our_script(report: Report) -> None:
    for path, tree in trees(report):
        assert not tree.xpath("//@style | //*[@*[starts-with(name(), 'on')]]"), path
        assert not [u for u in tree.xpath("//@href | //@src") if re.match(r"(?i)\w+:|//", u)], path
        [policy] = tree.xpath("//meta[@http-equiv='Content-Security-Policy']/@content")
        assert policy.startswith("default-src 'none'; img-src 'self' file:; ")
        for tag in ("style", "script"):
            [element] = tree.xpath(f"//{tag}")
            digest = b64encode(sha256(element.text.encode()).digest()).decode()
            assert f"{tag}-src 'sha256-{digest}'" in policy
        assert "unsafe" not in policy


def palette(scheme: str) -> dict[str, str]:
    blocks = re.findall(r"(@media ([^{]*)\{\s*)?:root \{(.*?)\}", style(), re.DOTALL)
    found: dict[str, str] = {}
    for _, media, declarations in blocks:
        if not media or scheme in media:
            found |= dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", declarations))
    return found


def contrast(one: str, other: str) -> float:
    """Of two colours, as WCAG 2 defines it."""

    def luminance(colour: str) -> float:
        parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


GROUNDS = ("paper", "sheet", "good-wash", "unsure-wash", "bad-wash", "on")
TEXT = [
    *((text, ground) for text in ("ink", "quiet") for ground in GROUNDS),
    *((text, ground) for text in ("link", "good", "unsure", "bad") for ground in ("paper", "sheet")),
    *((text, f"{text}-wash") for text in ("good", "unsure", "bad")),
    ("ink", "rule"),
]


@pytest.mark.parametrize("scheme", ["light", "dark", "print"])
@pytest.mark.parametrize(("text", "ground"), TEXT, ids=lambda name: name)
def test_text_stands_out_from_its_ground(text: str, ground: str, scheme: str) -> None:
    colours = palette(scheme)
    assert contrast(colours[text], colours[ground]) >= 4.5


@pytest.mark.parametrize("box", ["field", "cell", "line", "unsure", "bad"])
def test_boxes_stand_out_from_white_paper(box: str) -> None:
    assert contrast(palette("light")[f"box-{box}"], "#ffffff") >= 3


def test_contrast_is_what_it_is_known_to_be() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)
