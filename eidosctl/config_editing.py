"""`eidosctl config edit`: an editor on a draft, which is installed only if it is sound.

The draft is a file beside the configuration, and outlives an editor that fails, a terminal that is
closed, and us: the next edit goes on with it.
"""

import shlex
import shutil
import signal
import subprocess
from collections.abc import Callable, Mapping
from enum import StrEnum
from pathlib import Path
from types import FrameType
from typing import Final

from eidos.errors import ConfigError, EidosError
from eidosctl import config_document, config_faults, configuring, files
from eidosctl.configuring import Keys
from eidosctl.place import Place

_EDITORS: Final = ("sensible-editor", "editor", "nano", "vim", "vi")


class Choice(StrEnum):
    """What to do with a draft that has faults."""

    EDIT = "e"
    KEEP = "k"
    DISCARD = "x"


def draft(place: Place) -> Path:
    """Return the path of the text that is being edited."""
    return place.config.with_name("config-draft.toml")


def edit(place: Place, *, say: Callable[[str], None], choose: Callable[[], Choice]) -> Keys | None:
    """Edit the configuration, and return the keys that changed; None: the file is as it was.

    *say* is told what a person should know; *choose* is asked when the draft has faults.

    Raises:
        ConfigError: the draft has faults and was kept, or the file was changed by another program.
        EidosError: there is no editor, or it failed; the draft was kept if anything was written.
    """
    before = files.read(place.config)
    first = before or config_document.template().encode()
    _begin(place, first, say)
    while True:
        _run_editor(place, first)
        content = _drafted(place)
        if content == first:
            files.remove(draft(place))
            return None
        faults = config_faults.in_file(content)
        if not faults:
            break
        for fault in faults:
            say(fault.at(str(draft(place))))
        if (choice := choose()) is Choice.DISCARD:
            files.remove(draft(place))
            return None
        if choice is Choice.KEEP:
            raise ConfigError(f"nothing was changed; {_kept(place)}")
    return _install(place, content, before)


def _begin(place: Place, first: bytes, say: Callable[[str], None]) -> None:
    left = files.read(draft(place))
    if left is None:
        files.write_atomically(draft(place), first, mode=0o600)
    elif left != first:
        say(f"going on with {draft(place)}, which was left; to begin anew, remove it")


def _run_editor(place: Place, first: bytes) -> None:
    words = _editor(place.environ)
    # Ctrl-C belongs to the editor; ignored altogether it would be ignored there as well.
    former = signal.signal(signal.SIGINT, _left_to_the_editor)
    try:
        code = subprocess.run([*words, draft(place)], check=False).returncode
        failure = f"{words[0]} ended with status {code}" if code else ""
    except OSError as exc:
        failure = f"cannot run the editor {words[0]}: {exc.strerror}; set EDITOR"
    finally:
        signal.signal(signal.SIGINT, former)
    if failure and files.read(draft(place)) == first:
        files.remove(draft(place))
        raise EidosError(f"{failure}; nothing was changed")
    if failure:
        raise EidosError(f"{failure}; nothing was changed; {_kept(place)}")


def _left_to_the_editor(_signal: int, _frame: FrameType | None) -> None:
    """Do nothing."""


def _editor(environ: Mapping[str, str]) -> list[str]:
    """Return the program to edit with, and its arguments."""
    chosen = (environ.get("VISUAL") or environ.get("EDITOR") or "").strip()
    if not chosen:
        chosen = next(filter(shutil.which, _EDITORS), None)
    if not chosen:
        raise EidosError("there is no editor; set EDITOR, or use: eidosctl config set KEY VALUE")
    try:
        return shlex.split(chosen)
    except ValueError as exc:
        raise EidosError(f"cannot read EDITOR = {chosen!r}: {exc}") from exc


def _drafted(place: Place) -> bytes:
    content = files.read(draft(place))
    if content is None:
        raise EidosError(f"the editor left no {draft(place)}; nothing was changed")
    return content


def _install(place: Place, content: bytes, before: bytes | None) -> Keys:
    try:
        keys = configuring.install(place, content, instead_of=before)
    except EidosError as exc:
        raise type(exc)(f"{exc}; {_kept(place)}") from exc
    files.remove(draft(place))
    return keys


def _kept(place: Place) -> str:
    return f"what you wrote is in {draft(place)}, and the next config edit goes on with it"
