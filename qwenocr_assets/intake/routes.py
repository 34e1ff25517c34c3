"""Routes: which documents get which tasks, with which options. Declared as `[[routes]]` in pipeline.toml."""

from collections.abc import Collection, Iterable, Sequence
from difflib import get_close_matches
from pathlib import Path, PurePosixPath
from typing import Annotated, Any, Literal, Self

import orjson
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationInfo,
    field_validator,
    model_validator,
)

from qwenocr_assets.intake.globs import glob_matches
from qwenocr_assets.intake.rules import Rule, distinct_names
from qwenocr_assets.qwenocr.batch_api.limits import LARGEST_LINE_MB, SHORTEST_WINDOW, WINDOW_PATTERN
from qwenocr_assets.qwenocr.checks import schema_problem
from qwenocr_assets.qwenocr.requests import Mode
from qwenocr_assets.qwenocr.tasks import Task, says_its_pages
from qwenocr_assets.rows import RouteRow
from qwenocr_assets.schemas import schema_paths, value_path


def _as_tuple(value: Any) -> Any:
    return (value,) if isinstance(value, str) else value


EnhanceStep = Literal[
    "orientation",
    "deskew",
    "greyscale",
    "denoise_mean",
    "denoise_median",
    "whiten",
    "equalise",
    "contrast",
]


