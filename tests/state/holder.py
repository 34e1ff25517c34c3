"""A process that holds a batch, and writes into its file for each line of its input: `python -m tests.state.holder`.

Arguments: the database's URL, the file. Says `held`, `rests` after each writing, and `taken` when it may not write.
"""

import sys
from pathlib import Path

from upath import UPath

from qwenocr_assets.errors import BatchTaken
from qwenocr_assets.state.batch_hold import hold_batch
from qwenocr_assets.storage.journal import Journal


def say(word: str) -> None:
    sys.stdout.write(f"{word}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    url, file = sys.argv[1:]
    with hold_batch(url, "b", lease_seconds=3600) as hold:
        say("held")
        try:
            for _ in sys.stdin:
                with hold.writing():
                    Journal(UPath(Path(file))).append([{"request_key": "holder"}])
                say("rests")
        except BatchTaken:
            say("taken")
