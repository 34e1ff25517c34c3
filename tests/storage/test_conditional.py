"""A shared file is written only where it is still what it was: on S3 by the store's own conditions."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from upath import UPath

from qwenocr_assets.errors import Overtaken
from qwenocr_assets.storage import conditional
from qwenocr_assets.storage.conditional import remove_if, version_of, write_if, write_while
from qwenocr_assets.storage.data_folder import write_atomically


@pytest.fixture(params=["disk", "memory", "s3"])
def path(request: pytest.FixtureRequest, tmp_path: Path) -> UPath:
    place = {
        "disk": lambda: UPath(tmp_path),
        "memory": lambda: UPath(f"memory://{tmp_path.name}"),
        "s3": lambda: request.getfixturevalue("bucket"),
    }[request.param]()
    return place / "folder" / "shared.json"


def test_a_version_is_replaced_once(path: UPath) -> None:
    assert version_of(path) is None
    write_if(path, b"first", None)
    first = version_of(path)
    write_if(path, b"second", first)
    for late in (None, first, '"never"'):
        with pytest.raises(Overtaken, match="written by another run"):
            write_if(path, b"late", late)
    assert path.read_bytes() == b"second"


def test_of_writers_at_the_same_time_one_wins(bucket: UPath) -> None:
    path = bucket / "shared.json"
    write_if(path, b"before", None)
    seen = version_of(path)

    def write(number: int) -> bool:
        try:
            write_if(path, str(number).encode(), seen)
        except Overtaken:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        won = list(pool.map(write, range(8)))
    assert won.count(True) == 1
    assert path.read_bytes() == str(won.index(True)).encode()


class Lost(Exception):
    """What a lease's check raises when another run has the batch."""


def test_who_lost_a_batch_replaces_nothing_of_who_has_it(
    bucket: UPath, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A put may travel for longer than the lease: what it finds on arrival is what counts."""
    path, checks = bucket / "rows.parquet", list[str]()

    def ours() -> None:
        checks.append("ours")

    def lost() -> None:
        raise Lost

    write_while(path, b"ours", ours)
    write_while(path, b"ours again", ours)
    with pytest.raises(Lost):
        write_while(path, b"late", lost)
    real = conditional.version_of

    def overtaken(file: UPath) -> str | None:
        version = real(file)
        write_atomically(file, b"theirs")  # after we looked, and before our put arrives
        return version

    monkeypatch.setattr(conditional, "version_of", overtaken)
    with pytest.raises(Overtaken):
        write_while(path, b"late", ours)
    assert path.read_bytes() == b"theirs"
    assert len(checks) == 5  # before each put


def test_a_file_is_removed_as_it_was_seen(path: UPath) -> None:
    write_if(path, b"first", None)
    seen = version_of(path)
    write_if(path, b"second", seen)
    assert not remove_if(path, seen)
    assert remove_if(path, version_of(path))
    assert not path.exists()


def test_a_put_that_is_repeated_finds_its_own_content(bucket: UPath) -> None:
    """The answer to the first was lost on the way, and the client has put it again."""
    write_if(bucket / "part", b"mine", None)
    write_if(bucket / "part", b"mine", None)


def test_what_should_be_replaced_and_is_gone_is_overtaken(bucket: UPath) -> None:
    path = bucket / "shared.json"
    write_if(path, b"first", None)
    seen = conditional.version_of(path)
    path.unlink()
    with pytest.raises(Overtaken):
        write_if(path, b"second", seen)
