#!/usr/bin/env bash
# Pillow and TIFFs whose values run from white to black (PhotometricInterpretation 0, WhiteIsZero).
#
# One would expect: files of 8 and of 16 bits a sample look alike, as both say the same of their values.
# Seen: the picture of 8 bits comes inverted, so that 0 is white; that of 16 bits comes as it is stored, a negative,
# with the mode of a file whose 0 is black. Only the tag 262 tells.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet 'Pillow==13.0.0'
"$folder/venv/bin/python" - <<'PYTHON'
import io
import struct

import PIL
from PIL import Image


def tiff(bits: int, photometric: int) -> bytes:
    """One row: the values 0 and the highest."""
    data = bytes([0, 255]) if bits == 8 else struct.pack("<2H", 0, 65535)
    tags = [(256, 2), (257, 1), (258, bits), (259, 1), (262, photometric), (273, 122), (277, 1), (278, 1), (279, len(data))]
    entries = b"".join(struct.pack("<HHII", tag, 3, 1, value) for tag, value in tags)
    return b"II*\0\x08\0\0\0" + struct.pack("<H", len(tags)) + entries + bytes(4) + data


def row(bits: int, photometric: int) -> tuple[str, list[int]]:
    image = Image.open(io.BytesIO(tiff(bits, photometric)))
    return image.mode, [image.getpixel((x, 0)) for x in range(2)]


print("Pillow", PIL.__version__)
for bits in (8, 16):
    for photometric in (1, 0):
        print(f"{bits} bits, PhotometricInterpretation {photometric}:", *row(bits, photometric))
assert row(8, 1) == ("L", [0, 255])
assert row(8, 0) == ("L", [255, 0]), "8 bits are not inverted any more"
assert row(16, 1) == ("I;16", [0, 65535])
assert row(16, 0) == ("I;16", [0, 65535]), "16 bits are inverted now"
PYTHON
