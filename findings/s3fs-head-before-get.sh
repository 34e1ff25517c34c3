#!/usr/bin/env bash
# s3fs: how many requests reading a small object whole takes.
#
# One would expect: cat_file sends one GET, as every S3 client's "get this object" does.
# Seen: it sends a HEAD first, to know whether the object is worth fetching in parts side by side, and then the GET; so
# reading many small files costs twice the requests, and twice the waiting on a store that is far away. With
# max_concurrency=1, or where the caller names the end of the range, there is nothing to decide and the HEAD is left out.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet 's3fs==2026.9.0' 'moto[server]==5.2.5'
cd "$folder"
env AWS_ACCESS_KEY_ID=none AWS_SECRET_ACCESS_KEY=none AWS_DEFAULT_REGION=us-east-1 NO_PROXY=127.0.0.1 "$folder/venv/bin/python" - <<'PYTHON'
import logging

import s3fs
from moto.server import ThreadedMotoServer

logging.getLogger("werkzeug").setLevel(logging.ERROR)
server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
server.start()
host, port = server.get_host_and_port()
store = s3fs.S3FileSystem(endpoint_url=f"http://{host}:{port}")
store.mkdir("bucket")
store.pipe_file("bucket/small", b"1,234.50\n" * 100)
sent: list[str] = []
store.s3.meta.events.register("before-send.s3", lambda request, **_: sent.append(request.method))
print("s3fs", s3fs.__version__)


def requests_of(**options: int) -> list[str]:
    """What is sent to read the object, which nothing is remembered of."""
    store.invalidate_cache()
    sent.clear()
    assert len(store.cat_file("bucket/small", **options)) == 900
    return [*sent]


plain, alone = requests_of(), requests_of(max_concurrency=1)
print("cat_file:", *plain)
print("cat_file with max_concurrency=1:", *alone)
server.stop()
assert plain == ["HEAD", "GET"] and alone == ["GET"], "what reading an object sends has changed"
PYTHON
