"""The child process of `workers.pool`: runs one job after the other, with bounded memory, until its parent goes."""

import ctypes
import logging
import resource
import signal
import sys
from multiprocessing.connection import Connection
from typing import Any

from qwenocr_assets.errors import RejectedInput
from qwenocr_assets.workers.words import Fault, plain_words

_PR_SET_PDEATHSIG = 1


def main(descriptor: int, memory_mb: int) -> None:
    """Serve the parent on a socket, with `memory_mb` of address space."""
    _die_with_parent()
    _bound_memory(memory_mb)
    logging.disable()
    connection = Connection(descriptor)
    while True:
        try:
            function, arguments = connection.recv()
        except EOFError:
            return
        try:
            connection.send(("begun", None))
            for value in function(*arguments):
                connection.send(("value", value))
            ended: tuple[str, Any] = ("end", None)
        except RejectedInput as reason:
            ended = ("end", reason)
        except MemoryError:
            ended = ("fault", (Fault.LARGE, str(memory_mb)))
        except BrokenPipeError:
            return
        except Exception as error:  # noqa: BLE001  one bad page never takes a good one down
            ended = ("fault", (Fault.FAILED, f"{type(error).__name__}: {plain_words(error)}"))
        connection.send(ended)


def _die_with_parent() -> None:
    """Also when the parent is killed, and this process hangs in a decoder. Linux only; elsewhere the socket tells."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def _bound_memory(megabytes: int) -> None:
    bound = megabytes * 2**20
    _, most = resource.getrlimit(resource.RLIMIT_AS)
    if most != resource.RLIM_INFINITY:
        bound = min(bound, most)
    if sys.platform != "darwin":  # which does not hold to it
        resource.setrlimit(resource.RLIMIT_AS, (bound, most))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
