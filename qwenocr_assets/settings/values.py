"""Values of settings, and how they are written."""

from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

Usd = Annotated[Decimal, Field(ge=0, max_digits=18, decimal_places=12)]
"""US dollars; a pico-dollar is the least there is."""

Bucket = Literal["s3", "s3a", "gs", "gcs", "az", "abfs", "abfss", "adl", "oss", "memory"]
"""Protocols of fsspec whose files lists of URLs may name, once they are allowed."""


def names(value: Any) -> Any:
    """A list of names, in the environment also as `a,b`."""
    return [name.strip() for name in value.split(",") if name.strip()] if isinstance(value, str) else value


def dates_as_text(value: Any) -> Any:
    """TOML's dates as ISO text, at any depth: what a run is configured with has to be JSON."""
    if isinstance(value, dict):
        return {key: dates_as_text(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [dates_as_text(inner) for inner in value]
    return value.isoformat() if isinstance(value, date) else value


Names = BeforeValidator(names)
"""A list that the environment may also write as `a,b`."""
