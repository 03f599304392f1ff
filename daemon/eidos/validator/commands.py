"""One program and how it is called: what `evaluation` finds in a line, and the rules judge."""

import re
from collections.abc import Iterator
from enum import StrEnum
from functools import cached_property
from typing import Final

import msgspec
from msgspec.structs import replace


class Word(msgspec.Struct, frozen=True):
    """One argument; where a variable or substitution makes it unknown, its source text stands.

    A leading `~` is the home directory of the user alone (`~bob` that of bob): a file that is
    named so begins with `./`, and `$HOME` is written `~`.
    """

    text: str
    is_known: bool = True
    """No part of the text is decided only when the command runs."""
    is_glob: bool = False
    """An unquoted *, ? or [ makes the shell put file names in its place."""
    sources: "tuple[Command, ...]" = ()
    """The commands inside its substitutions, whose output becomes part of it."""
    folder: str = ""
    """Where a relative path starts, if the line says so (`cd / && rm -r *`); else empty."""

    def __str__(self) -> str:
        """Return the text."""
        return self.text


class Machine(StrEnum):
    """Where a command runs."""

    HOST = "host"
    REMOTE = "remote"
    """Another machine, reached by ssh and its kin."""
    CONTAINER = "container"
    """A container that does not see the file system of its host."""


class Redirect(msgspec.Struct, frozen=True):
    """A redirection such as `>> file`; of a here-document or here-string the target is its text."""

    operator: str
    target: Word
    fd: str = ""

    @property
    def writes(self) -> bool:
        """Whether it empties or replaces its target."""
        return ">" in self.operator and ">>" not in self.operator and not self._is_copy

    @property
    def appends(self) -> bool:
        """Whether it adds to the end of its target."""
        return ">>" in self.operator

    @property
    def reads(self) -> bool:
        """Whether it gives the contents of its target to the command."""
        return self.operator == "<"

    @property
    def _is_copy(self) -> bool:
        return self.operator == ">&" and re.fullmatch(r"\d+-?|-", self.target.text) is not None


class Assignment(msgspec.Struct, frozen=True):
    """`name=value`, before a command or alone."""

    name: str
    value: Word


