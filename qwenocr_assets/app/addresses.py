"""Where the page and Dagster's UI are found when they are started without options: each links to the other."""

from urllib.parse import urlencode

PAGE_PORT, DAGSTER_PORT = 8080, 3000
PAGE_URL = f"http://127.0.0.1:{PAGE_PORT}"
DAGSTER_URL = f"http://127.0.0.1:{DAGSTER_PORT}"


def document_url(document_id: str) -> str:
    """A document on the page."""
    return f"{PAGE_URL}/documents/{document_id}"


def value_url(document_id: str, page_id: str, task: str, place: str) -> str:
    """A value on the page, opened to be corrected, with its box enlarged."""
    return f"{document_url(document_id)}?{urlencode({'page': page_id, 'task': task, 'place': place})}"
