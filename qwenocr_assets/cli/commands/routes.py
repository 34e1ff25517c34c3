"""`qwenocr routes`: which route each file takes."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from qwenocr_assets.cli.tables import print_rows
from qwenocr_assets.environment.environment import Environment
from qwenocr_assets.errors import RejectedInput
from qwenocr_assets.intake.routes import DEFAULT_ROUTE
from qwenocr_assets.steps.intake import routes_taken

_MOST_FILES = 50


def print_routes(paths: Sequence[Path], console: Console, *, wide: bool = False) -> None:
    """Print the route of each file, those that no route takes first, then each route with its files and tasks.

    Raises:
        RejectedInput: a path that does not exist, or no file below the paths.
        ConfigurationError: a route that cannot be used.
    """
    taken = routes_taken(paths, Environment.load())
    if not taken:
        raise RejectedInput(f"There is no file in {', '.join(map(str, paths))}.", "Name another folder.")
    taken.sort(key=lambda pair: pair[1] is not DEFAULT_ROUTE)
    rows = [(name, route.name) for name, route in taken[:_MOST_FILES]]
    print_rows(("document_name", "route"), rows, console, wide=wide)
    if len(taken) > _MOST_FILES:
        console.print(f"… and {len(taken) - _MOST_FILES:,} more files.")
    counts = Counter(route.name for _, route in taken)
    tasks = {route.name: ", ".join(route.tasks) for _, route in taken}
    console.print()
    by_route = [(name, count, tasks[name]) for name, count in counts.most_common()]
    print_rows(("route", "files", "tasks"), by_route, console, wide=wide, blocks=True)
    if without := counts[DEFAULT_ROUTE.name]:
        files = "1 file takes" if without == 1 else f"{without:,} files take"
        console.print(f"{files} no route of pipeline.toml and will be read with the default tasks.")
