"""What runs the engine's networks: either runtime gives the same answers, also to several threads at a time."""

from concurrent.futures import ThreadPoolExecutor
from importlib import import_module

import numpy as np
import pytest

from qwenocr_assets.cli.commands import doctor
from qwenocr_assets.engine.errors import MissingWeights
from qwenocr_assets.engine.reading import networks
from qwenocr_assets.engine.reading.networks import RUNTIMES, Network, installed_runtime, load_network
from qwenocr_assets.engine.reading.reader import Reader
from qwenocr_assets.engine.reading.weights import weights_folder

FILES = sorted(weights_folder().glob("PP-OCRv6_*.onnx"))


def only(monkeypatch: pytest.MonkeyPatch, *names: str) -> None:
    """Let no other runtime be installed than these."""

    def _import(name: str) -> object:
        if name not in names:
            raise ImportError(f"lib{name}.so: cannot open shared object file")
        return import_module(name)

    monkeypatch.setattr(networks, "import_module", _import)


@pytest.fixture(params=RUNTIMES)
def runtime(request: pytest.FixtureRequest) -> str:
    """The name of each runtime that is installed here."""
    pytest.importorskip(request.param)
    return str(request.param)


def loaded(monkeypatch: pytest.MonkeyPatch, runtime: str, name: str) -> Network:
    only(monkeypatch, runtime)
    return load_network(next(file for file in FILES if name in file.name), at_once=2)


def outputs(network: Network, pictures: list[networks.Floats]) -> list[networks.Floats]:
    def _output(picture: networks.Floats) -> networks.Floats:
        with network.run(picture) as output:
            return np.array(output)

    with ThreadPoolExecutor(4) as threads:
        return list(threads.map(_output, pictures))


@pytest.mark.parametrize(("name", "height"), [("det", 64), ("rec", 48)])
def test_runtimes_give_the_same_answers(monkeypatch: pytest.MonkeyPatch, name: str, height: int) -> None:
    """Checked with OpenVINO 2026.4 against ONNX Runtime 1.32."""
    dice = np.random.default_rng(7)
    pictures = [dice.uniform(-1, 1, (1, 3, height, 32 * n)).astype(np.float32) for n in (5, 2, 5, 3)]
    pytest.importorskip("openvino")
    ours, theirs = (outputs(loaded(monkeypatch, runtime, name), pictures) for runtime in RUNTIMES)
    for one, other in zip(ours, theirs, strict=True):
        assert one.shape == other.shape
        assert np.abs(one - other).max() < 0.2  # noise is no print, and OpenVINO may compute with bfloat16
        assert (one.argmax(axis=-1) == other.argmax(axis=-1)).all() or name == "det"


def test_threads_do_not_mix_answers(monkeypatch: pytest.MonkeyPatch, runtime: str) -> None:
    network = loaded(monkeypatch, runtime, "rec")
    dice = np.random.default_rng(8)
    pictures = [dice.uniform(-1, 1, (1, 3, 48, 64)).astype(np.float32) for _ in range(4)]
    alone = [outputs(network, [picture])[0] for picture in pictures]
    together = outputs(network, pictures * 3)
    assert all((one == other).all() for one, other in zip(alone * 3, together, strict=True))


def test_characters_are_those_of_the_file(monkeypatch: pytest.MonkeyPatch, runtime: str) -> None:
    characters = loaded(monkeypatch, runtime, "rec").characters
    assert len(characters) == len(set(characters)) == 18708
    assert {"A", "é", "漢", "€"} <= set(characters)


def test_a_runtime_that_cannot_be_loaded_is_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    only(monkeypatch, "onnxruntime")
    assert installed_runtime() == "onnxruntime"
    assert "runs on onnxruntime 1" in doctor._engine().found
    only(monkeypatch)
    assert installed_runtime() is None
    assert "openvino or onnxruntime not installed" in doctor._engine().found
    with pytest.raises(MissingWeights, match="extra `engine`"):
        Reader().warm_up()
