"""Ask the daemon what is no suggestion: how it is, or that it changes something."""

import os
from typing import Final, TypeVar

from eidos import client
from eidos.errors import ConfigError, EidosError, ProtocolError, RequestRefused
from eidos.protocol import ErrorCode, Failure, Reply, Request, RequestId
from eidosctl.place import Place

Wanted = TypeVar("Wanted", bound=Reply)

TIMEOUT_S: Final = 2.0
RELOAD_TIMEOUT_S: Final = 180.0
"""The daemon loads a model, which may take it two minutes, has it answer, and replies then."""


def new_id(kind: str) -> RequestId:
    """Return an id for a request of *kind*, by which its line in the log is found."""
    return f"{kind}-{os.getpid()}"


def ask(
    place: Place, request: Request, wanted: type[Wanted], *, timeout_s: float = TIMEOUT_S
) -> Wanted:
    """Return the daemon's reply to *request*, which is of the kind *wanted*.

    Raises:
        DaemonUnavailable, DaemonSilent: there is no answer.
        ConfigError: the daemon keeps its old configuration; the message says why.
        RequestRefused: it says no for another reason.
        ProtocolError: it does not know the request, as one of before an upgrade.
    """
    reply = client.ask(request, socket=place.socket, timeout_s=timeout_s)
    if isinstance(reply, wanted):
        return reply
    if isinstance(reply, Failure):
        raise _refusal(reply)
    raise ProtocolError(f"who listens on {place.socket} is not eidosd; try: eidosctl restart")


def _refusal(failure: Failure) -> EidosError:
    if failure.code is ErrorCode.CONFIG:
        return ConfigError(failure.message)
    if failure.code in {ErrorCode.BAD_MESSAGE, ErrorCode.VERSION}:
        message = f"the daemon is of another version ({failure.message}); run: eidosctl restart"
        return ProtocolError(message, code=failure.code)
    return RequestRefused(failure.message, code=failure.code)
