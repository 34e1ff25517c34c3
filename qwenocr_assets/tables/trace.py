"""Where a row comes from."""

from dataclasses import dataclass

from qwenocr_assets.qwenocr.tasks import Task


@dataclass(frozen=True, slots=True)
class Trace:
    """The way back from a row to its page, its answer and its cost; stands on every row."""

    batch_id: str
    document_id: str
    page_id: str
    task: Task
    request_key: str

    def columns(self) -> dict[str, str]:
        """The five columns every row begins with."""
        return {
            "batch_id": self.batch_id,
            "document_id": self.document_id,
            "page_id": self.page_id,
            "task": self.task.value,
            "request_key": self.request_key,
        }
