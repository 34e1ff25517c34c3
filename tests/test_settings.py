"""Settings: which key belongs to which region, and that none is ever shown."""

from pathlib import Path

import pytest

from qwenocr_assets.errors import ConfigurationError, MissingApiKey
from qwenocr_assets.settings import load_settings

SECRET = "sk-0123456789abcdef"


@pytest.fixture(autouse=True)
def _project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QWENOCR_PROJECT", str(tmp_path))


@pytest.mark.parametrize(
    ("variables", "region", "variable"),
    [
        ({}, "local", None),
        ({"DASHSCOPE_API_KEY": SECRET}, "local", None),
        ({"DASHSCOPE_API_KEY": SECRET}, "singapore", "DASHSCOPE_API_KEY"),
        (
            {"DASHSCOPE_API_KEY": "sk-x", "DASHSCOPE_API_KEY_BEIJING": SECRET},
            "beijing",
            "DASHSCOPE_API_KEY_BEIJING",
        ),
        ({"DASHSCOPE_API_KEY": SECRET, "DASHSCOPE_API_KEY_BEIJING": " "}, "beijing", "DASHSCOPE_API_KEY"),
        ({"DASHSCOPE_API_KEY_VIRGINIA": f" {SECRET}\n"}, "virginia", "DASHSCOPE_API_KEY_VIRGINIA"),
        ({"DASHSCOPE_API_KEY_FRANKFURT": SECRET}, "frankfurt", "DASHSCOPE_API_KEY_FRANKFURT"),
        ({"DASHSCOPE_API_KEY_CUSTOM": SECRET}, "custom", "DASHSCOPE_API_KEY_CUSTOM"),
        ({"DASHSCOPE_API_KEY": SECRET}, "custom", None),
        ({}, "custom", None),
    ],
)
def test_the_key_of_a_region(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], region: str, variable: str | None
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    settings = load_settings()
    key = settings.api_key_for(region)
    assert (key.get_secret_value() if key else None) == (SECRET if variable else None)
    if region != "local":
        assert settings.api_key_variable(region) == variable
    assert (
        SECRET not in f"{settings!r} {settings} {key!r} {settings.model_dump()} {settings.model_dump_json()}"
    )


@pytest.mark.parametrize("region", ["singapore", "virginia", "beijing", "frankfurt"])
def test_a_cloud_region_without_a_key(monkeypatch: pytest.MonkeyPatch, region: str) -> None:
    monkeypatch.setenv("DASHSCOPE_API_KEY_CUSTOM", SECRET)
    with pytest.raises(MissingApiKey, match=f"Set DASHSCOPE_API_KEY_{region.upper()}"):
        load_settings().api_key_for(region)


@pytest.mark.parametrize("tail", ["…", " x", "\nX-Other: 1", "\x00", "鍵", "\udc80"], ids=repr)
def test_a_key_that_no_header_can_carry_is_not_repeated(monkeypatch: pytest.MonkeyPatch, tail: str) -> None:
    with pytest.raises(ConfigurationError, match="DASHSCOPE_API_KEY_BEIJING holds characters") as caught:
        load_settings(DASHSCOPE_API_KEY_BEIJING=SECRET + tail).api_key_for("beijing")
    assert SECRET not in f"{caught.value!r}"


@pytest.mark.parametrize("text", ["virginia,beijing", " virginia , beijing ,"])
def test_a_list_of_names_in_the_environment(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv("QWENOCR_FAILOVER", text)
    assert load_settings().failover == ["virginia", "beijing"]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('protocol = "grpc"', "protocol: Input should be 'native' or 'openai'"),
        ("failover = 3", "failover"),
        (f'api_key_custom = "{SECRET}"', "never into a file in git"),
        ('base_ulr = "https://x"', "base_ulr, which does not exist"),
    ],
)
def test_what_cannot_be_is_refused(tmp_path: Path, text: str, says: str) -> None:
    (tmp_path / "pipeline.toml").write_text(text)
    with pytest.raises(ConfigurationError, match=says) as caught:
        load_settings()
    assert SECRET not in str(caught.value)
