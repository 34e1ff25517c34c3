"""Which account a batch has, and which accounts the service refused."""

from sqlalchemy import Column, Double, Table, Text

from qwenocr_assets.state.tables import METADATA

BATCH_ACCOUNTS = Table(
    "batch_accounts",
    METADATA,
    Column("batch_id", Text, primary_key=True),
    Column("region", Text, primary_key=True),
    Column("account", Text, nullable=False),
    Column("taken_at", Double, nullable=False),
)
"""A row is an intake batch and the account that it asks with in a region, by name: it keeps it, whoever goes on."""

REFUSALS = Table(
    "account_refusals",
    METADATA,
    Column("account", Text, primary_key=True),
    Column("reason", Text, nullable=False),
    Column("refused_at", Double, nullable=False),
)
"""A row is an account whose calls the service refused when it was last asked with it."""