class Route(BaseModel):
    """One `[[routes]]` entry. The first route whose `match` fits a document's name is its route."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    name: str = Field(min_length=1)
    match: Annotated[tuple[str, ...], BeforeValidator(_as_tuple)] = ("**",)
    """Globs on the document's name; see `matches`."""
    tasks: tuple[Task, ...] = Field(min_length=1)
    result_schema: dict[str, Any] | None = Field(None, alias="schema")
    """Keys to extract: in pipeline.toml an inline table, or the path of a JSON file beside it."""
    prompt: str | None = None
    min_pixels: int | None = Field(None, ge=1)
    max_pixels: int | None = Field(None, ge=1)
    enable_rotate: bool = False
    max_tokens: int | None = Field(None, ge=1)
    temperature: float | None = None
    top_p: float | None = None
    top_k: int | None = None
    repetition_penalty: float | None = None
    presence_penalty: float | None = None
    seed: int | None = None
    stop: str | list[str] | None = None
    mode: Mode = Mode.REAL_TIME
    """Whether its requests are asked at once, or handed to the Batch API: hours later, at half the price."""
    batch_rest: Literal["resubmit", "real_time", "leave"] = "resubmit"
    """What happens to requests that a batch gives back without an answer."""
    batch_too_large: Literal["real_time", "shrink", "url"] = "real_time"
    """What happens to images that are too large for a line of a batch's file."""
    batch_window: str = Field(SHORTEST_WINDOW, pattern=WINDOW_PATTERN)
    """How long the service may take for a batch: whole hours or days, from `24h` to `14d`."""
    batch_line_mb: float = Field(LARGEST_LINE_MB, gt=0.01, le=LARGEST_LINE_MB)
    """Largest line of a batch's file, in millions of bytes: lines over 1 were refused in somebody's experience."""
    batch_pages_url: str | None = None
    """Where the service can fetch the page images: the public address of the data folder."""
    whole_pdf: bool = False
    """Whether a PDF is asked about whole where the model can: one request for all its pages."""
    whole_pdf_url: str | None = None
    """Where the service can fetch the documents: the public address of the folder that is read."""
    dpi: int | None = Field(None, ge=50, le=600)
    """Resolution at which PDF pages are drawn; None takes the project's."""
    date_order: Literal["day_month", "month_day"] | None = None
    """How its documents write dates: which comes first in 03/04/2025; None leaves such dates untyped."""
    decimal: Literal[".", ","] | None = None
    """The decimal point of its documents; None types only the numbers that can be read in one way."""

    enhance: tuple[EnhanceStep, ...] = ()
    """What is done to page pictures before they are sent, in order."""
    text_layer: Literal["use", "compare", "ignore"] | None = None
    """What to do with the text that PDF pages carry themselves: take it as text lines instead of sending the page for
    them, take it beside what is recognised, or leave it; None leaves it but in region local, which takes it in the
    place of recognised words wherever it is sound."""

    split_long_answers: bool = False
    """Whether a page whose answer came to its output limit is asked about again in two halves, by itself."""

    def matches(self, name: str) -> bool:
        """Whether the route takes a document of this name or path, whatever the letters' case.

        `*` and `?` stay within one folder, `**` stands for any folders. A glob without `/` is compared with the
        last part of the name, one with `/` with the end of the path, from some folder on.
        """
        parts = name.casefold().split("/")
        return any(glob_matches(glob.casefold(), parts) for glob in self.match)

    def takes_text_layers(self, *, is_local: bool) -> bool:
        """Whether a page's own text may stand for what is seen on it; `is_local`: the embedded engine answers."""
        return self.text_layer == "use" or (self.text_layer is None and is_local)

    def keeps_text_layers(self, *, is_local: bool) -> bool:
        """Whether a page's own text is looked at."""
        return self.text_layer == "compare" or self.takes_text_layers(is_local=is_local)

    expect: tuple[str, ...] | None = None
    """Paths of the values that each of its documents has to have; one without is in the review queue. None expects all
    that the schema asks for outside lists."""

    def expects(self, path: str) -> bool:
        """Whether each of its documents has to have a value of this path, with `[*]` for the places in lists."""
        if self.expect is not None:
            return path in self.expect
        schema = self.result_schema or {}
        lists = [value_path("", key) for key, inner in schema.items() if isinstance(inner, list)]
        return path in schema_paths(schema) or path.partition("[*]")[0] in lists

    rules: Annotated[tuple[Rule, ...], AfterValidator(distinct_names)] = ()
    """What the values of its documents have to obey."""
    review_below: float = Field(0.65, ge=0, le=1)
    """Trust below which a person should look at a value; the default comes from docs/trust.md's measurements."""
    audit_share: float = Field(0.01, ge=0, le=1)
    """Share of the trusted values that a person should look at all the same, always the same ones."""

    @field_validator("tasks", mode="before")
    @classmethod
    def _known_tasks(cls, value: Any) -> Any:
        known = [task.value for task in Task]
        for task in value if isinstance(value, Sequence) and not isinstance(value, str) else ():
            if task not in known:
                near = get_close_matches(str(task), known, n=1)
                hint = f"did you mean {near[0]}? " if near else ""
                raise ValueError(f"there is no task {task!r}; {hint}known are {', '.join(known)}")
        return value

    @field_validator("tasks")
    @classmethod
    def _distinct_tasks(cls, value: tuple[Task, ...]) -> tuple[Task, ...]:
        return tuple(dict.fromkeys(value))

    @field_validator("result_schema", mode="before")
    @classmethod
    def _load_schema(cls, value: Any, info: ValidationInfo) -> Any:
        if not isinstance(value, str):
            return value
        folder: Path = (info.context or {}).get("folder", Path())
        try:
            return orjson.loads((folder / value).read_bytes())
        except OSError as error:
            raise ValueError(f"{folder / value} cannot be read ({error.strerror})") from error
        except orjson.JSONDecodeError as error:
            raise ValueError(f"{folder / value} is not JSON ({error})") from error

    @field_validator("result_schema")
    @classmethod
    def _usable_schema(cls, value: dict[str, Any] | None) -> dict[str, Any] | None:
        if value is None:
            return None
        if problem := schema_problem(value):
            raise ValueError(problem)
        return value

    @model_validator(mode="after")
    def _expects_what_is_asked_for(self) -> Self:
        asked = schema_paths(self.result_schema or {})
        for path in self.expect or ():
            if path not in asked:
                near = get_close_matches(path, asked, n=1)
                hint = f"did you mean {near[0]}? " if near else ""
                known = ", ".join(asked) or "none, since there is no schema"
                raise ValueError(f"expect: the schema does not ask for {path!r}; {hint}it asks for {known}")
        return self

    @model_validator(mode="after")
    def _options_fit_tasks(self) -> Self:
        unworded = [task for task in Task if not task.spec.is_built_in]
        with_schema = [task for task in Task if task.spec.takes_schema]
        if not (self.prompt or "").strip() and (needy := [task for task in self.tasks if task in unworded]):
            raise ValueError(f"{needy[0]} needs a prompt")
        if self.prompt is not None and not set(unworded) & set(self.tasks):
            raise ValueError(f"a prompt is only sent with the task {' or '.join(unworded)}")
        if self.result_schema is not None and not set(with_schema) & set(self.tasks):
            raise ValueError(f"a schema is only sent with the task {' or '.join(with_schema)}")
        if self.min_pixels and self.max_pixels and self.min_pixels > self.max_pixels:
            raise ValueError("min_pixels is above max_pixels")
        if self.batch_too_large == "url" and not (self.batch_pages_url or "").startswith(
            ("http://", "https://")
        ):
            raise ValueError('batch_too_large = "url" needs batch_pages_url, an http(s):// address')
        return self

    @model_validator(mode="after")
    def _can_send_pdfs_whole(self) -> Self:
        if self.whole_pdf_url is not None and not self.whole_pdf_url.startswith(("http://", "https://")):
            raise ValueError("whole_pdf_url is no http(s):// address")
        if not self.whole_pdf:
            return self
        if not any(map(says_its_pages, self.tasks)):
            able = ", ".join(task for task in Task if says_its_pages(task))
            raise ValueError(
                f"whole_pdf needs the task {able}: answers to others do not say which page is which"
            )
        if self.mode is Mode.BATCH:
            raise ValueError("whole_pdf does not go with mode = batch: a batch's lines take images alone")
        if turned := {"orientation", "deskew"} & set(self.enhance):
            raise ValueError(
                f"whole_pdf does not go with enhance = {min(turned)}: the service reads the file as it is, and its "
                "boxes would lie elsewhere on a page that is turned here"
            )
        return self


