"""The shape of the code: who imports whom, who imports what is heavy, and how long things are."""

import ast
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from layers import LAYERS, REPOSITORY, allowed, imported, modules

MODULES = modules()
ONLY_IN = {
    "onnxruntime": {"eidos.graph", "eidos.prepared_graph"},
    "numpy": {
        "eidos.graph",
        "eidos.plain_reader",
        "eidos.packed_reader",
        "eidos.drafting",
        "eidos.retrieval.index",
        "eidos.retrieval.shortlist",
    },
    "Stemmer": {"eidos.retrieval.words"},
    "tokenizers": {"eidos.tokenizer"},
    "jinja2": {"eidos.prompt"},
    "psutil": {"eidos.status", "eidos.process_usage"},
    "prometheus_client": {"eidos.exposition", "eidosctl.metrics_export"},
    "zmq": {"eidos.listener", "eidos_remote.entrance", "eidos.client", "eidos.remote_asking"},
    "httpx": {
        "eidos.http_faults",
        "eidos.remote_client",
        "eidos_remote.http",
        "eidos_remote.provider_faults",
    },
    "tenacity": {"eidos_remote.retrying"},
    "sqlite3": {"eidos.database"},
    "rich": {"eidosctl.chat_screen"},
    "markdown_it": {"eidosctl.answer_commands", "eidosctl.chat_screen"},
    "logging_journald": {"eidos.journal"},
    "opentelemetry": {"eidos.spans"},
    "fasttext": {"eidos.languages"},
    "tomlkit": {"eidosctl.config_document"},
}
"""What is heavy or hard to use, and the few modules that know about it."""

MAX_MODULE_LINES = 300
MAX_FUNCTION_LINES = 35
LONG_MODULES = {
    "shell/eidos.bash": "a widget is one file to source; half of it is the text gate",
    "shell/eidos.fish": "a widget is one file to source; half of it is the text gate",
    "shell/eidos.zsh": "a widget is one file to source; zsh's holds the ZeroMQ client as well",
    "shell/eidos-client.pl": "one file in one read: every further module costs a key press 1 ms",
}
"""Files with more lines than MAX_MODULE_LINES, and why each is better left in one piece."""
LONG_FUNCTIONS = {
    "tests/shell/conftest.py:open_shell": "its docstring lists what a test may pass",
    "tests/systemd/usermanager_fixture.py:user_manager": "set up and taken down in one try",
    "tests/tiny_export.py:make_graph": "one graph, node by node; parts would say less",
}
"""Functions with more lines than MAX_FUNCTION_LINES, as file:name, and why."""


def test_every_module_has_one_layer() -> None:
    """Each module stands in the table once, and nothing stands there that does not exist."""
    listed = Counter(module for layer in LAYERS for module in layer.members)

    assert listed == Counter(MODULES.keys())


@pytest.mark.parametrize("module", MODULES)
def test_imports_point_down(module: str) -> None:
    """A module imports only what stands before it in the table and is visible from its layer."""
    ours = {name for name in imported(MODULES[module]) if name in MODULES}

    assert ours <= allowed(module)


@pytest.mark.parametrize("library", ONLY_IN)
def test_a_heavy_library_has_its_own_module(library: str) -> None:
    """Native and heavy libraries are imported exactly where the table says, nowhere else."""
    importers = {
        module
        for module, file in MODULES.items()
        if library in {name.split(".")[0] for name in imported(file)}
    }

    assert importers == ONLY_IN[library]


@pytest.mark.parametrize("module", ["eidos", "eidosctl.cli"])
def test_importing_is_light(module: str) -> None:
    """`import eidos` and `import eidosctl.cli` load none of the heavy libraries."""
    program = f"import sys, {module}; print([n for n in sys.argv[1:] if n in sys.modules])"

    result = subprocess.run(
        [sys.executable, "-c", program, *ONLY_IN], capture_output=True, text=True, check=True
    )

    assert result.stdout == "[]\n"


def test_importing_eidos_imports_nothing_of_ours() -> None:
    """The package itself holds its version and imports no module."""
    assert imported(MODULES["eidos"]) == set()


def test_what_ships_knows_nothing_of_the_training() -> None:
    """training/ imports the product, and not the other way round: it is in no wheel."""
    assert [
        module
        for module, file in MODULES.items()
        if "training" in {name.split(".")[0] for name in imported(file)}
    ] == []


def test_no_file_is_long() -> None:
    """Files have at most 300 lines, but for those in the table, which are really longer.

    A module of tests is a list of promises about one subject, and may be longer.
    """
    long = {
        str(file.relative_to(REPOSITORY))
        for file in _written_by_hand()
        if not file.name.startswith("test_")
        and len(file.read_text().splitlines()) > MAX_MODULE_LINES
    }

    assert long == set(LONG_MODULES)


def test_no_function_is_long() -> None:
    """Functions have at most 35 lines, but for those in the table, which are really longer."""
    long = {
        f"{file.relative_to(REPOSITORY)}:{function.name}"
        for file in _written_by_hand()
        if file.suffix == ".py"
        for function in _functions(file)
        if (function.end_lineno or 0) - function.lineno + 1 > MAX_FUNCTION_LINES
    }

    assert long == set(LONG_FUNCTIONS)


def _written_by_hand() -> Iterator[Path]:
    for folder in ("daemon/eidos", "eidosctl", "training", "benchmarks", "docs", "tests", "shell"):
        for suffix in ("py", "pl", "zsh", "bash", "fish"):
            found = REPOSITORY.joinpath(folder).rglob(f"*.{suffix}")
            yield from (file for file in found if "__pycache__" not in file.parts)


def _functions(file: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node
