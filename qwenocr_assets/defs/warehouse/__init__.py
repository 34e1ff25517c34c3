"""Rows into DuckDB, the SQL models, and the upkeep."""
