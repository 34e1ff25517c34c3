"""`python bench/flatten_bodies.py FILE`: the CPU seconds that turning each page in it into rows costs, as JSON.

FILE holds, by name, the bodies of a page's answers by task; of a name that begins with `grounding`, only giving the
rows their places counts. Run by path, so that it works with whatever checkout `PYTHONPATH` names: it keeps to what
every build has.
"""

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path

from qwenocr_assets.qwenocr.tasks import Task
from qwenocr_assets.qwenocr.wire.answer_bodies import parse_answer
from qwenocr_assets.tables.flatten import AnsweredPage, flatten, ground, lines_of

SIZE = (2000, 3000)
_SECONDS = 0.6


def main(file: Path) -> None:
    costs = {}
    for name, bodies in json.loads(file.read_text()).items():
        answers = {Task(task): ("key", parse_answer(body)) for task, body in bodies.items()}
        page = AnsweredPage("batch", "document", "page", SIZE, answers)
        if name.startswith("grounding"):
            rows = flatten(page)
            costs[name] = least_seconds(lambda rows=rows: ground(rows, lines_of(rows)))  # type: ignore[misc]
        else:
            costs[name] = least_seconds(lambda page=page: flatten(page))  # type: ignore[misc]
    print(json.dumps(costs))


def least_seconds(work: Callable[[], object]) -> float:
    """CPU time of one call, the least of those made in some tenths of a second."""
    least, end = float("inf"), time.process_time() + _SECONDS
    while (begin := time.process_time()) < end:
        work()
        least = min(least, time.process_time() - begin)
    return least


if __name__ == "__main__":
    main(Path(sys.argv[1]))
