"""Reading the settings, with errors that name the key and the file."""

import tomllib
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from qwenocr_assets.errors import ConfigurationError
from qwenocr_assets.settings.project import project_root
from qwenocr_assets.settings.settings import Settings


def load_settings(**overrides: Any) -> Settings:
    """The settings as they are now.

    Raises:
        ConfigurationError: a value that cannot be, or a key of pipeline.toml that does not exist.
    """
    root = project_root()
    try:
        settings = Settings(_env_file=root / ".env", **overrides)
    except ValidationError as error:
        problems = "; ".join(
            f"{'.'.join(map(str, e['loc'])) or 'together'}: {e['msg'].removeprefix('Value error, ')}"
            for e in error.errors()
        )
        raise ConfigurationError(
            f"The settings cannot be used: {problems}.", f"Correct them in {root / 'pipeline.toml'} or .env."
        ) from error
    except ValueError as error:  # TOML that does not parse
        raise ConfigurationError(
            f"{root / 'pipeline.toml'} cannot be read: {error}.", "Correct it."
        ) from error
    _refuse_unknown_keys(root / "pipeline.toml")
    return settings


def _refuse_unknown_keys(pipeline: Path) -> None:
    """A misspelt key would silently do nothing, so it is an error."""
    if not pipeline.exists():
        return
    known = {name for name in Settings.model_fields if not name.startswith("api_key")}
    for key in tomllib.loads(pipeline.read_text(encoding="utf-8")):
        if key.startswith("api_key") or key == "pdf_passwords":
            raise ConfigurationError(
                f"{pipeline} holds {key}.",
                "Keys belong into the environment or .env, never into a file in git.",
            )
        if key not in known:
            raise ConfigurationError(
                f"{pipeline} sets {key}, which does not exist.", f"Known are: {', '.join(sorted(known))}."
            )
