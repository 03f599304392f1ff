"""A small index, built from intents of its own."""

from pathlib import Path

import pytest

from eidos.retrieval.index import Index
from eidos.retrieval.retriever import Retriever
from training import indexing, intents

INTENTS = r"""
- cmd: find {dir} -type f -mtime -{days}
  nl: ["(find|list) [all] files modified in the last {days} [{dir}]"]
- cmd: wc -l {file}
  nl: ["count [the] lines (in|of) {file}"]
- cmd: cat {file}
  nl: ["(show|print) {file}"]
- cmd: grep "{pattern}" {file}
  nl: ["show [the] lines with {pattern} in {file}"]
- cmd: sed -i 's/{a}/{b}/g' {file}
  slots: {a: [{type: word}], b: [{type: word}]}
  nl: ["replace {a} with {b} in {file}"]
- cmd: export {var}={x}
  shells: {fish: "set -gx {var} {x}"}
  slots: {x: [vim, "1"]}
  nl: ["set the variable {var} to {x}"]
- cmd: ssh {user}@{host}
  nl: ["log in to {host} as {user}", "ssh {user}@{host}"]
- cmd: find {dir} -name "*.{ext}"
  nl: ["files ending in .{ext} [{dir}]", "(find|list) all {ext} files [{dir}]"]
- cmd: uptime
  nl: ["how long has this machine been running?"]
"""


@pytest.fixture(scope="session")
def index_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file of a small index."""
    folder = tmp_path_factory.mktemp("index")
    (folder / "some.yaml").write_text(INTENTS)
    path = folder / "intents.index"
    path.write_bytes(indexing.build(intents.load_all(folder), indexing.digest(folder)))
    return path


@pytest.fixture(scope="session")
def small_index(index_file: Path) -> Index:
    """A small index, open."""
    return Index(index_file)


@pytest.fixture(scope="session")
def small(small_index: Index) -> Retriever:
    """A retriever over a small index."""
    return Retriever(small_index)


@pytest.fixture(scope="session")
def shipped() -> Retriever:
    """A retriever over the index that ships."""
    return Retriever(Index())
