"""The project's settings: one typed object from the environment, `.env`, and `pipeline.toml`.

Earlier sources win: environment (`QWENOCR_REGION`), `.env` beside the project, `pipeline.toml` (`region`), defaults.
API keys are read from the environment or `.env` only, under the names of the official SDKs.
"""

import os
import tomllib
from pathlib import Path
from typing import Any

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)
from upath import UPath

from qwenocr_assets.errors import ConfigurationError, MissingApiKey
from qwenocr_assets.storage.data_folder import DataFolder


def project_root() -> Path:
    """The folder with `pipeline.toml` and `dbt_like_sql/`: `QWENOCR_PROJECT`, or where this package was cloned."""
    return Path(os.environ.get("QWENOCR_PROJECT") or Path(__file__).parents[1]).resolve()


class Settings(BaseSettings):
    """Everything a person can set. Names are those of `pipeline.toml`; in the environment with `QWENOCR_` before."""

    model_config = SettingsConfigDict(env_prefix="QWENOCR_", env_file_encoding="utf-8", extra="ignore")

    data: str = Field("data", description="Data folder: a local path (below the project) or any fsspec URL.")

    region: str = Field("local", description="local (embedded engine), singapore, virginia or beijing.")
    model: str | None = Field(None, description="Model; by default the pinned snapshot of the region.")
    concurrency: int = Field(8, ge=1, le=1000, description="Requests in flight at once.")
    max_attempts: int = Field(4, ge=1, le=20, description="Calls per page and task before giving up.")
    timeout_seconds: float = Field(
        330.0, gt=0, description="Longest wait for one answer; the service takes 300."
    )

    render_dpi: int = Field(200, ge=50, le=600, description="Resolution at which PDF pages are drawn.")

    batch_max_files: int = Field(256, ge=1, description="Most files in one intake batch.")
    batch_max_bytes: int = Field(512 * 2**20, ge=1, description="Most bytes in one intake batch.")
    settle_seconds: float = Field(10.0, ge=0, description="How long a file in the inbox must lie still.")

    failure_rate_limit: float = Field(
        0.2, ge=0, le=1, description="Share of unanswered requests above which a batch's check fails."
    )

    routes: list[dict[str, Any]] = Field(default_factory=list, description="Which documents get which tasks.")

    api_key: SecretStr | None = Field(None, validation_alias="DASHSCOPE_API_KEY")
    api_key_singapore: SecretStr | None = Field(None, validation_alias="DASHSCOPE_API_KEY_SINGAPORE")
    api_key_virginia: SecretStr | None = Field(None, validation_alias="DASHSCOPE_API_KEY_VIRGINIA")
    api_key_beijing: SecretStr | None = Field(None, validation_alias="DASHSCOPE_API_KEY_BEIJING")

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003  pydantic's signature
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        pipeline = TomlConfigSettingsSource(settings_cls, project_root() / "pipeline.toml")
        return init_settings, env_settings, dotenv_settings, pipeline

    @property
    def data_folder(self) -> DataFolder:
        """The data folder; a relative path lies below the project, wherever the command was started."""
        root = UPath(self.data)
        if root.protocol in ("", "file") and not Path(root.path).is_absolute():
            root = UPath(project_root() / root.path)
        return DataFolder(root)

    def api_key_for(self, region: str) -> SecretStr | None:
        """The key of a region; None for the embedded engine.

        Raises:
            MissingApiKey: a cloud region without a key.
        """
        if region == "local":
            return None
        key: SecretStr | None = getattr(self, f"api_key_{region}", None) or self.api_key
        if key is None or not key.get_secret_value().strip():
            raise MissingApiKey(
                f"Region {region} needs an API key and none is set.",
                f"Set DASHSCOPE_API_KEY_{region.upper()} (or DASHSCOPE_API_KEY) in the environment or in .env; "
                "a key belongs to one region. To work without a key, set QWENOCR_REGION=local.",
            )
        return key


def load_settings(**overrides: Any) -> Settings:
    """The settings as they are now.

    Raises:
        ConfigurationError: a value that cannot be, or a key of pipeline.toml that does not exist.
    """
    root = project_root()
    try:
        settings = Settings(_env_file=root / ".env", **overrides)
    except ValidationError as error:
        problems = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
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
        if key.startswith("api_key"):
            raise ConfigurationError(
                f"{pipeline} holds {key}.",
                "Keys belong into the environment or .env, never into a file in git.",
            )
        if key not in known:
            raise ConfigurationError(
                f"{pipeline} sets {key}, which does not exist.", f"Known are: {', '.join(sorted(known))}."
            )
