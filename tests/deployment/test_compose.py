"""The Compose file and the Dockerfile: as their specifications have them, and as the settings' defaults ask."""

from pathlib import Path

import yaml
from compose_spec import PyCompose

from qwenocr_assets.settings import Settings

DEPLOY = Path(__file__).parents[2] / "deploy"


def test_the_compose_file_is_as_its_specification_has_it() -> None:
    text = (DEPLOY / "compose.yaml").read_text(encoding="utf-8")
    # the binding knows no merged keys (<<), which Compose itself does
    compose = PyCompose.from_yaml(yaml.safe_dump(yaml.safe_load(text)))
    compose.validate()
    assert sorted(compose.service_names()) == ["code", "daemon", "postgres", "web"]


def test_parts_may_await_their_answers_and_the_page_is_for_this_machine_alone() -> None:
    compose = yaml.safe_load((DEPLOY / "compose.yaml").read_text(encoding="utf-8"))
    drain = Settings.model_fields["drain_seconds"].default
    for name in ("code", "daemon", "web"):
        assert int(compose["services"][name]["stop_grace_period"].removesuffix("s")) > drain
    assert compose["services"]["web"]["ports"] == ["127.0.0.1:3000:3000"]


def test_the_image_takes_the_locked_packages_and_is_no_root() -> None:
    text = (DEPLOY / "Dockerfile").read_text(encoding="utf-8")
    assert "--require-hashes --no-deps -r requirements/run.txt" in text
    assert "USER 10001" in text
    assert ".env" in (DEPLOY.parent / ".dockerignore").read_text(encoding="utf-8").splitlines()
