"""Telling from another process whether one that noted its name has ended.

A name is `boot/namespace/pid/start`: of the machine's boot, of the container (its process namespace), the process's
number, and when it started, so that neither a restart nor a number that is used again is mistaken for it. All of it
comes from Linux's `/proc`; elsewhere a process has no name, and nobody can say that it has ended.
"""

import os
from pathlib import Path

_BOOT = Path("/proc/sys/kernel/random/boot_id")
_NAMESPACE = Path("/proc/self/ns/pid")
_ENDED_STATES = ("Z", "X")


def this_process() -> str:
    """The name of this process; empty where the system has none."""
    where = _where()
    started = _started(os.getpid())
    return f"{where}/{os.getpid()}/{started}" if where and started else ""


def has_ended(process: str) -> bool:
    """Whether it is certain that a process of this name has ended: never so for one of another machine."""
    where, _, rest = process.rpartition("/")
    where, _, pid = where.rpartition("/")
    return bool(where) and where == _where() and _started(int(pid)) != rest


def _where() -> str:
    try:
        return f"{_BOOT.read_text().strip()}/{_NAMESPACE.stat().st_ino}"
    except OSError:
        return ""


def _started(pid: int) -> str:
    """When a process started, in ticks since the boot; empty when it has ended."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return ""
    state, *fields = stat.rpartition(")")[2].split()  # the name before may hold anything
    return "" if state in _ENDED_STATES else fields[18]
