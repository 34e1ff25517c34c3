"""A process that holds a batch, writes into its file, rests, and writes on: `python -m tests.state.holder`.

Arguments: the database's URL, the file, the lease's seconds. Says `held`, `rests`, then how it ended.
"""

import sys
import time
from pathlib import Path

from upath import UPath

from qwenocr_assets.errors import BatchTaken
from qwenocr_assets.state.batch_hold import hold_batch
from qwenocr_assets.storage.journal import Journal

if __name__ == "__main__":
    url, file, seconds = sys.argv[1:]
    with hold_batch(url, "b", lease_seconds=float(seconds)) as hold:
        sys.stdout.write("held\n")
        sys.stdout.flush()
        try:
            while True:
                for _ in range(3):
                    with hold.writing():
                        Journal(UPath(Path(file))).append([{"request_key": "holder"}])
                sys.stdout.write("rests\n")
                sys.stdout.flush()
                time.sleep(0.5)
        except BatchTaken:
            sys.stdout.write("taken\n")
