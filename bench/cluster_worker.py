"""A worker of `bench/cluster.py`: `python -m bench.cluster_worker READY GO WARM FOLDER…`.

Once warm it makes the file READY, waits for the file GO, reads the folders one after the other with an instant engine,
and prints when it began and ended.
"""

import sys
import time
from pathlib import Path

from bench.instant_engine import straight


def main() -> None:
    """Read what the command line names."""
    ready, go, warm, *folders = map(Path, sys.argv[1:])
    with straight() as way:
        way.read(warm)
        ready.touch()
        while not go.exists():
            time.sleep(0.01)
        began = time.time()
        for folder in folders:
            way.read(folder)
        print(began, time.time())


if __name__ == "__main__":
    main()
