"""What is said of damaged files is the same in every run."""

import io
from pathlib import Path

import pytest
from PIL import Image

from qwenocr_assets.errors import RejectedInput
from qwenocr_assets.imaging.batches import examine_files
from qwenocr_assets.imaging.decoder_words import DECODER_WORDS, plain_words
from qwenocr_assets.imaging.pages import pages_of_document
from qwenocr_assets.imaging.recipe import Recipe
from qwenocr_assets.intake.files import fingerprint, local_uri
from qwenocr_assets.intake.manifest import ManifestFile
from qwenocr_assets.intake.media_types import HEAD_BYTES, sniff
from qwenocr_assets.workers.pool import Workers


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (
            OSError("cannot identify image file <_io.BytesIO object at 0x7f11249b5170>"),
            "its header is damaged",
        ),
        (ValueError("bad box in <Parser at 0x55d0deadbeef>."), "bad box in"),
        (RuntimeError("wrong pointer 0x7ffdeadbeef0 given"), "wrong pointer … given"),
        (OSError("marker 0xff3c expected"), "marker 0xff3c expected"),
        (KeyError(), "KeyError"),
    ],
)
def test_nothing_of_this_process_is_in_the_words(error, words):
    assert plain_words(error) == words


def damaged(pillow_format: str, how: str) -> bytes:
    buffer = io.BytesIO()
    Image.effect_noise((300, 200), 90).convert("RGB").save(buffer, pillow_format)
    content = bytearray(buffer.getvalue())
    match how:
        case "header":
            content[24:60] = b"\x07" * 36
        case "middle":
            middle = len(content) // 2
            content[middle : middle + 200] = b"\xff" * 200
        case "end":
            del content[len(content) // 3 :]
    return bytes(content)


KINDS = [
    (f, how)
    for f in ("PNG", "JPEG", "TIFF", "WEBP", "BMP", "GIF", "AVIF")
    for how in ("header", "middle", "end")
]


def said_of(content: bytes) -> str:
    try:
        kind = sniff(content[:HEAD_BYTES])
        return (
            "" if kind is None else str([type(page) for page in pages_of_document(content, kind, Recipe())])
        )
    except RejectedInput as reason:
        return str(reason)


@pytest.mark.parametrize(("pillow_format", "how"), KINDS)
def test_a_damaged_picture_twice_is_rejected_in_the_same_words(pillow_format, how):
    content = damaged(pillow_format, how)
    first, second = said_of(content), said_of(bytes(bytearray(content)))
    assert first == second
    assert "0x7" not in first
    assert "object at" not in first


def test_two_processes_say_the_same(tmp_path: Path):
    file = tmp_path / "a.png"
    file.write_bytes(damaged("PNG", "header"))
    found = fingerprint(local_uri(file))
    files = [ManifestFile("a.png", local_uri(file), found.size_bytes, found.sha256, None)]
    reasons = []
    for _ in range(2):
        with Workers(1, DECODER_WORDS, 2048, 60) as workers:
            ((part,),) = examine_files(workers.run, files, Recipe())
            reasons.append(str(part.reason))
    assert reasons[0] == reasons[1]
    assert "copy it again" in reasons[0]
