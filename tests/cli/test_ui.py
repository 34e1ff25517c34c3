"""`qwenocr ui` says where to look, and is quiet otherwise."""

from qwenocr_assets.defs.running.ui import addresses, command


def test_what_to_open_comes_with_its_address() -> None:
    lines = addresses("http://127.0.0.1:3000", "samples-1a2b")
    assert [line.split()[0] for line in lines] == ["Lineage", "Newest", "Failures", "Correct", "Open"]
    assert "partition=samples-1a2b" in lines[1]
    assert lines[-1] == "Open http://127.0.0.1:3000, stop with Ctrl-C"
    assert "Newest" not in "".join(addresses("http://127.0.0.1:3000", None))


def test_ticks_with_nothing_to_do_are_not_told() -> None:
    asked = command("127.0.0.1", 3000)
    assert asked[asked.index("--log-level") + 1] == "warning"
