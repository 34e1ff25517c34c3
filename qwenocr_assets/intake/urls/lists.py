"""Lists of URLs as documents: `NAME.urls.txt`, `NAME.urls.csv`, `NAME.urls.jsonl`.

Only the name makes a file such a list, never its content: what is fetched has to be asked for.
"""

import csv
import hashlib
import io
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import unquote, urlsplit

import orjson

from qwenocr_assets.errors import RejectedInput

MAX_ENTRIES = 1_000
"""Most URLs in one list."""
MAX_LIST_BYTES = 8 * 2**20
"""Largest list."""

_ENDINGS = (".urls.txt", ".urls.csv", ".urls.jsonl")
_MOST_CHARACTERS = 200
_SECRET = re.compile(
    r"(?i)(?:^|[-_.])(?:sig|key|pwd|auth|code|policy)(?:[-_.]|$)"
    r"|signature|token|secret|passw|credential|apikey|accesskey"
)
"""Names of query parameters whose values give access, as presigned URLs have them."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of a list."""

    url: str
    """As written, with whatever password it holds: never print or store it, but `shown_url`."""
    name: str
    """What it is called in tables: as given, or the end of its address; distinct in its list."""
    reason: RejectedInput | None = None
    """Why it is not fetched, if the line holds no URL."""


def is_url_list(name: str) -> bool:
    """Whether a file of this name is a list of URLs."""
    return name.lower().endswith(_ENDINGS)


def stands_in_list(name: str) -> bool:
    """Whether a document of this name came out of a list of URLs."""
    return any(is_url_list(str(folder)) for folder in PurePosixPath(name).parents)


def read_list(name: str, content: bytes) -> list[Entry]:
    """The entries of a list, in its order; a line that says twice what another said is left out.

    Raises:
        RejectedInput: it is no such list, is empty, or holds more than `MAX_ENTRIES`.
    """
    text = _text(content)
    lines = {".txt": _of_txt, ".csv": _of_csv, ".jsonl": _of_jsonl}[PurePosixPath(name.lower()).suffix](text)
    found: dict[tuple[str, str], Entry] = {}
    for entry in lines:
        found.setdefault((entry.url, entry.name), entry)
        if len(found) > MAX_ENTRIES:
            raise RejectedInput(
                f"The list holds more than {MAX_ENTRIES:,} URLs.", "Split it into several lists."
            )
    if not found:
        raise RejectedInput("The list holds no URL.", "Write one URL a line into it.")
    return list(_distinct(list(found.values())))


def shown_url(url: str) -> str:
    """A URL without user, password, fragment, and the values of parameters that give access."""
    rest, _, _ = url.partition("#")
    rest, mark, query = rest.partition("?")
    scheme, separator, rest = rest.partition("://")
    authority, slash, path = rest.partition("/")
    user, at, host = authority.rpartition("@")
    if at and (scheme.lower() in ("http", "https") or ":" in user):
        authority = host
    pairs = [pair.partition("=") for pair in query.split("&")]
    query = "&".join(f"{key}{'=' if _SECRET.search(key) else eq + value}" for key, eq, value in pairs)
    return f"{scheme}{separator}{authority}{slash}{path}{mark}{query}"


def _text(content: bytes) -> str:
    encoding = "utf-16" if content.startswith((b"\xff\xfe", b"\xfe\xff")) else "utf-8-sig"
    try:
        return content.decode(encoding)
    except UnicodeDecodeError as error:
        raise RejectedInput("The list is not written in UTF-8.", "Save it as UTF-8.") from error


def _of_txt(text: str) -> Iterator[Entry]:
    """A URL a line, and after a tab its name; `#` begins a remark."""
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip() and not line.lstrip().startswith("#"):
            url, _, name = line.strip().partition("\t")
            yield _entry(number, url, name)


def _of_csv(text: str) -> Iterator[Entry]:
    """Columns `url` and, if there is one, `name`; without a header the first two. Comma, semicolon or tab between."""
    first = text.lstrip("\n\r").partition("\n")[0]
    delimiter = max(",;\t", key=first.count)
    try:
        rows = [row for row in csv.reader(io.StringIO(text), delimiter=delimiter, strict=True) if any(row)]
    except csv.Error as error:
        raise RejectedInput(f"The list is no CSV file: {error}.", "Save it as CSV again.") from error
    if not rows:
        return
    header = [cell.strip().lower() for cell in rows[0]]
    place, named, begins = 0, 1, 0
    if "://" not in rows[0][0] or "url" in header:
        if "url" not in header:
            raise RejectedInput(
                f"No column of the list is called url; it has {', '.join(header)[:_MOST_CHARACTERS]}.",
                "Call the column with the addresses url, and the one with their names, if any, name.",
            )
        place, named, begins = header.index("url"), header.index("name") if "name" in header else -1, 1
    for number, row in enumerate(rows[begins:], begins + 1):
        url = row[place] if place < len(row) else ""
        yield _entry(number, url, row[named] if 0 <= named < len(row) else "")


def _of_jsonl(text: str) -> Iterator[Entry]:
    """An object a line, with `url` and, if it has one, `name`; or the URL alone as a string."""
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            value: Any = orjson.loads(line)
        except orjson.JSONDecodeError:
            value = None
        url, name = (value.get("url"), value.get("name")) if isinstance(value, dict) else (value, None)
        yield _entry(number, url if isinstance(url, str) else "", name if isinstance(name, str) else "")


def _entry(number: int, url: str, name: str) -> Entry:
    url, given = url.strip(), _label(name)
    if "://" not in url or any(ord(character) < 32 for character in url):
        reason = RejectedInput("The line holds no URL.", "Write it like https://host/path.")
        return Entry("", given or f"line {number}", reason)
    return Entry(url, given or _end_of(url))


def _end_of(url: str) -> str:
    """The last part of an address's path, else its host."""
    try:
        parts = urlsplit(url)
        return (
            _label(unquote(parts.path.rstrip("/").rpartition("/")[2]))
            or _label(parts.hostname or "")
            or "unnamed"
        )
    except ValueError:  # brackets that hold no address
        return "unnamed"


def _label(name: str) -> str:
    """A name that can stand in tables and behind its list's."""
    composed = unicodedata.normalize("NFC", name)
    plain = "".join(" " if unicodedata.category(c)[0] == "C" else c for c in composed)[-_MOST_CHARACTERS:]
    parts = [part.strip() for part in plain.replace("\\", "/").split("/")]
    return "/".join(part for part in parts if part not in ("", ".", ".."))


def _distinct(entries: list[Entry]) -> Iterator[Entry]:
    """The entries with a number in those names that stood before: `scan.png`, `scan (2).png`."""
    taken = {entry.name for entry in entries}
    seen: set[str] = set()
    for entry in entries:
        name, count = entry.name, 1
        while name in seen or (count > 1 and name in taken):
            count += 1
            name = _numbered(entry.name, count)
        seen.add(name)
        yield replace(entry, name=name)


def _numbered(name: str, count: int) -> str:
    path = PurePosixPath(name)
    return str(path.with_name(f"{path.stem} ({count}){path.suffix}"))


def stand_in_sha256(list_sha256: str, name: str) -> str:
    """What stands for the content of an entry that was not fetched."""
    return hashlib.sha256(f"{list_sha256}\0{name}".encode()).hexdigest()
