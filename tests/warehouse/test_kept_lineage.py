"""The lineage that is kept is the one that is made."""

import os
from dataclasses import replace
from pathlib import Path

import pytest

from qwenocr_assets.warehouse.lineage import kept
from qwenocr_assets.warehouse.lineage.kept import lineage_of
from qwenocr_assets.warehouse.models import Model


def test_it_is_made_once_for_models(
    models: dict[str, Model], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = lineage_of(models, tmp_path)
    with monkeypatch.context() as patch:
        patch.delattr(kept, "column_lineages")
        assert lineage_of(models, tmp_path) == made


def test_other_sql_has_another(models: dict[str, Model], tmp_path: Path) -> None:
    model = replace(
        models["stg_pages"], sql="SELECT page_id AS page FROM core.pages", own_columns=frozenset(), refs=()
    )
    for sql, origin in (("page_id", "page_id"), ("document_id", "document_id")):
        model = replace(model, sql=f"SELECT {sql} AS page FROM core.pages")
        assert lineage_of({"stg_pages": model}, tmp_path) == {
            "staging.stg_pages": {"page": [("core.pages", origin)]}
        }


@pytest.mark.parametrize("content", [b"", b"{", b'{"a": 1}', b"\xff"])
def test_a_file_that_says_nothing_is_made_anew(
    models: dict[str, Model], tmp_path: Path, content: bytes
) -> None:
    made = lineage_of(models, tmp_path)
    (file,) = tmp_path.glob("*.json")
    file.write_bytes(content)
    assert lineage_of(models, tmp_path) == made
    assert file.stat().st_size > 1000


def test_no_place_to_keep_it_is_no_failure(models: dict[str, Model], tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    assert lineage_of(models, tmp_path / "file" / "folder") == lineage_of(models, Path(os.devnull))
