"""The page without a browser: who may ask, what is taken, what is shown."""

import asyncio
import html
import io
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import duckdb
import httpx
import pytest
from PIL import Image
from upath import UPath

from qwenocr_assets.app import guard
from qwenocr_assets.app.kept_warehouse import KeptWarehouse
from qwenocr_assets.storage.data_folder import DataFolder
from qwenocr_assets.warehouse.connect import open_reader
from qwenocr_assets.warehouse.query import run_query
from tests.app.conftest import Served, serving
from tests.report.conftest import ARABIC_NAME, BATCH
from tests.waiting import wait_until

Ask = Callable[..., httpx.Response]
KIE = "key_information_extraction"


def word(**said: Any) -> dict[str, Any]:
    """What the page sends about the tax of d1, which the model read as `1?`."""
    of = {"batch_id": BATCH, "document_id": "d1", "page_id": "d1-p1", "task": KIE, "place": "tax"}
    return {**of, "verdict": "value", "value": "1.50", "shown": "1?", "by": "Ada", **said}


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 201),
        ({"origin": "{own}"}, 201),
        ({"sec-fetch-site": "same-origin"}, 201),
        ({"origin": "http://elsewhere.example"}, 403),
        ({"origin": "null"}, 403),
        ({"sec-fetch-site": "cross-site"}, 403),
        ({"sec-fetch-site": "same-site", "origin": "{own}"}, 403),
        ({"host": "elsewhere.example"}, 403),
        ({"host": "localhost"}, 201),
        ({"host": "[::1]:8080"}, 201),
        ({"host": "127.0.0.1.elsewhere.example"}, 403),
    ],
)
def test_only_pages_of_its_own_and_programs_change_something(
    ask: Ask, served: Served, headers: dict[str, str], status: int
) -> None:
    own = {name: text.format(own=served.address) for name, text in headers.items()}
    assert ask("POST", "/api/drops", headers=own).status_code == status


def test_whoever_comes_from_elsewhere_needs_the_token(tmp_path: Path) -> None:
    with (
        serving(tmp_path, token="a-token") as page,
        httpx.Client(base_url=page.address, timeout=300) as client,
    ):
        assert client.get("/").status_code == 401
        assert client.get("/", params={"token": "another"}).status_code == 401
        assert client.get("/", headers={"authorization": "Bearer a-token"}).status_code == 200
        first = client.get("/search", params={"token": "a-token", "q": "bolt"})
        assert (first.status_code, first.headers["location"]) == (303, "/search?q=bolt")
        assert client.get("/").status_code == 200  # by the cookie


@pytest.mark.parametrize(
    "address",
    [
        "/",
        "/documents/d1",
        "/documents/d1/schema",
        "/drop",
        "/try",
        "/search",
        "/tables",
        "/charts",
        "/static/app.css",
        "/static/try.js",
    ],
)
def test_every_page_says_what_a_browser_may_do(ask: Ask, address: str) -> None:
    answer = ask("GET", address)
    assert answer.status_code == 200
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(
    ("address", "status", "told"),
    [
        ("/documents/none", 404, "There is no document none."),
        ("/tables/marts.none", 404, "There is no table marts.none"),
        ("/tables/marts.failures?q=a&column=none", 404, "has no column none"),
        ("/images/none", 404, "not there"),
        ("/pages/none", 404, "There is no page none."),
        ("/static/..%2Fserver.py", 404, ""),
        ("/api/drops/none", 404, "Drop the files again."),
    ],
)
def test_what_is_not_there(ask: Ask, address: str, status: int, told: str) -> None:
    answer = ask("GET", address)
    assert (answer.status_code, told in answer.text) == (status, True)


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("", 4),
        ("?q=فاتورة", 1),
        ("?q=FINE", 1),
        ("?state=failed", 1),
        ("?q=nothing%27like", 0),
        ("?page=9", 0),
    ],
)
def test_documents_are_filtered(ask: Ask, query: str, names: int) -> None:
    assert ask("GET", f"/{query}").text.count('<tr><th scope="row">') == names


