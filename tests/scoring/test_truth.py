"""Truth folders: what is understood, and what is said about what is not."""

import json
from pathlib import Path
from typing import Any

import pytest

from qwenocr_assets.errors import ConfigurationError
from qwenocr_assets.geometry import Quad
from qwenocr_assets.scoring.lines import Line
from qwenocr_assets.scoring.truth import Truth, read_truths

SAMPLES = Path(__file__).parents[2] / "data"


def read(folder: Path, **files: Any) -> Truth:
    """The one truth of a folder with these files."""
    for name, content in files.items():
        base, _, suffix = name.rpartition("_")
        text = content if isinstance(content, str) else json.dumps(content)
        (folder / f"{base}.{suffix}").write_text(text, encoding="utf-8")
    found = read_truths(folder)
    assert not found.problems
    [truth] = found.truths
    return truth


def test_text_with_its_pages(tmp_path: Path) -> None:
    truth = read(tmp_path, a_txt="\ufeffone\ntwo\f三\f")
    assert [page.text for page in truth.pages] == ["one\ntwo", "三"]


@pytest.mark.parametrize(
    ("content", "fields", "labels"),
    [
        pytest.param(
            {"total": 12.5, "items": [{"a": 1}]}, {"total": 12.5, "items": [{"a": 1}]}, None, id="an answer"
        ),
        pytest.param({"fields": {"total": 1}}, {"total": 1}, None, id="under fields"),
        pytest.param({"key_values": {"Total": "1"}}, None, {"Total": "1"}, id="labels"),
        pytest.param(
            {"pages": [{"extracted": {"n": 1, "items": [1]}}, {"extracted": {"n": 2, "items": [2]}}]},
            {"n": 1, "items": [1, 2]},
            None,
            id="by page",
        ),
    ],
)
def test_fields(tmp_path: Path, content: Any, fields: Any, labels: Any) -> None:
    truth = read(tmp_path, a_json=content)
    assert (truth.fields, truth.key_values) == (fields, labels)


@pytest.mark.parametrize(
    "table",
    [
        pytest.param("<table><tr><td>a</td><td>b</td></tr></table>", id="HTML"),
        pytest.param([["a", "b"]], id="rows"),
        pytest.param(
            {"cells": [{"row": 0, "column": 0, "text": "a"}, {"row": 0, "column": 1, "text": "b"}]},
            id="cells",
        ),
    ],
)
def test_tables(tmp_path: Path, table: Any) -> None:
    [page] = read(tmp_path, a_json={"tables": [table]}).pages
    assert page.tables is not None
    assert [[(c.row, c.column, c.text) for c in grid] for grid in page.tables] == [[(0, 0, "a"), (0, 1, "b")]]


def test_lines_are_text_too_unless_there_is_one(tmp_path: Path) -> None:
    lines = {"lines": [{"text": "one", "bbox": [0, 0, 2, 1]}, {"text": "two"}]}
    [page] = read(tmp_path, a_json=lines).pages
    assert page.text == "one\ntwo"
    assert page.lines == (Line("one", Quad.of((0, 0, 2, 1))), Line("two"))
    [page] = read(tmp_path, a_json=lines, a_txt="other").pages
    assert page.text == "other"
    assert page.lines is not None


@pytest.mark.parametrize(
    ("name", "content", "problem"),
    [
        ("a.json", b"{", "not JSON"),
        ("a.json", b"[1]", "a JSON object"),
        ("a.json", b'{"lines": [{"bbox": [1, 2, 3, 4]}]}', "lines.0.text"),
        ("a.json", b'{"lines": [{"text": "x", "bbox": [1, 2, 3]}]}', "4 or 8 numbers"),
        ("a.json", b'{"lines": [{"text": "x", "bbox": [3, 2, 1, 4]}]}', "no box: left 3"),
        ("a.json", b'{"tables": ["no table"]}', "no <table>"),
        ("a.json", b'{"pages": "x"}', "pages"),
        ("a.txt", b"\xff\xfe", "not UTF-8"),
    ],
)
def test_a_bad_file_is_named_and_stops_no_other(
    tmp_path: Path, name: str, content: bytes, problem: str
) -> None:
    (tmp_path / name).write_bytes(content)
    (tmp_path / "good.txt").write_text("good")
    found = read_truths(tmp_path)
    assert [truth.name for truth in found.truths] == ["good"]
    [bad] = found.problems
    assert bad.file.endswith(name)
    assert problem in bad.reason


@pytest.mark.parametrize("folder", ["nowhere", "empty"])
def test_a_folder_without_truths_is_an_error(tmp_path: Path, folder: str) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(ConfigurationError, match="truth folder"):
        read_truths(tmp_path / folder)


@pytest.mark.parametrize(
    ("name", "sha256", "expected"),
    [
        pytest.param("a/one.pdf", None, "a/one", id="by its path"),
        pytest.param("dpi100/a/one.png", None, "a/one", id="in another folder"),
        pytest.param("a/two.tar.pdf", None, "a/two.tar.pdf", id="with its ending"),
        pytest.param("b/one.pdf", None, None, id="the folder counts"),
        pytest.param("b/three.pdf", None, "three", id="a truth at the top"),
        pytest.param("x.pdf", "AB12", "hashed", id="by its content"),
        pytest.param("e\u0301.pdf", None, "é", id="however its letters are composed"),
    ],
)
def test_documents_find_their_truth(
    tmp_path: Path, name: str, sha256: str | None, expected: str | None
) -> None:
    (tmp_path / "a").mkdir()
    for file in ("a/one", "a/two.tar.pdf", "three", "é"):
        (tmp_path / f"{file}.txt").write_text("x")
    (tmp_path / "hashed.json").write_text('{"sha256": "ab12", "text": "x"}')
    found = read_truths(tmp_path).find(name, sha256)
    assert (found.name if found else None) == expected


def test_the_samples_truths_are_all_usable() -> None:
    found = read_truths(SAMPLES / "truth")
    assert not found.problems
    samples = [p.relative_to(SAMPLES / "samples").as_posix() for p in (SAMPLES / "samples").rglob("*.*")]
    assert {truth.name for truth in found.truths} == {t.name for s in samples if (t := found.find(s))}
