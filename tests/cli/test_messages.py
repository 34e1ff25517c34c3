"""What goes wrong ends in one clear message that names the next step, without a traceback."""

from pathlib import Path

import dagster as dg
import duckdb
import pytest

from qwenocr_assets.cli.commands import run
from qwenocr_assets.defs.jobs import BATCH_JOB, PUBLISH_JOB
from qwenocr_assets.quality.rule_work import ITSELF
from tests.cli.conftest import Command, Qwenocr


def _unwritable(project: Path) -> None:
    (project / "data").write_text("a file where the folder should be")


def _misspelt(project: Path) -> None:
    (project / "pipeline.toml").write_text('regoin = "local"\n')


def _key_in_file(project: Path) -> None:
    (project / "pipeline.toml").write_text('api_key = "sk-secret-in-a-file"\n')


def _bad_route(project: Path) -> None:
    (project / "pipeline.toml").write_text('[[routes]]\nname = "a"\ntasks = ["table_parsin"]\n')


def _broken_toml(project: Path) -> None:
    (project / "pipeline.toml").write_text("region = ")


def _nothing(_: Path) -> None:
    return


@pytest.mark.parametrize(
    ("prepare", "arguments", "environment", "says", "exit_code"),
    [
        (_nothing, ["run", "nowhere"], {}, "nowhere does not exist", 4),
        (_nothing, ["run", "scan[/].png"], {}, "scan[/].png does not exist", 4),
        (_nothing, ["run", "empty"], {}, "There is no file to read in empty", 4),
        (_unwritable, ["run", "empty"], {}, "cannot be written", 7),
        (_nothing, ["run", "empty"], {"QWENOCR_REGION": "singapore"}, "DASHSCOPE_API_KEY_SINGAPORE", 3),
        (_nothing, ["run", "empty"], {"QWENOCR_REGION": "mars"}, "no region 'mars'", 3),
        (_nothing, ["run", "empty"], {"QWENOCR_MODEL": "gpt"}, "Models there: embedded-ocr", 3),
        (_misspelt, ["run", "empty"], {}, "sets regoin, which does not exist", 3),
        (_broken_toml, ["run", "empty"], {}, "pipeline.toml cannot be read", 3),
        (_key_in_file, ["run", "empty"], {}, "never into a file in git", 3),
        (_bad_route, ["run", "empty"], {}, "did you mean table_parsing?", 3),
        (_nothing, ["sql", "select 1"], {}, "Run `qwenocr run PATH` first", 7),
        (_nothing, ["run", "empty"], {"QWENOCR_CONCURRENCY": "lots"}, "concurrency", 3),
    ],
    ids=[
        "no such path",
        "brackets in a name",
        "empty folder",
        "data folder is a file",
        "no key",
        "no such region",
        "no such model",
        "misspelt setting",
        "broken toml",
        "key in pipeline.toml",
        "misspelt task",
        "no warehouse",
        "not a number",
    ],
)
def test_message(
    command: Command,
    project: Path,
    prepare: object,
    arguments: list[str],
    environment: dict[str, str],
    says: str,
    exit_code: int,
) -> None:
    (project / "empty").mkdir()
    prepare(project)  # type: ignore[operator]
    done = command(*arguments, **environment)
    shown = " ".join((done.stdout + done.stderr).split())
    assert done.returncode == exit_code, shown
    assert says in shown
    assert "Traceback" not in shown
    assert "sk-secret" not in shown


def test_doctor_says_what_is_missing_and_fails(command: Command) -> None:
    done = command("doctor", QWENOCR_REGION="beijing")
    shown = " ".join(done.stdout.split())
    assert done.returncode == 3
    assert "✗ │ API key" in shown
    assert "DASHSCOPE_API_KEY_BEIJING" in shown


def test_doctor_names_rules_that_failed_themselves(command: Command, project: Path) -> None:
    (project / "data").mkdir()
    with duckdb.connect(str(project / "data" / "warehouse.duckdb")) as con:
        con.execute("CREATE SCHEMA core; CREATE TABLE core.validation_results (rule TEXT, reason TEXT)")
        con.executemany(
            "INSERT INTO core.validation_results VALUES (?, ?)",
            [("endless", f"{ITSELF}it took longer than 5 seconds."), ("IBAN", "It is no valid iban.")],
        )
    shown = " ".join(command("doctor").stdout.split())
    assert "endless (1 values): The rule itself failed: it took longer" in shown
    assert "IBAN (" not in shown


@pytest.mark.slow  # starts the program
def test_doctor_is_content_with_the_embedded_engine(qwenocr: Qwenocr) -> None:
    done = qwenocr("doctor")
    assert done.returncode == 0, done.stdout
    assert "✓ │ embedded engine" in done.stdout


@pytest.mark.slow  # two runs
def test_a_document_becomes_sql_rows(command: Command, project: Path) -> None:
    from PIL import Image, ImageDraw, ImageFont

    (project / "in").mkdir()
    picture = Image.new("L", (900, 300), 255)
    draw = ImageDraw.Draw(picture)
    draw.text((40, 60), "Invoice Number: 42017", fill=0, font=ImageFont.load_default(40))
    draw.text((40, 160), "Total: 125.50", fill=0, font=ImageFont.load_default(40))
    picture.save(project / "in" / "請求書.png")

    first = command("run", "in")
    assert first.returncode == 0, first.stdout + first.stderr
    assert "3 requests sent" in first.stdout
    second = command("run", "in")
    assert "1 of 1 intakes are unchanged" in second.stdout
    assert "0 requests sent" in second.stdout
    rows = command("sql", "select name, value from core.key_values join core.documents using (document_id)")
    assert "請求書.png" in rows.stdout
    assert "42017" in rows.stdout
    wrong = command("sql", "select nothing from nowhere")
    assert wrong.returncode == 2
    assert "nowhere does not exist" in " ".join(wrong.stderr.split())


@pytest.mark.slow  # four runs
def test_rows_of_finished_batches_are_published_while_others_are_read(
    command: Command, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run, "PUBLISH_SECONDS", 0.0)
    (project / "in").mkdir()
    for name in ("a", "b"):
        (project / "in" / f"{name}.png").write_text(f"{name} is no picture")
    done = command("run", "in", QWENOCR_BATCH_MAX_FILES="1", DAGSTER_HOME=str(project / ".dagster"))
    assert done.returncode == 4, done.stderr
    with dg.DagsterInstance.from_config(str(project / ".dagster")) as instance:
        jobs = [found.job_name for found in instance.get_runs()]
    assert jobs.count(BATCH_JOB) == 2
    assert jobs.count(PUBLISH_JOB) == 2  # the first batch is there before the second is read
