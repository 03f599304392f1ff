"""The part of onnxruntime that Eidos uses; the package ships no types."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

class GraphOptimizationLevel:
    ORT_DISABLE_ALL: GraphOptimizationLevel

class SessionOptions:
    graph_optimization_level: GraphOptimizationLevel
    intra_op_num_threads: int
    inter_op_num_threads: int
    log_severity_level: int
    enable_cpu_mem_arena: bool
    enable_mem_pattern: bool
    def add_session_config_entry(self, key: str, value: str) -> None: ...

class RunOptions:
    log_severity_level: int

class NodeArg:
    name: str
    type: str
    shape: list[int | str | None]

class OrtValue:
    @staticmethod
    def ortvalue_from_numpy(array: npt.NDArray[Any]) -> OrtValue: ...
    def numpy(self) -> npt.NDArray[Any]: ...

class IOBinding:
    def bind_cpu_input(self, name: str, array: npt.NDArray[Any]) -> None: ...
    def bind_ortvalue_input(self, name: str, value: OrtValue) -> None: ...
    def bind_ortvalue_output(self, name: str, value: OrtValue) -> None: ...
    def bind_output(self, name: str, device_type: str) -> None: ...
    def get_outputs(self) -> list[OrtValue]: ...

class InferenceSession:
    def __init__(
        self, path: str, sess_options: SessionOptions, providers: Sequence[str]
    ) -> None: ...
    def get_inputs(self) -> list[NodeArg]: ...
    def get_outputs(self) -> list[NodeArg]: ...
    def io_binding(self) -> IOBinding: ...
    def run(
        self,
        output_names: None,
        input_feed: Mapping[str, npt.NDArray[np.generic]],
        run_options: RunOptions,
    ) -> list[npt.NDArray[np.generic]]: ...
    def run_with_iobinding(self, iobinding: IOBinding, run_options: RunOptions) -> None: ...
