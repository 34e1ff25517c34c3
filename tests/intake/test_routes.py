import json
import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qwenocr_assets.errors import ConfigurationError
from qwenocr_assets.intake.route_loading import load_routes
from qwenocr_assets.intake.routes import DEFAULT_ROUTE, Route, folders_above, route_for
from qwenocr_assets.qwenocr.tasks import Task


def route(**values) -> Route:
    return Route.model_validate({"name": "r", "tasks": ["text_recognition"], **values})


@pytest.mark.parametrize(
    ("glob", "name", "fits"),
    [
        pytest.param("*.pdf", "a.pdf", True, id="ending"),
        pytest.param("*.pdf", "deep/down/a.pdf", True, id="ending-in-any-folder"),
        pytest.param("*.pdf", "A.PDF", True, id="letters-of-any-case"),
        pytest.param("*.PDF", "a.pdf", True, id="glob-of-any-case"),
        pytest.param("*.pdf", "a.pdf.png", False, id="ending-inside"),
        pytest.param("invoices/*.pdf", "invoices/a.pdf", True, id="folder"),
        pytest.param("invoices/*.pdf", "invoices/2024/a.pdf", False, id="star-stays-in-its-folder"),
        pytest.param("invoices/*.pdf", "old/invoices/a.pdf", True, id="folder-below-others"),
        pytest.param("invoices/*.pdf", "my-invoices/a.pdf", False, id="whole-folder-names"),
        pytest.param("invoices/**", "invoices/2024/05/a.png", True, id="everything-below"),
        pytest.param("invoices/**", "invoices.png", False, id="not-beside"),
        pytest.param("**/scans/*.tif", "scans/a.tif", True, id="no-folder-before"),
        pytest.param("**/scans/*.tif", "a/b/scans/c.tif", True, id="many-folders-before"),
        pytest.param("a/**/z.png", "a/z.png", True, id="nothing-between"),
        pytest.param("a/**/z.png", "a/b/c/z.png", True, id="much-between"),
        pytest.param("**", "any/thing.at.all", True, id="everything"),
        pytest.param("receipt-??.jpg", "receipt-07.jpg", True, id="question-marks"),
        pytest.param("[ab]*.jpg", "bill.jpg", True, id="letters-to-choose-from"),
        pytest.param("請求書*.pdf", "2024/請求書-1.pdf", True, id="any-language"),
        pytest.param("**/" * 40 + "x", "/".join("a" * 60), False, id="too-many-ways-to-try"),
        pytest.param(["*.jpg", "*.png"], "a.png", True, id="one-of-several"),
        pytest.param(["*.jpg", "*.png"], "a.pdf", False, id="none-of-several"),
    ],
)
def test_which_names_a_glob_fits(glob, name, fits):
    assert route(match=glob).matches(name) is fits


PIPELINE = """
[[routes]]
name = "tickets"
match = "tickets/**"
tasks = ["key_information_extraction", "advanced_recognition"]
schema = "schemas/ticket.json"
enable_rotate = true
max_pixels = 4_000_000

[[routes]]
name = "photos"
match = ["*.jpg", "*.heic"]
tasks = ["custom_prompt"]
prompt = "What does the sign say?"
dpi = 300
"""


@pytest.fixture
def routes(tmp_path):
    (tmp_path / "schemas").mkdir()
    (tmp_path / "schemas" / "ticket.json").write_text(
        '{"日期": "", "passenger": {"name": ""}}', encoding="utf-8"
    )
    return load_routes(tomllib.loads(PIPELINE)["routes"], tmp_path)


def test_a_route_as_loaded(routes):
    tickets, photos = routes
    assert tickets.tasks == (Task.KEY_INFORMATION_EXTRACTION, Task.ADVANCED_RECOGNITION)
    assert tickets.result_schema == {"日期": "", "passenger": {"name": ""}}
    assert (tickets.enable_rotate, tickets.max_pixels, tickets.dpi) == (True, 4_000_000, None)
    assert (photos.prompt, photos.dpi) == ("What does the sign say?", 300)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("tickets/a.jpg", "tickets"),
        ("other/a.JPG", "photos"),
        ("other/a.pdf", "default"),
    ],
)
def test_the_first_route_that_matches_wins(routes, name, expected):
    assert route_for(name, routes).name == expected


