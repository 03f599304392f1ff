"""Which act a name in a program stands for: the tables in `names/`, one for each language."""

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Final

import msgspec

from eidos.validator.budget import CLOCK
from eidos.validator.code.acts import ACTS
from eidos.validator.code.trace import Act
from eidos.validator.code.values import Value

_TABLES: Final = files("eidos.validator.code") / "names"


class Names(msgspec.Struct, frozen=True):
    """The library of a language, as far as it reaches beyond the program.

    Its table is read when it is first asked: most commands hold no program.
    """

    table: str
    constants: Mapping[str, Value] = {}

    @property
    def functions(self) -> Mapping[str, Act]:
        """The acts by their full names, parts joined by dots."""
        return _acts(self.table)[0]

    @property
    def methods(self) -> Mapping[str, Act]:
        """The acts by the last part of the name, whatever it is called on."""
        return _acts(self.table)[1]

    def find(self, name: str) -> Act | None:
        """Return the act that *name* stands for, if any."""
        functions, methods = _acts(self.table)
        return functions.get(name) or methods.get(name.rpartition(".")[2])


@cache
def _acts(table: str) -> tuple[Mapping[str, Act], Mapping[str, Act]]:
    """Return the functions and the methods; in the file each act has the names that mean it."""
    with CLOCK.stopped():
        document = tomllib.loads((_TABLES / f"{table}.toml").read_text(encoding="utf-8"))
        functions, methods = (document.get(part, {}) for part in ("functions", "methods"))
        return _by_name(functions), _by_name(methods)


def _by_name(rows: Mapping[str, str]) -> dict[str, Act]:
    return {name: ACTS[act] for act, names in rows.items() for name in names.split()}
