"""The tables of the database that processes share; `state/migrations.py` makes them.

Money is in pico-dollars (`_pico`); times are seconds since 1970 UTC (`_at`), or microseconds (`_us`).
"""

from sqlalchemy import BigInteger, Integer, MetaData

METADATA = MetaData()

NUMBER = BigInteger().with_variant(Integer, "sqlite")
"""A row's number: only for INTEGER does SQLite count by itself."""
