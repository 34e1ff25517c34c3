"""A machine's program: `python -m tests.cluster.machine FOLDER…` reads the first folder and publishes it.

Each time a line comes in it reads the next one. It says `done` after each.
"""

import sys
from pathlib import Path

from rich.console import Console

from qwenocr_assets.cli.progress import BarProgress
from qwenocr_assets.steps import Environment, publish, run


def main() -> None:
    environment = Environment.load()
    for number, folder in enumerate(map(Path, sys.argv[1:])):
        if number:
            sys.stdin.readline()
        with BarProgress(Console()) as progress:
            run(environment, [folder], progress)
            if not number:
                publish(environment, progress)
        sys.stdout.write("done\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
