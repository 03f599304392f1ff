"""Ask the daemon for commands and say which may be used; start the daemon where there is none.

The answers are checked again here: whoever sits on the socket must not be able to write to a
terminal, or into a script, what the text gate would have refused.
"""

import json
import os
import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from eidos import client
from eidos.config import tells_context
from eidos.errors import (
    DaemonSilent,
    DaemonUnavailable,
    EidosError,
    EngineError,
    ProtocolError,
    RequestRefused,
)
from eidos.frames import check_text
from eidos.protocol import (
    Candidate,
    ErrorCode,
    Failure,
    Level,
    Reply,
    Shell,
    Suggestions,
    SuggestRequest,
)
from eidos.validator.text_gate import UncleanText, clean
from eidosctl import remote_service, service
from eidosctl.place import Place

ANSWER_TIMEOUT_S: Final = 60.0
"""Above the daemon's own deadline, which answers first; a start on a slow disk counts too."""
PONG_TIMEOUT_S: Final = 5.0
UNREADABLE: Final = "refused an unclean suggestion"


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of one request: candidates best first, or the error that stands in for them."""

    candidates: tuple[Candidate, ...] = ()
    total_ms: float | None = None
    error: EidosError | None = None

    @property
    def usable(self) -> list[Candidate]:
        """The candidates that may be offered, best first."""
        return [candidate for candidate in self.candidates if candidate.verdict != Level.BLOCK]

    @property
    def refusal(self) -> EidosError | None:
        """Why there is nothing to offer, or None when there is something."""
        if self.error is not None or self.usable:
            return self.error
        if self.candidates:
            reason = self.candidates[0].reason
            return RequestRefused(f"no command is offered: {reason}", code="blocked")
        return RequestRefused("no command found; say it in other words", code="none")

    def row(self) -> dict[str, Any]:
        """Return the object that --json and --jsonl print."""
        rows = [
            {
                "command": c.command,
                "verdict": c.verdict,
                "reason": c.reason,
                "score": c.score,
                "certainty": c.certainty,
            }
            for c in self.candidates
        ]
        return {
            "command": self.usable[0].command if self.usable else None,
            "candidates": rows,
            "total_ms": self.total_ms,
            "error": str(self.error) if self.error is not None else None,
        }


def suggest(place: Place, text: str, *, shell: Shell, count: int) -> Answer:
    """Return the answer to *text*; errors of this one request are in the answer.

    Raises:
        EidosError: no daemon runs and none can be started.
    """
    try:
        request = SuggestRequest(
            id=uuid.uuid4().hex,
            shell=shell,
            count=count,
            cwd=_folder(place),
            text=check_text(text),
        )
    except ProtocolError as exc:
        return Answer(error=RequestRefused(str(exc), code=exc.code))
    try:
        reply = _ask(place, request)
    except (DaemonSilent, ProtocolError) as exc:
        return Answer(error=exc)
    if isinstance(reply, Failure):
        return Answer(error=_error(reply))
    if not isinstance(reply, Suggestions):
        return Answer(error=ProtocolError("the daemon answered something else than suggestions"))
    return Answer(tuple(_checked(candidate) for candidate in reply.candidates), reply.total_ms)


def suggest_lines(
    place: Place, lines: Iterable[bytes], *, shell: Shell, count: int
) -> Iterator[Answer]:
    """Return one answer for each of *lines*, in order, as they come.

    A line is the request itself, or a JSON object with it under "nl". One that cannot be read
    gets an answer with an error, as does every other request that fails.
    """
    for line in lines:
        try:
            yield suggest(place, _request_in(line), shell=shell, count=count)
        except EidosError as exc:
            yield Answer(error=exc)


def _request_in(line: bytes) -> str:
    try:
        text = line.decode().strip()
        if not text.startswith("{"):
            return text
        request = json.loads(text).get("nl")
    except UnicodeDecodeError as exc:
        raise RequestRefused("the line is not UTF-8", code=ErrorCode.INVALID_UTF8) from exc
    except (ValueError, RecursionError) as exc:
        message = f"the line begins like a JSON object and is none: {exc}"
        raise RequestRefused(message, code=ErrorCode.BAD_MESSAGE) from exc
    if not isinstance(request, str):
        message = 'the JSON object has no text under "nl"'
        raise RequestRefused(message, code=ErrorCode.BAD_MESSAGE)
    return request


def _folder(place: Place) -> str:
    """Return the folder we are in, for the daemon to look at; "" where it must not, or cannot."""
    if not tells_context(place.environ):
        return ""
    try:
        return os.fsencode(Path.cwd()).decode(errors="surrogateescape")
    except OSError:  # gone, or one that we may not read our way up from
        return ""


def _ask(place: Place, request: SuggestRequest) -> Reply:
    try:
        # A daemon that hangs is found out by its missing pong, long before an answer is overdue.
        client.ping(place.socket, timeout_s=PONG_TIMEOUT_S)
        return client.ask(request, socket=place.socket, timeout_s=ANSWER_TIMEOUT_S)
    except DaemonSilent:
        raise
    except DaemonUnavailable:
        remote_service.start_beside(place)
        service.start(place)
        return client.ask(request, socket=place.socket, timeout_s=ANSWER_TIMEOUT_S)


def _error(failure: Failure) -> EidosError:
    match failure.code:
        case ErrorCode.ENGINE:
            return EngineError(failure.message)
        case ErrorCode.VERSION | ErrorCode.BAD_MESSAGE:
            return ProtocolError(failure.message, code=failure.code)
        case _:
            return RequestRefused(failure.message, code=failure.code)


def _checked(candidate: Candidate) -> Candidate:
    if candidate.verdict == Level.BLOCK and not candidate.command:
        return candidate
    try:
        if clean(candidate.command) == candidate.command:
            return candidate
    except UncleanText:
        pass
    return Candidate(command="", verdict=Level.BLOCK, reason=UNREADABLE, score=candidate.score)
