#!/usr/bin/env bash
# Dagster: a dynamic partition that is deleted and later added again under its old key.
#
# One would expect: deleting a partition ends it, so that adding the key again gives a new one without history: it is
# missing, and on_missing() runs it, as it does a key that was never there.
# Seen: its materializations are found by the key again. get_materialized_partitions() goes on naming the deleted
# partition, and one that is added again counts as materialized at once: on_missing() asks for the new key alone.
# Whoever takes a partition out because its data are gone has to wipe the assets' partitions, or use another key.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet 'dagster==1.13.27'
cd "$folder"
"$folder/venv/bin/python" -W ignore - 2>/dev/null <<'PYTHON'
import dagster as dg

batches = dg.DynamicPartitionsDefinition(name="batches")


@dg.asset(partitions_def=batches, automation_condition=dg.AutomationCondition.on_missing())
def pages() -> None: ...


defs = dg.Definitions([pages])
print("Dagster", dg.__version__)
with dg.DagsterInstance.ephemeral() as instance:
    instance.add_dynamic_partitions("batches", ["march", "april"])
    for key in ("march", "april"):
        dg.materialize([pages], partition_key=key, instance=instance)
    first = dg.evaluate_automation_conditions(defs, instance)
    instance.delete_dynamic_partition("batches", "march")
    left = instance.get_materialized_partitions(pages.key)
    print("partitions", instance.get_dynamic_partitions("batches"), "materialized", sorted(left))
    assert left == {"march", "april"}, "this version forgets deleted partitions"

    instance.add_dynamic_partitions("batches", ["march", "may"])
    second = dg.evaluate_automation_conditions(defs, instance, cursor=first.cursor)
    asked = second.get_requested_partitions(pages.key)
    print("partitions", instance.get_dynamic_partitions("batches"), "asked for by on_missing()", sorted(asked))
    assert asked == {"may"}, "this version says something else"
PYTHON
