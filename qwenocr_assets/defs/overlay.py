"""What is said of all assets in one place: description and columns of declared tables, freshness."""

from datetime import timedelta

import dagster as dg

from qwenocr_assets.defs.metadata import column_schema
from qwenocr_assets.schemas import TABLES

_FRESH = dg.FreshnessPolicy.time_window(fail_window=timedelta(hours=50), warn_window=timedelta(hours=26))
"""Marts are brought up to date every night at the latest; two nights without are a failure."""


def laid_over(spec: dg.AssetSpec) -> dg.AssetSpec:
    """The asset with what all assets, all declared tables and all marts have."""
    spec = spec.replace_attributes(freshness_policy=_FRESH if spec.group_name == "marts" else None)
    schema = TABLES.get(spec.key.to_user_string())
    if schema is None:
        return spec
    return spec.replace_attributes(description=schema.description).merge_attributes(
        metadata={"dagster/column_schema": column_schema(schema)}
    )
