"""Any ASGI app on a free loopback port, in a thread of this process."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn

_START_SECONDS = 20
_END_SECONDS = 10


@contextmanager
def served(app: Any, *, end_seconds: float | None = _END_SECONDS, **config: Any) -> Iterator[str]:
    """The app, for as long as this is open; gives its address, like http://127.0.0.1:40213.

    At the end it is waited for, `end_seconds` at most; with None until it has ended, whatever it still has to do.

    Raises:
        RuntimeError: the server does not start.
    """
    settings: dict[str, Any] = {"host": "127.0.0.1", "port": 0, "log_level": "error"} | config
    server = uvicorn.Server(uvicorn.Config(app, **settings))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    deadline = time.monotonic() + _START_SECONDS
    while not server.started:
        if not thread.is_alive() or time.monotonic() > deadline:
            raise RuntimeError("the server did not start")
        time.sleep(0.01)
    try:
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(end_seconds)
