"""Many files at once: one request a file, all of them there at the end, and what fails is said."""

import uuid

import pytest
from fsspec.implementations.memory import MemoryFileSystem
from upath import UPath

from qwenocr_assets.storage.bulk import Writing, make_file, read_all, read_whole


@pytest.fixture
def folder() -> UPath:
    return UPath(f"memory://{uuid.uuid4().hex}")


def test_all_files_are_there_at_the_end(folder: UPath) -> None:
    with Writing() as writing:
        for number in range(50):
            writing.make(folder / str(number % 40), str(number % 40).encode())
    assert read_all([folder / str(number) for number in range(40)]) == [str(n).encode() for n in range(40)]


def test_a_file_that_cannot_be_written_is_said(folder: UPath, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object) -> None:
        raise PermissionError("Access Denied")

    monkeypatch.setattr(MemoryFileSystem, "pipe_file", refused)

    def write_all() -> None:
        with Writing() as writing:
            for number in range(50):
                writing.make(folder / str(number), b"x")

    with pytest.raises(PermissionError, match="Access Denied"):
        write_all()


def test_a_file_in_a_bucket_may_be_made_again(bucket: UPath) -> None:
    for content in (b"small", b"large" * 2**18):
        place = bucket / str(len(content))
        make_file(place, content)
        make_file(place, content)
        assert read_whole(place) == content
    with pytest.raises(FileNotFoundError):
        read_whole(bucket / "none")
    with pytest.raises(FileNotFoundError):
        read_all([bucket / "5", bucket / "none"])
