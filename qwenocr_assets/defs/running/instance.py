"""The project's own Dagster instance: runs of the command line and of the UI are kept in one place."""

import os
import shutil
from pathlib import Path

from qwenocr_assets.settings import project_root


def ensure_dagster_home() -> Path:
    """The Dagster home, made on first use with the project's `deploy/dagster.yaml`, and set in the environment.

    `DAGSTER_HOME` wins when it is set; otherwise it is `.dagster/` in the project.
    """
    home = Path(os.environ.get("DAGSTER_HOME") or project_root() / ".dagster").resolve()
    home.mkdir(parents=True, exist_ok=True)
    template = project_root() / "deploy" / "dagster.yaml"
    if not (home / "dagster.yaml").exists() and template.exists():
        shutil.copyfile(template, home / "dagster.yaml")
    os.environ["DAGSTER_HOME"] = str(home)
    return home
