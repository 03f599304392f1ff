"""What the server needs of the process that it runs in: its socket, its logging, its state."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from eidos.config import Config
from eidos.finished import Observer
from eidos.notify import Notifier

if TYPE_CHECKING:  # the rules behind it take 0.2 s, and are imported beside the model's loading
    from eidos.pipeline import Audit


@dataclass(frozen=True, slots=True, kw_only=True)
class Outside:
    """What the server needs of the process that it runs in."""

    socket: Path
    notifier: Notifier
    audit: "Audit"
    reread: Callable[[], Config]
    """Read the configuration again; raises ConfigError."""
    apply: Callable[[Config], None]
    """Have the process itself, its logging for one, follow a configuration; raises ConfigError."""
    set_level: Callable[[str], None]
    observers: Sequence[Observer] = ()
