"""The sample documents: every one listed with its licence, every truth about a page that is there."""

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pypdfium2
import pytest
from PIL import Image

DATA = Path(__file__).parents[2] / "data"
SAMPLES, TRUTH, SCHEMA_FOLDER = DATA / "samples", DATA / "truth", DATA / "schemas"
DOCUMENTS = sorted(
    path.relative_to(SAMPLES).as_posix()
    for path in SAMPLES.rglob("*")
    if path.is_file() and path.name != "README.md"
)
READABLE = [path for path in DOCUMENTS if not path.startswith("broken/")]
TRUTHS = [path.relative_to(TRUTH).as_posix() for path in sorted(TRUTH.rglob("*.json"))]
SCHEMAS = sorted(path.name for path in SCHEMA_FOLDER.glob("*.json"))
LANGUAGES = {"en", "fr", "de", "es", "pt", "it", "zh", "ja", "ko", "ru", "ar", "vi"}
LICENCES = {"Apache-2.0", "MIT; the text is in the public domain"}


def truth_of(document: str) -> dict[str, Any]:
    path = (TRUTH / document).with_suffix(".json")
    truth: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    assert truth["document"] == document
    return truth


def truth_pages(document: str) -> list[dict[str, Any]]:
    truth = truth_of(document)
    return truth.get("pages", [truth])


def page_sizes(document: str) -> list[tuple[float, float]]:
    if document.endswith(".pdf"):
        with pypdfium2.PdfDocument(SAMPLES / document) as pdf:
            return [pdf.get_page_size(number) for number in range(len(pdf))]
    with Image.open(SAMPLES / document) as image:
        return [image.size]


def boxes(page: dict[str, Any]) -> list[list[float]]:
    cells = [cell for table in page.get("tables", []) for cell in table["cells"]]
    return [item["bbox"] for item in [*page["lines"], *cells, *page.get("formulas", [])]]


def listed() -> dict[str, str]:
    """File → licence, from the README's table."""
    rows = re.findall(r"^\| `([^`]+)` \|.*\| ([^|]+) \|$", (SAMPLES / "README.md").read_text("utf-8"), re.M)
    return dict(rows)


def test_the_readme_lists_exactly_the_documents():
    assert sorted(listed()) == DOCUMENTS


def test_every_licence_allows_committing():
    assert set(listed().values()) <= LICENCES


def test_all_samples_together_are_small():
    assert sum(path.stat().st_size for path in SAMPLES.rglob("*") if path.is_file()) < 8_000_000


def test_every_readable_document_has_its_truth_and_no_truth_is_alone():
    assert sorted(Path(path).with_suffix(".json").as_posix() for path in READABLE) == TRUTHS


def test_there_is_a_page_in_every_language():
    assert {truth_of(path)["language"] for path in READABLE if path.startswith("languages/")} == LANGUAGES


@pytest.mark.parametrize(
    ("document", "pages"), [("papers/three-page-text.pdf", 3), ("scans/scanned-letter.pdf", 2)]
)
def test_a_pdf_has_as_many_pages_as_its_truth(document, pages):
    assert len(page_sizes(document)) == len(truth_pages(document)) == pages


@pytest.mark.parametrize("document", [path for path in READABLE if path != "scans/real-page.jpg"])
def test_truth_boxes_lie_inside_the_page(document):
    pages, sizes = truth_pages(document), page_sizes(document)
    assert len(pages) == len(sizes)
    for page, (width, height) in zip(pages, sizes, strict=True):
        assert boxes(page)
        for box in boxes(page):
            xs, ys = box[0::2], box[1::2]
            assert len(box) in (4, 8)
            assert 0 <= min(xs) < max(xs) <= width, box
            assert 0 <= min(ys) < max(ys) <= height, box


@pytest.mark.parametrize("document", [path for path in READABLE if path.startswith("languages/")])
def test_ink_is_where_the_truth_says_and_nowhere_else(document):
    with Image.open(SAMPLES / document) as image:
        assert image.mode == "L"
        ink = np.asarray(image) < 128
    for line in truth_of(document)["lines"]:
        x0, y0, x1, y1 = line["bbox"]
        inside = ink[y0:y1, x0:x1]
        assert inside.any(axis=1).mean() > 0.5, line
        ink = ink.copy()
        ink[y0:y1, x0:x1] = False
    assert not ink.any()


def test_the_text_layer_of_the_paper_says_what_its_truth_says():
    with pypdfium2.PdfDocument(SAMPLES / "papers/three-page-text.pdf") as pdf:
        layers = ["".join(page.get_textpage().get_text_range().split()) for page in pdf]
    for page, layer in zip(truth_pages("papers/three-page-text.pdf"), layers, strict=True):
        assert "".join("".join(line["text"].split()) for line in page["lines"]) == layer


@pytest.mark.parametrize("document", [d for d in READABLE if any(p.get("tables") for p in truth_pages(d))])
def test_the_cells_of_a_table_cover_its_grid_once(document):
    for table in (table for page in truth_pages(document) for table in page["tables"]):
        covered = [
            (cell["row"] + r, cell["column"] + c)
            for cell in table["cells"]
            for r in range(cell["row_span"])
            for c in range(cell["column_span"])
        ]
        assert sorted(covered) == [(r, c) for r in range(table["rows"]) for c in range(table["columns"])]


@pytest.mark.parametrize(
    ("document", "schema"),
    [
        ("invoices/invoice-acme.png", "invoice.json"),
        ("invoices/請求書-2025-11.png", "invoice.json"),
        ("forms/فاتورة.png", "invoice.json"),
        ("tickets/train-ticket.png", "ticket.json"),
        ("receipts/taxi-receipt.jpg", "receipt.json"),
        ("receipts/shop-receipt.png", "shop-receipt.json"),
        *((path, f"{Path(path).stem}.json") for path in DOCUMENTS if path.startswith("office/")),
    ],
)
def test_extracted_truth_has_the_keys_of_its_schema(document, schema):
    asked = json.loads((SCHEMA_FOLDER / schema).read_text(encoding="utf-8"))
    extracted = truth_pages(document)[0]["extracted"]
    assert set(extracted) == set(asked)
    for key, template in asked.items():
        if isinstance(template, list):
            assert all(set(item) == set(template[0]) for item in extracted[key])


def depth(schema: object) -> int:
    match schema:
        case dict():
            return 1 + max(map(depth, schema.values()), default=0)
        case list():
            return max(map(depth, schema), default=0)
        case _:
            return 0


@pytest.mark.parametrize("name", SCHEMAS)
def test_a_schema_has_at_most_three_levels_and_only_text_as_values(name):
    schema = json.loads((SCHEMA_FOLDER / name).read_text(encoding="utf-8"))
    assert isinstance(schema, dict)
    assert 1 <= depth(schema) <= 3

    def leaves(node: object) -> list[object]:
        if isinstance(node, dict):
            return [leaf for value in node.values() for leaf in leaves(value)]
        return [leaf for value in node for leaf in leaves(value)] if isinstance(node, list) else [node]

    assert all(isinstance(leaf, str) for leaf in leaves(schema))


def test_there_are_schemas():
    assert {"invoice.json", "ticket.json", "receipt.json"} <= set(SCHEMAS)


@pytest.mark.parametrize("document", ["broken/broken.pdf", "broken/not-an-image.png"])
def test_the_broken_files_are_broken(document):
    with pytest.raises((OSError, pypdfium2.PdfiumError)):
        page_sizes(document)
