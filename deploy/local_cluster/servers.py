"""The three servers that a cluster stands on, on this machine and reached from nowhere else."""

import json
import os
import pwd
import secrets
import shutil
import socket
import subprocess
import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import httpx

from deploy.local_cluster import programs
from deploy.local_cluster.processes import Processes
from qwenocr_assets.errors import ConfigurationError, StorageError

LOOPBACK = "127.0.0.1"
SERVERS = ("object-store", "postgres", "broker")
"""What they are called among the processes."""
_OTHER_USERS = ("postgres", "nobody")
_VOLUME_MB = 256
_BUCKET_SECONDS = 60.0
_POLL_SECONDS = 0.1


def free_ports(count: int) -> list[int]:
    """Ports that nobody listens on just now."""
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind((LOOPBACK, 0))
        return [one.getsockname()[1] for one in sockets]


def listens(port: int) -> bool:
    """Whether somebody takes connections on a port."""
    with socket.socket() as one:
        return one.connect_ex((LOOPBACK, port)) == 0


@dataclass(frozen=True, slots=True)
class ObjectStore:
    """A server that speaks S3."""

    url: str
    key: str
    secret: str
    metrics_url: str
    """What it counts of itself, in Prometheus's format."""

    @property
    def environment(self) -> dict[str, str]:
        """What tells every client of S3 about it."""
        return {
            "AWS_ENDPOINT_URL_S3": self.url,
            "AWS_ACCESS_KEY_ID": self.key,
            "AWS_SECRET_ACCESS_KEY": self.secret,
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_EC2_METADATA_DISABLED": "true",
            "NO_PROXY": LOOPBACK,
        }

    def make_bucket(self, name: str) -> None:
        """A new bucket, that takes files: the server's parts find each other one after the other."""
        import s3fs

        files = s3fs.S3FileSystem(
            key=self.key, secret=self.secret, endpoint_url=self.url, skip_instance_cache=True
        )
        files.retries = 1
        give_up_at = time.monotonic() + _BUCKET_SECONDS
        while True:
            try:
                files.makedirs(name, exist_ok=True)
                files.pipe_file(f"{name}/.made", b"")
                return
            except OSError as error:
                if time.monotonic() > give_up_at:
                    raise StorageError(
                        f"The object store at {self.url} takes no files: {error}.", "See its log."
                    ) from error
            time.sleep(_POLL_SECONDS)


def start_object_store(processes: Processes, folder: Path) -> ObjectStore:
    """SeaweedFS on disk, with a key of its own.

    Raises:
        ConfigurationError: it is not installed.
        StorageError: it did not start.
    """
    program = programs.object_store()
    folder.mkdir()
    key, secret = secrets.token_hex(8), secrets.token_hex(16)
    allowed = {
        "name": "cluster",
        "credentials": [{"accessKey": key, "secretKey": secret}],
        "actions": ["Admin"],
    }
    (folder / "s3.json").write_text(json.dumps({"identities": [allowed]}))
    (folder / "files").mkdir()
    names = [f"{part}.port{kind}" for part in ("s3", "master", "volume", "filer") for kind in ("", ".grpc")]
    names.append("metricsPort")
    ports = dict(zip(names, free_ports(len(names)), strict=True))
    processes.start(
        "object-store",
        [
            *(program, "server", f"-ip={LOOPBACK}", f"-ip.bind={LOOPBACK}", f"-dir={folder / 'files'}"),
            *(
                "-master.telemetry=false",
                f"-master.volumeSizeLimitMB={_VOLUME_MB}",
                "-volume.max=0",
                "-volume.preStopSeconds=0",
            ),
            *("-s3", f"-s3.config={folder / 's3.json'}", "-s3.port.iceberg=0", "-s3.port.lance=0"),
            *(f"-{name}={port}" for name, port in ports.items()),
        ],
        environment=os.environ,
        folder=folder,
    )
    url, metrics = (f"http://{LOOPBACK}:{ports[name]}" for name in ("s3.port", "metricsPort"))
    store = ObjectStore(url, key, secret, f"{metrics}/metrics")
    processes.wait_for("object-store", lambda: _is_healthy(f"{store.url}/healthz"))
    return store


def _is_healthy(url: str) -> bool:
    try:
        return httpx.get(url, trust_env=False).is_success
    except httpx.TransportError:
        return False


def start_postgres(processes: Processes, folder: Path, *, durable: bool = True) -> str:
    """Postgres on a socket in its folder; gives the URL of its database `postgres`.

    It refuses to run as root, and gets another user then.

    Raises:
        ConfigurationError: it is not installed, or there is no other user.
        StorageError: it did not start.
    """
    programs_folder = programs.postgres()
    user = _other_user() if os.geteuid() == 0 else None
    folder.mkdir(mode=0o700)
    if user is not None:
        shutil.chown(folder, user)
    data = str(folder / "data")
    made = subprocess.run(
        [
            programs_folder / "initdb",
            "-D",
            data,
            "-U",
            "cluster",
            "--auth=trust",
            "--no-sync",
            "--encoding=UTF8",
        ],
        user=user,
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    if made.returncode != 0:
        raise ConfigurationError(
            f"initdb made no database: {made.stderr.strip()}", "Install Postgres, then try again."
        )
    settings = ["listen_addresses=", f"unix_socket_directories={folder}", "max_connections=200"]
    settings += [] if durable else ["fsync=off", "synchronous_commit=off", "full_page_writes=off"]
    processes.start(
        "postgres",
        [str(programs_folder / "postgres"), "-D", data, *(part for s in settings for part in ("-c", s))],
        environment=os.environ,
        folder=folder,
        user=user,
    )
    processes.wait_for("postgres", lambda: _answers(folder))
    return f"postgresql+psycopg2://cluster@/postgres?host={folder}"


def _answers(folder: Path) -> bool:
    import psycopg2

    try:
        psycopg2.connect(host=str(folder), user="cluster", dbname="postgres").close()
    except psycopg2.OperationalError:
        return False
    return True


def _other_user() -> str:
    for name in _OTHER_USERS:
        try:
            return pwd.getpwnam(name).pw_name
        except KeyError:
            continue
    raise ConfigurationError(
        "Postgres does not run as root, and there is no other user.", "Run this as another user."
    )


def start_broker(processes: Processes, folder: Path) -> str:
    """Valkey, in memory; gives its URL without a database's number.

    Raises:
        ConfigurationError: it is not installed.
        StorageError: it did not start.
    """
    program = programs.broker()
    folder.mkdir()
    [port] = free_ports(1)
    processes.start(
        "broker",
        [program, "--port", str(port), "--bind", LOOPBACK, "--save", "", "--dir", str(folder)],
        environment=os.environ,
        folder=folder,
    )
    processes.wait_for("broker", lambda: listens(port))
    return f"redis://{LOOPBACK}:{port}"
