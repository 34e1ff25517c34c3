"""The tasks of Qwen-OCR (product guide, section Built-in tasks) and the free prompt."""

from enum import StrEnum


class Task(StrEnum):
    """What a page is asked for."""

    ADVANCED_RECOGNITION = "advanced_recognition"
    """Text lines with their positions."""
    KEY_INFORMATION_EXTRACTION = "key_information_extraction"
    """JSON: every pair, or those of a schema."""
    TABLE_PARSING = "table_parsing"
    """Tables as HTML."""
    DOCUMENT_PARSING = "document_parsing"
    """The page as LaTeX."""
    FORMULA_RECOGNITION = "formula_recognition"
    """A formula as LaTeX."""
    TEXT_RECOGNITION = "text_recognition"
    """Plain text, Chinese and English."""
    MULTI_LAN = "multi_lan"
    """Plain text in ten more languages."""
    CUSTOM_PROMPT = "custom_prompt"
    """The user's own prompt; not a task of the service."""
