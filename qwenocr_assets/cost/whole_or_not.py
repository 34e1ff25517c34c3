"""Whether a PDF is asked about whole or page by page, and why: what the model takes, the way there, and the caps."""

from collections import Counter
from collections.abc import Iterable

from qwenocr_assets.cost.budget import Caps
from qwenocr_assets.cost.quote import worst_input_of_pdf_page
from qwenocr_assets.intake.media_types import MediaType
from qwenocr_assets.intake.routes import Route
from qwenocr_assets.qwenocr.catalogue import Model
from qwenocr_assets.qwenocr.checks import pdf_problem
from qwenocr_assets.qwenocr.prices import Tokens, dollars, to_usd
from qwenocr_assets.qwenocr.regions import Protocol, Region
from qwenocr_assets.qwenocr.requests import Mode, RequestOptions, request_key
from qwenocr_assets.qwenocr.tasks import Task, says_its_pages
from qwenocr_assets.qwenocr.wire.prompts import prompt_tokens
from qwenocr_assets.rows import AcceptedDocumentRow, OcrRequestRow, PageRow, ReadyPageRow
from qwenocr_assets.statuses import PageStatus

_INSIDE_ANOTHER = ("zip://", "pdf://")


class WholeOrNot:
    """For the pages of a batch at one model."""

    def __init__(self, model: Model, region: Region, caps: Caps, pages: Iterable[PageRow]) -> None:
        self._model = model
        self._region = region
        self._caps = caps
        self._rejected = Counter(p["document_id"] for p in pages if p["status"] == PageStatus.REJECTED)

    def of(
        self,
        document: AcceptedDocumentRow,
        page: ReadyPageRow,
        route: Route,
        task: Task,
        options: RequestOptions,
    ) -> tuple[str | None, str | None]:
        """The key of the request about the whole PDF, or why the page is asked about alone.

        Both are None where nobody asked for PDFs whole, or the document is none.
        """
        if not route.whole_pdf or document["media_type"] != MediaType.PDF:
            return None, None
        if reason := self._problem(document, page, route, task, options):
            return None, reason
        asked = options.for_pdf(document["page_count"] or 1)
        return request_key(document["sha256"], task, self._model.name, asked, Protocol.RESPONSES), None

    def _problem(
        self,
        document: AcceptedDocumentRow,
        page: ReadyPageRow,
        route: Route,
        task: Task,
        options: RequestOptions,
    ) -> str | None:
        count = document["page_count"] or 1
        if route.mode is Mode.BATCH:
            return "a batch's lines take images alone"
        if not says_its_pages(task):
            return f"answers to {task} do not say which page is which"
        if problem := pdf_problem(self._model, task, count, document["size_bytes"]):
            return problem
        if page.get("tile_of"):
            return "the page is read in parts"
        if rejected := self._rejected[document["document_id"]]:
            return f"{rejected} of its pages cannot be drawn here"
        if way := self._no_way(document, route):
            return way
        return self._too_dear(count, route, task, options)

    def _no_way(self, document: AcceptedDocumentRow, route: Route) -> str | None:
        if route.whole_pdf_url is not None:
            is_inside = document["uri"].startswith(_INSIDE_ANOTHER)
            return "it lies in another file, which the service cannot open" if is_inside else None
        if self._region.offers_uploads or self._region.is_local:
            return None
        return f"region {self._region.name} has no uploads, and the route no whole_pdf_url"

    def _too_dear(self, count: int, route: Route, task: Task, options: RequestOptions) -> str | None:
        """What a cap says of the worst case: of a call that never fits, no part would ever be asked."""
        model, caps = self._model, self._caps
        prompt = prompt_tokens(task, options.result_schema, options.prompt)
        worst = Tokens(
            count * worst_input_of_pdf_page(model, prompt),
            count * (options.max_tokens or model.max_output_tokens),
        )
        cost = model.price().cost(worst)
        all_caps = (caps.run_pico, caps.day_pico, caps.month_pico, caps.route_month_pico.get(route.name))
        least = min((cap for cap in all_caps if cap is not None), default=cost)
        if cost <= least:
            return None
        return f"it may cost {dollars(to_usd(cost))}, more than the cap of {dollars(to_usd(least))}"


def alone_notes(rows: Iterable[OcrRequestRow], names: dict[str, str]) -> list[str]:
    """For people: PDFs that are asked about page by page though their route wants them whole, and why.

    `names` are those of the documents, by id.
    """
    found = Counter(
        (row["document_id"], row["task"], reason) for row in rows if (reason := row.get("alone_reason"))
    )
    return [
        f"{names.get(document_id, document_id)}, {task}: {count:,} pages are asked about one by one, for {reason}."
        for (document_id, task, reason), count in found.items()
    ]
