"""An S3 server for tests: SeaweedFS, a real store that keeps the conditions of puts, as one program in a wheel."""

import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

NAME = "tests"
_KEY, _SECRET = "tests", "tests-secret"
_PATIENCE_SECONDS = 60.0


def server_program() -> str | None:
    """The server, where it is installed."""
    beside = Path(sys.prefix) / "bin" / "weed"
    return str(beside) if beside.exists() else shutil.which("weed")


@contextmanager
def serving_s3(program: str) -> Iterator[dict[str, str]]:
    """A server with the bucket `NAME`; gives what the environment must hold to reach it."""
    folder = Path(tempfile.mkdtemp(prefix="qwenocr-s3-"))
    master, volume, filer, s3, *grpc = _free_ports(8)
    identity = {"accessKey": _KEY, "secretKey": _SECRET}
    rights = [{"name": NAME, "credentials": [identity], "actions": ["Admin", "Read", "Write", "List"]}]
    (folder / "s3.json").write_text(json.dumps({"identities": rights}))
    ports = {"master": master, "volume": volume, "filer": filer, "s3": s3}
    options = [f"-{part}.port={port}" for part, port in ports.items()]
    options += [f"-{part}.port.grpc={port}" for part, port in zip(ports, grpc, strict=True)]
    options += ["-ip=127.0.0.1", "-ip.bind=127.0.0.1", f"-dir={folder}", f"-s3.config={folder / 's3.json'}"]
    options += [
        "-s3.port.iceberg=0",
        "-s3.port.lance=0",
        "-volume.max=50",
        "-master.volumeSizeLimitMB=64",
        "-master.volumePreallocate=false",
    ]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen([program, "server", "-s3", *options], stdout=log, stderr=log)
    address = {
        "AWS_ENDPOINT_URL_S3": f"http://127.0.0.1:{s3}",
        "AWS_ACCESS_KEY_ID": _KEY,
        "AWS_SECRET_ACCESS_KEY": _SECRET,
        "AWS_DEFAULT_REGION": "us-east-1",
        "NO_PROXY": "127.0.0.1",
    }
    try:
        _make_bucket(address, process, folder / "log")
        yield address
    finally:
        process.kill()
        process.wait()
        shutil.rmtree(folder, ignore_errors=True)


def _make_bucket(address: dict[str, str], process: subprocess.Popen[bytes], log: Path) -> None:
    """Make the bucket as soon as the server takes a file into it; its parts find each other one after the other."""
    import s3fs

    deadline = time.monotonic() + _PATIENCE_SECONDS
    there = s3fs.S3FileSystem(
        key=_KEY, secret=_SECRET, endpoint_url=address["AWS_ENDPOINT_URL_S3"], skip_instance_cache=True
    )
    there.retries = 1
    while True:
        try:
            there.makedirs(NAME, exist_ok=True)
            there.pipe_file(f"{NAME}/first", b"")
        except Exception as error:
            if process.poll() is not None or time.monotonic() > deadline:
                raise AssertionError(f"the S3 server did not start: {log.read_text()[-4000:]}") from error
            time.sleep(0.1)
        else:
            return


def _free_ports(count: int) -> list[int]:
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]


@contextmanager
def environment(values: dict[str, str]) -> Iterator[None]:
    """These variables, and what was there before at the end."""
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
