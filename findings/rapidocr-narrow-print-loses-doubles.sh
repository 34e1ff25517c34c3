#!/usr/bin/env bash
# RapidOCR (PP-OCRv6, the recogniser that its wheel brings): doubled characters in narrow print.
#
# One would expect: print that is too narrow to read gives a low score, so that a threshold on the score keeps wrong
# amounts out.
# Seen: of two equal characters side by side one is left out, with a score that is as high as that of right lines:
# 44,000 becomes 44,00 and 100,000 becomes 100,00 at 0.99, Committee becomes Committe at over 0.99. The network decides
# every eight pixels, and a blank has to be decided between doubles, for which narrow letters leave no step. The
# same pictures stretched to twice their width are read right; so two readings have to be compared, not scores.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet 'rapidocr==3.10.0' 'onnxruntime==1.32.0' 'Pillow==13.0.0' 'opencv-python-headless<6'
"$folder/venv/bin/pip" uninstall --quiet --yes opencv-python >/dev/null 2>&1 || true
"$folder/venv/bin/pip" install --quiet --force-reinstall --no-deps 'opencv-python-headless<6'
"$folder/venv/bin/python" - <<'PYTHON'
import logging
from importlib.metadata import version

import numpy
from PIL import Image, ImageDraw, ImageFont
from rapidocr import RapidOCR

logging.disable(logging.CRITICAL)
print("RapidOCR", version("rapidocr"), "ONNX Runtime", version("onnxruntime"))
reader = RapidOCR()


def read(text: str, breadth: float, stretched: float = 1.0) -> tuple[str, float]:
    """The text drawn with letters of this breadth, as it is read, and how sure the reader is."""
    font = ImageFont.load_default(40)
    *_, right, bottom = font.getbbox(text)
    drawn = Image.new("RGB", (right + 24, bottom + 24), "white")
    ImageDraw.Draw(drawn).text((12, 8), text, font=font, fill="black")
    for factor in (breadth, stretched):
        drawn = drawn.resize((round(drawn.width * factor), drawn.height), Image.Resampling.LANCZOS)
    found = reader(numpy.asarray(drawn)[..., ::-1], use_det=False, use_cls=False, use_rec=True)
    return found.txts[0], found.scores[0]


for text, breadth, seen in (("44,000", 0.45, "44,00"), ("100,000", 0.55, "100,00"), ("Committee", 0.7, "Committe")):
    narrow, score = read(text, breadth)
    whole, _ = read(text, breadth, stretched=2.0)
    print(f"{text:10} at {breadth} of its breadth: {narrow!r}, score {score:.4f}; stretched: {whole!r}")
    assert narrow == seen and score > 0.98 and whole == text, "this version says something else"
PYTHON