@pytest.mark.parametrize(
    ("root", "names", "folders"),
    [
        pytest.param("/p", ["data/in/a.png"], "", id="project"),
        pytest.param("/p/data", ["in/a.png"], "data", id="folder-of-the-project"),
        pytest.param("/p/data/in", ["a.png"], "data/in", id="inner-folder"),
        pytest.param("/p/data/in/a.png", ["a.png"], "data/in", id="single-file"),
        pytest.param("/p/inbox/march", ["a.png", "b.png"], "march", id="inbox-before-project"),
        pytest.param("/home/mika/in", ["a.png"], "in", id="elsewhere"),
        pytest.param("/home/mika/in/a.png", ["a.png"], "in", id="single-file-elsewhere"),
        pytest.param("s3://bucket/in", ["a.png", "b.png"], "in", id="bucket"),
    ],
)
def test_the_folders_above_a_name(root, names, folders):
    assert folders_above(root, names, ["/p/inbox", "/p"]) == folders


@given(st.lists(st.sampled_from(["data", "samples", "tickets", "x"]), min_size=1, max_size=5), st.data())
def test_a_document_takes_the_same_route_whichever_folder_was_typed(parts, data):
    """Property: where the path is cut into the folder that was given and the name makes no difference."""
    entries = tomllib.loads(PIPELINE.replace('schema = "schemas/ticket.json"', ""))["routes"]
    routes = load_routes(entries, Path())
    path = [*parts, "a.pdf"]
    cut = data.draw(st.integers(0, len(parts)))
    name = "/".join(path[cut:])
    folders = folders_above("/".join(["/p", *path[:cut]]), [name, "another"], ["/p/inbox", "/p"])
    assert route_for(name, routes, folders) is route_for("/".join(path), routes)


def test_a_schema_that_is_not_there_says_where_it_is_looked_for(tmp_path):
    entry = {"name": "x", "tasks": ["key_information_extraction"], "schema": "schemas/invoice.json"}
    with pytest.raises(ConfigurationError, match="cannot be read") as raised:
        load_routes([entry], tmp_path)
    assert raised.value.next_step == (
        f"Put the file there, or write its path below {tmp_path}, like data/schemas/invoice.json."
    )


def test_the_default_route():
    assert route_for("any.pdf", ()) is DEFAULT_ROUTE
    assert [task.value for task in DEFAULT_ROUTE.tasks] == [
        "advanced_recognition",
        "key_information_extraction",
        "table_parsing",
    ]


KIE = ["key_information_extraction"]


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        pytest.param({"tasks": KIE}, "name: Field required", id="no-name"),
        pytest.param({"name": "r"}, "tasks: Field required", id="no-tasks"),
        pytest.param({"name": "r", "tasks": []}, "tasks: .* at least 1", id="empty-tasks"),
        pytest.param({"name": "r", "tasks": "table_parsing"}, "tasks:", id="tasks-no-list"),
        pytest.param(
            {"name": "r", "tasks": ["table_parsng"]},
            "no task 'table_parsng'; did you mean table_parsing\\? known are advanced_recognition, ",
            id="misspelt-task",
        ),
        pytest.param({"name": "r", "tasks": ["dance"]}, "no task 'dance'; known are", id="unknown-task"),
        pytest.param({"name": "r", "tasks": [7]}, "no task 7", id="task-no-text"),
        pytest.param({"name": "r", "tasks": ["custom_prompt"]}, "needs a prompt", id="prompt-missing"),
        pytest.param(
            {"name": "r", "tasks": ["custom_prompt"], "prompt": " "}, "needs a prompt", id="prompt-blank"
        ),
        pytest.param({"name": "r", "tasks": KIE, "prompt": "Hi"}, "only sent with", id="prompt-unused"),
        pytest.param(
            {"name": "r", "tasks": ["table_parsing"], "schema": {"a": ""}},
            "only sent with",
            id="schema-unused",
        ),
        pytest.param({"name": "r", "tasks": KIE, "schema": {}}, "is empty", id="schema-empty"),
        pytest.param(
            {"name": "r", "tasks": KIE, "schema": {"a": {"b": {"c": {"d": ""}}}}},
            "nests 4 levels deep; the service takes 3",
            id="schema-too-deep",
        ),
        pytest.param(
            {"name": "r", "tasks": KIE, "schema": {"a": [{"b": [{"c": {"d": ""}}]}]}},
            "nests 4 levels",
            id="schema-too-deep-through-lists",
        ),
        pytest.param(
            {"name": "r", "tasks": KIE, "schema": "no.json"}, "no.json cannot be read", id="schema-missing"
        ),
        pytest.param(
            {"name": "r", "tasks": KIE, "schema": "bad.json"}, "bad.json is not JSON", id="schema-no-json"
        ),
        pytest.param({"name": "r", "tasks": KIE, "schema": "list.json"}, "schema: ", id="schema-no-object"),
        pytest.param(
            {"name": "r", "tasks": KIE, "maxpixels": 5}, "did you mean max_pixels", id="misspelt-option"
        ),
        pytest.param({"name": "r", "tasks": KIE, "dpi": 7}, "dpi: ", id="dpi-too-low"),
        pytest.param(
            {"name": "r", "tasks": KIE, "rules": [{"name": "IBAN", "field": "a", "pattern": "(a"}]},
            r"rule IBAN\.pattern: '\(a' is no regular expression",
            id="rule-without-a-pattern",
        ),
        pytest.param(
            {"name": "r", "tasks": KIE, "rules": [{"field": "a", "required": True}]},
            r"rule 1\.name: Field required",
            id="rule-without-a-name",
        ),
        pytest.param(
            {"name": "r", "tasks": KIE, "min_pixels": 9, "max_pixels": 8},
            "min_pixels is above",
            id="pixels-crossed",
        ),
    ],
)
def test_routes_that_cannot_work(tmp_path, entry, words):
    (tmp_path / "bad.json").write_text("{")
    (tmp_path / "list.json").write_text("[1]")
    with pytest.raises(ConfigurationError, match=words) as raised:
        load_routes([entry], tmp_path)
    assert str(tmp_path / "pipeline.toml") in raised.value.message


