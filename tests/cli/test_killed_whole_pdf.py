"""A run that asks about a whole PDF is killed in the middle: what was saved is not paid again, what was not, once."""

import asyncio
import sqlite3
from collections import Counter
from collections.abc import Callable
from contextlib import AbstractContextManager, closing
from pathlib import Path
from typing import Any

import pytest
from upath import UPath

from bench.pdf_files import pdf_of
from qwenocr_assets.emulator import NAMED_FAULTS, create_emulator
from qwenocr_assets.engine.app import create_app
from qwenocr_assets.schemas import OCR_RESPONSES
from qwenocr_assets.statuses import AnswerStatus
from qwenocr_assets.storage.data_folder import DataFolder
from qwenocr_assets.storage.table_files import read_table
from tests.cli.slow_account import OneLine, start
from tests.waiting import wait_until

pytestmark = pytest.mark.slow

Served = Callable[..., AbstractContextManager[str]]

RESPONSES = "/compatible-mode/v1/responses"
PAGES = 4
ROUTES = """
[[routes]]
name = "all"
tasks = ["document_parsing"]
whole_pdf = true
"""


class Account:
    """An account in Beijing that cuts answers to whole PDFs off, and holds calls to a path once they are billed."""

    def __init__(self, held_path: str, *, cut: bool) -> None:
        fault = NAMED_FAULTS["truncated"] if cut else None
        self.account = create_emulator(
            create_app(OneLine()),
            region="beijing",
            keep_log=True,
            faults=lambda call: fault if call.path == RESPONSES else None,
        )
        self.held_path: str | None = held_path
        self.held = 0
        self.asked: Counter[bool] = Counter()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        path = scope.get("path", "")
        is_call = scope["type"] == "http" and path.endswith(("/responses", "/generation"))
        self.asked[path == RESPONSES] += is_call

        async def held_send(message: Any) -> None:
            if is_call and path == self.held_path:
                self.held += 1
                while self.held_path is not None:
                    await asyncio.sleep(0.01)
            await send(message)

        await self.account(scope, receive, held_send)


@pytest.mark.parametrize(
    ("held_path", "cut", "before", "after"),
    [
        pytest.param(RESPONSES, False, (1, 0), (2, 0), id="on its way whole: paid once more"),
        pytest.param(
            "/api/v1/services/aigc/multimodal-generation/generation", True, (1, 2), (1, 4),
            id="its answer is saved, and the rest on its way by page: the rest alone is paid once more",
        ),
    ],
)  # fmt: skip
def test_a_killed_run_pays_once_more_at_most(
    project: Path,
    served: Served,
    held_path: str,
    cut: bool,
    before: tuple[int, int],
    after: tuple[int, int],
) -> None:
    (project / "pipeline.toml").write_text(ROUTES)
    (project / "in").mkdir()
    bars = [b"60 700 %d 12 re f" % (100 + 9 * page) for page in range(PAGES)]
    (project / "in" / "report.pdf").write_bytes(pdf_of(bars, b"", []))
    account = Account(held_path, cut=cut)
    beijing = {
        "QWENOCR_REGION": "beijing",
        "QWENOCR_MODEL": "qwen3.5-ocr",
        "DASHSCOPE_API_KEY_BEIJING": "sk-test",
    }
    with served(account) as url:
        run = start(project, url, **beijing)

        def came() -> bool:
            assert run.poll() is None, run.communicate()[0]
            return account.held >= (before[1] or 1)

        wait_until(came, "calls that are held")
        run.kill()
        run.communicate()
        assert (account.asked[True], account.asked[False]) == before
        account.held_path = None
        again = start(project, url, **beijing)
        said = again.communicate()[0]
        assert again.returncode == 0, said
    assert (account.asked[True], account.asked[False]) == after
    data = DataFolder(UPath(project / "data"))
    [batch] = data.batch_ids()
    answers = read_table(data, OCR_RESPONSES, batch)
    assert [row["status"] for row in answers] == [AnswerStatus.OK] * PAGES
    with closing(sqlite3.connect(project / "data" / "ledger.db")) as database:
        states = Counter(state for (state,) in database.execute("SELECT state FROM cost_entries"))
    assert states["uncertain"] == sum(before) - cut
    assert states["settled"] == sum(after) - states["uncertain"]
