"""`[[accounts]]` of pipeline.toml: whose keys and limits the calls use, where there is more than one.

A key is named there by its environment variable. Its value comes from the environment or from `.env` when it is needed,
and is kept nowhere.
"""

import os
import re
from collections.abc import Sequence
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, DotEnvSettingsSource

from qwenocr_assets.settings.project import project_root
from qwenocr_assets.settings.values import Usd

_KEYS = ("key", "api_key", "apikey", "token", "secret")
_NAME = re.compile(r"\w[\w .-]{0,59}")
_VARIABLE = re.compile(r"[A-Z][A-Z0-9]*(_[A-Z0-9]+)+")


def _name(text: str) -> str:
    if not _NAME.fullmatch(text) or text != text.strip():
        raise ValueError("a name is of letters, digits, blanks, dots, hyphens and underscores, 60 at most")
    return text


def _variable(text: str) -> str:
    if not _VARIABLE.fullmatch(text):
        # what stands there may be a key: it is not repeated
        raise ValueError(
            "is the name of a variable in capitals, like DASHSCOPE_API_KEY_TEAM_A, never the key itself"
        )
    return text


class AccountSettings(BaseModel):
    """One entry of `[[accounts]]`: an account at the service, by a name of your own."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    name: Annotated[str, AfterValidator(_name)] = Field(
        description="What it is called here: in the ledger, in `qwenocr doctor`, in tags of runs."
    )
    region: str = Field(description="Where its key is of; it takes intakes only in that region.")
    api_key_variable: Annotated[str, AfterValidator(_variable)] | None = Field(
        None,
        description="Variable that holds its key, like DASHSCOPE_API_KEY_TEAM_A; needed but for region custom.",
    )
    base_url: str | None = Field(
        None, description="Its own address, like a workspace's host; by default the region's."
    )
    workspace: str | None = Field(
        None, description="Its workspace; by default the one that is set for all of the region."
    )
    requests_per_minute: int | None = Field(
        None, ge=1, description="Its limit of calls a minute and model; by default the catalogue's."
    )
    tokens_per_minute: int | None = Field(
        None, ge=1, description="Its limit of tokens a minute and model; by default the catalogue's."
    )
    usd_per_month: Usd | None = Field(
        None, description="Most that it may spend in a month, beside the caps of [budget]."
    )

    @model_validator(mode="before")
    @classmethod
    def _holds_no_key(cls, entry: Any) -> Any:
        if isinstance(entry, dict) and any(str(name).lower() in _KEYS for name in entry):
            raise ValueError(
                "holds a key: keys belong into the environment or .env. Name the variable, with api_key_variable"
            )
        return entry


def require_names_of_their_own(
    accounts: Sequence[AccountSettings], regions: Sequence[str]
) -> Sequence[AccountSettings]:
    """Raise ValueError where two accounts have one name, or one has the name of a region that is not its own."""
    names = [account.name for account in accounts]
    for account in accounts:
        if names.count(account.name) > 1:
            raise ValueError(f"two accounts are called {account.name}: give each a name of its own")
        if account.name in regions and account.name != account.region:
            raise ValueError(
                f"an account of {account.region} is called {account.name}, which is another region's name"
            )
    return accounts


def key_in(variable: str) -> SecretStr | None:
    """What the environment, or else `.env`, holds under this name now; None when there is nothing."""
    found = os.environ.get(variable) or _in_file(variable)
    return SecretStr(found) if found else None


def _in_file(variable: str) -> str | None:
    path = project_root() / ".env"
    source = DotEnvSettingsSource(BaseSettings, env_file=path, env_file_encoding="utf-8", case_sensitive=True)
    return source.env_vars.get(variable)
