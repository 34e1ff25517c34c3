"""`python bench/decode_files.py FOLDER`: the CPU seconds that decoding each folder in it costs, as JSON.

Run by path, so that it decodes with whatever checkout `PYTHONPATH` names: it keeps to what every build has.
"""

import json
import resource
import sys
from pathlib import Path

from qwenocr_assets.imaging.pages import pages_of_document
from qwenocr_assets.intake.media_types import HEAD_BYTES, sniff


def main(folder: Path) -> None:
    costs = {}
    for kind in sorted(path for path in folder.iterdir() if path.is_dir()):
        contents = [file.read_bytes() for file in sorted(kind.iterdir())]
        _decode(contents[0])  # what is loaded on first use is no page's cost
        before = _cpu()
        for content in contents:
            _decode(content)
        costs[kind.name] = _cpu() - before
    print(json.dumps(costs))


def _decode(content: bytes) -> None:
    media_type = sniff(content[:HEAD_BYTES])
    if media_type is None:
        raise ValueError("not a document")
    for _ in pages_of_document(content, media_type):
        pass


def _cpu() -> float:
    used = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in used)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