class Command(msgspec.Struct, frozen=True, eq=False, dict=True):
    """One program and how it is called, the wrappers around it (sudo, env, xargs) taken off.

    A function's definition is the command `function NAME`; assignments that stand alone, or behind
    `export`, `set -x` and their kin, are in `assignments`. Every rule asks for name, letters and
    operands: they are worked out once, hence no slots. Commands hold
    the commands that they read: comparing two by value could take for ever, so it is by identity.
    """

    words: tuple[Word, ...]
    redirects: tuple[Redirect, ...] = ()
    assignments: tuple[Assignment, ...] = ()
    wrappers: tuple[str, ...] = ()
    """The programs taken off, the outermost first."""
    upstream: "tuple[Command, ...]" = ()
    """The commands whose output it reads through pipes, the first stage first."""
    reads: "tuple[Command, ...]" = ()
    """Every command whose output may reach it: upstream, in substitutions among its words, or
    through a file that one wrote earlier in the line and this one names."""
    program_from: "tuple[Command, ...]" = ()
    """The commands whose output it runs as a program: through a pipe or a substitution, or from a
    file that they wrote earlier in the line."""
    inside: frozenset[str] = frozenset()
    """The functions in whose bodies it stands."""
    machine: Machine = Machine.HOST
    is_parallel: bool = False
    """It runs beside others: in a pipeline or in the background."""
    is_background: bool = False
    """Nobody waits for it: `&`, `setsid -f`, or inside a body that runs so."""
    in_loop: bool = False
    in_endless_loop: bool = False
    """It stands in a loop that neither ends nor waits: `while true` without a `sleep`. There
    is_background says that each turn starts one more."""
    is_guess: bool = False
    """It only looks like a command among the arguments of a program we do not know: perhaps that
    program runs it, perhaps it is text."""
    source: str = ""
    """The part of the line that it comes from, for the reader of a verdict."""

    @cached_property
    def name(self) -> str:
        """The program's name without its directory; "" when only running would tell."""
        return plain_name(program(self.words[0])) if self.words else ""

    @cached_property
    def family(self) -> str:
        """The name without a version or a variant: python for python3.11, mkfs for mkfs.ext4."""
        return family(self.name)

    @cached_property
    def args(self) -> tuple[Word, ...]:
        """The words after the name."""
        return self.words[1:]

    @property
    def texts(self) -> tuple[str, ...]:
        """The texts of the words after the name."""
        return tuple(word.text for word in self.args)

    @property
    def is_root(self) -> bool:
        """Whether it runs with the rights of root, as far as its wrappers say."""
        return not _BECOMES_ROOT.isdisjoint(self.wrappers)

    @cached_property
    def letters(self) -> str:
        """The letters of all short options, `rf` for `-r -f`."""
        return "".join(word.text[1:] for word in self.args if _SHORT_OPTIONS.match(word.text))

    @cached_property
    def operands(self) -> tuple[Word, ...]:
        """The arguments that are no options."""
        texts = [word.text for word in self.args]
        end = texts.index("--") if "--" in texts else len(texts)
        before = (word for word in self.args[:end] if not _OPTION.match(word.text))
        return (*before, *self.args[end + 1 :])

    def called(self, name: str) -> "Command":
        """Return the same command under another name: python for python3.11."""
        return replace(self, words=(replace(self.words[0], text=name), *self.words[1:]))

    def has(self, *texts: str) -> bool:
        """Whether one of *texts* is an argument, in large or small letters."""
        return any(word.text.lower() in texts for word in self.args)

    def has_letter(self, letters: str) -> bool:
        """Whether one of *letters* is among the short options."""
        return not frozenset(letters).isdisjoint(self.letters)

    def has_long(self, *options: str) -> bool:
        """Whether a long option is an argument, in full or shortened as GNU programs allow."""
        given = [word.text.partition("=")[0] for word in self.args if len(word.text) > len("--")]
        return any(
            text.startswith("--") and option.startswith(text)
            for text in given
            for option in options
        )

    def values(self, *options: str) -> Iterator[Word]:
        """Yield what is given to *options*: `-o X`, `-oX`, `--out X`, `--out=X`."""
        expects = False
        for word in self.args:
            if expects:
                yield word
                expects = False
            elif word.text in options:
                expects = True
            else:
                yield from _attached(word, options)


def program(word: Word) -> str:
    """Return the name of the program that *word* calls, without its directory."""
    return word.text.rstrip("/").rsplit("/", 1)[-1] if word.is_known else ""


def plain_name(name: str) -> str:
    """Return *name* as GNU calls it where others call the same program: rm for grm and zf_rm."""
    return _SAME_PROGRAM.get(name, name)


def family(name: str) -> str:
    """Return *name* without a version or a variant: python for python3.11, mkfs for mkfs.ext4."""
    return name if name.isalpha() else _VERSION.sub("", name)


def _attached(word: Word, options: tuple[str, ...]) -> Iterator[Word]:
    for option in options:
        is_long = option.startswith("--") or option.endswith("=")
        head = option if option.endswith("=") or not is_long else f"{option}="
        if word.text.startswith(head) and len(word.text) > len(head):
            yield Word(word.text[len(head) :], word.is_known, word.is_glob, word.sources)


_SAME_PROGRAM: Final = {
    f"{prefix}{name}": name
    for prefix, names in {
        "zf_": "chgrp chmod chown ln mkdir mv rm rmdir sync",
        "g": "cat chgrp chmod chown cp dd echo install ln mv printf rm shred tee truncate unlink",
        "gnu": "cat chgrp chmod chown cp dd install ln mv rm shred tee truncate unlink",
    }.items()
    for name in names.split()
}
"""What zsh/files and those who have another rm as well call the same programs."""
_BECOMES_ROOT: Final = frozenset({"sudo", "doas", "pkexec", "run0", "su", "sudoedit", "gosu"})
_VERSION: Final = re.compile(r"(?<=[a-z])(?:-?\d[\d.]*|@[\w.^~-]+|(?<=mkfs)\.\w+|(?<=fsck)\.\w+)$")
_SHORT_OPTIONS: Final = re.compile(r"-[^-]")
_OPTION: Final = re.compile(r"-.")
