"""API keys: under which names they are found, and which one goes to which region.

The names are those of the official SDKs, `DASHSCOPE_API_KEY`, with the region after it where there are several: a key
belongs to one region.
"""

from collections.abc import Mapping

from pydantic import SecretStr

from qwenocr_assets.errors import ConfigurationError, MissingApiKey
from qwenocr_assets.qwenocr.wire.hosts import HostKind, host_at

_GENERAL = "DASHSCOPE_API_KEY"
_PLAN = "sk-sp-"

Key = str | SecretStr
"""A key as people give it."""


def own_variable(region: str) -> str:
    """The name of a region's own key."""
    return f"{_GENERAL}_{region.upper()}"


def variable_of(region: str, keys: Mapping[str, Key | None]) -> str | None:
    """The name under which a region's key is among `keys`; None when there is none.

    The general key is for whichever region of the service is set, and never goes to region custom's server.
    """
    names = (own_variable(region),) if region == "custom" else (own_variable(region), _GENERAL)
    return next((name for name in names if _text(keys.get(name))), None)


def key_among(region: str, keys: Mapping[str, Key | None]) -> SecretStr | None:
    """The key of a region among `keys` by name, like `os.environ`.

    None for the embedded engine, and for region custom when it has none of its own.

    Raises:
        MissingApiKey: a region of the service without a key.
        ConfigurationError: a key that no HTTP header can carry; it is not repeated.
    """
    if region == "local":
        return None
    name = variable_of(region, keys)
    if name is not None:
        return usable_key(keys[name], name)
    if region == "custom":
        return None
    raise MissingApiKey(
        f"Region {region} needs an API key and none is set.",
        f"Set {own_variable(region)} (or {_GENERAL}) in the environment or in .env; "
        "a key belongs to one region. To work without a key, set QWENOCR_REGION=local.",
    )


def require_fit(key: SecretStr | None, host: str) -> None:
    """Make sure that a key's billing plan is that of the host: a mismatch is refused at the first call, with 401.

    Keys of subscriptions begin with `sk-sp-`. Those of one workspace (`sk-ws-…`) and of an account (`sk-…`) are taken
    by its other hosts; what a server takes that is not the service's is not known.

    Raises:
        ConfigurationError: one is of a subscription and the other is not; the key is not repeated.
    """
    at = host_at(host).kind
    if key is None or at is HostKind.OTHER:
        return
    is_of_a_plan = key.get_secret_value().startswith(_PLAN)
    if is_of_a_plan and at is not HostKind.PLAN:
        raise ConfigurationError(
            f"The API key is one of a subscription ({_PLAN}…), which the service's pay-as-you-go hosts refuse.",
            "Make an ordinary key in the console, API Keys: subscriptions are for coding tools only.",
        )
    if at is HostKind.PLAN and not is_of_a_plan:
        raise ConfigurationError(
            f"base_url is the host of a subscription, which takes keys of its own only ({_PLAN}…).",
            "Set base_url to a workspace's host, or leave it out: subscriptions are for coding tools only.",
        )


def usable_key(key: Key | None, called: str) -> SecretStr | None:
    """A key without the blanks around it, as `called` holds it; None when nothing is left.

    Raises:
        ConfigurationError: no HTTP header can carry it; it is not repeated.
    """
    text = _text(key)
    if not (text.isascii() and text.isprintable() and " " not in text):
        raise ConfigurationError(
            f"{called} holds characters that no key has, like spaces, quotes or an ellipsis.",
            "Copy the key again from the console.",
        )
    return SecretStr(text) if text else None


def _text(key: Key | None) -> str:
    return (key.get_secret_value() if isinstance(key, SecretStr) else key or "").strip()
