"""Which module may import which, as one table: the rule of test_layers.py.

docs/module_table.py copies the table into docs/architecture.md.
"""

import ast
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Final

REPOSITORY: Final = Path(__file__).parents[1]
SOURCES: Final = {
    "eidos": REPOSITORY / "daemon" / "eidos",
    "eidos_remote": REPOSITORY / "daemon" / "eidos_remote",
    "eidosctl": REPOSITORY / "eidosctl",
}


@dataclass(frozen=True, slots=True)
class Layer:
    """Modules for one purpose; each may import those before it here, and what `sees` names."""

    name: str
    purpose: str
    modules: tuple[str, ...] = ()
    sees: tuple[str, ...] = ()
    """Names of layers or of single modules below this one."""
    package: str = ""
    """In place of `modules`: all that is in this package, in an order without circles."""

    @property
    def members(self) -> tuple[str, ...]:
        """The modules, each behind those that it imports."""
        return self.modules or _sorted(name for name in modules() if _is_in(name, self.package))


_BASE: Final = ("shared", "validator: what it speaks of")

LAYERS: Final = (
    Layer(
        "shared",
        "What all sides agree on.",
        ("eidos", "eidos.errors", "eidos.protocol", "eidos.frames", "eidos.finished",
         "eidos.context", "eidos.paths", "eidos.config_schema",
         "eidos.config_keys", "eidos.config_remote_keys", "eidos.config", "eidos.addresses",
         "eidos.key_files", "eidos.endpoint", "eidos.http_faults", "eidos.command_by_chat",
         "eidos.language_names", "eidos.languages", "eidos.resources"),
    ),
    Layer(
        "logs",
        "What is written of what happens, in which form, and never too much.",
        ("eidos.log_budget", "eidos.log_file", "eidos.log_formats", "eidos.journal",
         "eidos.logs"),
        sees=("shared",),
    ),
    Layer(
        "models",
        "Where a model's files are, whether they are whole, and which model serves.",
        ("eidos.model_files", "eidos.model_slots"),
        sees=("shared",),
    ),
    Layer(
        "state",
        "What outlives the daemon: the audit log, and the counts of each day.",
        ("eidos.private_file", "eidos.database", "eidos.state", "eidos.audit_head",
         "eidos.audit_chain", "eidos.old_audit", "eidos.audit", "eidos.day_counts"),
        sees=("shared",),
    ),
    Layer(
        "validator: what it speaks of",
        "The structure of a line, the commands in it, and what reading it may cost.",
        ("eidos.validator", "eidos.validator.budget", "eidos.validator.faults",
         "eidos.validator.script", "eidos.validator.commands", "eidos.validator.answers",
         "eidos.validator.patterns",
         "eidos.validator.lookalikes", "eidos.validator.characters",
         "eidos.validator.text_gate", "eidos.validator.strict"),
        sees=("shared",),
    ),
    Layer("validator: reading", "From the text of a line to its structure.",
          package="eidos.validator.reading", sees=_BASE),
    Layer("validator: code", "From code of other languages to the commands that it amounts to.",
          package="eidos.validator.code", sees=_BASE),
    Layer("validator: places", "What must not be touched lightly, or must not leave the machine.",
          package="eidos.validator.places", sees=_BASE),
    Layer("validator: evaluating", "From a structure to the programs that really run.",
          package="eidos.validator.evaluating",
          sees=(*_BASE, "validator: reading", "validator: code")),
    Layer("validator: programs", "What is known of single programs.",
          package="eidos.validator.programs",
          sees=(*_BASE, "validator: places", "validator: evaluating")),
    Layer("validator: effects", "What a command does, one question at a time.",
          package="eidos.validator.effects",
          sees=(*_BASE, "validator: reading", "validator: places", "validator: evaluating",
                "validator: programs")),
    Layer(
        "validator",
        "Whether a command may be offered; pure functions, no input and no output.",
        ("eidos.validator.rules", "eidos.validator.policy", "eidos.validator.validation"),
        sees=(*_BASE, "validator: reading", "validator: evaluating", "validator: effects"),
    ),
    Layer("retrieval", "What people ask for often, and the command that is known to do it.",
          package="eidos.retrieval", sees=("shared",)),
    Layer(
        "engine",
        "The process that holds the model.",
        ("eidos.engine_messages", "eidos.ranking", "eidos.prompt",
         "eidos.tokenizer", "eidos.reading", "eidos.prepared_graph", "eidos.graph",
         "eidos.plain_reader", "eidos.packed_reader", "eidos.model_reader", "eidos.drafting",
         "eidos.decoder", "eidos.scheduler", "eidos.engine_loop", "eidos.engine",
         "eidos.remote_answers", "eidos.remote_questions", "eidos.remote_client",
         "eidos.remote_engine"),
        sees=("shared", "logs", "models", "retrieval"),
    ),
    Layer(
        "observers",
        "What is made of each request that has ended: figures, lines, traces, counts.",
        ("eidos.metrics", "eidos.request_log", "eidos.spans", "eidos.tracing", "eidos.history"),
        sees=("shared", "state"),
    ),
    Layer(
        "socket",
        "Listening on a socket that is ours alone, and who is at its other end.",
        ("eidos.notify", "eidos.limits", "eidos.listener", "eidos.departures", "eidos.rate_limit",
         "eidos.file_identity"),
        sees=("shared",),
    ),
    Layer(
        "eidos-remote: messages",
        "What is said to the process that opens connections, and by it.",
        ("eidos_remote", "eidos_remote.messages", "eidos_remote.notice"),
        sees=("shared",),
    ),
    Layer(
        "daemon",
        "The process that answers on the socket; of the engine it knows the messages alone.",
        ("eidos.engine_process",
         "eidos.kept_engine", "eidos.fair_queue", "eidos.admission",
         "eidos.engine_supervisor", "eidos.answer_cache",
         "eidos.surroundings", "eidos.remote_asking", "eidos.foreign", "eidos.second_opinion",
         "eidos.pipeline", "eidos.serving", "eidos.heartbeat",
         "eidos.health", "eidos.status", "eidos.process_usage", "eidos.exposition",
         "eidos.offers", "eidos.answering", "eidos.upkeep", "eidos.audit_queue", "eidos.outside",
         "eidos.server", "eidos.main"),
        sees=("shared", "logs", "models", "state", "observers", "socket",
              "eidos-remote: messages", "eidos.validator.validation",
              "eidos.validator.policy", "eidos.engine_messages", "eidos.ranking"),
    ),
    Layer(
        "eidos-remote",
        "The process that opens connections: chat and translation, and nothing of a prompt.",
        ("eidos_remote.provider", "eidos_remote.secret_values", "eidos_remote.secret_shapes",
         "eidos_remote.secret_tokens", "eidos_remote.secret_settings",
         "eidos_remote.secret_arguments", "eidos_remote.secret_kinds", "eidos_remote.redaction",
         "eidos_remote.consent", "eidos_remote.provider_faults", "eidos_remote.breaker",
         "eidos_remote.retrying", "eidos_remote.keys", "eidos_remote.providers",
         "eidos_remote.http", "eidos_remote.openai_chat", "eidos_remote.libretranslate",
         "eidos_remote.asking", "eidos_remote.translation",
         "eidos_remote.chat", "eidos_remote.suggestion", "eidos_remote.answering",
         "eidos_remote.entrance", "eidos_remote.status", "eidos_remote.server",
         "eidos_remote.main"),
        sees=("shared", "logs", "state", "socket", "eidos-remote: messages"),
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
        ("eidosctl", "eidosctl.place", "eidosctl.files", "eidosctl.output", "eidosctl.streams",
         "eidosctl.control", "eidosctl.detached", "eidosctl.usermanager", "eidosctl.unit",
         "eidosctl.service", "eidosctl.remote_unit", "eidosctl.remote_service",
         "eidosctl.asking", "eidosctl.validating", "eidosctl.rcfiles", "eidosctl.widgets",
         "eidosctl.completions", "eidosctl.auditing", "eidosctl.doctor",
         "eidosctl.doctor_remote", "eidosctl.doctor_shells", "eidosctl.installation",
         "eidosctl.model_copying", "eidosctl.slot_changes", "eidosctl.switching",
         "eidosctl.model_listing", "eidosctl.config_document", "eidosctl.config_faults",
         "eidosctl.configuring", "eidosctl.config_editing", "eidosctl.config_warnings",
         "eidosctl.log_level", "eidosctl.metrics_export", "eidosctl.holdings",
         "eidosctl.privacy", "eidosctl.purging", "eidosctl.remote_asking",
         "eidosctl.conversations", "eidosctl.answer_commands", "eidosctl.chat_screen",
         "eidosctl.chat_terminal", "eidosctl.chat_session", "eidosctl.cli_audit",
         "eidosctl.cli_chat", "eidosctl.cli_config", "eidosctl.cli_health", "eidosctl.cli_logs",
         "eidosctl.cli_metrics", "eidosctl.cli_model", "eidosctl.cli_privacy",
         "eidosctl.cli_remote", "eidosctl.cli_setup", "eidosctl.translating",
         "eidosctl.cli_translate", "eidosctl.cli_validate", "eidosctl.cli"),
        sees=("shared", "logs", "models", "state", "client", "eidos-remote: messages",
              "eidos_remote.redaction",
              "eidos.validator.text_gate",
              "eidos.validator.policy", "eidos.validator.validation"),
    ),
)  # fmt: skip


@cache
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
    layer = next(layer for layer in LAYERS if module in layer.members)
    before = layer.members[: layer.members.index(module)]
    named = {layer.name: set(layer.members) for layer in LAYERS}
    return set(before).union(*(named.get(name, {name}) for name in layer.sees))


def _is_in(module: str, package: str) -> bool:
    return f"{module}.".startswith(f"{package}.")


def _sorted(names: Iterable[str]) -> tuple[str, ...]:
    """Return *names*, each behind those that it imports; raises CycleError where there is none."""
    found, known = modules(), sorted(names)
    graph = {name: sorted(imported(found[name]) & set(known)) for name in known}
    return tuple(TopologicalSorter(graph).static_order())


@cache
def imported(file: Path) -> frozenset[str]:
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
    return frozenset(names)
