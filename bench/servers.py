"""An object store and a Postgres of their own, on this machine, for as long as a bench measures."""

import os
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import httpx

from deploy.local_cluster.processes import in_a_folder_of_their_own
from deploy.local_cluster.servers import start_object_store, start_postgres

BUCKET = "bench"


@contextmanager
def postgres() -> Iterator[str]:
    """A server's URL.

    Raises:
        ConfigurationError: none is installed.
    """
    with in_a_folder_of_their_own("qwenocr-bench-") as processes:
        yield start_postgres(processes, processes.folder / "postgres", durable=False)


@dataclass(frozen=True, slots=True)
class Bucket:
    """A bucket, and how often it was asked."""

    url: str
    metrics_url: str

    def requests(self) -> Counter[str]:
        """The requests that its server has had, by kind."""
        found: Counter[str] = Counter()
        for line in httpx.get(self.metrics_url, trust_env=False).text.splitlines():
            if counted := _REQUESTS.match(line):
                found[counted["kind"]] += int(float(counted["number"]))
        return found


_REQUESTS = re.compile(r'SeaweedFS_s3_request_total{.*type="(?P<kind>[^"]+)".*} (?P<number>\S+)')


@contextmanager
def bucket() -> Iterator[Bucket]:
    """A bucket; the environment names its server meanwhile.

    Raises:
        ConfigurationError: no server is installed.
    """
    with in_a_folder_of_their_own("qwenocr-bench-") as processes:
        store = start_object_store(processes, processes.folder / "store")
        store.make_bucket(BUCKET)
        with environment(store.environment):
            yield Bucket(f"s3://{BUCKET}", store.metrics_url)


@contextmanager
def environment(values: Mapping[str, str]) -> Iterator[None]:
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
