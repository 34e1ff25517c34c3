"""Rows of the declared tables, as the type checker sees them."""

import re
from pathlib import Path

from mypy import api

STRICT = ("--config-file=", "--strict", "--ignore-missing-imports", "--follow-imports=silent")
READING_AND_WRITING = """
from qwenocr_assets.rows import PageRow, RowsByTable
from qwenocr_assets.schemas import OCR_RESPONSES, PAGES, is_ready
from qwenocr_assets.statuses import AnswerStatus, PageStatus
from qwenocr_assets.storage.data_folder import DataFolder
from qwenocr_assets.storage.table_files import read_table, write_table

def read(data: DataFolder, rows: RowsByTable) -> None:
    for page in read_table(data, PAGES, "b"):
        print(page["page_number"] + 1, page["status"] == PageStatus.READY)
        print(page["page_nubmer"])  # a misspelt column
        print(page["status"] == PageStatus.REDAY)  # a misspelt status
        print(page["status"] == AnswerStatus.OK)  # a status of another table
        print(page["width_px"] + 1)  # may be NULL
        if is_ready(page):
            print(page["width_px"] + 1)
    print(rows["pages"], rows["padges"])  # a misspelt table

def row(status: PageStatus) -> PageRow:
    return {"batch_id": "b", "document_id": "d", "page_id": "p", "page_number": 1, "status": status}

def write(data: DataFolder) -> None:
    write_table(data, PAGES, "b", [row(PageStatus.READY)])
    tiled: PageRow = {**row(PageStatus.TILED), "reason": "Too long."}
    other: PageRow = {**row(PageStatus.TILED), "reasn": "Too long."}  # a misspelt column
    write_table(data, PAGES, "b", [tiled, other])
    write_table(data, OCR_RESPONSES, "b", [row(PageStatus.READY)])  # rows of another table
    row("ready")  # text for a status
"""


def test_what_is_misspelt_is_found_before_it_runs(tmp_path: Path) -> None:
    """Every line with a comment is wrong, and no other."""
    found, errors, _ = api.run([*STRICT, f"--cache-dir={tmp_path}", "-c", READING_AND_WRITING])
    assert not errors
    wrong = {n for n, line in enumerate(READING_AND_WRITING.splitlines(), 1) if "  # " in line}
    assert {int(line) for line in re.findall(r"<string>:(\d+): error", found)} == wrong, found
