"""All answers of an intake batch into the rows of the five row tables."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from qwenocr_assets.qwenocr.answers import Answer
from qwenocr_assets.qwenocr.tasks import Task
from qwenocr_assets.schemas import ROW_TABLES
from qwenocr_assets.storage.table_files import Row
from qwenocr_assets.tables.flatten import AnsweredPage, flatten


def flatten_batch(
    requests: Iterable[Mapping[str, Any]],
    pages: Iterable[Mapping[str, Any]],
    answers: Mapping[str, Answer],
    *,
    on_page: Callable[[], None],
) -> dict[str, list[Row]]:
    """The batch's rows by table name, in the order of its pages.

    `requests` and `pages` are rows of the tables of that name, `answers` are by request key: pages with the same
    image share an answer, and each gets rows of its own. `on_page` is called after each page.
    """
    of_page: dict[str, dict[Task, tuple[str, Answer]]] = defaultdict(dict)
    for request in requests:
        answer = answers.get(request["request_key"])
        if answer is not None:
            of_page[request["page_id"]][Task(request["task"])] = (request["request_key"], answer)
    tables: dict[str, list[Row]] = {schema.name: [] for schema in ROW_TABLES}
    for page in pages:
        if found := of_page.get(page["page_id"]):
            answered = AnsweredPage(
                batch_id=page["batch_id"],
                document_id=page["document_id"],
                page_id=page["page_id"],
                page_size=(page["width_px"], page["height_px"]),
                answers=found,
            )
            for name, rows in flatten(answered).items():
                tables[name].extend(rows)
        on_page()
    return tables
