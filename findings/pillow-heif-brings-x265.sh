#!/usr/bin/env bash
# pillow-heif, its licence as the package says it, and the encoder that its wheel brings.
#
# One would expect: a wheel whose metadata name the BSD licence, and nothing else, can be shipped under it.
# Seen: the wheel holds libx265, which is under the GPL, and uses it for every HEIC that it writes; neither the field
# License nor a classifier says so, so a check of metadata passes it. pi-heif, the same code built for reading alone,
# holds no encoder.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet 'pillow-heif==1.8.1' 'pi-heif==1.4.0' 'Pillow==13.0.0'
"$folder/venv/bin/python" - <<'PYTHON'
import io
from importlib import metadata

import pi_heif
import pillow_heif
from PIL import Image


def said(package: str) -> list[str]:
    """Licences that the metadata of a package name."""
    fields = metadata.metadata(package)
    named = [fields.get("License-Expression"), fields.get("License")]
    classifiers = [c for c in fields.get_all("Classifier") or [] if c.startswith("License ::")]
    return [text.splitlines()[0] for text in [*named, *classifiers] if text]


def bundled(package: str) -> list[str]:
    """Shared libraries that lie in its wheel."""
    return sorted(file.name for file in metadata.files(package) or [] if ".so" in file.name and file.name.startswith("lib"))


for package in ("pillow-heif", "pi-heif"):
    print(package, metadata.version(package), said(package), bundled(package))
sink = io.BytesIO()
pillow_heif.from_pillow(Image.new("RGB", (64, 64), "white")).save(sink)
print("a HEIC of", len(sink.getvalue()), "bytes, written by", pillow_heif.libheif_info()["encoders"])
assert not any("GPL" in text for text in said("pillow-heif")), "its metadata name the GPL now"
assert any("x265" in name for name in bundled("pillow-heif")), "its wheel has no libx265 any more"
assert not any("x265" in name for name in bundled("pi-heif")), "pi-heif has an encoder now"
assert sink.getvalue()[4:8] == b"ftyp"
PYTHON
