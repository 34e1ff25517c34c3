"""Who works on which intake batch."""

from sqlalchemy import Column, Double, Table, Text

from qwenocr_assets.state.tables import METADATA

LEASES = Table(
    "batch_leases",
    METADATA,
    Column("batch_id", Text, primary_key=True),
    Column("holder", Text, nullable=False),
    Column("host", Text, nullable=False),
    Column("process", Text, nullable=False),
    Column("taken_at", Double, nullable=False),
    Column("expires_at", Double, nullable=False),
)
"""A row is a batch that a run works on."""
