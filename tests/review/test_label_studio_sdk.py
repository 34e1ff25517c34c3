"""Label Studio's own package accepts what is exported, and its own JSON-MIN comes back.

It is installed apart, into a folder that is kept between test runs: whole, it is half a gigabyte, and wants an older
OpenCV than the project's.
"""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from qwenocr_assets.review.intake import read_file
from qwenocr_assets.review.label_studio import embedded, labelling_config, linked, task
from qwenocr_assets.review.pages import Selection, asked_pages
from qwenocr_assets.review.statements import Verdict
from qwenocr_assets.storage.data_folder import DataFolder
from tests.review.label_studio_people import submitted

pytestmark = pytest.mark.slow

VERSION = "2.1.2"
PACKAGES = (
    f"label-studio-sdk=={VERSION}", "xmljson", "jsf<0.12", "ijson", "ujson", "appdirs", "jsonschema", "referencing",
    "rpds-py", "jsonschema-specifications", "defusedxml", "nltk", "Faker", "rstr", "smart_open", "PyJWT", "inflect",
    "typeguard", "more-itertools", "jaraco.functools", "wrapt", "joblib",
)  # fmt: skip
"""The package and what its label interface and converter import; the rest the project has itself."""

VALIDATE = """
import json, sys
from label_studio_sdk.label_interface import LabelInterface
config, tasks = open(sys.argv[1]).read(), json.load(open(sys.argv[2]))
interface = LabelInterface(config)
interface.validate()
problems = []
for task in tasks:
    if not interface.validate_task({"data": task["data"]}):
        problems.append("data")
    for prediction in task["predictions"]:
        problems += interface.validate_prediction(prediction, return_errors=True)
json.dump(problems, sys.stdout)
"""

CONVERT = """
import sys
from label_studio_sdk.converter.converter import Converter
config, export, output = sys.argv[1:]
Converter(config, project_dir=None, upload_dir=output).convert_to_json_min(export, output, is_dir=False)
"""


@pytest.fixture(scope="module")
def sdk(request: pytest.FixtureRequest) -> Path:
    folder = Path(request.config.cache.mkdir(f"label-studio-{VERSION}"))  # type: ignore[union-attr]
    if not (folder / "installed").exists():
        command = [
            sys.executable,
            "-m",
            "pip",
            "install",
            "-q",
            "--no-deps",
            "--upgrade",
            "--target",
            str(folder),
        ]
        made = subprocess.run([*command, *PACKAGES], capture_output=True, text=True, check=False)
        if made.returncode:
            pytest.skip(f"Label Studio's package cannot be installed: {made.stderr.strip().splitlines()[-1]}")
        (folder / "installed").touch()
    return folder


def run(sdk: Path, code: str, *arguments: object) -> str:
    ended = subprocess.run(
        [sys.executable, "-c", code, *map(str, arguments)],
        env={**os.environ, "PYTHONPATH": str(sdk)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


def test_label_studio_accepts_the_export_and_its_json_min_comes_back(
    data: DataFolder, sdk: Path, tmp_path: Path
) -> None:
    pages = asked_pages(Path(data.warehouse.path), Selection(everything=True))
    config, tasks, export = (tmp_path / name for name in ("tasks.xml", "tasks.json", "export.json"))
    config.write_text(labelling_config(pages), encoding="utf-8")
    exported: list[dict[str, Any]] = [task(page, linked("/data/local-files/?d=")) for page in pages]
    assert exported[0]["data"]["image"].startswith("/data/local-files/?d=pages/")
    assert task(pages[0], embedded(data))["data"]["image"].startswith("data:image/png;base64,")
    tasks.write_text(json.dumps(exported), encoding="utf-8")
    assert json.loads(run(sdk, VALIDATE, config, tasks)) == []

    # what the converter needs to tell regions from texts: every region has one
    whole = []
    for one in exported:
        asked = [a for a in one["data"]["asked"] if a["text"] or a["box"] is None]
        ids = {a["region"] for a in asked}
        result = [part for part in one["predictions"][0]["result"] if part["id"] in ids]
        prediction = {**one["predictions"][0], "result": result}
        whole.append({"data": one["data"] | {"asked": asked}, "predictions": [prediction]})
    changes: dict[str, str | None] = {"total": "1.008,00", "buyer": None}
    export.write_text(json.dumps([submitted(one, changes) for one in whole]), encoding="utf-8")
    run(sdk, CONVERT, config, export, tmp_path)
    outcomes = []
    for file in (export, tmp_path / "result.json"):
        read = read_file(file.name, file.read_bytes())
        assert read.refused == ()
        outcomes.append({(s.page_id, s.task, s.place, s.verdict, s.value, s.box) for s in read.statements})
    assert outcomes[0] == outcomes[1]
    said = {(place, verdict, value) for page, _, place, verdict, value, _ in outcomes[1] if page == "d1-p1"}
    assert {("total", Verdict.VALUE, "1.008,00"), ("buyer", Verdict.ABSENT, None)} <= said
