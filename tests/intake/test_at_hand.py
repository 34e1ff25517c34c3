"""Small files of a bucket are fetched once, by one process, for all that decode them."""

import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from upath import UPath

from qwenocr_assets.intake.archives import member_uri
from qwenocr_assets.intake.at_hand import AtHand, copy_of
from qwenocr_assets.intake.files import fingerprint, open_uri, use_copies


@pytest.fixture
def folder() -> UPath:
    return UPath(f"memory://{uuid.uuid4().hex}")


@pytest.fixture(autouse=True)
def _no_copies() -> Iterator[None]:
    yield
    use_copies({})


def put(folder: UPath, name: str, content: bytes) -> tuple[str, str, int]:
    (folder / name).write_bytes(content)
    uri = str(folder / name)
    return uri, fingerprint(uri).sha256, len(content)


def read(uri: str) -> bytes:
    with open_uri(uri) as file:
        return file.read()


def test_what_is_away_is_brought_and_what_is_here_is_not(folder: UPath, tmp_path: Path) -> None:
    away = put(folder, "a", b"one")
    (tmp_path / "b").write_bytes(b"two")
    here = (f"file://{tmp_path}/b", "0", 3)
    gone = (str(folder / "c"), "1", 3)
    at_hand = AtHand()
    copies = at_hand.bring([away, here, gone, (member_uri(away[0], "x"), "2", 3)])
    assert {uri: Path(copy).read_bytes() for uri, copy in copies.items()} == {away[0]: b"one"}


def test_a_file_is_fetched_once_for_all_steps_and_again_when_it_has_changed(folder: UPath) -> None:
    at_hand, first = AtHand(), put(folder, "a", b"one")
    at_hand.bring([first])
    (folder / "a").unlink()
    assert list(at_hand.bring([first])) == [first[0]]
    changed = put(folder, "a", b"two")
    assert Path(at_hand.bring([changed])[changed[0]]).read_bytes() == b"two"


def test_copies_take_no_more_than_their_room(folder: UPath) -> None:
    at_hand = AtHand(most_bytes=10)
    one, two, three = (put(folder, name, name.encode() * 4) for name in "abc")
    assert set(at_hand.bring([one, two, three])) == {one[0], two[0]}
    assert set(at_hand.bring([three])) == {three[0]}  # those of a batch that is over make room


def test_a_copy_is_read_as_long_as_it_is_there(folder: UPath, tmp_path: Path) -> None:
    uri, *_ = put(folder, "a", b"in the bucket")
    copy = tmp_path / "copy"
    copy.write_bytes(b"here")
    use_copies(copy_of(member_uri(uri, "scan.png"), {uri: str(copy), "other": "x"}))
    assert read(uri) == b"here"
    copy.unlink()
    assert read(uri) == b"in the bucket"
