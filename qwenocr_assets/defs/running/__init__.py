"""Dagster's own affairs: the instance, launching runs, dead runs, the archive of partitions."""