def test_two_routes_of_one_name(tmp_path):
    entry = {"name": "same", "tasks": ["table_parsing"]}
    with pytest.raises(ConfigurationError, match="name of another"):
        load_routes([entry, entry], tmp_path)


@pytest.mark.parametrize(
    ("window", "taken"),
    [
        *((w, True) for w in ("24h", "99h", "100h", "336h", "1d", "14d")),
        *((w, False) for w in ("23h", "337h", "0d", "15d", "", "24", "24m", "1d ", "024h")),
    ],
)
def test_how_long_a_batch_may_take(tmp_path, window, taken):
    entry = {"name": "r", "tasks": KIE, "batch_window": window}
    if taken:
        assert load_routes([entry], tmp_path)[0].batch_window == window
    else:
        with pytest.raises(ConfigurationError, match="batch_window"):
            load_routes([entry], tmp_path)


@pytest.mark.parametrize(
    "schema",
    [
        pytest.param({"a": ""}, id="one-level"),
        pytest.param({"a": {"b": {"c": ""}}}, id="three-levels"),
        pytest.param({"items": [{"price": {"value": ""}}]}, id="three-levels-with-a-list"),
    ],
)
def test_schemas_that_the_service_takes(tmp_path, schema):
    (tmp_path / "s.json").write_text(json.dumps(schema))
    inline, from_file = load_routes(
        [{"name": "a", "tasks": KIE, "schema": schema}, {"name": "b", "tasks": KIE, "schema": "s.json"}],
        tmp_path,
    )
    assert inline.result_schema == from_file.result_schema == schema


def test_a_task_named_twice_is_asked_once():
    assert route(tasks=["table_parsing", "table_parsing"]).tasks == (Task.TABLE_PARSING,)


@pytest.mark.parametrize(
    ("expect", "path", "is_expected"),
    [
        pytest.param(None, "total", True, id="asked-for"),
        pytest.param(None, "seller.name", True, id="asked-for-inside"),
        pytest.param(None, "items[*].amount", True, id="list"),
        pytest.param(None, "vat", False, id="not-asked-for"),
        pytest.param(["total"], "total", True, id="named"),
        pytest.param(["total"], "seller.name", False, id="not-named"),
    ],
)
def test_what_a_route_expects(expect, path, is_expected):
    schema = {"total": "", "seller": {"name": ""}, "items": [{"amount": ""}]}
    asking = route(tasks=["key_information_extraction"], schema=schema, expect=expect)
    assert asking.expects(path) is is_expected
