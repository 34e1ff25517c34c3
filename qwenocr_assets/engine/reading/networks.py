"""The networks of the engine, run by OpenVINO where it is installed, else by ONNX Runtime.

Both read the same ONNX files. Where a processor computes with bfloat16 (AVX-512 BF16, AMX), OpenVINO does so unless
told otherwise: a little over half of the time for the same characters, with probabilities that differ a little.
Pages are read side by side: each run of a network takes one thread.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from importlib import import_module
from pathlib import Path
from threading import Semaphore
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qwenocr_assets.engine.errors import MissingWeights

Floats = NDArray[np.float32]

RUNTIMES = ("openvino", "onnxruntime")
"""Packages that run the networks, the preferred one first."""

_SHAPES_KEPT = 16
"""Shapes for which OpenVINO keeps what it has prepared. Each takes memory, and pages bring ever new ones: with 64 an
engine that reads two pages at a time took 220 MB more, and no less time."""


class Network(ABC):
    """One network with one input and one output; may be run by several threads at a time."""

    @abstractmethod
    @contextmanager
    def run(self, pixels: Floats) -> Iterator[Floats]:
        """What it makes of a batch of pictures (count × channels × height × width), to be used inside `with` only."""

    @property
    @abstractmethod
    def characters(self) -> Sequence[str]:
        """The characters that a recogniser tells apart, as its file names them, one a class."""


def installed_runtime() -> str | None:
    """Name of the package that runs the networks here; None when neither can be loaded."""
    for name in RUNTIMES:
        with suppress(ImportError):  # also a package whose libraries do not fit this system
            import_module(name)
            return name
    return None


def load_network(path: Path, at_once: int) -> Network:
    """The network in an ONNX file, ready to run. Raises `MissingWeights` when no runtime is installed.

    At most `at_once` threads run it with OpenVINO at a time: each takes the memory of the largest picture it was given.
    """
    runtime = installed_runtime()
    if runtime is None:
        raise MissingWeights(
            f"The embedded engine needs {' or '.join(RUNTIMES)}: install the project with its extra `engine`."
        )
    return _OpenVino(path, at_once) if runtime == "openvino" else _OnnxRuntime(path)


class _OpenVino(Network):
    """One compiled network for each thread that runs it: several places to run one each prepare it for all shapes."""

    def __init__(self, path: Path, at_once: int) -> None:
        import openvino

        self._core = openvino.Core()
        self._model = self._core.read_model(path)
        self._places = Semaphore(at_once)
        self._idle = [self._compiled()]

    def _compiled(self) -> Any:
        compiled = self._core.compile_model(
            self._model,
            "CPU",
            {
                "NUM_STREAMS": 1,
                "INFERENCE_NUM_THREADS": 1,
                "ENABLE_CPU_PINNING": False,
                "CPU_RUNTIME_CACHE_CAPACITY": _SHAPES_KEPT,
            },
        )
        return compiled.create_infer_request()

    @contextmanager
    def run(self, pixels: Floats) -> Iterator[Floats]:
        with self._places:
            try:
                request = self._idle.pop()
            except IndexError:
                request = self._compiled()
            try:
                request.infer([pixels], share_inputs=True)
                yield request.get_output_tensor().data
            finally:
                self._idle.append(request)

    @property
    def characters(self) -> Sequence[str]:
        return str(self._model.get_rt_info(["framework", "character"]).value).splitlines()


class _OnnxRuntime(Network):
    def __init__(self, path: Path) -> None:
        from onnxruntime import InferenceSession, SessionOptions

        options = SessionOptions()
        options.log_severity_level = 4
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        self._session = InferenceSession(path, options, providers=["CPUExecutionProvider"])
        self._input = self._session.get_inputs()[0].name

    @contextmanager
    def run(self, pixels: Floats) -> Iterator[Floats]:
        yield np.asarray(self._session.run(None, {self._input: pixels})[0], np.float32)

    @property
    def characters(self) -> Sequence[str]:
        return str(self._session.get_modelmeta().custom_metadata_map["character"]).splitlines()
