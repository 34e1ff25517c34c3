"""One partition per intake batch: not per file (too many runs), not none (no lineage, no retry)."""

import warnings

import dagster as dg

intake_batches = dg.DynamicPartitionsDefinition(name="intake_batches")


def batch_check(name: str, *, asset: str, description: str) -> dg.AssetCheckSpec:
    """A check of its own for each intake batch: a good batch does not hide what failed in the one before."""
    with warnings.catch_warnings():  # partitioned checks are a preview
        warnings.simplefilter("ignore", dg.PreviewWarning)
        return dg.AssetCheckSpec(name, asset=asset, description=description, partitions_def=intake_batches)
