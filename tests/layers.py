"""Which module may import which, as one table: the rule of test_layers.py.

docs/generate.py copies the table into docs/architecture.md.
"""

import ast
from dataclasses import dataclass
from pathlib import Path
from typing import Final

REPOSITORY: Final = Path(__file__).parents[1]
SOURCES: Final = {"eidos": REPOSITORY / "daemon" / "eidos", "eidosctl": REPOSITORY / "eidosctl"}


@dataclass(frozen=True, slots=True)
class Layer:
    """Modules for one purpose; each may import those before it here, and what `sees` names."""

    name: str
    purpose: str
    modules: tuple[str, ...]
    sees: tuple[str, ...] = ()
    """Names of layers or of single modules below this one."""


LAYERS: Final = (
    Layer(
        "shared",
        "What all sides agree on.",
        ("eidos", "eidos.errors", "eidos.protocol", "eidos.paths", "eidos.config",
         "eidos.resources", "eidos.logs"),
    ),
    Layer(
        "validator",
        "Whether a command may be offered; pure functions, no input and no output.",
        ("eidos.validator", "eidos.validator.text_gate", "eidos.validator.tree",
         "eidos.validator.words", "eidos.validator.wrappers", "eidos.validator.targets",
         "eidos.validator.commands", "eidos.validator.fish_syntax", "eidos.validator.syntax",
         "eidos.validator.effects", "eidos.validator.rules", "eidos.validator.validation"),
        sees=("shared",),
    ),
    Layer(
        "engine",
        "The process that holds the model.",
        ("eidos.engine_messages", "eidos.model_files", "eidos.prompt", "eidos.tokenizer",
         "eidos.decoder", "eidos.engine"),
        sees=("shared",),
    ),
    Layer(
        "daemon",
        "The process that answers on the socket; of the engine it knows the messages alone.",
        ("eidos.metrics", "eidos.notify", "eidos.listener", "eidos.engine_process",
         "eidos.engine_supervisor", "eidos.pipeline", "eidos.status", "eidos.upkeep",
         "eidos.server", "eidos.main"),
        sees=("shared", "eidos.validator.validation", "eidos.engine_messages"),
    ),
    Layer(
        "client",
        "Asking the daemon from Python.",
        ("eidos.client",),
        sees=("shared",),
    ),
    Layer(
        "eidosctl",
        "The command line; it never sees the daemon's or the engine's inside.",
        ("eidosctl", "eidosctl.place", "eidosctl.files", "eidosctl.output", "eidosctl.detached",
         "eidosctl.usermanager", "eidosctl.unit", "eidosctl.service", "eidosctl.asking",
         "eidosctl.rcfiles", "eidosctl.widgets", "eidosctl.completions", "eidosctl.doctor",
         "eidosctl.doctor_shells", "eidosctl.installation", "eidosctl.cli_setup", "eidosctl.cli"),
        sees=("shared", "client", "eidos.validator.text_gate", "eidos.model_files"),
    ),
)  # fmt: skip


def modules() -> dict[str, Path]:
    """Return the file of every module of ours by its dotted name."""
    return {
        ".".join([package, *file.relative_to(folder).with_suffix("").parts]).removesuffix(
            ".__init__"
        ): file
        for package, folder in SOURCES.items()
        for file in sorted(folder.rglob("*.py"))
    }


def allowed(module: str) -> set[str]:
    """Return the modules that *module* may import."""
    layer = next(layer for layer in LAYERS if module in layer.modules)
    before = layer.modules[: layer.modules.index(module)]
    named = {layer.name: set(layer.modules) for layer in LAYERS}
    return set(before).union(*(named.get(name, {name}) for name in layer.sees))


def imported(file: Path) -> set[str]:
    """Return the dotted names of all that *file* imports, wherever in it the import stands."""
    ours = set(modules())
    names: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.module is not None, f"{file}: relative import"
            inner = {f"{node.module}.{alias.name}" for alias in node.names}
            names.update(inner & ours)
            if not inner <= ours:
                names.add(node.module)
    return names
