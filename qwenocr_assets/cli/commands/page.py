"""`qwenocr app`: the local web page."""

import secrets
from collections.abc import Sequence

import dagster as dg
import uvicorn
from rich.console import Console
from rich.text import Text

from qwenocr_assets.app.addresses import DAGSTER_URL
from qwenocr_assets.app.guard import LOOPBACK
from qwenocr_assets.app.server import create_app
from qwenocr_assets.defs.running.instance import ensure_dagster_home
from qwenocr_assets.defs.running.launch import register_partition
from qwenocr_assets.environment.environment import Environment
from qwenocr_assets.errors import QwenocrError, UsageError
from qwenocr_assets.steps.corrections import check_rules_again
from qwenocr_assets.steps.publish import publish
from qwenocr_assets.storage.data_folder import is_local


def serve_page(console: Console, *, host: str, port: int) -> None:
    """Serve the page until Ctrl-C; anywhere but on loopback with a token.

    Raises:
        UsageError: the data are in a bucket.
        ConfigurationError: a setting that cannot work.
    """
    environment = Environment.load()
    environment.require_usable()
    if not is_local(environment.data.root):
        raise UsageError(
            f"The page needs data on this machine, and they are in {environment.data.root}.",
            "Set QWENOCR_DATA to a folder.",
        )
    ensure_dagster_home(environment.data)

    def bring_up_to_date(batches: Sequence[str]) -> None:
        try:
            with dg.DagsterInstance.get() as instance:
                for batch_id in batches:
                    register_partition(instance, batch_id)
            check_rules_again(environment, batches)
            publish(environment)
        except QwenocrError as error:  # what was said is kept: the next change, or the next run, publishes it
            console.print(Text(f"The warehouse is not up to date: {error}"))

    token = None if host in LOOPBACK else secrets.token_urlsafe(24)
    app = create_app(environment, publish=bring_up_to_date, token=token, runs_url=f"{DAGSTER_URL}/runs")
    address = f"http://{f'[{host}]' if ':' in host else host}:{port}/" + (f"?token={token}" if token else "")
    console.print(Text(f"Open {address}, stop with Ctrl-C"))
    uvicorn.run(app, host=host, port=port, log_level="warning")
