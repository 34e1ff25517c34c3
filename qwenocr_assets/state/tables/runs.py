"""Which runs live."""

from sqlalchemy import Column, Double, Table, Text

from qwenocr_assets.state.tables import METADATA

RUN_BEATS = Table(
    "run_beats",
    METADATA,
    Column("run_id", Text, primary_key=True),
    Column("process", Text, nullable=False),
    Column("host", Text, nullable=False),
    Column("beats_at", Double, nullable=False),
)
"""A row is a run that works, or that worked when its process was killed. The process is empty for one that has not been
heard of: `beats_at` is then when somebody first looked for it."""
