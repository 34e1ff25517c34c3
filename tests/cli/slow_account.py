"""An emulated account that answers when it is told to, and runs of the program against it as processes of their own."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw, ImageFont

from qwenocr_assets.emulator import Emulator, create_emulator
from qwenocr_assets.engine.app import create_app
from qwenocr_assets.engine.page.read_page import Line, ReadPage
from tests.waiting import wait_until

REPOSITORY = Path(__file__).parents[2]
WORKER = (sys.executable, "-m", "tests.cli.run_worker", "in")
"""Only the batch's job, in a process with a Dagster instance of its own."""
PROGRAM = str(Path(sys.executable).with_name("qwenocr"))


class OneLine:
    """Reads one line from every picture."""

    def read(self, image: bytes) -> ReadPage:
        line = Line("Number 1", (20, 20, 200, 20, 200, 40, 20, 40), 0.99)
        return ReadPage(700, 200, 0, 0.0, (line,), (line,), ())


class HeldAccount:
    """An account that takes calls and answers none before it is let go; it keeps a log of the calls."""

    def __init__(self) -> None:
        self.account: Emulator = create_emulator(create_app(OneLine()), keep_log=True)
        self.arrived = 0
        self.answers = False

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http" and scope["method"] == "POST":
            self.arrived += 1
            while not self.answers:
                await asyncio.sleep(0.01)
        await self.account(scope, receive, send)

    def paid(self) -> list[str]:
        """What was paid for, call by call: which request it was."""
        return [call.identity for call in self.account.traffic.log or [] if call.billed_usd is not None]

    def wait_for(self, arrived: int, run: "subprocess.Popen[str]") -> None:
        """Until so many calls have arrived, of a run that lives."""

        def came() -> bool:
            assert run.poll() is None, run.communicate()[0]
            return self.arrived >= arrived

        wait_until(came, f"{arrived} calls")


def write_pages(folder: Path, count: int) -> None:
    """Pictures that all differ."""
    folder.mkdir()
    for number in range(count):
        picture = Image.new("L", (700, 200), 255)
        ImageDraw.Draw(picture).text((40, 60), f"Page {number}", fill=0, font=ImageFont.load_default(40))
        picture.save(folder / f"{number}.png")


def start(
    project: Path, base_url: str, *, command: Sequence[str] = (PROGRAM, "run", "in"), **environment: str
) -> subprocess.Popen[str]:
    """`qwenocr run in`, or another command, in the project, against the account."""
    return subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={
            **os.environ,
            "QWENOCR_PROJECT": str(project),
            "QWENOCR_REGION": "singapore",
            "QWENOCR_BASE_URL": f"{base_url}/api/v1",
            "DASHSCOPE_API_KEY_SINGAPORE": "sk-test",
            "NO_PROXY": "127.0.0.1",
            "COLUMNS": "200",
            "PYTHONPATH": str(REPOSITORY),
            **environment,
        },
        cwd=project,
    )
