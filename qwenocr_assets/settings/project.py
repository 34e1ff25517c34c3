"""Where the project lies."""

import os
from pathlib import Path


def project_root() -> Path:
    """The folder with `pipeline.toml` and `dbt_like_sql/`: `QWENOCR_PROJECT`, or where this package was cloned."""
    return Path(os.environ.get("QWENOCR_PROJECT") or Path(__file__).parents[2]).resolve()
