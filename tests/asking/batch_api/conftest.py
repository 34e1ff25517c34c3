"""Worlds for the tests of batches, each with an emulated account on a port of its own."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from upath import UPath

from qwenocr_assets.cost.ledger import Ledger
from qwenocr_assets.emulator import BatchFault, batches_in_order, create_emulator
from qwenocr_assets.engine.app import create_app
from qwenocr_assets.qwenocr.catalogue import load_catalogue
from qwenocr_assets.state.database import sqlite_url
from qwenocr_assets.storage.data_folder import DataFolder
from tests.asking.batch_api.world import OneReader, World

MakeWorld = Callable[..., World]


@pytest.fixture
def make_world(
    tmp_path: Path, served: Callable[..., AbstractContextManager[str]], no_proxy: None
) -> Iterator[MakeWorld]:
    """`make_world(fault, …)`: each batch at the service meets the next fault."""
    with ExitStack() as stack:

        def make(*faults: BatchFault, app: Any = None, batch_seconds: float = 0.0, **settings: Any) -> World:
            clock = [1_767_268_800.0]
            script = batches_in_order(faults)
            emulator = create_emulator(
                app or create_app(OneReader()),
                region="beijing",
                batch_faults=script,
                batch_seconds=batch_seconds,
            )
            url = stack.enter_context(served(emulator))
            ledger = stack.enter_context(
                Ledger.open(sqlite_url(tmp_path / "ledger.db"), clock=lambda: clock[0])
            )
            region = replace(load_catalogue().region("beijing"), host=url)
            return World(DataFolder(UPath(tmp_path)), ledger, emulator, region, clock, **settings)

        yield make
