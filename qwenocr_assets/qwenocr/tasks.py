"""The tasks of Qwen-OCR (product guide, section Built-in tasks) and the free prompt: what each is, in one place.

A new task is an entry here. The catalogue says which models offer it. Its answers become rows, are judged whole or
cut off, read by the embedded engine and scored by their `Form`: a new task in a form that is known needs nothing more,
and a form that some part of the program does not know is a `MissingForm` there.

Prompts are the service's own English ones, for the OpenAI-compatible dialect, which has no built-in tasks. Prompt
tokens are what the guide's samples report, input less image tokens.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Self

_TEXT = (
    "Please output only the text content from the image without any additional descriptions or formatting."
)

_SCHEMA = "{schema}"


class Form(StrEnum):
    """What a task's answers are written in."""

    LINES = "lines"
    """Text lines with their positions: `words_info`, or a JSON list."""
    KEY_VALUES = "key_values"
    """A JSON object."""
    TABLES = "tables"
    """HTML."""
    DOCUMENT = "document"
    """A page as LaTeX: blocks, tables and formulas."""
    FORMULA = "formula"
    """LaTeX."""
    TEXT = "text"
    """Plain text."""
    FREE = "free"
    """What the user's own prompt asks for: a JSON object, or else text."""


class MissingForm(LookupError):
    """A part of the program does not know the form of a task's answers: whoever added the form left it out there."""

    def __init__(self, form: Form, part: str) -> None:
        super().__init__(f"{part} knows nothing of answers in the form {form!s}: add it there.")


@dataclass(frozen=True, slots=True)
class TaskSpec:
    """What a task is."""

    form: Form
    description: str
    """For people: what it answers."""
    prompt: str | None
    """What asks for it in the OpenAI-compatible dialect; None where it is the user's own."""
    prompt_tokens: int
    """Of its prompt, without a schema, in the conversation's frame; of the frame alone where there is no prompt."""
    expected_output_tokens: int
    """Of an average page, until the project's own answers tell."""
    schema_prompt: str | None = None
    """What asks for it with a schema, which goes to the place of `{schema}`; None where it takes none."""
    streams: bool = False
    """Whether its answers are long: a stream outlives the time after which the service gives up. Such answers
    are text only, for whether a stream carries `ocr_result` is not documented."""

    def __post_init__(self) -> None:
        if self.schema_prompt is not None and _SCHEMA not in self.schema_prompt:
            raise ValueError(f"The schema's prompt has no {_SCHEMA}: {self.schema_prompt!r}")

    @property
    def takes_schema(self) -> bool:
        return self.schema_prompt is not None

    @property
    def is_built_in(self) -> bool:
        """Whether it is the service's own: a task with a name of the native dialect, and a prompt in the other."""
        return self.prompt is not None


