"""All answers of an intake batch into the rows of the row tables."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Any

from qwenocr_assets.qwenocr.answers import Answer
from qwenocr_assets.qwenocr.requests import RequestOptions
from qwenocr_assets.qwenocr.tasks import Task
from qwenocr_assets.schemas import ROW_TABLES
from qwenocr_assets.storage.table_files import Row
from qwenocr_assets.tables.flatten import AnsweredPage, flatten
from qwenocr_assets.tables.typed_values import UNDECLARED, Notation


def flatten_batch(
    requests: Iterable[Mapping[str, Any]],
    pages: Iterable[Mapping[str, Any]],
    answers: Mapping[str, Answer],
    *,
    on_page: Callable[[], None],
    notations: Mapping[str, Notation] = MappingProxyType({}),
) -> dict[str, list[Row]]:
    """The batch's rows by table name, in the order of its pages.

    `requests` and `pages` are rows of the tables of that name, `answers` are by request key: pages with the same
    image share an answer, and each gets rows of its own. `on_page` is called after each page. `notations` says per
    route how its documents write dates and numbers, where that is declared.
    """
    of_page: dict[str, dict[Task, tuple[str, Answer]]] = defaultdict(dict)
    schemas: dict[str, Mapping[str, Any]] = {}
    routes: dict[str, str] = {}
    for request in requests:
        answer = answers.get(request["request_key"])
        if answer is not None:
            task, page_id = Task(request["task"]), request["page_id"]
            of_page[page_id][task] = (request["request_key"], answer)
            routes[page_id] = request["route"]
            if task is Task.KEY_INFORMATION_EXTRACTION:
                schema = RequestOptions.from_json(request["options"]).result_schema
                if schema is not None:
                    schemas[page_id] = schema
    tables: dict[str, list[Row]] = {schema.name: [] for schema in ROW_TABLES}
    for page in pages:
        if found := of_page.get(page["page_id"]):
            answered = AnsweredPage(
                batch_id=page["batch_id"],
                document_id=page["document_id"],
                page_id=page["page_id"],
                page_size=(page["width_px"], page["height_px"]),
                answers=found,
                result_schema=schemas.get(page["page_id"]),
                notation=notations.get(routes[page["page_id"]], UNDECLARED),
            )
            for name, rows in flatten(answered).items():
                tables[name].extend(rows)
        on_page()
    return tables
