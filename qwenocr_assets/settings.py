"""The project's settings: one typed object from the environment, `.env`, and `pipeline.toml`.

Earlier sources win: environment (`QWENOCR_REGION`), `.env` beside the project, `pipeline.toml` (`region`), defaults.
API keys are read from the environment or `.env` only, under the names of the official SDKs.
"""

import os
import tomllib
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, IPvAnyNetwork, SecretStr, ValidationError
from pydantic_settings import (
    BaseSettings,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)
from upath import UPath

from qwenocr_assets.errors import ConfigurationError
from qwenocr_assets.qwenocr.keys import key_among, variable_of
from qwenocr_assets.qwenocr.options import ClientOptions
from qwenocr_assets.storage.data_folder import DataFolder, require_file_system

Bucket = Literal["s3", "s3a", "gs", "gcs", "az", "abfs", "abfss", "adl", "oss", "memory"]
"""Protocols of fsspec whose files lists of URLs may name, once they are allowed."""

REGIONS_WITH_KEYS = ("singapore", "virginia", "beijing", "frankfurt", "custom")


def _names(value: Any) -> Any:
    """A list of names, in the environment also as `a,b`."""
    return [name.strip() for name in value.split(",") if name.strip()] if isinstance(value, str) else value


def _dates_as_text(value: Any) -> Any:
    """TOML's dates as ISO text, at any depth: what a run is configured with has to be JSON."""
    if isinstance(value, dict):
        return {key: _dates_as_text(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_dates_as_text(inner) for inner in value]
    return value.isoformat() if isinstance(value, date) else value


Usd = Annotated[Decimal, Field(ge=0, max_digits=18, decimal_places=12)]
"""US dollars; a pico-dollar is the least there is."""


def project_root() -> Path:
    """The folder with `pipeline.toml` and `dbt_like_sql/`: `QWENOCR_PROJECT`, or where this package was cloned."""
    return Path(os.environ.get("QWENOCR_PROJECT") or Path(__file__).parents[1]).resolve()


def _below_project(address: str) -> UPath:
    """A folder or bucket; a relative path lies below the project, wherever the command was started.

    Raises:
        StorageError: what reads such a bucket is not installed.
    """
    root = UPath(address)
    if root.protocol in ("", "file") and not Path(root.path).is_absolute():
        root = UPath(project_root() / root.path)
    require_file_system(root)
    return root


class BudgetSettings(BaseModel):
    """`[budget]` of pipeline.toml: the most that may be spent, in US dollars. Days and months are UTC."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    usd_per_run: Usd | None = Field(None, description="Most that one run may spend; no limit without it.")
    usd_per_day: Usd | None = Field(Decimal(10), description="Most in a day.")
    usd_per_month: Usd | None = Field(Decimal(100), description="Most in a month.")
    usd_per_month_by_route: dict[str, Usd] = Field(
        default_factory=dict, description="Most in a month for documents of a route, by the route's name."
    )
    alert_at: list[Annotated[Decimal, Field(gt=0, le=1)]] = Field(
        default_factory=lambda: [Decimal("0.5"), Decimal("0.8"), Decimal(1)],
        description="Shares of the day's, the month's and a route's cap at which an alert is sent.",
    )
    alert_webhook: SecretStr | None = Field(
        None, description='Address that alerts are posted to, as JSON like {"text": "…"}.'
    )
    free_quota_activated_on: date | None = Field(
        None, description="When the account was activated: shows what is left of its free quota."
    )


class ScoringSettings(BaseModel):
    """`[scoring]` of pipeline.toml: where truths lie, and how good each batch has to be. See docs/scoring.md."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    truth: str | None = Field(
        None, description="Folder of truths, below the project; without it nothing is scored in a run."
    )
    iou: float = Field(
        0.5, gt=0, le=1, description="Least intersection over union of two boxes that are the same line."
    )
    case: Literal["count", "ignore"] = Field(
        "count", description="Whether large and small letters differ: ignore where truths are in capitals."
    )
    at_most: dict[Literal["cer", "wer", "cer_boxes"], Annotated[float, Field(ge=0)]] = Field(
        default_factory=dict, description="Highest error rates that pass, by metric."
    )
    at_least: dict[
        Literal[
            "line_f1",
            "line_text_f1",
            "field_f1",
            "field_f1_exact",
            "row_recall",
            "row_exact",
            "teds",
            "teds_s",
        ],
        Annotated[float, Field(ge=0, le=1)],
    ] = Field(default_factory=dict, description="Lowest scores that pass, by metric.")

    @property
    def truth_folder(self) -> Path | None:
        """The folder, wherever the command was started."""
        return None if self.truth is None else project_root() / self.truth


