"""What to show people: pages with the values they are asked about, out of the published warehouse."""
# Names put into SQL are constants of this module.
# ruff: noqa: S608

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace

from qwenocr_assets.errors import ConfigurationError
from qwenocr_assets.geometry import Box
from qwenocr_assets.review.places import Place, read_place
from qwenocr_assets.warehouse.connect import Warehouse, open_reader

_RULE = "rule_broken"
"""A finding whose place is the name of a rule."""


@dataclass(frozen=True, slots=True)
class Selection:
    """What is asked for; without anything, the whole review queue."""

    batches: Sequence[str] = ()
    documents: Sequence[str] = ()
    """Ids or names."""
    everything: bool = False
    """Every value, not only what the review queue has."""


@dataclass(frozen=True, slots=True)
class AskedValue:
    """A place that a person is asked about."""

    place: str
    task: str
    value: str | None
    """What stands there by now."""
    model_value: str | None
    trust: float | None
    finding: str | None
    reason: str | None
    box: Box | None
    """In page pixels."""

    @property
    def parts(self) -> Place | None:
        """The place taken apart; None for a finding about nothing that can be corrected, like a rule."""
        return None if self.finding == _RULE else read_place(self.place)


@dataclass(frozen=True, slots=True)
class AskedPage:
    """A page with what is asked about it, in the order of the queue, then of the page."""

    batch_id: str
    document_id: str
    document_name: str
    page_id: str
    page_number: int
    image: str
    """Below the data folder."""
    sha256: str | None
    width_px: int
    height_px: int
    values: tuple[AskedValue, ...]


def region_id(page_id: str, task: str, place: str) -> str:
    """The id of a value wherever it is shown: the same in every export.

    A whole digest pushes the label out of Label Studio's panel, and a page has few values.
    """
    return hashlib.md5(f"{page_id}/{task}/{place}".encode(), usedforsecurity=False).hexdigest()[:12]


_VALUES = """
    select page_id, task, path as place, value, model_value, ground_page_id,
        left_px, top_px, right_px, bottom_px, null as table_index, null as row_index, null as column_index
    from staging.stg_key_values
    union all
    select page_id, task,
        'table ' || table_index || ' row ' || row_index || ' column ' || column_index,
        -- an empty cell says nothing, like a value that is NULL
        nullif(text, ''), nullif(model_text, ''), ground_page_id, left_px, top_px, right_px, bottom_px,
        table_index, row_index, column_index
    from staging.stg_table_cells
"""

_ASKED = f"""
with standing as ({_VALUES}),

queued as (
    select page_id, task, place, finding, reason, priority from marts.review_queue
    where page_id is not null and task is not null and place is not null
),

-- what is wrong with a table is seen in its cells
asked as (
    select page_id, task, place, finding, reason, priority from queued
    union all
    select queued.page_id, queued.task, standing.place, queued.finding, queued.reason, queued.priority
    from queued
    inner join standing
        on standing.page_id = queued.page_id and standing.task = queued.task
        and starts_with(standing.place, queued.place || ' row ')
    union all
    select page_id, task, place, null, null, 9 from standing where $everything
)

select
    documents.batch_id, documents.document_id, documents.name,
    pages.page_id, pages.page_number, pages.uri, pages.sha256, pages.width_px, pages.height_px,
    asked.place, asked.task, standing.value, standing.model_value, trusted.trust, asked.finding, asked.reason,
    -- a value found on another page is shown without a box
    case when standing.ground_page_id is null then standing.left_px end as left_px,
    standing.top_px, standing.right_px, standing.bottom_px
from asked
inner join staging.stg_pages as pages on pages.page_id = asked.page_id
inner join staging.stg_documents as documents on documents.document_id = pages.document_id
left join standing
    on standing.page_id = asked.page_id and standing.task = asked.task and standing.place = asked.place
left join marts.value_trust as trusted
    on trusted.page_id = asked.page_id and trusted.task = asked.task and trusted.place = asked.place
where (len($batches) = 0 or list_contains($batches, documents.batch_id))
    and (len($documents) = 0 or list_contains($documents, documents.document_id)
        or list_contains($documents, documents.name))
qualify row_number() over (
    partition by asked.page_id, asked.task, asked.place order by asked.priority, asked.finding
) = 1
order by min(asked.priority) over (partition by asked.page_id), documents.name, pages.page_number,
    -- cells cell by cell: within a row their tops differ by a pixel or two
    asked.priority, standing.table_index nulls first, standing.row_index, standing.column_index,
    standing.top_px nulls last, asked.task, asked.place
"""


_WITHOUT_A_PLACE = """
select count(*) from marts.review_queue
where (page_id is null or task is null or place is null)
    and (len($batches) = 0 or list_contains($batches, batch_id))
    and (len($documents) = 0 or list_contains($documents, document_id) or list_contains($documents, document_name))
"""


def asked_pages(warehouse: Warehouse, selection: Selection) -> list[AskedPage]:
    """The pages with something to ask about, the doubtful first.

    Raises:
        ConfigurationError: a batch or document that is not in the warehouse.
        WarehouseError: there is no warehouse yet, or it cannot be opened.
    """
    with open_reader(warehouse) as con:
        _check(
            con.execute("select batch_id, document_id, name from staging.stg_documents").fetchall(), selection
        )
        rows = con.execute(
            _ASKED,
            {
                "everything": selection.everything,
                "batches": list(selection.batches),
                "documents": list(selection.documents),
            },
        ).fetchall()
    pages: dict[str, AskedPage] = {}
    values: dict[str, list[AskedValue]] = {}
    for batch_id, document_id, name, page_id, number, uri, sha256, width, height, *value in rows:
        place, task, stands, model_value, trust, finding, reason, *box = value
        values.setdefault(page_id, []).append(
            AskedValue(place, task, stands, model_value, trust, finding, reason, _box(box))
        )
        pages[page_id] = AskedPage(
            batch_id, document_id, name, page_id, number, uri, sha256, width or 0, height or 0, ()
        )
    return [replace(page, values=tuple(values[page_id])) for page_id, page in pages.items()]


def findings_without_a_place(warehouse: Warehouse, selection: Selection) -> int:
    """How many findings of the review queue are about whole documents, pages or answers, or about a rule that is not
    of one value: nothing that can be written into a line or a region.

    Raises:
        WarehouseError: there is no warehouse yet, or it cannot be opened.
    """
    with open_reader(warehouse) as con:
        row = con.execute(
            _WITHOUT_A_PLACE, {"batches": list(selection.batches), "documents": list(selection.documents)}
        ).fetchone()
    return int(row[0]) if row else 0


def _check(known: list[tuple[str, str, str]], selection: Selection) -> None:
    batches = {batch for batch, _, _ in known}
    documents = {text for _, document, name in known for text in (document, name)}
    for what, asked, there in (
        ("intake", selection.batches, batches),
        ("document", selection.documents, documents),
    ):
        for text in asked:
            if text not in there:
                raise ConfigurationError(
                    f"There is no {what} {text} in the warehouse.",
                    'See `qwenocr sql "select name, batch_id from marts.documents_overview"`.',
                )


def _box(sides: Sequence[float | None]) -> Box | None:
    """Where a value stands; None without a place, and for sides that make no box: it is asked about all the same."""
    left, top, right, bottom = sides
    if left is None or top is None or right is None or bottom is None:
        return None
    try:
        return Box(left, top, right, bottom)
    except ValueError:
        return None
