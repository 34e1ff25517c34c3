"""Shared by all tests: nothing of the developer's own environment leaks in, nothing leaks out."""

import os

import pytest
from hypothesis import settings

# A machine under load is no failure of the code; and CI tries the same cases each time, so that a red run means a
# change, while a developer's runs go on looking for new ones.
settings.register_profile("developer", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") else "developer")


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No key, no setting and no Dagster home of the person who runs the tests."""
    for name in list(os.environ):
        if name.startswith(("QWENOCR_", "DASHSCOPE_", "DAGSTER_")):
            monkeypatch.delenv(name)
