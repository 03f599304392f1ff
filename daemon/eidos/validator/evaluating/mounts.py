"""Containers: what they see of the host, and where a path inside is on the host."""

from collections.abc import Iterator, Sequence
from itertools import islice
from posixpath import normpath
from typing import Final

import msgspec
from msgspec.structs import replace

from eidos.validator.commands import Command, Machine, Redirect, Word
from eidos.validator.evaluating.options import Options


class Mount(msgspec.Struct, frozen=True):
    """A folder of the host, and where it is seen from inside."""

    outside: str
    inside: str


_MAX_MOUNTS: Final = 16
_VOLUMES: Final = frozenset({"-v", "--volume", "-B", "--bind"})
_OF_THE_KERNEL: Final = (Mount("/dev", "/dev"), Mount("/sys", "/sys"), Mount("/proc", "/proc"))
"""What a container with all rights shares with its host."""


def mounts_of(options: Options) -> tuple[Mount, ...]:
    """Return what the options of `docker run` and its kin let a container see."""
    return tuple(islice(_mounts(options), _MAX_MOUNTS))


def _mounts(options: Options) -> Iterator[Mount]:
    for name, value in options.given:
        if name == "--privileged" and (value is None or value.text == "true"):
            yield from _OF_THE_KERNEL
        elif value is None:
            continue
        elif name in _VOLUMES:
            for volume in value.text.split(",") if name in {"-B", "--bind"} else [value.text]:
                yield from _mount(volume.split(":"))
        elif name == "--mount":
            pairs = (pair.partition("=") for pair in value.text.split(","))
            fields = {name: field for name, _, field in pairs}
            outside = fields.get("source") or fields.get("src") or ""
            inside = fields.get("target") or fields.get("destination") or fields.get("dst") or ""
            yield from _mount([outside, inside])
        elif name == "--device":
            outside, _, inside = value.text.partition(":")
            yield from _mount([outside, inside or outside])


def _mount(parts: Sequence[str]) -> Iterator[Mount]:
    outside = parts[0]
    inside = parts[1] if len(parts) > 1 and parts[1].startswith("/") else outside
    if outside.startswith(("/", "~", ".", "$")) and inside.startswith("/"):
        yield Mount(outside, normpath(inside))


def seen_from_host(command: Command, mounts: tuple[Mount, ...]) -> Command:
    """Return *command* with the paths of the host that the paths inside stand for.

    What touches a folder of the host runs on the host, for all that the rules care.
    """
    words = tuple(_mapped(word, mounts) for word in command.words)
    redirects = tuple(
        Redirect(r.operator, _mapped(r.target, mounts), r.fd) for r in command.redirects
    )
    targets = [r.target for r in redirects]
    before = (*command.words, *(r.target for r in command.redirects))
    if all(a is b for a, b in zip((*words, *targets), before, strict=True)):
        return command
    return replace(command, words=words, redirects=redirects, machine=Machine.HOST)


def _mapped(word: Word, mounts: tuple[Mount, ...]) -> Word:
    head, equals, tail = word.text.partition("=")
    if word.text.startswith("/"):
        outside = path_outside(word.text, mounts)
        return word if outside is None else replace(word, text=outside)
    if equals and tail.startswith("/"):
        outside = path_outside(tail, mounts)
        return word if outside is None else replace(word, text=f"{head}={outside}")
    if word.folder.startswith("/"):
        outside = path_outside(word.folder, mounts)
        return word if outside is None else replace(word, folder=outside)
    return word


def path_outside(path: str, mounts: tuple[Mount, ...]) -> str | None:
    """Return the path on the host of *path* inside; None if the container does not see it."""
    plain = "/" + normpath(path).lstrip("/")
    for mount in sorted(mounts, key=lambda mount: -len(mount.inside)):
        inside = mount.inside.rstrip("/")
        if plain == inside or plain.startswith(f"{inside}/"):
            rest = plain[len(inside) :].lstrip("/")
            return f"{mount.outside.rstrip('/')}/{rest}" if rest else mount.outside
    return None
