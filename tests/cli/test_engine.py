"""`qwenocr engine serve` as an emulated account: the documented command, on a real port."""

import os
import re
import shlex
import signal
import socket
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from tests.waiting import wait_until

REPOSITORY = Path(__file__).parents[2]
PAGE = (REPOSITORY / "docs" / "emulator.md").read_text(encoding="utf-8")
NATIVE_PATH = "/api/v1/services/aigc/multimodal-generation/generation"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.mark.slow
def test_the_documented_command_serves_an_emulated_account(tmp_path: Path) -> None:
    [command] = re.findall(r"^qwenocr engine serve .*$", PAGE, re.MULTILINE)
    (tmp_path / "faults.toml").write_text(
        '[[fault]]\nname = "bad_gateway"\ncalls = [1]\n[[fault]]\nname = "dropped"\ncalls = [2]\n'
    )
    port = free_port()
    program = Path(sys.executable).with_name("qwenocr")
    arguments = [str(program), *shlex.split(command)[1:], "--port", str(port)]
    with subprocess.Popen(arguments, cwd=tmp_path, stdout=subprocess.PIPE, text=True) as server:
        try:
            with httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False, timeout=None) as client:
                statuses = [_post(client) for _ in range(3)]
                calls = client.get("/emulator/calls").json()
                bill = client.get("/emulator/bill").json()
        finally:
            server.send_signal(signal.SIGINT)
        assert server.stdout is not None
        printed = server.stdout.read()
    assert statuses == [502, 0, 400]
    assert calls["outcomes"] == {"502": 1, "dropped": 1, "400 InvalidParameter": 1}
    assert (bill["calls"], bill["region"]) == (0, "singapore")
    assert f"http://127.0.0.1:{port}/emulator/bill" in printed


def _post(client: httpx.Client) -> int:
    """The status of one call, 0 for a connection that broke; waits for the server to come up."""
    body = {"model": "qwen-vl-ocr-2025-11-20", "input": {"messages": []}}
    statuses: list[int] = []

    def answered() -> bool:
        try:
            statuses.append(client.post(NATIVE_PATH, json=body).status_code)
        except httpx.RemoteProtocolError:
            statuses.append(0)
        except httpx.ConnectError:
            return False
        return True

    wait_until(answered, "the server to come up")
    return statuses[0]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--faults", "none.toml"], "none.toml cannot be read"),
        (["--region", "atlantis"], "no region 'atlantis'"),
        (["--rpm", "0"], "'--rpm'"),
    ],
)
def test_what_cannot_be_served(arguments: list[str], says: str, tmp_path: Path) -> None:
    program = Path(sys.executable).with_name("qwenocr")
    done = subprocess.run(
        [str(program), "engine", "serve", *arguments],
        cwd=tmp_path,
        env={**os.environ, "COLUMNS": "200"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode != 0
    assert says in done.stderr
    assert "Traceback" not in done.stderr
