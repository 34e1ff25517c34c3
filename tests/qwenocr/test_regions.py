"""Regions: addresses in every spelling people copy them in, and which of them are refused."""

import pytest

from qwenocr_assets.errors import ConfigurationError
from qwenocr_assets.qwenocr.catalogue import load_catalogue
from qwenocr_assets.qwenocr.regions import Protocol, Region, region_at

SINGAPORE = load_catalogue().region("singapore")
CUSTOM = Region("custom", "", "m", protocol=Protocol.OPENAI)
CUSTOM_NATIVE = Region("custom", "", "m", protocol=Protocol.NATIVE)
WORKSPACE = "https://llm-abc.ap-southeast-1.maas.aliyuncs.com"


@pytest.mark.parametrize(
    ("name", "native_url", "compatible_url", "offers_uploads", "residency"),
    [
        (
            "singapore",
            "https://dashscope-intl.aliyuncs.com/api/v1",
            "https://dashscope-intl.aliyuncs.com/compatible-mode/v1",
            False,
            "Singapore",
        ),
        (
            "virginia",
            "https://dashscope-us.aliyuncs.com/api/v1",
            "https://dashscope-us.aliyuncs.com/compatible-mode/v1",
            False,
            "Virginia",
        ),
        (
            "beijing",
            "https://dashscope.aliyuncs.com/api/v1",
            "https://dashscope.aliyuncs.com/compatible-mode/v1",
            True,
            "mainland China only",
        ),
        (
            "local",
            "http://embedded.local/api/v1",
            "http://embedded.local/compatible-mode/v1",
            False,
            "nothing leaves",
        ),
    ],
)
def test_a_known_region(
    name: str, native_url: str, compatible_url: str, offers_uploads: bool, residency: str
) -> None:
    region = load_catalogue().region(name)
    assert (region.native_url, region.compatible_url) == (native_url, compatible_url)
    assert region.offers_uploads == offers_uploads
    assert residency in region.residency
    assert region.protocol is Protocol.NATIVE


@pytest.mark.parametrize(
    ("region", "base_url", "native_url", "compatible_url"),
    [
        (SINGAPORE, WORKSPACE, f"{WORKSPACE}/api/v1", f"{WORKSPACE}/compatible-mode/v1"),
        (SINGAPORE, f"{WORKSPACE}/", f"{WORKSPACE}/api/v1", f"{WORKSPACE}/compatible-mode/v1"),
        (SINGAPORE, f" {WORKSPACE}/api/v1 ", f"{WORKSPACE}/api/v1", f"{WORKSPACE}/compatible-mode/v1"),
        (
            SINGAPORE,
            f"{WORKSPACE}/compatible-mode/v1",
            f"{WORKSPACE}/api/v1",
            f"{WORKSPACE}/compatible-mode/v1",
        ),
        (
            SINGAPORE,
            f"{WORKSPACE}/api/v1/services/aigc/multimodal-generation/generation",
            f"{WORKSPACE}/api/v1",
            f"{WORKSPACE}/compatible-mode/v1",
        ),
        (
            SINGAPORE,
            "https://proxy.example.com:8443/qwen/",
            "https://proxy.example.com:8443/qwen/api/v1",
            "https://proxy.example.com:8443/qwen/compatible-mode/v1",
        ),
        (
            SINGAPORE,
            "https://proxy.example.com/v1",
            "https://proxy.example.com/api/v1",
            "https://proxy.example.com/v1",
        ),
        (CUSTOM, WORKSPACE, f"{WORKSPACE}/api/v1", f"{WORKSPACE}/compatible-mode/v1"),
        (CUSTOM, f"{WORKSPACE}/api/v1", f"{WORKSPACE}/api/v1", f"{WORKSPACE}/compatible-mode/v1"),
        (CUSTOM, "http://127.0.0.1:8000", "http://127.0.0.1:8000/api/v1", "http://127.0.0.1:8000/v1"),
        (CUSTOM, "http://127.0.0.1:8000/v1", "http://127.0.0.1:8000/api/v1", "http://127.0.0.1:8000/v1"),
        (CUSTOM, "http://vllm:8000/v1/", "http://vllm:8000/api/v1", "http://vllm:8000/v1"),
        (
            CUSTOM,
            "http://127.0.0.1:8000/v1/chat/completions",
            "http://127.0.0.1:8000/api/v1",
            "http://127.0.0.1:8000/v1",
        ),
        (
            CUSTOM,
            "https://host.example/compatible-mode/v1",
            "https://host.example/api/v1",
            "https://host.example/compatible-mode/v1",
        ),
        (
            CUSTOM,
            "https://host.example/api/v1",
            "https://host.example/api/api/v1",
            "https://host.example/api/v1",
        ),
        (
            CUSTOM,
            "https://host.example/paas/v4",
            "https://host.example/paas/api/v1",
            "https://host.example/paas/v4",
        ),
        (
            CUSTOM_NATIVE,
            "https://host.example/api/v1",
            "https://host.example/api/v1",
            "https://host.example/compatible-mode/v1",
        ),
        (CUSTOM, "http://[::1]:8000/v1", "http://[::1]:8000/api/v1", "http://[::1]:8000/v1"),
    ],
)
def test_another_address(region: Region, base_url: str, native_url: str, compatible_url: str) -> None:
    moved = region_at(region, base_url)
    assert (moved.native_url, moved.compatible_url) == (native_url, compatible_url)
    assert (moved.name, moved.residency, moved.protocol) == (region.name, region.residency, region.protocol)


@pytest.mark.parametrize(
    "base_url",
    [
        "http://localhost:8000",
        "http://LOCALHOST:8000",
        "http://127.0.0.53",
        "http://10.1.2.3",
        "http://172.16.0.1",
        "http://192.168.1.20:8000/v1",
        "http://[fd00::1]",
        "http://vllm",
        "http://box.lan",
        "http://box.local",
    ],
)
def test_http_is_enough_within_private_networks(base_url: str) -> None:
    assert region_at(CUSTOM, base_url).host == base_url.removesuffix("/v1")


@pytest.mark.parametrize("base_url", ["http://ocr.example.com/v1", "http://8.8.8.8", "http://[2606:4700::1]"])
def test_http_to_a_public_host_has_to_be_meant(base_url: str) -> None:
    with pytest.raises(ConfigurationError, match=r"unencrypted.*allow_http = true"):
        region_at(CUSTOM, base_url)
    assert region_at(CUSTOM, base_url, allow_http=True).host == base_url.removesuffix("/v1")


@pytest.mark.parametrize(
    ("base_url", "says"),
    [
        ("", "must begin with https://"),
        ("vllm:8000/v1", "must begin with https://"),
        ("ftp://host", "must begin with https://"),
        ("https://", "must begin with https://"),
        ("https://host:port", "is no address"),
        ("https://user:sk-secret@host/v1", "holds more than an address"),
        ("https://host/v1?key=sk-secret", "holds more than an address"),
        ("https://host/v1#sk-secret", "holds more than an address"),
    ],
)
def test_what_is_no_address_is_refused_without_repeating_secrets(base_url: str, says: str) -> None:
    with pytest.raises(ConfigurationError, match=says) as caught:
        region_at(CUSTOM, base_url)
    assert "sk-secret" not in str(caught.value)
