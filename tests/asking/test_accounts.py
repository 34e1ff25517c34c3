"""Accounts: what an entry may say, whose key is whose, and what none of it shows."""

from pathlib import Path
from typing import Any

import pytest

from qwenocr_assets.asking.accounts import Account
from qwenocr_assets.environment.environment import Environment
from qwenocr_assets.errors import ConfigurationError
from qwenocr_assets.settings import load_settings

SECRET = "sk-0123456789abcdef"
A, B = "DASHSCOPE_API_KEY_TEAM_A", "DASHSCOPE_API_KEY_TEAM_B"
TWO = [
    {"name": "team a", "region": "singapore", "api_key_variable": A},
    {"name": "請求", "region": "singapore", "api_key_variable": B, "requests_per_minute": 600},
]


@pytest.fixture(autouse=True)
def _project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QWENOCR_PROJECT", str(tmp_path))
    monkeypatch.setenv(A, SECRET)
    monkeypatch.setenv(B, SECRET + "b")


def loaded(accounts: list[dict[str, Any]], **settings: Any) -> Environment:
    return Environment(load_settings(**{"region": "singapore", "accounts": accounts, **settings}))


def test_each_has_its_key_its_limits_and_a_scope_of_its_own() -> None:
    environment = loaded(TWO)
    [accounts] = environment.accounts_in_order
    assert [account.name for account in accounts] == ["team a", "請求"]
    keys = [account.key(environment.settings) for account in accounts]
    assert [key and key.get_secret_value() for key in keys] == [SECRET, SECRET + "b"]
    assert [account.requests_per_minute for account in accounts] == [1200, 600]
    assert len({account.limits_scope for account in accounts}) == 2
    assert len({account.model.price() for account in accounts}) == 1, "one region has one price"
    assert SECRET not in f"{environment!r} {accounts!r} {environment.settings!r}"


def test_without_entries_a_region_has_one_account_with_the_key_and_the_limits_that_it_always_had(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("DASHSCOPE_API_KEY_SINGAPORE", SECRET)
    environment = loaded([])
    [[account]] = environment.accounts_in_order
    assert account == Account("singapore", environment.region, environment.model)
    assert account.limits_scope == environment.region.limits_scope(environment.model.name)
    assert not environment.caps.account_month_pico


def test_a_key_may_stand_in_the_file_beside_the_project(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(A)
    (tmp_path / ".env").write_text(f"{A}={SECRET}c\n", encoding="utf-8")
    environment = loaded(TWO)
    key = environment.accounts[0].key(environment.settings)
    assert key is not None
    assert key.get_secret_value() == SECRET + "c"


def test_those_of_a_region_of_failover_go_on_there_and_others_are_left_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("C", "D"):
        monkeypatch.setenv(f"DASHSCOPE_API_KEY_{name}", SECRET + name)
    others = [
        {"name": "v", "region": "virginia", "api_key_variable": "DASHSCOPE_API_KEY_C"},
        {"name": "b", "region": "beijing", "api_key_variable": "DASHSCOPE_API_KEY_D"},
    ]
    environment = loaded([*TWO, *others], failover=["virginia"])
    assert [[a.name for a in accounts] for accounts in environment.accounts_in_order] == [
        ["team a", "請求"],
        ["v"],
    ]
    assert set(environment.caps.account_month_pico) == {"team a", "請求", "v"}


def test_servers_of_ones_own_need_no_address_beside_theirs_and_no_key() -> None:
    model = {"region": "custom", "name": "m", "free": True}
    servers = [
        {"name": f"gpu {number}", "region": "custom", "base_url": f"http://127.0.0.1:900{number}/v1"}
        for number in (1, 2)
    ]
    environment = loaded(servers, region="custom", models=[model])
    [accounts] = environment.accounts_in_order
    assert [account.region.host for account in accounts] == ["http://127.0.0.1:9001", "http://127.0.0.1:9002"]
    assert [account.key(environment.settings) for account in accounts] == [None, None]


@pytest.mark.parametrize(
    ("entry", "settings", "says"),
    [
        ({"api_key": SECRET}, {}, "keys belong into the environment"),
        ({"api_key_variable": SECRET}, {}, "never the key itself"),
        ({"api_key_variable": "0123456789ABCDEF"}, {}, "never the key itself"),
        ({"name": "請求"}, {}, "two accounts are called 請求"),
        ({"name": "virginia"}, {}, "which is another region's name"),
        ({"name": "a:b"}, {}, "a name is of letters"),
        ({"requests_per_minute": 0}, {}, "requests_per_minute"),
        ({"colour": "red"}, {}, "colour"),
        ({"region": "mars"}, {}, "of region 'mars', which has no accounts"),
        ({"region": "local"}, {}, "of region 'local', which has no accounts"),
        ({"api_key_variable": None}, {}, "its entry names no variable"),
        ({"api_key_variable": "DASHSCOPE_API_KEY_X"}, {}, "DASHSCOPE_API_KEY_X is not set"),
        ({"api_key_variable": B}, {}, "have the same key at the same address"),
        ({"base_url": "http://a.example"}, {}, "unencrypted"),
        (
            {"base_url": "https://w.cn-beijing.maas.aliyuncs.com"},
            {},
            "Account team a: base_url is a host of cn-beijing",
        ),
        ({"region": "frankfurt"}, {"failover": ["frankfurt"]}, "has no address of its own"),
        (
            {"region": "virginia", "api_key_variable": B},
            {"failover": ["virginia"]},
            "no API key of its own",
        ),
    ],
)
def test_what_cannot_be_is_said_and_no_key_is_repeated(
    entry: dict[str, Any], settings: dict[str, Any], says: str
) -> None:
    with pytest.raises(ConfigurationError, match=says) as caught:
        loaded([{**TWO[0], **entry}, TWO[1]], **settings).require_usable()
    told = f"{caught.value!r} {caught.value.__cause__!r} {caught.value.__cause__}"
    assert SECRET not in told
    assert "0123456789ABCDEF" not in told


def test_two_workspaces_of_one_key_are_two_accounts() -> None:
    two = [{**TWO[0], "workspace": "one"}, {**TWO[1], "api_key_variable": A, "workspace": "two"}]
    loaded(two).require_usable()
