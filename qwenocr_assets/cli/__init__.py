"""`qwenocr`: documents into SQL tables from the command line, on the same machinery as Dagster's UI."""

from qwenocr_assets.cli.program import main

__all__ = ["main"]
