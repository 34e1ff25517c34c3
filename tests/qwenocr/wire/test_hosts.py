"""The service's hosts by their names, the keys that fit them, and what a run is told before the first refusal."""

import pytest
from pydantic import SecretStr

from qwenocr_assets.asking.catalogue_overrides import configured_catalogue
from qwenocr_assets.errors import ConfigurationError
from qwenocr_assets.qwenocr.batch_api.service import BatchService
from qwenocr_assets.qwenocr.catalogue import load_catalogue
from qwenocr_assets.qwenocr.client import Client
from qwenocr_assets.qwenocr.regions import region_at
from qwenocr_assets.qwenocr.wire.hosts import HostKind, host_at

WORKSPACE = "https://llm-abc.cn-beijing.maas.aliyuncs.com"
TRIAL = "https://trial.cn-beijing.maas.aliyuncs.com"
SHARED = "https://dashscope.aliyuncs.com"
PLAN = "https://token-plan.cn-beijing.maas.aliyuncs.com"
OWN = "http://127.0.0.1:8000"


@pytest.mark.parametrize(
    ("address", "kind", "region", "seconds", "per_minute"),
    [
        (SHARED, HostKind.SHARED, None, 600, None),
        ("https://dashscope-intl.aliyuncs.com/api/v1", HostKind.SHARED, None, 600, None),
        ("https://cn-hongkong.dashscope.aliyuncs.com", HostKind.SHARED, "cn-hongkong", 600, None),
        (WORKSPACE, HostKind.WORKSPACE, "cn-beijing", 3600, None),
        (f"{WORKSPACE.upper()}/compatible-mode/v1", HostKind.WORKSPACE, "cn-beijing", 3600, None),
        (TRIAL, HostKind.TRIAL, "cn-beijing", 600, 1000),
        (PLAN, HostKind.PLAN, "cn-beijing", 600, None),
        ("https://coding.dashscope.aliyuncs.com/v1", HostKind.PLAN, None, 600, None),
        (OWN, HostKind.OTHER, None, 600, None),
        ("https://dashscope.aliyuncs.com.example.org", HostKind.OTHER, None, 600, None),
        ("https://a.b.cn-beijing.maas.aliyuncs.com", HostKind.OTHER, None, 600, None),
        ("", HostKind.OTHER, None, 600, None),
    ],
)
def test_a_host_says_what_it_is(
    address: str, kind: HostKind, region: str | None, seconds: float, per_minute: int | None
) -> None:
    host = host_at(address)
    assert (host.kind, host.service_region) == (kind, region)
    assert (host.time_limit_seconds, host.requests_per_minute) == (seconds, per_minute)


@pytest.mark.parametrize(
    ("key", "address", "says"),
    [
        ("sk-sp-0123456789", SHARED, "one of a subscription"),
        ("sk-sp-0123456789", WORKSPACE, "one of a subscription"),
        ("sk-sp-0123456789", TRIAL, "one of a subscription"),
        ("sk-sp-0123456789", PLAN, None),
        ("sk-sp-0123456789", OWN, None),
        ("sk-0123456789abcdef", PLAN, "takes keys of its own only"),
        ("sk-0123456789abcdef", SHARED, None),
        ("sk-ws-" + "H.2b_7f-" * 16, WORKSPACE, None),
        ("sk-ws-" + "H.2b_7f-" * 16, SHARED, None),
    ],
)
def test_a_key_of_another_plan_is_told_before_the_first_call(
    key: str, address: str, says: str | None
) -> None:
    region = region_at(load_catalogue().region("beijing"), address)

    def opened() -> None:
        Client(region, key=key)
        with BatchService(region, SecretStr(key)):
            pass

    if says is None:
        opened()
        return
    with pytest.raises(ConfigurationError, match=says) as refused:
        opened()
    assert key not in f"{refused.value} {refused.value.next_step}"


def test_a_trial_host_has_one_limit_for_all_models() -> None:
    beijing = load_catalogue().region("beijing")
    assert region_at(beijing, TRIAL).limits_scope("a") == region_at(beijing, TRIAL).limits_scope("b")
    assert region_at(beijing, WORKSPACE).limits_scope("a") != region_at(beijing, WORKSPACE).limits_scope("b")


@pytest.mark.parametrize(
    ("region", "base_url", "says"),
    [
        ("frankfurt", None, r'base_url = "https://\{WorkspaceId\}.eu-central-1.maas.aliyuncs.com"'),
        ("virginia", "https://llm-abc.eu-central-1.maas.aliyuncs.com", 'region = "frankfurt"'),
        ("singapore", "https://llm-abc.ap-northeast-1.maas.aliyuncs.com", r'region = "custom", with prices'),
        ("singapore", "https://cn-hongkong.dashscope.aliyuncs.com", r'region = "custom", with prices'),
    ],
)
def test_a_host_that_would_be_priced_wrongly_is_refused(region: str, base_url: str | None, says: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        configured_catalogue(region=region, base_url=base_url)
    assert says.replace("\\", "") in refused.value.next_step


def test_frankfurt_at_a_workspaces_host() -> None:
    address = "https://llm-abc.eu-central-1.maas.aliyuncs.com"
    region = configured_catalogue(region="frankfurt", base_url=address).region("frankfurt")
    assert region.native_url == f"{address}/api/v1"
    assert "workspace decides" in region.residency
    with pytest.raises(ConfigurationError, match="each workspace has its host"):
        Client("frankfurt", key="sk-1")
