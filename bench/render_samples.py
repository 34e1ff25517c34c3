"""Draws the rendered documents of `data/samples/`, their truth, and the broken files.

    python -m venv /tmp/render && /tmp/render/bin/pip install pillow==13.0.0 numpy==2.4.6 \\
        reportlab==5.1.0 matplotlib==3.11.2 fonttools==4.68.0
    /tmp/render/bin/python bench/render_samples.py            # into data/samples and data/truth
    /tmp/render/bin/python bench/render_samples.py --check    # draws again and compares byte by byte

Needs the Noto fonts of Debian's `fonts-noto-core` and `fonts-noto-cjk`, and a Pillow with libraqm (its wheels
have it), without which Arabic is not shaped. Rendering is deterministic: fixed seeds, no clocks; a second run
with the same versions gives the same bytes. `scans/real-page.jpg`, the schemas and the README are not drawn
here.
"""

import argparse
import json
import sys
import tempfile
from pathlib import Path

from PIL import features
from sample_pages.catalogue import DOCUMENTS, Rendered

DATA = Path(__file__).resolve().parent.parent / "data"


def write(document: Rendered, folder: Path) -> list[Path]:
    """Writes one document below `samples/` and, where it has one, its truth; returns the paths below `folder`."""
    target = folder / "samples" / document.path
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(document.content)
    written = [target]
    if document.truth is not None:
        truth = (folder / "truth" / document.path).with_suffix(".json")
        truth.parent.mkdir(parents=True, exist_ok=True)
        body = {"document": document.path, **document.truth}
        truth.write_text(json.dumps(body, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
        written.append(truth)
    return [path.relative_to(folder) for path in written]


def main() -> int:
    parser = argparse.ArgumentParser(description="Draw the sample documents and their truth.")
    parser.add_argument(
        "--out", type=Path, default=DATA, help="folder of samples/ and truth/ (default: data)"
    )
    parser.add_argument("--only", default="", help="draw only documents whose path begins so, e.g. tables/")
    parser.add_argument("--check", action="store_true", help="compare with what is there; write nothing")
    options = parser.parse_args()
    if not features.check("raqm"):
        parser.error("this Pillow has no libraqm, so Arabic would not be shaped: install Pillow's own wheel")

    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) if options.check else options.out
        different = 0
        for path, make in DOCUMENTS.items():
            if not path.startswith(options.only):
                continue
            for relative in write(make(path), folder):
                fresh, kept = folder / relative, options.out / relative
                same = kept.is_file() and kept.read_bytes() == fresh.read_bytes()
                different += not same
                print(f"{fresh.stat().st_size:>9,}  {relative}{'' if same else '  DIFFERS'}")
    return 1 if different else 0


if __name__ == "__main__":
    sys.exit(main())
