"""What a user agreed to: which host may get texts for which purpose, once they were told.

It is one small file of the state, read anew for each question: `eidosctl privacy purge` may delete
it at any time, and from then on nothing more is sent.
"""

import logging
import os
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, Literal

import msgspec

from eidos.audit import AuditLog
from eidos.errors import EidosError, RequestRefused
from eidos.paths import make_private, state_file
from eidos.private_file import replace_private
from eidos_remote.messages import Code, Notice, Purpose
from eidos_remote.notice import notice_text
from eidos_remote.provider import Provider

log = logging.getLogger(__name__)

_MAX_BYTES: Final = 1 << 20
_MAX_HOST_CHARS: Final = 300
_MAX_GIVEN: Final = 200


class ConsentNeeded(RequestRefused):
    """The user has not been told yet what is sent and where; `notice` tells it."""

    def __init__(self, notice: Notice) -> None:
        message = f"{notice.host} was not allowed for: {notice.purpose}"
        super().__init__(
            f"{message}; run: eidosctl remote allow {notice.purpose}", code=Code.CONSENT
        )
        self.notice = notice


class Consent(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One host that may be asked for one purpose."""

    purpose: Purpose
    host: str
    provider: str
    """As it was when the user was told; empty where that is not known any more."""
    since: str
    """When, as ISO 8601 in UTC."""


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    version: Literal[1]
    given: tuple[Consent, ...]


class Consents:
    """Keeps them in the file *path*; any thread may ask and change them."""

    def __init__(self, path: Path, audit: AuditLog | None = None) -> None:
        """*audit* gets a record of each change; by default the user's own log does."""
        self._path = path
        self._audit = audit or AuditLog(state_file())
        self._lock = threading.Lock()
        self._told: dict[str, str] = {}

    def check(self, purpose: Purpose, provider: Provider, *, is_redacted: bool) -> None:
        """Return if the user agreed that texts go to *provider* for *purpose*.

        Raises:
            ConsentNeeded: they did not, or not with this host.
        """
        host = _host(provider.host)
        if any(one.purpose is purpose and one.host == host for one in self.given()):
            return
        with self._lock:
            if len(self._told) < _MAX_GIVEN:
                self._told[host] = provider.name
        text = notice_text(purpose, provider.name, host, is_redacted=is_redacted)
        raise ConsentNeeded(Notice(purpose, provider.name, host, text))

    def allow(self, purpose: Purpose, host: str) -> None:
        """Note that the user agreed; waits for the disk, so call it in a thread.

        Raises:
            RequestRefused: *host* cannot be the name of one.
            EidosError: it cannot be written; then it is not agreed to.
        """
        host = _host(host)
        if not host or len(host) > _MAX_HOST_CHARS or not host.isprintable() or " " in host:
            raise RequestRefused("this is no name of a host", code=Code.BAD_MESSAGE)
        with self._lock:
            others = [one for one in self._read() if (one.purpose, one.host) != (purpose, host)]
            if len(others) >= _MAX_GIVEN:
                message = f"{_MAX_GIVEN} hosts are allowed already; run: eidosctl remote revoke"
                raise RequestRefused(message, code=Code.BAD_MESSAGE)
            since = datetime.now(UTC).isoformat(timespec="seconds")
            new = Consent(purpose, host, self._told.get(host, ""), since)
            self._write([*others, new])
        self._audit.record("remote-consent", what="allow", purpose=purpose, host=host)

    def revoke(self, purpose: Purpose | None) -> int:
        """Forget what was agreed to for *purpose*, or all; return how many hosts that were.

        Waits for the disk, so call it in a thread.

        Raises:
            EidosError: it cannot be written; then nothing is forgotten.
        """
        with self._lock:
            before = self._read()
            left = [one for one in before if purpose is not None and one.purpose is not purpose]
            if len(left) == len(before):
                return 0
            self._write(left)
        self._audit.record("remote-consent", what="revoke", purpose=purpose or "all")
        return len(before) - len(left)

    def given(self) -> list[Consent]:
        """Return all that the user agreed to; nothing where the file cannot be used."""
        with self._lock:
            return self._read()

    def _read(self) -> list[Consent]:
        try:
            handle = os.open(self._path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
        except FileNotFoundError:
            return []
        except OSError as exc:
            self._set_aside(exc.strerror or "it cannot be opened")
            return []
        with os.fdopen(handle, "rb") as file:
            info = os.fstat(handle)
            if info.st_uid != os.getuid() or info.st_mode & 0o022:
                self._set_aside("others could write it")
                return []
            content = file.read(_MAX_BYTES)
        try:
            return list(msgspec.json.decode(content, type=_File).given)
        except (msgspec.MsgspecError, UnicodeDecodeError):
            self._set_aside("it cannot be read")
            return []

    def _set_aside(self, fault: str) -> None:
        aside = self._path.with_name(self._path.name + ".damaged")
        try:
            self._path.replace(aside)
        except OSError as exc:
            log.warning("%s: %s, and cannot be moved away: %s", self._path, fault, exc.strerror)
            return
        log.warning("%s: %s; it is kept as %s, and you are asked again", self._path, fault, aside)

    def _write(self, given: list[Consent]) -> None:
        content = msgspec.json.format(msgspec.json.encode(_File(1, tuple(given))))
        try:
            make_private(self._path.parent, os.getuid())
            replace_private(self._path, content + b"\n")
        except OSError as exc:
            raise self._unwritten(exc) from exc

    def _unwritten(self, error: OSError) -> EidosError:
        return EidosError(f"cannot write {self._path}: {error.strerror}; nothing was changed")


def _host(host: str) -> str:
    """Return *host* as it is compared, without what may stand before it: it may be a password."""
    return host.rpartition("@")[2].lower()
