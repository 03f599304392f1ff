"""From a model's files to what reads with them: the graph that engines share, where they do."""

import logging
from concurrent.futures import Future
from pathlib import Path

from eidos.engine_messages import EngineSettings
from eidos.errors import ModelError
from eidos.graph import Graph
from eidos.model_files import FileCheck, ModelFiles, require_sound, sha256_of_all
from eidos.packed_reader import PackedReader
from eidos.plain_reader import PlainReader
from eidos.reading import Reader

log = logging.getLogger(__name__)


def reader_of(
    files: ModelFiles, settings: EngineSettings, verified: Future[list[FileCheck]]
) -> Reader:
    """Return what reads with the model of *files*, whose checksums are being *verified*.

    Raises:
        ModelError: it is damaged, or no decoder.
    """
    graph = _graph(files, settings, verified)
    return PackedReader(graph) if graph.is_packed else PlainReader(graph)


def _graph(files: ModelFiles, settings: EngineSettings, verified: Future[list[FileCheck]]) -> Graph:
    if settings.graph_cache:
        from eidos.prepared_graph import prepared  # what it needs takes 10 ms to import

        checks = verified.result()
        require_sound(files, checks)
        found = prepared(files.model, sha256_of_all(checks), Path(settings.graph_cache))
        try:
            if found is not None:
                return Graph(found, threads=settings.threads, is_prepared=True)
        except ModelError as exc:
            log.warning("engines will not share memory: %s", exc)
    return Graph(files.model, threads=settings.threads)
