"""Tasks for Label Studio: page images with the values on them as regions, and the labelling configuration.

Formats: Label Studio's documentation, "Label Studio Task Format" and "Import pre-annotated data". Coordinates are
percentages of the image; a region's id stays the same when a prediction becomes an annotation.
"""

import base64
from collections.abc import Callable, Iterable
from io import BytesIO
from typing import Any
from urllib.parse import quote
from xml.sax.saxutils import quoteattr

from PIL import Image

from qwenocr_assets.errors import StorageError
from qwenocr_assets.geometry import Box
from qwenocr_assets.review.pages import AskedPage, AskedValue, region_id
from qwenocr_assets.review.statements import fingerprint
from qwenocr_assets.storage.data_folder import DataFolder

LABELS, TEXT, PATH, PICTURE = "label", "value", "path", "page"
"""Names of the controls and of the picture in the labelling configuration."""

MODEL_VERSION = "qwenocr_assets"

_SHOWN_BY_BROWSERS = ("PNG", "JPEG", "WEBP", "GIF")

ImageUrl = Callable[[AskedPage], str]


def linked(prefix: str) -> ImageUrl:
    """Images by their path below the data folder behind a prefix, like `/data/local-files/?d=`."""
    return lambda page: prefix + quote(page.image)


def embedded(data: DataFolder) -> ImageUrl:
    """Images inside the file, as data URIs; what browsers do not show (TIFF, BMP, HEIC) as PNG of the same size."""

    def url(page: AskedPage) -> str:
        path = data.root / page.image
        try:
            content = path.read_bytes()
        except OSError as error:
            raise StorageError(
                f"The image of page {page.page_number} of {page.document_name} cannot be read ({path}: {error}).",
                "Run `qwenocr run` on the document again, or leave the page out with --document.",
            ) from error
        with Image.open(BytesIO(content)) as picture:
            kind = picture.format or ""
            if kind not in _SHOWN_BY_BROWSERS:
                kind, shown = "PNG", BytesIO()
                picture.convert("RGB").save(shown, "PNG")
                content = shown.getvalue()
        return f"data:image/{kind.lower()};base64,{base64.b64encode(content).decode('ascii')}"

    return url


def labelling_config(pages: Iterable[AskedPage]) -> str:
    """The configuration for a project with these tasks: a label a field, and the value as text beside each region.

    The labels stand above the page, where they are seen without scrolling however high it is. The path stands below it:
    Label Studio shows it only while a region is selected, and above it would move the page at every click.
    """
    labels = sorted({parts.label for page in pages for v in page.values if (parts := v.parts)})
    shown = "\n".join(f"    <Label value={quoteattr(label)}/>" for label in labels)
    return f"""<View>
  <Header value="$document"/>
  <RectangleLabels name="{LABELS}" toName="{PICTURE}" showInline="true">
{shown}
  </RectangleLabels>
  <Image name="{PICTURE}" value="$image" zoom="true" zoomControl="true" rotateControl="false"/>
  <TextArea name="{TEXT}" toName="{PICTURE}" perRegion="true" editable="true" maxSubmissions="1" rows="2"
    displayMode="region-list" placeholder="What stands there"/>
  <TextArea name="{PATH}" toName="{PICTURE}" perRegion="true" editable="true" maxSubmissions="1"
    placeholder="For a new value of a list, or of a field without a label: its path, like items[2].price"/>
</View>
"""


def task(page: AskedPage, image_url: ImageUrl) -> dict[str, Any]:
    """One page as a task. `data` says what was asked, so that an import knows what was taken away or moved."""
    asked = [(value, parts) for value in page.values if (parts := value.parts)]
    unplaced = iter(range(len(asked)))
    boxes = [
        _in_percent(page, value.box)
        if value.box
        else _waiting(next(unplaced))
        if parts.is_value or parts.is_cell
        else None
        for value, parts in asked
    ]
    trusts = [value.trust for value, _ in asked if value.trust is not None]
    return {
        "data": {
            "image": image_url(page),
            "document": f"{page.document_name}, page {page.page_number}",
            "batch_id": page.batch_id,
            "document_id": page.document_id,
            "page_id": page.page_id,
            "page_sha256": page.sha256,
            "width_px": page.width_px,
            "height_px": page.height_px,
            "asked": [
                {
                    "region": region_id(page.page_id, value.task, value.place),
                    "task": value.task,
                    "place": value.place,
                    "label": parts.label,
                    "seen": fingerprint(value.model_value),
                    "text": value.value or "",
                    "finding": value.finding,
                    "box": box,
                }
                for (value, parts), box in zip(asked, boxes, strict=True)
            ],
        },
        "predictions": [
            {
                "model_version": MODEL_VERSION,
                # Label Studio sorts by it: the page with the least trusted value first
                **({"score": min(trusts)} if trusts else {}),
                "result": [
                    part
                    for (value, parts), box in zip(asked, boxes, strict=True)
                    if box
                    for part in _region(page, value, parts.label, box)
                ],
            }
        ],
    }


def _region(page: AskedPage, value: AskedValue, label: str, box: dict[str, float]) -> list[dict[str, Any]]:
    """A rectangle with its label and, where there is one, the value as text."""
    common = {
        "id": region_id(page.page_id, value.task, value.place),
        "to_name": PICTURE,
        "original_width": page.width_px,
        "original_height": page.height_px,
        "image_rotation": 0,
    }
    why = [text for text in (value.place, value.reason) if text]
    rectangle = {
        **common,
        "from_name": LABELS,
        "type": "rectanglelabels",
        "value": {**box, "rotation": 0, "rectanglelabels": [label]},
        "meta": {"text": [": ".join(why)]},  # Label Studio shows several without anything between them
        **({"score": value.trust} if value.trust is not None else {}),
    }
    if not value.value:
        return [rectangle]
    text = {
        **common,
        "from_name": TEXT,
        "type": "textarea",
        "value": {**box, "rotation": 0, "text": [value.value]},
    }
    return [rectangle, text]


def _in_percent(page: AskedPage, box: Box) -> dict[str, float]:
    """The box as percentages of the page, within it."""
    width, height = max(page.width_px, 1), max(page.height_px, 1)
    left, right = (min(max(x / width * 100, 0), 100) for x in (box.left, box.right))
    top, bottom = (min(max(y / height * 100, 0), 100) for y in (box.top, box.bottom))
    return {
        "x": round(left, 4),
        "y": round(top, 4),
        "width": round(max(right - left, 0), 4),
        "height": round(max(bottom - top, 0), 4),
    }


def _waiting(number: int) -> dict[str, float]:
    """Where a value that stands nowhere waits to be moved to its place, or deleted: down the left edge of the page."""
    return {"x": 0.0, "y": float(number * 2 % 98), "width": 2.0, "height": 1.5}
