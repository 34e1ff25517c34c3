"""The sections of pipeline.toml: the budget, scoring, deployments."""

from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from qwenocr_assets.settings.project import project_root
from qwenocr_assets.settings.values import Usd


class BudgetSettings(BaseModel):
    """`[budget]` of pipeline.toml: the most that may be spent, in US dollars. Days and months are UTC."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    usd_per_run: Usd | None = Field(None, description="Most that one run may spend; no limit without it.")
    usd_per_day: Usd | None = Field(Decimal(10), description="Most in a day.")
    usd_per_month: Usd | None = Field(Decimal(100), description="Most in a month.")
    usd_per_month_by_route: dict[str, Usd] = Field(
        default_factory=dict, description="Most in a month for documents of a route, by the route's name."
    )
    alert_at: list[Annotated[Decimal, Field(gt=0, le=1)]] = Field(
        default_factory=lambda: [Decimal("0.5"), Decimal("0.8"), Decimal(1)],
        description="Shares of the day's, the month's and a route's cap at which an alert is sent.",
    )
    alert_webhook: SecretStr | None = Field(
        None, description='Address that alerts are posted to, as JSON like {"text": "…"}.'
    )
    free_quota_activated_on: date | None = Field(
        None, description="When the account was activated: shows what is left of its free quota."
    )


class ScoringSettings(BaseModel):
    """`[scoring]` of pipeline.toml: where truths lie, and how good each batch has to be. See docs/scoring.md."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    truth: str | None = Field(
        None, description="Folder of truths, below the project; without it nothing is scored in a run."
    )
    iou: float = Field(
        0.5, gt=0, le=1, description="Least intersection over union of two boxes that are the same line."
    )
    case: Literal["count", "ignore"] = Field(
        "count", description="Whether large and small letters differ: ignore where truths are in capitals."
    )
    at_most: dict[Literal["cer", "wer", "cer_boxes"], Annotated[float, Field(ge=0)]] = Field(
        default_factory=dict, description="Highest error rates that pass, by metric."
    )
    at_least: dict[
        Literal[
            "line_f1",
            "line_text_f1",
            "field_f1",
            "field_f1_exact",
            "row_recall",
            "row_exact",
            "teds",
            "teds_s",
        ],
        Annotated[float, Field(ge=0, le=1)],
    ] = Field(default_factory=dict, description="Lowest scores that pass, by metric.")

    @property
    def truth_folder(self) -> Path | None:
        """The folder, wherever the command was started."""
        return None if self.truth is None else project_root() / self.truth


class DeploySettings(BaseModel):
    """`[deploy]` of pipeline.toml: what `qwenocr deploy render` writes. See docs/deploy.md."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Annotated[str, Field(pattern=r"^[a-z]([a-z0-9-]{0,40}[a-z0-9])?$")] = Field(
        "qwenocr", description="Name of units, user and folders, or of the namespace, its secret and objects."
    )
    image: str = Field(
        "qwenocr:latest", description="Container image of this project, for Kubernetes and Compose."
    )
    workers: int = Field(3, ge=1, description="Workers over all machines; each runs one intake at a time.")
    grace_seconds: int = Field(
        90, ge=1, description="How long a part may take to end before it is killed; more than drain_seconds."
    )
    cpus: float = Field(2.0, gt=0, description="Processors that a run's container asks for.")
    memory_mb: int = Field(4096, ge=512, description="Memory of a run's container.")
    scratch_mb: int = Field(8192, ge=256, description="Temporary files of a run's container.")
