"""Judge commands and raw texts as the daemon would, without a daemon: `eidosctl validate`."""

import base64
import binascii
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, cast

from eidos.errors import RequestRefused
from eidos.protocol import ErrorCode, Level, Shell
from eidos.validator.policy import Policy
from eidos.validator.text_gate import UncleanText
from eidos.validator.validation import Verdict, gate, judge_pasted


@dataclass(frozen=True, slots=True)
class Judge:
    """Judges under one policy; *shell* is that of input which names none."""

    shell: Shell
    policy: Policy

    def command(self, command: str, shell: Shell | None = None) -> Verdict:
        """Return the verdict on *command*, which may go over several lines."""
        return judge_pasted(command, shell or self.shell, self.policy)

    def rows(self, lines: Iterable[bytes]) -> Iterator[dict[str, Any]]:
        """Yield one row for each of *lines*: a command, or `{"cmd": …, "shell": …}`."""
        for line in lines:
            try:
                yield row(self.command(*self._command_in(line)))
            except RequestRefused as exc:
                yield {**row(_unread(exc)), "error": str(exc)}

    def _command_in(self, line: bytes) -> tuple[str, Shell]:
        text = _decode(line)
        fields = _object(text)
        if fields is None:
            return text, self.shell
        command, shell = fields.get("cmd"), fields.get("shell") or self.shell
        if not isinstance(command, str):
            raise _refused('the JSON object has no text under "cmd"')
        if shell not in list(Shell):
            raise _refused(f'"shell" is {shell!r}; it must be one of {", ".join(Shell)}')
        return command, Shell(shell)


def gate_rows(lines: Iterable[bytes], shell: Shell | None) -> Iterator[dict[str, Any]]:
    """Yield what the text gate says of `{"raw": …}` or `{"raw_b64": …}`, one for each line."""
    for line in lines:
        try:
            yield gate_row(_raw_in(line), shell)
        except RequestRefused as exc:
            yield {**_gate_row(None, _unread(exc)), "error": str(exc)}


def row(verdict: Verdict) -> dict[str, Any]:
    """Return the JSON object for *verdict*; what there is none of is null."""
    return {
        "verdict": verdict.level,
        "rule": verdict.rule or None,
        "class": verdict.kind or None,
        "reason": verdict.reason or None,
        "part": verdict.part or None,
        "safer": verdict.safer or None,
    }


def gate_row(raw: str, shell: Shell | None) -> dict[str, Any]:
    """Return the JSON object for what the text gate makes of *raw*: the command that is left."""
    try:
        return _gate_row(gate(raw, shell), None)
    except UncleanText as unclean:
        return _gate_row(None, Verdict.of_unclean(unclean))


def _gate_row(text: str | None, refusal: Verdict | None) -> dict[str, Any]:
    return {
        "verdict": refusal.level if refusal else Level.OK,
        "text": text,
        "rule": refusal.rule if refusal else None,
        "reason": refusal.reason if refusal else None,
    }


def _raw_in(line: bytes) -> str:
    fields = _object(_decode(line))
    if fields is None:
        return _decode(line)
    if isinstance(encoded := fields.get("raw_b64"), str):
        try:
            return base64.b64decode(encoded, validate=True).decode(errors="surrogateescape")
        except binascii.Error as exc:
            raise _refused(f'"raw_b64" is not base64: {exc}') from exc
    if not isinstance(raw := fields.get("raw"), str):
        raise _refused('the JSON object has no text under "raw" or "raw_b64"')
    return raw


def _decode(line: bytes) -> str:
    # Bytes that are not UTF-8 become surrogates, which the text gate refuses.
    return line.decode(errors="surrogateescape")


def _object(text: str) -> dict[str, Any] | None:
    """Return the JSON object in *text*, or None where it is a command: `{ ls; }` is one."""
    if not text.lstrip().startswith("{"):
        return None
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return cast("dict[str, Any]", found) if isinstance(found, dict) else None


def _unread(exc: RequestRefused) -> Verdict:
    return Verdict(Level.BLOCK, "input", str(exc), "", "input")


def _refused(message: str) -> RequestRefused:
    return RequestRefused(message, code=ErrorCode.BAD_MESSAGE)
