"""The project's settings: one typed object from the environment, `.env`, and `pipeline.toml`.

Earlier sources win: environment (`QWENOCR_REGION`), `.env` beside the project, `pipeline.toml` (`region`), defaults.
API keys are read from the environment or `.env` only, under the names of the official SDKs.
"""

from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, IPvAnyNetwork, SecretStr, model_validator
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
from qwenocr_assets.settings.accounts import AccountSettings, require_names_of_their_own
from qwenocr_assets.settings.profile import Profile
from qwenocr_assets.settings.project import project_root
from qwenocr_assets.settings.sections import BudgetSettings, DeploySettings, ScoringSettings
from qwenocr_assets.settings.values import Bucket, Names, dates_as_text
from qwenocr_assets.storage.data_folder import DataFolder, is_local, require_file_system

REGIONS_WITH_KEYS = ("singapore", "virginia", "beijing", "frankfurt", "custom")


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


class Settings(ClientOptions, BaseSettings):
    """Everything a person can set. Names are those of `pipeline.toml`; in the environment with `QWENOCR_` before.

    How the service is called is set by the options of its client: settings can be handed to it as they are.
    """

    model_config = SettingsConfigDict(
        env_prefix="QWENOCR_",
        env_file_encoding="utf-8",
        env_nested_delimiter="__",
        extra="ignore",
        hide_input_in_errors=True,  # it may be a key in the wrong place
    )

    profile: Profile = Field(
        Profile.LAPTOP,
        description="laptop, server or cluster: chooses defaults that can each be set alone (docs/deploy.md).",
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
    accounts: list[AccountSettings] = Field(
        default_factory=list,
        description="Accounts of which each intake takes one: see Accounts below. Without any, the region's key is the "
        "only one.",
    )
    failover: Annotated[list[str], NoDecode, Names] = Field(
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
        description="Database of money, of the account's limits and of which run has which intake, as an SQLAlchemy "
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
    batch_max_files: int = Field(256, ge=1, description="Most files in one intake.")
    batch_max_bytes: int = Field(512 * 2**20, ge=1, description="Most bytes in one intake.")
    batch_max_wait_seconds: float = Field(
        30.0, ge=0, description="How long a still file in the inbox may wait for its intake to fill."
    )
    settle_seconds: float = Field(10.0, ge=0, description="How long a file in the inbox must lie still.")
    leave_out: Annotated[list[str], NoDecode, Names] = Field(
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
        description="Longest wait for another run that has the same intake, asks the same, or writes the warehouse.",
    )
    url_networks: Annotated[list[IPvAnyNetwork], NoDecode, Names] = Field(
        default_factory=list,
        description="Networks that lists of URLs may reach although they are private, like 10.1.0.0/16.",
    )
    url_buckets: Annotated[list[Bucket], NoDecode, Names] = Field(
        default_factory=list,
        description="Buckets that lists of URLs may name, like s3: read with the rights of this machine.",
    )
    url_max_mb: float = Field(100.0, gt=0, le=512, description="Largest file fetched for a list of URLs.")
    url_seconds: float = Field(60.0, gt=0, description="Longest time to fetch one file for a list of URLs.")

    failure_rate_limit: float = Field(
        0.2, ge=0, le=1, description="Share of unanswered requests above which an intake's check fails."
    )

    budget: BudgetSettings = Field(
        default_factory=BudgetSettings, description="Most that may be spent: see Budget below."
    )
    deploy: DeploySettings = Field(
        default_factory=DeploySettings, description="Deployments: see Deploy below, and docs/deploy.md."
    )
    max_runs_at_once: int | None = Field(
        None,
        ge=1,
        description="Runs that Dagster starts at once, over all machines; by default 2 on a laptop, 4 on a server, or "
        "as many as there are accounts; the workers of [deploy] in a cluster.",
    )
    scoring: ScoringSettings = Field(
        default_factory=ScoringSettings, description="Truths to compare answers with: see docs/scoring.md."
    )
    routes: Annotated[list[dict[str, Any]], BeforeValidator(dates_as_text)] = Field(
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

    @model_validator(mode="after")
    def _fits_its_profile(self) -> Self:
        if self.profile is Profile.CLUSTER and is_local(UPath(self.data)):
            raise ValueError(
                f"profile cluster needs data in a bucket, like s3://bucket/folder, and {self.data} is one machine's"
            )
        require_names_of_their_own(self.accounts, (*REGIONS_WITH_KEYS, "local"))
        return self

    def accounts_in(self, region: str) -> list[AccountSettings]:
        """The entries of `[[accounts]]` that are of a region."""
        return [account for account in self.accounts if account.region == region]

    @property
    def runs_at_once(self) -> int:
        """Runs that Dagster starts at once, over all machines; by default one at least for each account."""
        if self.max_runs_at_once is not None:
            return self.max_runs_at_once
        if self.profile is Profile.CLUSTER:
            return self.deploy.workers
        by_profile = {Profile.LAPTOP: 2, Profile.SERVER: 4}
        return max(by_profile[self.profile], len(self.accounts_in(self.region)))

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
        if not is_local(root):
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
        if self.profile is not Profile.LAPTOP:
            raise ConfigurationError(
                f"Profile {self.profile} keeps money, leases and limits in Postgres, and no database is set.",
                "Set QWENOCR_LEDGER to a database, like postgresql://user@host/qwenocr.",
            )
        if not is_local(root):
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
