"""How much there is of the project: it chooses defaults, each of which can be set alone."""

from enum import StrEnum


class Profile(StrEnum):
    """One machine that may be closed, one that runs on, or many that share a bucket and a database."""

    LAPTOP = "laptop"
    SERVER = "server"
    CLUSTER = "cluster"
