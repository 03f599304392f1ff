"""Which act a name in a program stands for: the tables in `names/`, one for each language."""

import tomllib
from collections.abc import Mapping
from importlib.resources import files
from typing import Final

import msgspec

from eidos.validator.code.acts import ACTS
from eidos.validator.code.trace import Act
from eidos.validator.code.values import Value

_TABLES: Final = files("eidos.validator.code") / "names"


class Names(msgspec.Struct, frozen=True):
    """The library of a language, as far as it reaches beyond the program."""

    functions: Mapping[str, Act]
    """By their full names, parts joined by dots."""
    methods: Mapping[str, Act]
    """By the last part of the name, whatever it is called on."""
    constants: Mapping[str, Value] = {}

    def find(self, name: str) -> Act | None:
        """Return the act that *name* stands for, if any."""
        act = self.functions.get(name)
        return act or self.methods.get(name.rpartition(".")[2])


def load(language: str, constants: Mapping[str, Value] | None = None) -> Names:
    """Return the table of *language*; in its file, each act has the names that stand for it."""
    document = tomllib.loads((_TABLES / f"{language}.toml").read_text(encoding="utf-8"))
    return Names(
        functions=_acts(document.get("functions", {})),
        methods=_acts(document.get("methods", {})),
        constants=constants or {},
    )


def _acts(rows: Mapping[str, str]) -> dict[str, Act]:
    return {name: ACTS[act] for act, names in rows.items() for name in names.split()}