class Settings(ClientOptions, BaseSettings):
    """Everything a person can set. Names are those of `pipeline.toml`; in the environment with `QWENOCR_` before.

    How the service is called is set by the options of its client: settings can be handed to it as they are.
    """

    model_config = SettingsConfigDict(
        env_prefix="QWENOCR_", env_file_encoding="utf-8", env_nested_delimiter="__", extra="ignore"
    )

    data: str = Field("data", description="Data folder: a local path (below the project) or any fsspec URL.")
    warehouse: SecretStr | None = Field(
        None,
        description="A DuckLake for the warehouse, like ducklake:postgres:dbname=lake host=db (docs/storage.md); by "
        "default it is a file.",
    )
    inbox: str | None = Field(
        None,
        description="Folder or bucket that the inbox sensor watches, like data; by default inbox in the data folder.",
    )

    region: str = Field(
        "local",
        description="local (embedded engine), singapore, virginia, beijing, frankfurt (needs base_url) or custom (any "
        "base_url).",
    )
    model: str | None = Field(None, description="Model; by default the pinned snapshot of the region.")
    base_url: str | None = Field(
        None, description="Another address for the region: a workspace's host, a proxy, a server of your own."
    )
    protocol: Literal["native", "openai"] | None = Field(
        None, description="Dialect, native or openai; by default openai for custom, else native."
    )
    workspace: str | None = Field(None, description="Workspace whose rights and limits the calls use.")
    allow_http: bool = Field(False, description="Allow an http:// base_url outside private networks.")
    failover: Annotated[list[str], NoDecode, BeforeValidator(_names)] = Field(
        default_factory=list,
        description="Regions to go on with, in this order, while the first is down; the data then goes there.",
    )
    max_attempts_in_all: int = Field(
        12,
        ge=1,
        description="Calls per page and task over all runs; beyond, what failed is asked again only by "
        "`qwenocr retry`.",
    )
    ledger: SecretStr | None = Field(
        None,
        description="Database of money, of the account's limits and of which run has which batch, as an SQLAlchemy "
        "URL; by default ledger.db in the data folder.",
    )

    render_dpi: int = Field(200, ge=50, le=600, description="Resolution at which PDF pages are drawn.")

    rasteriser: Literal["auto", "pdfium", "poppler"] = Field(
        "auto",
        description="What draws PDF pages: pdfium, poppler, or auto: PDFium, and poppler where PDFium fails.",
    )
    decoders: int | None = Field(
        None,
        ge=0,
        le=256,
        description="Processes that decode and draw pages, by default one per core; 0: none, and no protection "
        "from files that crash or hang a decoder.",
    )
    decoder_seconds: float = Field(60.0, gt=0, description="Longest time to decode or draw one page.")
    decoder_memory_mb: int = Field(2048, ge=512, description="Most memory (address space) of one decoder.")
    pdf_passwords: list[SecretStr] = Field(
        default_factory=list,
        description='Passwords to try on encrypted PDFs, as JSON: ["one", "two"]. Environment or .env only.',
    )
    batch_max_files: int = Field(256, ge=1, description="Most files in one intake batch.")
    batch_max_bytes: int = Field(512 * 2**20, ge=1, description="Most bytes in one intake batch.")
    batch_max_wait_seconds: float = Field(
        30.0, ge=0, description="How long a still file in the inbox may wait for its batch to fill."
    )
    settle_seconds: float = Field(10.0, ge=0, description="How long a file in the inbox must lie still.")
    leave_out: Annotated[list[str], NoDecode, BeforeValidator(_names)] = Field(
        default_factory=list,
        description="Names of files and folders to leave out beside the usual ones (docs/inbox.md), like *.bak; with "
        "! before it, like !*.tmp, what is not left out after all.",
    )

    drain_seconds: float = Field(
        60.0,
        ge=0,
        description="Longest wait for answers on their way when a run is interrupted; a second Ctrl-C ends it at once.",
    )
    batch_wait_seconds: float = Field(
        300.0,
        ge=0,
        description="Longest wait for another run that has the same batch, asks the same, or writes the warehouse.",
    )
    url_networks: Annotated[list[IPvAnyNetwork], NoDecode, BeforeValidator(_names)] = Field(
        default_factory=list,
        description="Networks that lists of URLs may reach although they are private, like 10.1.0.0/16.",
    )
    url_buckets: Annotated[list[Bucket], NoDecode, BeforeValidator(_names)] = Field(
        default_factory=list,
        description="Buckets that lists of URLs may name, like s3: read with the rights of this machine.",
    )
    url_max_mb: float = Field(100.0, gt=0, le=512, description="Largest file fetched for a list of URLs.")
    url_seconds: float = Field(60.0, gt=0, description="Longest time to fetch one file for a list of URLs.")

    failure_rate_limit: float = Field(
        0.2, ge=0, le=1, description="Share of unanswered requests above which a batch's check fails."
    )

    budget: BudgetSettings = Field(
        default_factory=BudgetSettings, description="Most that may be spent: see Budget below."
    )
    scoring: ScoringSettings = Field(
        default_factory=ScoringSettings, description="Truths to compare answers with: see docs/scoring.md."
    )
    routes: Annotated[list[dict[str, Any]], BeforeValidator(_dates_as_text)] = Field(
        default_factory=list, description="Which documents get which tasks."
    )
    models: list[dict[str, Any]] = Field(
        default_factory=list, description="Changes to the catalogue of models, and models of your own."
    )

    api_key: SecretStr | None = Field(
        None,
        validation_alias="DASHSCOPE_API_KEY",
        description="API key, for whichever of the cloud regions is set.",
    )
    api_key_singapore: SecretStr | None = Field(
        None, validation_alias="DASHSCOPE_API_KEY_SINGAPORE", description="API key of singapore."
    )
    api_key_virginia: SecretStr | None = Field(
        None, validation_alias="DASHSCOPE_API_KEY_VIRGINIA", description="API key of virginia."
    )
    api_key_beijing: SecretStr | None = Field(
        None, validation_alias="DASHSCOPE_API_KEY_BEIJING", description="API key of beijing."
    )
    api_key_frankfurt: SecretStr | None = Field(
        None, validation_alias="DASHSCOPE_API_KEY_FRANKFURT", description="API key of frankfurt."
    )
    api_key_custom: SecretStr | None = Field(
        None,
        validation_alias="DASHSCOPE_API_KEY_CUSTOM",
        description="API key of region custom, where its server asks for one.",
    )

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
        lake = None if self.warehouse is None else self.warehouse.get_secret_value()
        return DataFolder(_below_project(self.data), lake)

    @property
    def inbox_folder(self) -> UPath:
        """The folder that the inbox sensor watches."""
        return self.data_folder.inbox if self.inbox is None else _below_project(self.inbox)

    @property
    def inbox_index_url(self) -> str:
        """The database that remembers the inbox's files: a file of its own, or the ledger's for a bucket of data.

        Raises:
            ConfigurationError: the data folder is no local one and no database is set.
        """
        root = self.data_folder.root
        if root.protocol not in ("", "file"):
            return self.ledger_url
        return f"sqlite:///{Path(root.path) / 'inbox.db'}"

    @property
    def ledger_url(self) -> str:
        """The database that all processes share for money and limits, as an SQLAlchemy URL.

        Raises:
            ConfigurationError: the data folder is no local one and no database is set.
        """
        if self.ledger is not None:
            return self.ledger.get_secret_value()
        root = self.data_folder.root
        if root.protocol not in ("", "file"):
            raise ConfigurationError(
                f"The data folder {root} is not on this machine, so it can hold no ledger.",
                "Set QWENOCR_LEDGER to a database, like postgresql://user@host/qwenocr.",
            )
        return f"sqlite:///{Path(root.path) / 'ledger.db'}"

    def api_key_for(self, region: str) -> SecretStr | None:
        """The key of a region; None for the embedded engine, and for region custom when it has none of its own.

        Raises:
            MissingApiKey: a cloud region without a key.
            ConfigurationError: a key that no HTTP header can carry; it is not repeated.
        """
        return key_among(region, self._keys)

    def api_key_variable(self, region: str) -> str | None:
        """The environment variable that a region's key comes from; None when none is set."""
        return variable_of(region, self._keys)

    @property
    def _keys(self) -> dict[str, SecretStr | None]:
        """All keys by the names of their variables."""
        fields = type(self).model_fields.items()
        return {str(f.validation_alias): getattr(self, n) for n, f in fields if n.startswith("api_key")}


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
        if key.startswith("api_key") or key == "pdf_passwords":
            raise ConfigurationError(
                f"{pipeline} holds {key}.",
                "Keys belong into the environment or .env, never into a file in git.",
            )
        if key not in known:
            raise ConfigurationError(
                f"{pipeline} sets {key}, which does not exist.", f"Known are: {', '.join(sorted(known))}."
            )