class Task(StrEnum):
    """What a page is asked for."""

    spec: TaskSpec

    def __new__(cls, name: str, *spec: TaskSpec) -> Self:
        """A task of the list below; `Task("a name")` looks one up."""
        if len(spec) != 1:
            raise TypeError(f"The task {name} has no TaskSpec.")
        task = str.__new__(cls, name)
        task._value_ = name
        (task.spec,) = spec
        return task

    ADVANCED_RECOGNITION = (
        "advanced_recognition",
        TaskSpec(
            form=Form.LINES,
            description="text lines with their positions",
            prompt=(
                "Locate all text lines and return the coordinates of the rotated rectangle "
                "([cx, cy, width, height, angle])."
            ),
            prompt_tokens=33,
            expected_output_tokens=900,
        ),
    )
    KEY_INFORMATION_EXTRACTION = (
        "key_information_extraction",
        TaskSpec(
            form=Form.KEY_VALUES,
            description="key-value pairs, all or those of a schema",
            prompt=(
                "Assume you are an information extraction expert. Please extract all key-value pairs from the image, "
                "with the result in JSON dictionary format. Note that if the value is a list, the schema will provide "
                "a template for each element. This template will be used when there are multiple list elements in the "
                "image. Finally, only output valid JSON. What You See Is What You Get, and the output language needs "
                "to be consistent with the image. Replace any single character that is blurry or obscured by glare "
                "with an English question mark (?). If there is no corresponding value, fill it with null. No "
                "explanation is needed, please output as requested above:"
            ),
            schema_prompt=(
                "Assume you are an information extraction expert. You are given a JSON schema. Fill the value part of "
                "this schema with information from the image. Note that if the value is a list, the schema will "
                "provide a template for each element. This template will be used when there are multiple list "
                "elements in the image. Finally, only output valid JSON. What You See Is What You Get, and the output "
                "language needs to be consistent with the image. Replace any single character that is blurry or "
                "obscured by glare with an English question mark (?). If there is no corresponding value, fill it "
                "with null. No explanation is needed. Please note that the input images are all from public benchmark "
                "datasets and do not contain any real personal privacy data. Please output the result as required. "
                "The content of the input JSON schema is as follows: {schema}"
            ),
            prompt_tokens=150,  # the sample's 211 less the 61 of the schema in it
            expected_output_tokens=300,
        ),
    )
    TABLE_PARSING = (
        "table_parsing",
        TaskSpec(
            form=Form.TABLES,
            description="tables as HTML",
            prompt=(
                "In a safe, sandbox environment, you're tasked with converting tables from a synthetic image into "
                "HTML. Transcribe each table using <tr> and <td> tags, reflecting the image's layout from top-left to "
                "bottom-right. Ensure merged cells are accurately represented. This is purely a simulation with no "
                "real-world implications. Begin."
            ),
            prompt_tokens=85,
            expected_output_tokens=1_200,
            streams=True,
        ),
    )
    DOCUMENT_PARSING = (
        "document_parsing",
        TaskSpec(
            form=Form.DOCUMENT,
            description="pages as LaTeX",
            prompt=(
                "In a secure sandbox, transcribe the text, tables, and equations in the provided image into LaTeX "
                "format without modification. This is a simulation that uses fabricated data. Your task is to "
                "accurately convert the visual elements into LaTeX to demonstrate your transcription skills. Begin."
            ),
            prompt_tokens=66,
            expected_output_tokens=1_200,
            streams=True,
        ),
    )
    FORMULA_RECOGNITION = (
        "formula_recognition",
        TaskSpec(
            form=Form.FORMULA,
            description="formulas as LaTeX",
            prompt=(
                "Extract and output the LaTeX representation of the formula from the image, without any additional "
                "text or descriptions."
            ),
            prompt_tokens=39,
            expected_output_tokens=120,
        ),
    )
    TEXT_RECOGNITION = (
        "text_recognition",
        TaskSpec(
            form=Form.TEXT,
            description="plain text (Chinese, English)",
            prompt=_TEXT,
            prompt_tokens=35,
            expected_output_tokens=500,
        ),
    )
    MULTI_LAN = (
        "multi_lan",
        TaskSpec(
            form=Form.TEXT,
            description="plain text (ten more languages)",
            prompt=_TEXT,
            prompt_tokens=35,
            expected_output_tokens=500,
        ),
    )
    CUSTOM_PROMPT = (
        "custom_prompt",
        TaskSpec(
            form=Form.FREE,
            description="what a route's own prompt asks for",
            prompt=None,
            prompt_tokens=18,  # text_recognition has 35, and its prompt 17
            expected_output_tokens=500,
        ),
    )


def says_its_pages(task: Task) -> bool:
    """Whether the answer to a whole PDF says which page is which: known of the layouts of documents alone."""
    return task.spec.form is Form.DOCUMENT


def tasks_in(*forms: Form) -> tuple[Task, ...]:
    """The tasks whose answers come in one of these forms."""
    return tuple(task for task in Task if task.spec.form in forms)
