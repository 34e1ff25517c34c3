"""From table files to SQL: load them into DuckDB, publish snapshots, build the models of `dbt_like_sql/`.

One process writes its own *working file*; analysts open the *published file*, which is always replaced whole.
Everything in both can be rebuilt from `data/tables` at no cost.
"""
