"""A project for clusters, and pictures that all differ."""

import io
from pathlib import Path

import pytest
from PIL import Image, ImageDraw, ImageFont

REPOSITORY = Path(__file__).parents[2]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project without routes of its own, with this repository's SQL models."""
    folder = tmp_path / "project"
    folder.mkdir()
    for name in ("dbt_like_sql", "deploy"):
        (folder / name).symlink_to(REPOSITORY / name)
    return folder


def picture(number: int) -> bytes:
    """A PNG like no other."""
    image = Image.new("L", (700, 200), 255)
    ImageDraw.Draw(image).text((40, 60), f"Page {number}", fill=0, font=ImageFont.load_default(40))
    file = io.BytesIO()
    image.save(file, "PNG")
    return file.getvalue()
