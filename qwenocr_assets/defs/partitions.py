"""One partition per intake batch: not per file (too many runs), not none (no lineage, no retry)."""

import dagster as dg

intake_batches = dg.DynamicPartitionsDefinition(name="intake_batches")
