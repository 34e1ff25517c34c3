"""The networks of the engine, run by OpenVINO where it is installed, else by ONNX Runtime: the same answers, and
OpenVINO takes less of the processor for them on most machines.

Both read the same ONNX files and compute in 32 bits whatever the processor offers, so that an answer does not depend
on the machine. Pages are read side by side: each run of a network takes one thread.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qwenocr_assets.cores import core_count
from qwenocr_assets.engine.errors import MissingWeights

Floats = NDArray[np.float32]

RUNTIMES = ("openvino", "onnxruntime")
"""Packages that run the networks, the preferred one first."""

_SHAPES_KEPT = 64
"""Shapes for which OpenVINO keeps what it has prepared; each takes memory, and pages bring ever new ones."""


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


def load_network(path: Path) -> Network:
    """The network in an ONNX file, ready to run. Raises `MissingWeights` when no runtime is installed."""
    runtime = installed_runtime()
    if runtime is None:
        raise MissingWeights(
            f"The embedded engine needs {' or '.join(RUNTIMES)}: install the project with its extra `engine`."
        )
    return _OpenVino(path) if runtime == "openvino" else _OnnxRuntime(path)


class _OpenVino(Network):
    def __init__(self, path: Path) -> None:
        import openvino

        core = openvino.Core()
        self._model = core.read_model(path)
        streams = core_count()
        compiled = core.compile_model(
            self._model,
            "CPU",
            {
                "INFERENCE_PRECISION_HINT": "f32",
                "NUM_STREAMS": streams,
                "INFERENCE_NUM_THREADS": streams,
                "ENABLE_CPU_PINNING": False,
                "CPU_RUNTIME_CACHE_CAPACITY": _SHAPES_KEPT,
            },
        )
        self._create_request = compiled.create_infer_request
        self._idle: list[Any] = []

    @contextmanager
    def run(self, pixels: Floats) -> Iterator[Floats]:
        try:
            request = self._idle.pop()
        except IndexError:
            request = self._create_request()
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
