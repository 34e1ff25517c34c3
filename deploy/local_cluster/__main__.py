"""`make cluster` and `make cluster-down`: a cluster on this machine to look at, and its end."""

import os
import sys
import tempfile
from pathlib import Path

from deploy.local_cluster.cluster import BUCKET, Cluster, end
from deploy.local_cluster.parts import environment_of
from deploy.local_cluster.processes import Processes, machines_allowed
from deploy.local_cluster.programs import own_program
from deploy.local_cluster.servers import LOOPBACK, free_ports, listens
from qwenocr_assets.errors import QwenocrError

FOLDER = Path(tempfile.gettempdir()) / f"qwenocr-cluster-{os.getuid()}"
_REPOSITORY = Path(__file__).parents[2]
_REGION = "singapore"


def up(folder: Path = FOLDER) -> None:
    """Start everything and say where it is."""
    if folder.exists():
        sys.exit(f"A cluster runs in {folder}, or was cut off there. End it first: make cluster-down")
    [account_port] = free_ports(1)
    account = f"http://{LOOPBACK}:{account_port}"
    settings = {
        "QWENOCR_REGION": _REGION,
        "QWENOCR_BASE_URL": f"{account}/api/v1",
        "DASHSCOPE_API_KEY_SINGAPORE": "sk-emulated",
        "QWENOCR_DECODERS": "1",
        "QWENOCR_BATCH_MAX_FILES": "8",
    }
    cluster = Cluster(folder, _REPOSITORY, settings)
    try:
        print(
            "Starting an account, an object store, Postgres, a broker and Dagster (about a minute) …",
            flush=True,
        )
        cluster.processes.start(
            "account",
            [own_program("qwenocr"), "engine", "serve", "--region", _REGION, "--port", str(account_port)],
            environment=environment_of(folder, {"QWENOCR_PROJECT": str(_REPOSITORY)}),
            folder=folder,
        )
        cluster.start()
        cluster.processes.wait_for("account", lambda: listens(account_port))
        cluster.switch_sensors_on()
    except BaseException:
        cluster.end()
        raise
    variables = folder / "environment.sh"
    own = cluster.environment("person")
    variables.touch(mode=0o600)
    variables.write_text("".join(f"export {name}='{value}'\n" for name, value in sorted(own.items())))
    print(_said(cluster, account, variables))


def _said(cluster: Cluster, account: str, variables: Path) -> str:
    machines = (
        "each on a machine of its own" if machines_allowed() else "all on this machine's process numbers"
    )
    return f"""
Dagster       {cluster.web_url}
Bill          {account}/emulator/bill
Object store  {cluster.store.url}, bucket {BUCKET}
Workers       {", ".join(cluster.parts.worker_names)}; {machines}
Logs          {cluster.processes.log("daemon").parent}

Drop documents into the inbox, and see what comes of them:
  source {variables}
  qwenocr doctor
  python -m deploy.local_cluster drop data/samples/receipts
  qwenocr inbox

What was read is published every five minutes. End it all: make cluster-down"""


def drop(*paths: str) -> None:
    """Copy files or folders into the inbox of the cluster whose environment is set."""
    from qwenocr_assets.settings import load_settings

    inbox = load_settings().inbox_folder
    files = [
        file for path in map(Path, paths) for file in ([path] if path.is_file() else sorted(path.rglob("*")))
    ]
    dropped = [file for file in files if file.is_file()]
    for file in dropped:
        (inbox / file.name).write_bytes(file.read_bytes())
    print(f"{len(dropped)} files are in {inbox}. See what waits: qwenocr inbox")


def down(folder: Path = FOLDER) -> None:
    """End everything, and remove what it wrote."""
    if not folder.exists():
        print("No cluster runs here.")
        return
    print(f"Ended: {', '.join(end(Processes(folder))) or 'nothing lived any more'}.")


def main(arguments: list[str]) -> None:
    """Do what the command line says."""
    match arguments:
        case ["up"]:
            up()
        case ["down"]:
            down()
        case ["drop", first, *more]:
            drop(first, *more)
        case _:
            sys.exit("python -m deploy.local_cluster up | down | drop FILE…")


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except QwenocrError as error:
        sys.exit(str(error))
