"""What processes that share an account know of its calls."""

from sqlalchemy import BigInteger, Column, Float, Index, String, Table

from qwenocr_assets.state.tables import METADATA, NUMBER

RATE_CALLS = Table(
    "rate_calls",
    METADATA,
    Column("id", NUMBER, primary_key=True),
    Column("account", String(500), nullable=False),
    Column("started_at_us", BigInteger, nullable=False),
    Column("tokens", BigInteger, nullable=False),
    Index("rate_calls_by_start", "account", "started_at_us"),
)
"""The calls of the last minute: when they started, and the tokens they are taken to use."""

RATE_ACCOUNTS = Table(
    "rate_accounts",
    METADATA,
    Column("account", String(500), primary_key=True),
    Column("calls_due_us", BigInteger, nullable=False),
    Column("tokens_due_us", BigInteger, nullable=False),
    Column("share", Float(53), nullable=False),
    Column("rises_from_us", BigInteger, nullable=False),
    Column("rise", Float(53), nullable=False),
    Column("held_until_us", BigInteger, nullable=False),
    Column("pause_seconds", Float(53), nullable=False),
    Column("throttled_at_us", BigInteger, nullable=False),
    Column("busy_until_us", BigInteger, nullable=False),
)
"""What else the rules know of an account; see `qwenocr/limits/account.py`."""
