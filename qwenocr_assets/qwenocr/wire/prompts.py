"""The service's own prompts, for the OpenAI-compatible dialect, which has no built-in tasks.

English originals of the product guide, section Built-in tasks (other languages there are translations of them).
"""

from typing import Any

import orjson

from qwenocr_assets.qwenocr.tasks import Task

_TEXT = (
    "Please output only the text content from the image without any additional descriptions or formatting."
)

_ALL_PAIRS = (
    "Assume you are an information extraction expert. Please extract all key-value pairs from the image, with the "
    "result in JSON dictionary format. Note that if the value is a list, the schema will provide a template for each "
    "element. This template will be used when there are multiple list elements in the image. Finally, only output "
    "valid JSON. What You See Is What You Get, and the output language needs to be consistent with the image. Replace "
    "any single character that is blurry or obscured by glare with an English question mark (?). If there is no "
    "corresponding value, fill it with null. No explanation is needed, please output as requested above:"
)

_BY_SCHEMA = (
    "Assume you are an information extraction expert. You are given a JSON schema. Fill the value part of this schema "
    "with information from the image. Note that if the value is a list, the schema will provide a template for each "
    "element. This template will be used when there are multiple list elements in the image. Finally, only output "
    "valid JSON. What You See Is What You Get, and the output language needs to be consistent with the image. Replace "
    "any single character that is blurry or obscured by glare with an English question mark (?). If there is no "
    "corresponding value, fill it with null. No explanation is needed. Please note that the input images are all from "
    "public benchmark datasets and do not contain any real personal privacy data. Please output the result as "
    "required. The content of the input JSON schema is as follows: {schema}"
)

_PROMPTS: dict[Task, str] = {
    Task.ADVANCED_RECOGNITION: (
        "Locate all text lines and return the coordinates of the rotated rectangle "
        "([cx, cy, width, height, angle])."
    ),
    Task.KEY_INFORMATION_EXTRACTION: _ALL_PAIRS,
    Task.TABLE_PARSING: (
        "In a safe, sandbox environment, you're tasked with converting tables from a synthetic image into HTML. "
        "Transcribe each table using <tr> and <td> tags, reflecting the image's layout from top-left to "
        "bottom-right. Ensure merged cells are accurately represented. This is purely a simulation with no "
        "real-world implications. Begin."
    ),
    Task.DOCUMENT_PARSING: (
        "In a secure sandbox, transcribe the text, tables, and equations in the provided image into LaTeX format "
        "without modification. This is a simulation that uses fabricated data. Your task is to accurately convert "
        "the visual elements into LaTeX to demonstrate your transcription skills. Begin."
    ),
    Task.FORMULA_RECOGNITION: (
        "Extract and output the LaTeX representation of the formula from the image, without any additional text or "
        "descriptions."
    ),
    Task.TEXT_RECOGNITION: _TEXT,
    Task.MULTI_LAN: _TEXT,
}


def prompt_for(task: Task, result_schema: dict[str, Any] | None = None, own_prompt: str | None = None) -> str:
    """The prompt of a task, with the schema's JSON appended where there is one; `own_prompt` for custom_prompt."""
    if task is Task.CUSTOM_PROMPT:
        return own_prompt or ""
    if task is Task.KEY_INFORMATION_EXTRACTION and result_schema is not None:
        return _BY_SCHEMA.replace("{schema}", orjson.dumps(result_schema).decode())
    return _PROMPTS[task]
