"""Everything Eidos raises on purpose, in one tree.

EidosError                  exit 1   something went wrong; the message says what to do
├── ConfigError             exit 78  a key, a value or a file of the configuration is wrong
├── RuntimeDirError         exit 78  no folder that is safe to put the socket in
├── ModelError              exit 78  a model file is missing, damaged or of another kind
├── AlreadyRunning          exit 5   another daemon of this user holds the lock
├── DaemonUnavailable       exit 3   nobody listens on the socket
│   └── DaemonSilent        exit 3   somebody listens and does not answer in time
├── ProtocolError           exit 1   a message that does not follow the protocol
├── RequestRefused          exit 4   the daemon understood, and said no
├── EngineError             exit 1   the engine process died, hung or failed on a request
└── ProviderError           exit 6   a provider of chat or translation could not be asked, or failed

Exit codes: 0 ok, 1 error, 2 usage, 3 no daemon, 4 refused or no command to offer,
5 already running, 6 a provider failed, 78 configuration (EX_CONFIG of sysexits.h: restarting does
not help).
"""

from pathlib import Path
from typing import ClassVar


class EidosError(Exception):
    """Base of every error that Eidos raises on purpose; its text is shown to the user as it is."""

    exit_code: ClassVar[int] = 1


class ConfigError(EidosError):
    """A configuration file, key or environment variable that cannot be used."""

    exit_code = 78


class RuntimeDirError(EidosError):
    """No folder in which a socket would be ours alone."""

    exit_code = 78


class ModelError(EidosError):
    """A model or tokenizer file that is missing, truncated, altered or of the wrong kind."""

    exit_code = 78


class AlreadyRunning(EidosError):  # noqa: N818 - it is a state to report, not a fault
    """Another daemon of the same user holds the lock."""

    exit_code = 5


class DaemonUnavailable(EidosError):  # noqa: N818 - reads as the state it reports
    """Nobody listens on the socket."""

    exit_code = 3


class DaemonSilent(DaemonUnavailable):
    """Somebody listens on the socket and does not answer in time."""


class ProtocolError(EidosError):
    """A message that does not follow the protocol; `code` is the wire's error code."""

    def __init__(self, message: str, *, code: str = "bad-message") -> None:
        super().__init__(message)
        self.code = code


class RequestRefused(EidosError):  # noqa: N818 - the daemon's answer, not a fault
    """The daemon understood the request and refused it; `code` is the wire's error code."""

    exit_code = 4

    def __init__(self, message: str, *, code: str) -> None:
        super().__init__(message)
        self.code = code


class EngineError(EidosError):
    """The engine process died, hung, or could not answer a request."""


class ProviderError(EidosError):
    """A provider of chat or translation did not answer as it should; `code` is the wire's."""

    exit_code = 6

    def __init__(self, message: str, *, code: str) -> None:
        super().__init__(message)
        self.code = code


def raised_at(error: BaseException) -> str:
    """Return what *error* is and where it was raised, `KeyError in words.py:12`; no word of it.

    The words of an exception, and the lines of its traceback, may be what somebody typed.
    """
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    where = f"{Path(trace.tb_frame.f_code.co_filename).name}:{trace.tb_lineno}" if trace else "?"
    return f"{type(error).__name__} in {where}"
