"""Change the model slots so that, whatever ends a change, one whole model is there to serve.

Beside the slots, in $XDG_DATA_HOME/eidos/models:

    lock        held by the one process that changes anything
    incoming/   a model that is being copied, or that did not prove its worth yet
    former/     the slot that was set aside for it, until the change is through

active.json decides: what a killed change left is finished by the next one where it names the slot
that was filled, and undone where it does not.
"""

import fcntl
import os
import shutil
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import msgspec

from eidos.errors import EidosError, ModelError
from eidos.model_slots import ACTIVE, SLOTS, Active, Choice, ModelSlots
from eidosctl import files
from eidosctl.model_copying import ModelSource, copy, sync_folder

_INCOMING: Final = "incoming"
_FORMER: Final = "former"
_LOCK: Final = "lock"


class SlotChanges(ModelSlots):
    """The slots, for the one process that holds the lock."""

    def active_or_default(self) -> Active:
        """Return what active.json says, or what is so without it where it cannot be read."""
        try:
            return self.active()
        except ModelError:
            return Active()

    def activate(self, active: Active) -> None:
        """Have *active* in active.json.

        Raises:
            EidosError: it cannot be written; it is as it was.
        """
        files.write_atomically(self.folder / ACTIVE, msgspec.json.encode(active), mode=0o600)

    def target(self, serving: Choice) -> Choice:
        """Return the slot for a new model: an empty one, else the one that is missed least."""
        before = self.active_or_default().before
        free: list[Choice] = [name for name in SLOTS if name != serving]
        return min(free, key=lambda name: (self.is_filled(name), name == before))

    @contextmanager
    def filled(
        self, name: Choice, source: ModelSource, prove: Callable[[Path], None]
    ) -> Generator[None]:
        """Have a copy of *source* in the slot *name*; where the block fails, what was there before.

        *prove* is called with the copy's folder before anything is replaced, and raises where the
        model is of no use.
        """
        incoming = self.folder / _INCOMING
        is_in_place = False
        try:
            copy(source, incoming)
            prove(incoming)
            self._set_aside(name)
            incoming.rename(self.slot(name))
            is_in_place = True
            sync_folder(self.folder)
            yield
        except BaseException:
            _discard(incoming)
            if is_in_place:
                _discard(self.slot(name))
            self._put_back(name)
            raise
        _discard(self.folder / _FORMER)

    def remove(self, name: Choice) -> None:
        """Remove the model in the slot *name*.

        Raises:
            EidosError: it cannot be removed.
        """
        active = self.active_or_default()
        if active.before == name:
            self.activate(Active(serves=active.serves, before=None))
        self._set_aside(name)
        _discard(self.folder / _FORMER)

    def clear_up(self) -> None:
        """Finish what a killed change left after it wrote active.json, else undo it."""
        _discard(self.folder / _INCOMING)
        for unfinished in self.folder.glob(f".{ACTIVE}.*"):
            files.remove(unfinished)
        serves = self.active_or_default().serves
        for name in SLOTS:
            if name != serves and (self.folder / _FORMER / name).is_dir():
                _discard(self.slot(name))
                self._put_back(name)
        _discard(self.folder / _FORMER)

    def _set_aside(self, name: Choice) -> None:
        if self.is_filled(name):
            former = self.folder / _FORMER
            former.mkdir(mode=0o700)
            self.slot(name).rename(former / name)

    def _put_back(self, name: Choice) -> None:
        former = self.folder / _FORMER
        if (former / name).is_dir():
            (former / name).rename(self.slot(name))
        _discard(former)


@contextmanager
def changing(data_dir: Path) -> Generator[SlotChanges]:
    """Be the only one who changes the slots; what a killed change left is cleared up first.

    Raises:
        EidosError: another process changes them, or the folder cannot be used.
    """
    slots = SlotChanges(data_dir)
    try:
        slots.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        slots.folder.chmod(0o700)
        handle = os.open(slots.folder / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as exc:
        raise EidosError(f"cannot use {slots.folder}: {exc.strerror}") from exc
    try:
        _lock(handle)
        slots.clear_up()
        yield slots
    finally:
        os.close(handle)


def _lock(handle: int) -> None:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as exc:
        raise EidosError("another eidosctl changes the models just now; try again") from exc


def _discard(folder: Path) -> None:
    try:
        shutil.rmtree(folder)
    except FileNotFoundError:
        return
    except OSError as exc:
        raise EidosError(f"cannot remove {exc.filename}: {exc.strerror}") from exc
