"""A whole cluster on one machine: `make cluster` for a person to look at, and the same servers for tests.

An object store, Postgres and a broker; Dagster's webserver, daemon, code server and workers, each as if on a machine of
its own where the system allows that. Every program comes out of a wheel of the extra `dev`, or is the system's own.
"""
