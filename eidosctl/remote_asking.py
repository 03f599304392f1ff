"""Ask `eidos-remote`, which opens connections for chat and translation; start it where needed.

Its replies come one by one, as the provider writes. Nothing of them is fit for a terminal before
`output.printable` has seen it.
"""

import contextlib
import shutil
import sys
import termios
import textwrap
import uuid
from collections.abc import Callable, Generator, Mapping
from typing import Final

import click
from msgspec.structs import replace

from eidos import client
from eidos.errors import (
    ConfigError,
    DaemonSilent,
    DaemonUnavailable,
    EidosError,
    ProtocolError,
    ProviderError,
    RequestRefused,
)
from eidos.protocol import RequestId
from eidos_remote.messages import (
    LAST,
    MAX_FRAME_BYTES,
    VARIABLES,
    Allow,
    AnsweredRequest,
    Cancel,
    Chat,
    Code,
    Failure,
    Given,
    Notice,
    Reply,
    Translate,
    decode_reply,
    encode,
)
from eidosctl.output import printable
from eidosctl.place import Place

CONTROL_TIMEOUT_S: Final = 10.0
"""For what needs no provider; a start of eidos-remote on a slow disk counts too."""
_PROVIDERS = {Code.UNREACHABLE, Code.TIMEOUT, Code.REFUSED, Code.BROKEN, Code.OPEN}
_UNREAD_ID = "-"
"""Of a reply to a request whose id could not be read."""
_TIMES = 2


def new_id() -> RequestId:
    """Return an id that no other request has."""
    return uuid.uuid4().hex


def given_of(environ: Mapping[str, str]) -> Given:
    """Return what *environ* says of providers: a service does not have the shell's variables."""
    return Given({name: environ[name] for name in VARIABLES if environ.get(name)})


def ask(place: Place, request: AnsweredRequest, *, timeout_s: float) -> Generator[Reply]:
    """Send *request* and yield its replies as they come; the last one is of a kind in `LAST`.

    Whoever stops before that, by Ctrl-C or by closing the iterator, has the work on it stopped. An
    eidos-remote that ended, idle, just when it was asked is started and asked once more.

    Raises:
        DaemonUnavailable: it cannot be started, or went away in the middle.
        DaemonSilent: there was no further reply for *timeout_s*.
        ProtocolError: a reply cannot be read.
    """
    for attempt in range(1, _TIMES + 1):
        is_answered = False
        try:
            for reply in _ask(place, request, timeout_s):
                is_answered = True
                yield reply
        except DaemonSilent as exc:
            message = f"eidos-remote said nothing for {timeout_s:g} s; run: eidosctl remote stop"
            raise DaemonSilent(message) from exc
        except DaemonUnavailable as exc:
            # Before its first reply it has sent nothing to a provider.
            if is_answered or attempt == _TIMES:
                message = "eidos-remote ended before its answer did; ask again"
                raise DaemonUnavailable(message) from exc
        else:
            return


def ask_once(place: Place, request: AnsweredRequest, *, timeout_s: float) -> Reply:
    """Return the last reply to *request*, which says how it went.

    Raises:
        EidosError: as `ask` does.
    """
    *_, last = ask(place, request, timeout_s=timeout_s)
    return last


def ask_with_consent(
    place: Place,
    request: Chat | Translate,
    *,
    timeout_s: float,
    agrees: Callable[[Notice], bool] | None = None,
) -> Generator[Reply]:
    """Yield the replies to *request*; before its text may go to a new host, the user is asked.

    *agrees* shows what it is given and returns the answer; by default it asks at the terminal.

    Raises:
        RequestRefused: the user does not agree, or is not there to be asked. Nothing was sent.
        EidosError: as `ask` does.
    """
    notice = None
    with contextlib.closing(ask(place, request, timeout_s=timeout_s)) as replies:
        for reply in replies:
            notice = reply.notice if isinstance(reply, Failure) else None
            if notice is None:
                yield reply
    if notice is None:
        return
    if not (agrees or agrees_at_terminal)(notice):
        raise RequestRefused("nothing was sent", code=Code.CONSENT)
    allow = Allow(id=new_id(), purpose=notice.purpose, host=notice.host)
    done = ask_once(place, allow, timeout_s=CONTROL_TIMEOUT_S)
    if isinstance(done, Failure):
        raise error_of(done)
    yield from ask(place, replace(request, id=new_id()), timeout_s=timeout_s)


def agrees_at_terminal(notice: Notice) -> bool:
    """Show *notice* on standard error, and return whether the user agrees.

    Raises:
        RequestRefused: there is no terminal to ask at.
    """
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        to = f"to {notice.provider} ({notice.host})"
        message = f"nothing was sent {to}: say once that it may be: eidosctl remote allow"
        raise RequestRefused(printable(f"{message} {notice.purpose}"), code=Code.CONSENT)
    width = shutil.get_terminal_size().columns - 1
    for line in notice.text.splitlines():
        shown = textwrap.wrap(printable(line), width, break_on_hyphens=False)
        click.echo("\n".join(shown), err=True)
    # What was typed before the notice could be read is no answer to it.
    termios.tcflush(sys.stdin, termios.TCIFLUSH)
    return click.confirm("Send it?", default=False, err=True)


def error_of(failure: Failure) -> EidosError:
    """Return *failure* as the error whose exit code fits."""
    if failure.code in _PROVIDERS:
        return ProviderError(failure.message, code=failure.code)
    match failure.code:
        case Code.CONFIG:
            return ConfigError(failure.message)
        case Code.BAD_MESSAGE | Code.VERSION:
            message = f"eidos-remote is of another version ({failure.message})"
            return ProtocolError(f"{message}; run: eidosctl remote stop", code=failure.code)
        case Code.INTERNAL:
            return EidosError(failure.message)
        case _:
            return RequestRefused(failure.message, code=failure.code)


def _ask(place: Place, request: AnsweredRequest, timeout_s: float) -> Generator[Reply]:
    from eidosctl import remote_service

    socket = remote_service.ensure(place)
    with client.dialled(socket, max_frame_bytes=MAX_FRAME_BYTES) as line:
        is_over = False
        try:
            line.send(encode(request))
            while not is_over:
                reply = decode_reply(line.receive(timeout_s))
                if reply.id not in {request.id, _UNREAD_ID}:
                    continue
                is_over = isinstance(reply, LAST)
                yield reply
        finally:
            if not is_over:
                line.send_last(encode(Cancel(id=request.id)))
