"""Which keys a configuration file may have, by its number, and the way from an older file to now.

A file says its number at the top: `schema = 1`. One that says none is of schema 1. The daemon reads
an older file as if it were of today, and never writes to it; `eidosctl config migrate` does.
"""

import copy
from collections.abc import Callable, MutableMapping
from typing import Any, Final

from eidos.errors import ConfigError

KEY: Final = "schema"

Table = MutableMapping[str, Any]
Step = Callable[[Table], None]
"""Changes a table of one schema, in place, into the same settings in the next one.

It is given a dict, or a document of tomlkit: there `table["new"] = table.pop("old")` keeps what
was written behind the value.
"""

STEPS: Final[tuple[Step, ...]] = ()
"""One for each schema but the newest: STEPS[0] leads from schema 1 to schema 2."""


def newest() -> int:
    """Return the number of today's schema."""
    return len(STEPS) + 1


def number(table: Table, *, place: str) -> int:
    """Return the schema of *table*, which *place* holds.

    Raises:
        ConfigError: it is no number, or of an Eidos newer than this one.
    """
    found = table.get(KEY, 1)
    if not isinstance(found, int) or isinstance(found, bool) or found < 1:
        message = f"{place}: {KEY} = {found!r} is not allowed; it must be a whole number from 1"
        raise ConfigError(message)
    if found > newest():
        message = (
            f"{place}: {KEY} = {found} is of a newer Eidos than this one, which knows "
            f"{newest()} at most; install the newer Eidos again, or move the file away"
        )
        raise ConfigError(message)
    return found


def climb(table: Table, *, place: str) -> None:
    """Change *table*, in place, into the same settings in today's schema; its number is left out.

    Raises:
        ConfigError: as `number` does.
    """
    for step in STEPS[number(table, place=place) - 1 :]:
        step(table)
    table.pop(KEY, None)


def migrate(table: Table, *, place: str) -> dict[str, Any]:
    """Return the settings of *table* in today's schema, without its number; *table* stays as it is.

    Raises:
        ConfigError: as `number` does.
    """
    migrated = copy.deepcopy(dict(table))
    climb(migrated, place=place)
    return migrated
