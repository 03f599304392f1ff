"""Have the running daemon log more or less, without ending it."""

import os

from eidos import client
from eidos.errors import ProtocolError
from eidos.protocol import Done, Failure, LevelRequest, LogLevel
from eidosctl.place import Place

_TIMEOUT_S = 5.0


def set_log_level(place: Place, level: LogLevel) -> str:
    """Have the daemon log from *level* on, and return what it says of that.

    Raises:
        DaemonUnavailable, DaemonSilent: there is no answer.
        ProtocolError: it is an older one, or not eidosd at all.
    """
    request = LevelRequest(id=f"log-level-{os.getpid()}", level=level)
    reply = client.ask(request, socket=place.socket, timeout_s=_TIMEOUT_S)
    if isinstance(reply, Failure):
        message = f"the daemon's level stays: {reply.message}; try: eidosctl restart"
        raise ProtocolError(message, code=reply.code)
    if not isinstance(reply, Done):
        raise ProtocolError(f"who listens on {place.socket} is not eidosd; try: eidosctl restart")
    return reply.message
