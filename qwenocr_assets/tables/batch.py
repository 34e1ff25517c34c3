"""All answers of an intake batch into the rows of the row tables."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache, partial
from itertools import groupby
from operator import itemgetter
from types import MappingProxyType
from typing import Any

from qwenocr_assets.qwenocr.answers import Answer
from qwenocr_assets.qwenocr.requests import RequestOptions
from qwenocr_assets.qwenocr.tasks import Task
from qwenocr_assets.rows import OcrRequestRow, PageRow
from qwenocr_assets.schemas import ROW_TABLES, is_ready
from qwenocr_assets.storage.table_files import Row
from qwenocr_assets.tables.flatten import AnsweredPage, flatten, ground, lines_of
from qwenocr_assets.tables.undecided import decided, nobody
from qwenocr_assets.tables.values.day_order import order_of_siblings, orders_in
from qwenocr_assets.tables.values.notation import UNDECLARED, Notation


def flatten_batch(
    requests: Iterable[OcrRequestRow],
    pages: Iterable[PageRow],
    answers: Mapping[str, Answer],
    *,
    on_page: Callable[[], None],
    notations: Mapping[str, Notation] = MappingProxyType({}),
    own_lines: Mapping[str, Sequence[Row]] = MappingProxyType({}),
) -> dict[str, list[Row]]:
    """The batch's rows by table name, in the order of its pages.

    `requests` and `pages` are rows of the tables of that name, `answers` are by request key: pages with the same
    image share an answer, and each gets rows of its own. `on_page` is called after each page. `notations` says per
    route how its documents write dates and numbers, where that is declared; `own_lines` per page the lines of a PDF's
    own text that stand for what is seen.
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
            if task.spec.takes_schema:
                schema = RequestOptions.from_json(request["options"]).result_schema
                if schema is not None:
                    schemas[page_id] = schema
    pages = list(pages)

    @cache
    def order_in(route: str) -> str | None:
        return order_of_siblings(_orders_of_documents(pages, of_page, routes, route))

    tables: dict[str, list[Row]] = {schema.name: [] for schema in ROW_TABLES}
    for _, document in groupby(pages, key=itemgetter("document_id")):
        answered: list[AnsweredPage] = []
        for page in document:
            found = of_page.get(page["page_id"])
            if found is None or not is_ready(page):
                on_page()
                continue
            answered.append(
                AnsweredPage(
                    batch_id=page["batch_id"],
                    document_id=page["document_id"],
                    page_id=page["page_id"],
                    page_size=(page["width_px"], page["height_px"]),
                    answers=found,
                    result_schema=schemas.get(page["page_id"]),
                    notation=notations.get(routes[page["page_id"]], UNDECLARED),
                    own_lines=own_lines.get(page["page_id"], ()),
                )
            )
        asked_of = partial(order_in, routes[answered[0].page_id]) if answered else nobody
        for rows in flatten_document(answered, on_page=on_page, order_of_siblings=asked_of):
            for name in tables:
                tables[name].extend(rows[name])
    return tables


def _orders_of_documents(
    pages: Iterable[PageRow],
    of_page: Mapping[str, Mapping[Task, tuple[str, Answer]]],
    routes: Mapping[str, str],
    route: str,
) -> Iterator[frozenset[str]]:
    """Of each document of a route, in which orders its answers write days."""
    for _, document in groupby(pages, key=itemgetter("document_id")):
        yield orders_in(
            text
            for page in document
            if routes.get(page["page_id"]) == route
            for _, answer in of_page[page["page_id"]].values()
            for text in (answer.text, *(word.text for word in answer.words or ()))
        )


_PAGES_AROUND = 10
"""Pages before and behind that are searched for what a page itself does not say."""


def flatten_document(
    pages: Sequence[AnsweredPage],
    *,
    on_page: Callable[[], None],
    order_of_siblings: Callable[[], str | None] = nobody,
) -> Iterator[dict[str, list[Row]]]:
    """Each page's rows, in order, grounded on the page itself, else on the ten pages before and behind it.

    `order_of_siblings` says how the other documents of the route write days, where they agree.
    """
    notation = pages[0].notation if pages else UNDECLARED  # a document has one route
    flat = decided([flatten(page) for page in pages], notation, order_of_siblings)
    lines = [lines_of(tables, page.own_lines) for tables, page in zip(flat, pages, strict=True)]
    for index, tables in enumerate(flat):
        around = range(max(index - _PAGES_AROUND, 0), min(index + _PAGES_AROUND + 1, len(pages)))
        elsewhere = {pages[at].page_id: lines[at] for at in around if at != index}
        yield ground(tables, lines[index], elsewhere)
        on_page()
