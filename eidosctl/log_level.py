"""Have the running daemon log more or less, without ending it."""

from eidos.protocol import Done, LevelRequest, LogLevel
from eidosctl import control
from eidosctl.place import Place

_TIMEOUT_S = 5.0


def set_log_level(place: Place, level: LogLevel) -> str:
    """Have the daemon log from *level* on, and return what it says of that.

    Raises:
        DaemonUnavailable, DaemonSilent: there is no answer.
        ProtocolError: it is an older one, or not eidosd at all.
    """
    request = LevelRequest(control.new_id("log-level"), level)
    return control.ask(place, request, Done, timeout_s=_TIMEOUT_S).message
