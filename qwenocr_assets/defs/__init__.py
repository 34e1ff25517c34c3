"""Everything that knows of Dagster: assets, checks, sensors, schedules, jobs and resources."""
