"""The Compose file and the Dockerfile: as their specifications have them, and as the settings ask."""

from pathlib import Path

import pytest
import yaml
from compose_spec import PyCompose

from qwenocr_assets.deployment.rendering import render
from qwenocr_assets.deployment.target import Target
from qwenocr_assets.settings import load_settings
from tests.deployment.dockerfile import broken_rules, instructions

DEPLOY = Path(__file__).parents[2] / "deploy"
TEMPLATE = DEPLOY / "dagster.yaml"


@pytest.fixture
def rendered(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> dict[str, str]:
    monkeypatch.setenv("QWENOCR_PROJECT", str(tmp_path))
    return render(Target.COMPOSE, load_settings(deploy={"image": "ocr:7", "grace_seconds": 200}), TEMPLATE)


def test_the_compose_file_is_as_its_specification_has_it(rendered: dict[str, str]) -> None:
    compose = PyCompose.from_yaml(rendered["compose.yaml"])
    compose.validate()
    assert sorted(compose.service_names()) == ["code", "daemon", "postgres", "web"]


def test_parts_may_await_their_answers_and_the_page_is_for_this_machine_alone(
    rendered: dict[str, str],
) -> None:
    services = yaml.safe_load(rendered["compose.yaml"])["services"]
    for name in ("code", "daemon", "web"):
        assert (services[name]["image"], services[name]["stop_grace_period"]) == ("ocr:7", "200s")
        mounted = {volume.split(":")[0].removeprefix("./") for volume in services[name]["volumes"]}
        assert rendered.keys() - {"compose.yaml"} < mounted
    assert services["web"]["ports"] == ["127.0.0.1:3000:3000"]


def test_the_parts_find_the_code_server(rendered: dict[str, str]) -> None:
    [located] = yaml.safe_load(rendered["workspace.yaml"])["load_from"]
    services = yaml.safe_load(rendered["compose.yaml"])["services"]
    assert f"-p {located['grpc_server']['port']}" in services[located["grpc_server"]["host"]]["command"]


def ignored() -> frozenset[str]:
    return frozenset((DEPLOY.parent / ".dockerignore").read_text(encoding="utf-8").splitlines())


def test_the_image_keeps_the_rules() -> None:
    found = instructions(DEPLOY / "Dockerfile")
    assert broken_rules(found, ignored()) == []
    assert any("--require-hashes --no-deps -r requirements/run.txt" in i.text for i in found)
    assert [i.text for i in found if i.name == "USER"] == ["10001"]


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("python:3.11-slim-bookworm", "python", "no version"),
        ("python:3.11-slim-bookworm", "python:latest", "no version"),
        ("USER 10001\n", "", "not root's"),
        ("USER 10001", "USER root", "not root's"),
        ("USER 10001", "USER qwenocr", "not root's"),
        ("WORKDIR /opt/qwenocr", "WORKDIR qwenocr", "WORKDIR depends"),
        ("ENV DAGSTER_HOME", "ENV DASHSCOPE_API_KEY=sk-x DAGSTER_HOME", "a secret stays"),
        (" --no-install-recommends", "", "what they recommend"),
        ("--require-hashes ", "", "not checked by its hash"),
        ("--no-deps -e .", "-e .", "not locked"),
        ("COPY . .", "ADD . .", "use COPY"),
        ('CMD ["qwenocr", "doctor"]', "CMD qwenocr doctor", "get its signals"),
        ("ENV DAGSTER_HOME", "COPY data data\nENV DAGSTER_HOME", "may change it"),
    ],
)
def test_a_rule_that_is_broken_is_said(tmp_path: Path, old: str, new: str, says: str) -> None:
    text = (DEPLOY / "Dockerfile").read_text(encoding="utf-8")
    assert old in text
    changed = tmp_path / "Dockerfile"
    changed.write_text(text.replace(old, new, 1), encoding="utf-8")
    assert any(says in rule for rule in broken_rules(instructions(changed), ignored()))


def test_keys_in_the_project_are_not_copied() -> None:
    found = instructions(DEPLOY / "Dockerfile")
    assert any("takes keys" in rule for rule in broken_rules(found, ignored() - {".env"}))


@pytest.mark.parametrize(("text", "says"), [("FORM x:1", "no instruction"), ("RUN a \\\n", "not ended")])
def test_what_is_no_dockerfile_is_said(tmp_path: Path, text: str, says: str) -> None:
    (tmp_path / "Dockerfile").write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match=says):
        instructions(tmp_path / "Dockerfile")
