"""The pipeline as plain functions: quote, run, ask again, publish. Nothing here knows of Dagster.

`docs/without-dagster.md` shows them in a script; Dagster's assets and the commands call the same ones.
"""

from qwenocr_assets.environment.environment import Environment
from qwenocr_assets.steps.pipeline import BatchOutcome, ask_again, run
from qwenocr_assets.steps.publish import Published, publish
from qwenocr_assets.steps.quote import Quote, quote

__all__ = ["BatchOutcome", "Environment", "Published", "Quote", "ask_again", "publish", "quote", "run"]
