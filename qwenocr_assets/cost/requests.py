"""Which requests a batch makes, page × task or a whole PDF, each with its quote."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace

from qwenocr_assets.cost.budget import Caps
from qwenocr_assets.cost.expectations import Expectations
from qwenocr_assets.cost.quote import quote_request, worst_input_of_pdf_page
from qwenocr_assets.errors import ConfigurationError
from qwenocr_assets.intake.media_types import MediaType
from qwenocr_assets.intake.routes import DEFAULT_ROUTE, Route
from qwenocr_assets.own_text import is_placed, own_text_key, stored_lines
from qwenocr_assets.qwenocr.batch_api.limits import require_batches
from qwenocr_assets.qwenocr.catalogue import Catalogue, Model
from qwenocr_assets.qwenocr.checks import check_request, pdf_problem
from qwenocr_assets.qwenocr.prices import Tokens, dollars, to_usd
from qwenocr_assets.qwenocr.regions import Protocol, Region
from qwenocr_assets.qwenocr.requests import Mode, RequestOptions, request_key
from qwenocr_assets.qwenocr.tasks import Form, Task, says_its_pages
from qwenocr_assets.qwenocr.wire.prompts import prompt_tokens
from qwenocr_assets.rows import AcceptedDocumentRow, DocumentRow, OcrRequestRow, PageRow, ReadyPageRow
from qwenocr_assets.schemas import is_accepted, is_ready
from qwenocr_assets.statuses import PageStatus

_TEXT_LAYER_ANSWERS = (Form.LINES, Form.TEXT)
"""What a page's own text answers, where its route says `text_layer = "use"`."""
_INSIDE_ANOTHER = ("zip://", "pdf://")


def request_rows(
    documents: Iterable[DocumentRow],
    pages: Iterable[PageRow],
    routes: Iterable[Route],
    model: Model,
    catalogue: Catalogue,
    expectations: Expectations = Expectations(),  # noqa: B008  frozen
    caps: Caps = Caps(),  # noqa: B008  frozen
) -> list[OcrRequestRow]:
    """Rows of `ocr_requests`: every ready page with every task of its document's route.

    PDFs of routes that say so are asked about whole where the model can, and `caps` leave room for the worst case.

    Raises:
        ConfigurationError: a route asks for what the model cannot do, or the model has no price; nothing has been
            sent then.
    """
    model.price()  # a model without one is refused before anything else is said
    by_name = {route.name: route for route in (DEFAULT_ROUTE, *routes)}
    accepted = {d["document_id"]: d for d in documents if is_accepted(d)}
    route_of = {document_id: by_name[d["route"]] for document_id, d in accepted.items()}
    made = list(pages)
    ready = [page for page in made if is_ready(page)]
    used = {route_of[page["document_id"]].name for page in ready}
    for name in sorted(used):
        check_route(by_name[name], model, catalogue)
    whole_or_not = _WholeOrNot(model, catalogue.region(model.region), caps, made)
    is_local = catalogue.region(model.region).is_local
    rows: list[OcrRequestRow] = []
    for page in ready:
        document = accepted[page["document_id"]]
        route = route_of[page["document_id"]]
        picture = page.get("pixels_sha256") or page["sha256"]
        protocol = _protocol(route, model, catalogue)
        layer = _sound_layer(page, route, is_local=is_local)
        own_text = _own_text(layer) if layer and is_local and protocol is Protocol.NATIVE else None
        for task in route.tasks:
            if layer is not None and route.text_layer == "use" and task.spec.form in _TEXT_LAYER_ANSWERS:
                continue  # the page's own text lines cost nothing
            options = replace(request_options(route, task), own_text=own_text)
            expectation = expectations.of(task, route.name)
            whole_key, alone_reason = whole_or_not.of(document, page, route, task, options)
            quote = quote_request(
                page["width_px"],
                page["height_px"],
                task,
                options,
                model,
                route.mode,
                expectation,
                of_pdf=whole_key is not None,
            )
            rows.append(
                {
                    "batch_id": page["batch_id"],
                    "document_id": page["document_id"],
                    "page_id": page["page_id"],
                    "task": task.value,
                    "request_key": request_key(picture, task, model.name, options, protocol),
                    "route": route.name,
                    "region": model.region,
                    "model": model.name,
                    "protocol": protocol.value,
                    "mode": route.mode.value,
                    "whole_key": whole_key,
                    "alone_reason": alone_reason,
                    "whole_page": page["page_number"] if whole_key else None,
                    "whole_pages": document["page_count"] if whole_key else None,
                    "options": options.to_json(),
                    "image_tokens": quote.image_tokens,
                    "prompt_tokens": quote.prompt_tokens,
                    "expected_output_tokens": quote.expected_output_tokens,
                    "expected_output_from": quote.expected_output_from,
                    "worst_input_tokens": quote.worst_input_tokens,
                    "worst_output_tokens": quote.worst_output_tokens,
                    "expected_cost_usd": quote.expected_cost_usd,
                    "worst_cost_usd": quote.worst_cost_usd,
                    "catalogue_version": catalogue.version,
                }
            )
    return rows


def _sound_layer(page: ReadyPageRow, route: Route, *, is_local: bool) -> str | None:
    """The page's own text where its route takes it and nothing speaks against it."""
    is_taken = route.takes_text_layers(is_local=is_local) and page.get("text_layer_doubt") is None
    return page.get("text_layer") if is_taken else None


def _own_text(layer: str) -> str | None:
    """The key of the text that goes along with the page's image, if it is known where its words stand."""
    return own_text_key(layer) if is_placed(stored_lines(layer)) else None


def check_route(route: Route, model: Model, catalogue: Catalogue) -> None:
    """Raise `ConfigurationError`, naming route and task, for what the model cannot do."""
    if route.mode == Mode.BATCH:
        try:
            require_batches(catalogue, model)
        except ConfigurationError as error:
            raise ConfigurationError(f"Route {route.name}: {error.message}", error.next_step) from error
    protocol = _protocol(route, model, catalogue)
    for task in route.tasks:
        try:
            check_request(model, task, request_options(route, task), protocol=protocol, catalogue=catalogue)
        except ConfigurationError as error:
            raise ConfigurationError(
                f"Route {route.name}, task {task.value}: {error.message}", error.next_step
            ) from error


def _protocol(route: Route, model: Model, catalogue: Catalogue) -> Protocol:
    """The dialect of a route's requests: the lines of a batch are in the OpenAI-compatible one."""
    return Protocol.OPENAI if route.mode == Mode.BATCH else catalogue.region(model.region).protocol


def request_options(route: Route, task: Task) -> RequestOptions:
    """What a route sets for a request of this task."""
    return RequestOptions(
        min_pixels=route.min_pixels,
        max_pixels=route.max_pixels,
        enable_rotate=route.enable_rotate,
        max_tokens=route.max_tokens,
        result_schema=route.result_schema if task.spec.takes_schema else None,
        prompt=None if task.spec.is_built_in else route.prompt,
        temperature=route.temperature,
        top_p=route.top_p,
        top_k=route.top_k,
        repetition_penalty=route.repetition_penalty,
        presence_penalty=route.presence_penalty,
        seed=route.seed,
        stop=route.stop,
    )


class _WholeOrNot:
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
        all_caps = (
            caps.run_pico,
            caps.day_pico,
            caps.month_pico,
            caps.route_month_pico.get(route.name),
            caps.largest_of_accounts_pico,
        )
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