DEFAULT_ROUTE = Route(
    name="default",
    tasks=(Task.ADVANCED_RECOGNITION, Task.KEY_INFORMATION_EXTRACTION, Task.TABLE_PARSING),
)
"""The route of documents that no other route takes."""


def route_rows(batch_id: str, routes: Sequence[Route]) -> list[RouteRow]:
    """Rows of the table `routes`: what each asks of people, `DEFAULT_ROUTE` included."""
    by_name = {route.name: route for route in (DEFAULT_ROUTE, *routes)}
    return [
        {
            "batch_id": batch_id,
            "route": route.name,
            "review_below": route.review_below,
            "audit_share": route.audit_share,
            "expects": None if route.expect is None else orjson.dumps(route.expect).decode(),
        }
        for route in by_name.values()
    ]


def route_for(name: str, routes: Sequence[Route], folders: str = "") -> Route:
    """The route of a document: the first that matches its name with the `folders` above it, else `DEFAULT_ROUTE`."""
    path = f"{folders}/{name}" if folders else name
    return next((route for route in routes if route.matches(path)), DEFAULT_ROUTE)


def folders_above(root: str, names: Collection[str], known: Iterable[str]) -> str:
    """The folders above the names of documents found in `root`, so that a route takes a document whichever folder was
    typed: those below the first of the `known` folders (the inbox, the project) that holds `root`, elsewhere the
    name of `root` itself. All are resolved paths or addresses; a single file is its own root.
    """
    place = PurePosixPath(root)
    if len(names) == 1 and place.name in names:
        place = place.parent
    for folder in map(PurePosixPath, known):
        if place.is_relative_to(folder):
            return "/".join(place.relative_to(folder).parts)
    return place.name
