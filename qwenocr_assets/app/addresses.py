"""Where the page and Dagster's UI are found when they are started without options: each links to the other."""

PAGE_PORT, DAGSTER_PORT = 8080, 3000
PAGE_URL = f"http://127.0.0.1:{PAGE_PORT}"
DAGSTER_URL = f"http://127.0.0.1:{DAGSTER_PORT}"


def document_url(document_id: str) -> str:
    """A document on the page."""
    return f"{PAGE_URL}/documents/{document_id}"