def test_search_leads_to_the_page(ask: Ask) -> None:
    text = ask("GET", "/search", params={"q": "رقم"}).text
    assert ARABIC_NAME in text
    assert 'href="/pages/d2-p1' in text
    assert "<mark>" in text
    assert ask("GET", "/pages/d2-p1?hit=1,2").headers["location"] == "/documents/d2?hit=1,2#p1"
    assert "No page has these words" in ask("GET", "/search", params={"q": "nowhere"}).text


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_a_table_is_taken_along(ask: Ask, kind: str) -> None:
    answer = ask("GET", "/tables/core.documents", params={"as": kind, "q": "fine.tif"})
    assert answer.status_code == 200
    assert answer.headers["content-disposition"].endswith(f'core.documents.{kind}"')
    if kind == "csv":
        assert len(answer.text.strip().splitlines()) == 2


def test_a_word_changes_the_marts_and_the_rules(ask: Ask, served: Served) -> None:
    done = ask("POST", "/api/corrections", json=word())
    assert done.status_code == 200
    assert done.json()["correction"]["action"] == "corrected"
    assert done.json()["rules"] == []
    wait_until(lambda: [BATCH] in served.published, "the warehouse")
    sql = "select value, model_value, corrected_by from staging.stg_key_values where path = 'tax'"
    assert run_query(Path(served.environment.data.warehouse.path), sql).rows == [("1.50", "1?", "Ada")]
    broken = ask("POST", "/api/corrections", json=word(value="many", knows=done.json()["correction"]["id"]))
    assert [rule["rule"] for rule in broken.json()["rules"]] == ["tax"]


@pytest.mark.parametrize(
    ("said", "status", "told"),
    [
        ({"by": ""}, 422, "by"),
        ({"shown": "2?"}, 422, "which is not what was shown"),
        ({"page_id": "d9-p1"}, 422, "no page d9-p1"),
        ({"batch_id": "../x"}, 422, "There is no document d1 in intake"),
        ({"verdict": "maybe"}, 422, "verdict"),
        ({"place": "nothing[", "shown": None}, 422, "is no value"),
    ],
)
def test_a_word_that_cannot_be_taken_says_why(ask: Ask, said: dict[str, Any], status: int, told: str) -> None:
    answer = ask("POST", "/api/corrections", json=word(**said))
    assert (answer.status_code, told in answer.text) == (status, True)


def test_a_newer_word_of_somebody_else_is_shown_and_not_lost(ask: Ask) -> None:
    place = {"place": "items[1].name", "shown": "bolt"}
    first = ask("POST", "/api/corrections", json=word(**place, value="bolts", by="Ada")).json()["correction"]
    clash = ask("POST", "/api/corrections", json=word(**place, value="nuts", by="Ben"))
    assert clash.status_code == 409
    assert clash.json()["newer"]["id"] == first["id"]
    known = ask("POST", "/api/corrections", json=word(**place, value="nuts", by="Ben", knows=first["id"]))
    assert known.status_code == 200
    asked = {"page_id": "d1-p1", "task": KIE, "place": place["place"]}
    said = ask("GET", "/api/history", params=asked).json()
    assert [(row["by"], row["value"]) for row in said] == [("Ada", "bolts"), ("Ben", "nuts")]


def test_an_undone_word_no_longer_holds(ask: Ask, served: Served) -> None:
    place = {"place": "seller", "shown": None, "by": "Ada"}
    assert ask("POST", "/api/corrections", json=word(**place, verdict="undo", value=None)).status_code == 422
    added = ask("POST", "/api/corrections", json=word(**place, value="Acme")).json()["correction"]
    assert added["action"] == "added"
    assert "Acme" in ask("GET", "/documents/d1").text
    undone = ask(
        "POST", "/api/corrections", json=word(**place, verdict="undo", value=None, knows=added["id"])
    )
    assert undone.json()["correction"]["action"] == "undone"
    assert "Acme" not in ask("GET", "/documents/d1").text


def test_who_else_is_there(ask: Ask) -> None:
    said = [
        ask("POST", "/api/presence", json={"document_id": "d4", "by": by}).json()
        for by in ("Ada", "Ben", "Ada")
    ]
    assert [answer["others"] for answer in said] == [[], ["Ada"], ["Ben"]]


