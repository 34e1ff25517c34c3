"""Shared by all tests: nothing of the developer's own environment leaks in, nothing leaks out."""

import os

import pytest


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No key, no setting and no Dagster home of the person who runs the tests."""
    for name in list(os.environ):
        if name.startswith(("QWENOCR_", "DASHSCOPE_", "DAGSTER_")):
            monkeypatch.delenv(name)
