"""Any story of an inbox: drops, changes, moves, deletions, looks, crashes, a lost index, `qwenocr run` in between."""

import os
import shutil
import tempfile
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from upath import UPath

from qwenocr_assets.intake.files import fingerprint, local_uri
from qwenocr_assets.intake.inbox import batches as cutting
from qwenocr_assets.intake.inbox.batches import Bounds
from qwenocr_assets.intake.manifest import (
    cut_batches,
    manifests_of_folder,
    newest_versions,
    write_manifest,
)
from qwenocr_assets.intake.scan import find_files
from qwenocr_assets.storage.data_folder import DataFolder
from tests.intake.inbox_world import Inbox

NAMES = st.sampled_from(["a.png", "b.png", "x/y/c.png"])
CONTENTS = st.sampled_from(["1", "22", "333"])


class Story(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        (self.folder / "in").mkdir()
        self.inbox = Inbox(
            UPath(self.folder / "in"),
            DataFolder(UPath(self.folder / "data")),
            f"sqlite:///{self.folder}/data/inbox.db",
            Bounds(2, 1000, 60),
        )
        self.was_read: set[tuple[str, str]] = set()
        self.has_run = False  # `qwenocr run` cuts all that lies there into batches of its own

    def teardown(self) -> None:
        try:
            self._everything_is_in_one_batch()
        finally:
            shutil.rmtree(self.folder)

    def path(self, name: str) -> Path:
        return self.folder / "in" / name

    def lying(self) -> dict[str, str]:
        """What lies in the inbox now, hashed."""
        return {
            str(path.relative_to(self.folder / "in")): fingerprint(local_uri(path)).sha256
            for path in (self.folder / "in").rglob("*")
            if path.is_file()
        }

    @rule(name=NAMES, content=CONTENTS)
    def drop(self, name: str, content: str) -> None:
        self.inbox.drop(name, content)

    @rule(name=NAMES, to=NAMES)
    def move(self, name: str, to: str) -> None:
        if self.path(name).exists() and name != to:
            self.path(to).parent.mkdir(parents=True, exist_ok=True)
            self.path(name).rename(self.path(to))

    @rule(name=NAMES)
    def delete(self, name: str) -> None:
        self.path(name).unlink(missing_ok=True)

    @rule()
    def delete_a_folder(self) -> None:
        shutil.rmtree(self.folder / "in" / "x", ignore_errors=True)

    @rule(seconds=st.sampled_from([1, 30, 400]), times=st.integers(1, 3))
    def look(self, seconds: int, times: int) -> None:
        for _ in range(times):
            self.inbox.look(seconds)

    @rule()
    def read(self) -> None:
        for manifest in self.inbox.manifests():
            lying = self.lying()
            self.was_read |= {(f.name, f.sha256) for f in manifest.files if lying.get(f.name) == f.sha256}
        self.inbox.read_all(lambda file: (file.name, file.sha256) in self.was_read)

    @rule(killed=st.sampled_from(["note_batch", "write_manifest"]))
    def die_while_cutting(self, killed: str) -> None:
        def die(*_: object) -> None:
            raise KeyboardInterrupt

        whole = getattr(cutting, killed)
        setattr(cutting, killed, die)
        try:
            self.inbox.look(400)
        except KeyboardInterrupt:
            pass
        finally:
            setattr(cutting, killed, whole)

    @rule()
    def lose_the_index(self) -> None:
        for path in (self.folder / "data").glob("inbox.db*"):
            path.unlink()

    @rule()
    def qwenocr_run(self) -> None:
        self.has_run = True
        known = newest_versions(manifests_of_folder(self.inbox.data, self.inbox.root))
        for manifest in cut_batches(self.inbox.root, list(find_files(self.inbox.root)), known=known):
            write_manifest(self.inbox.data, manifest)

    @invariant()
    def no_version_is_in_two_contents(self) -> None:
        contents: dict[tuple[str, int], str] = {}
        for manifest in self.inbox.manifests():
            for file in manifest.files:
                assert contents.setdefault((file.name, file.version), file.sha256) == file.sha256
        batched = self.inbox.batched()
        assert self.has_run or len(set(batched)) == len(batched), "the sensor batched a version twice"

    def _everything_is_in_one_batch(self) -> None:
        for _ in range(4):
            self.inbox.look(400)
        lying = self.lying()
        documents = newest_versions(self.inbox.manifests())
        held = {
            file.sha256
            for file in documents.values()
            if lying.get(file.name) == file.sha256 or (file.name, file.sha256) in self.was_read
        }
        assert set(lying.values()) <= held, "a content that lies there is no document, or one nobody can read"
        for name, content in lying.items():
            if name in documents:  # a name with a document shows what lies there now
                assert documents[name].sha256 == content, f"{name} is out of date"
        states = self.inbox.counts()
        assert not set(states) & {"waiting", "ready", "unreadable"}, states
        before = self.inbox.data.batch_ids()
        self.inbox.look(400)
        assert self.inbox.data.batch_ids() == before, "a batch was cut although nothing had changed"


STORIES = int(os.environ.get("QWENOCR_TEST_STORIES", "12"))


@pytest.mark.slow
def test_any_story_ends_with_every_content_in_a_batch() -> None:
    run_state_machine_as_test(Story, settings=settings(max_examples=STORIES, stateful_step_count=15))