@pytest.mark.parametrize("name", ["", "..", ".hidden", "a\0b", "n" * 300])
def test_a_file_needs_a_name(ask: Ask, name: str) -> None:
    drop = ask("POST", "/api/drops").json()["id"]
    assert ask("POST", f"/api/drops/{drop}/files", params={"name": name}, content=b"x").status_code == 422


def test_files_keep_their_names_and_leave_no_folder(ask: Ask, served: Served) -> None:
    drop = ask("POST", "/api/drops").json()["id"]
    for name in ("../../a.png", "C:\\scans\\a.png", "請求書.png"):
        assert ask("POST", f"/api/drops/{drop}/files", params={"name": name}, content=b"x").status_code == 201
    assert ask("GET", f"/api/drops/{drop}").json()["files"] == ["a (2).png", "a.png", "請求書.png"]


@pytest.mark.parametrize("announced", [True, False])
def test_a_request_that_is_too_large_is_refused(announced: bool) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        while (await receive())["more_body"]:
            pass
        raise AssertionError("all of it was taken")

    bounded = guard.Guard(app, max_bytes=10)

    def chunks() -> Iterator[bytes]:
        yield from (b"123456", b"123456", b"")

    async def ask_it() -> int:
        transport = httpx.ASGITransport(bounded)
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            content = b"x" * 11 if announced else _later(chunks())
            return (await client.post("/", content=content)).status_code

    if announced:
        assert asyncio.run(ask_it()) == 413
    else:
        with pytest.raises(guard.TooLarge):
            asyncio.run(ask_it())


async def _later(chunks: Iterable[bytes]) -> AsyncIterator[bytes]:
    for chunk in chunks:
        yield chunk


def test_a_program_tries_a_document_and_nothing_is_kept(ask: Ask, served: Served) -> None:
    picture = Image.new("RGB", (300, 200), "white")
    sink = io.BytesIO()
    picture.save(sink, "PNG")
    root = Path(served.environment.data.root.path)

    def kept() -> set[Path]:
        """Files of the data folder, but for what publishing of earlier changes may be at."""
        passing = {".working", "ledger.db", "ledger.db-wal", "ledger.db-shm"}
        return {path for path in root.rglob("*") if path.is_file() and passing.isdisjoint(path.parts)}

    before = kept()
    files = {"file": ("blank.png", sink.getvalue()), "schema": ("s.json", b'{"total": "number"}')}
    answer = ask("POST", "/v1/try", files=files)
    assert answer.status_code == 200
    assert [page["status"] for page in answer.json()["pages"]] == ["ready"]
    assert [value["path"] for value in answer.json()["key_values"]] == ["total"]
    assert kept() <= before
    assert ask("POST", "/v1/try", params={"name": "a.png", "schema": "{"}, content=b"x").status_code == 422
    assert ask("POST", "/v1/try", params={"name": ".."}, content=b"x").status_code == 422


def test_a_suggested_schema_is_saved_once(ask: Ask, served: Served) -> None:
    assert '"tax"' in html.unescape(ask("GET", "/documents/d1/schema").text)
    assert "Saved as" in ask("POST", "/documents/d1/schema", params={"name": "mine"}).text
    assert (Path(served.environment.data.root.path) / "schemas" / "mine.json").exists()
    assert ask("POST", "/documents/d1/schema", params={"name": "../mine"}).status_code == 422


def test_the_kept_warehouse_is_always_the_newest(tmp_path: Path) -> None:
    data = DataFolder(UPath(tmp_path))
    kept = KeptWarehouse(data)
    path = Path(data.warehouse.path)
    opened = []
    for number in range(3):
        new = tmp_path / "new.duckdb"
        with duckdb.connect(str(new)) as con:
            con.execute(f"create table t as select {number} as n")
        new.replace(path)
        opened.append(open_reader(kept.newest()))  # stays open, as a slow request does
        with open_reader(kept.newest()) as con:
            assert con.execute("from t").fetchall() == [(number,)]
    assert [con.execute("from t").fetchall() for con in opened] == [[(0,)], [(1,)], [(2,)]]
    kept.close()
    assert {file.name for file in tmp_path.iterdir()} == {path.name}
