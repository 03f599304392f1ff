"""Programs that run another program: which of their words begin the command that really runs."""

from collections.abc import Iterator, Sequence
from importlib.resources import files
from typing import Final

import msgspec

from eidos.validator.commands import Assignment, Machine, Word, family, program
from eidos.validator.evaluating.mounts import Mount, mounts_of
from eidos.validator.evaluating.options import Grammar, Options, read_options, rest_of
from eidos.validator.patterns import Pattern


class Inner(msgspec.Struct, frozen=True):
    """What a wrapper runs: a command in words, or scripts for a shell."""

    wrapper: str
    words: tuple[Word, ...] = ()
    scripts: tuple[Word, ...] = ()
    assignments: tuple[Assignment, ...] = ()
    """What it sets for the inner command alone."""
    folder: Word | None = None
    machine: Machine = Machine.HOST
    mounts: tuple[Mount, ...] = ()
    """Folders of this machine that the inner command sees on the other one."""
    root: Word | None = None
    """The folder that is the root of the inner command."""
    is_shown: bool = False
    """It has effects of its own, so the rules see it as well as what it runs."""
    options: Options = Options((), 0)


class _Row(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One row of wrappers.toml, which explains the fields."""

    short: str = ""
    long: str = ""
    pairs: str = ""
    operands: int = 0
    mark: str = ""
    program: str = ""
    scripts: str = ""
    folder: str = ""
    machine: Machine = Machine.HOST
    assigns: bool = False
    as_text: bool = False
    loose: bool = False
    or_words: bool = False
    each: bool = False
    root: bool = False
    permutes: bool = False
    idle: str = ""
    shown: bool = False


class _Table(msgspec.Struct, forbid_unknown_fields=True):
    images: dict[str, str]
    groups: dict[str, _Row]
    programs: dict[str, _Row]


class _Wrapper(msgspec.Struct, frozen=True):
    row: _Row
    grammar: Grammar
    programs: frozenset[str]
    scripts: frozenset[str]
    folders: frozenset[str]
    marks: frozenset[str]
    idle: frozenset[str]


def _dashed(names: str) -> frozenset[str]:
    """Read `C chdir -display` as `-C --chdir -display`."""
    return frozenset(
        name if name.startswith("-") else f"-{name}" if len(name) == 1 else f"--{name}"
        for name in names.split()
    )


def _wrapper(row: _Row) -> _Wrapper:
    grammar = Grammar(row.short, _dashed(row.long), _dashed(row.pairs))
    return _Wrapper(
        row,
        grammar,
        _dashed(row.program),
        _dashed(row.scripts),
        _dashed(row.folder),
        frozenset(row.mark.split()),
        _dashed(row.idle),
    )


def _load() -> tuple[dict[str, Grammar], dict[str, _Wrapper], dict[str, str]]:
    text = (files("eidos.validator") / "programs" / "wrappers.toml").read_bytes()
    table = msgspec.toml.decode(text, type=_Table)
    groups = {name: _wrapper(row).grammar for name, row in table.groups.items()}
    wrappers = {
        name: wrapper
        for names, row in table.programs.items()
        for wrapper in [_wrapper(row)]
        for name in names.split(", ")
    }
    images = {image: name for name, known in table.images.items() for image in known.split()}
    return groups, wrappers, images


_GROUPS, _WRAPPERS, _IMAGES = _load()
_SAME: Final = {
    "podman": "docker",
    "nerdctl": "docker",
    "docker-compose": "docker compose",
    "podman-compose": "docker compose",
    "oc": "kubectl",
    "k3s": "kubectl",
    "microk8s": "kubectl",
    "flyctl": "fly",
}
"""Programs that are called as another one is."""
_LOADER: Final = Pattern(r"ld(?:-[\w-]+|64)?\.so[.\d]*|ld-[\d.]+\.so")
_ASSIGNMENT: Final = Pattern(r"([A-Za-z_]\w*(?:%%|\(\))?)\+?=")
"""`BASH_FUNC_ls%%=() { … }` is a function that bash takes from its environment."""


def program_key(words: Sequence[Word]) -> tuple[str, int]:
    """Return the name of the program with its subcommands, and where its own words begin."""
    name = program(words[0])
    key = _SAME.get(name, name)
    if key not in _GROUPS:
        return _known_as(key), 1
    position = 1
    while key in _GROUPS:
        position += read_options(words[position:], _GROUPS[key]).end
        if position >= len(words):
            break
        key = f"{key} {words[position].text}"
        position += 1
    return key, position


def _known_as(name: str) -> str:
    if name in _WRAPPERS:
        return name
    if name.startswith("ld") and _LOADER.fullmatch(name):
        return "ld.so"
    return family(name)


def commands_in(words: tuple[Word, ...]) -> Iterator[tuple[Word, ...]]:
    """Yield the commands that one call gives a program in a row: `tmux new -d ';' run-shell x`."""
    if len(words) < len("tmux new ; attach".split()) or words[0].text != "tmux":
        yield words
        return
    rest = words[1:]
    while rest:
        end = next((i for i, word in enumerate(rest) if word.text == ";"), len(rest))
        yield (words[0], *rest[:end])
        rest = rest[end + 1 :]


def shell_opened_by(words: Sequence[Word]) -> Machine | None:
    """Return where a shell runs that *words* open for want of a command; None: they open none."""
    name = program(words[0])
    options = _OPENS_SHELL_BY.get(name, frozenset())
    if name in _OPENS_SHELL or any(word.text in options for word in words[1:]):
        wrapper = _WRAPPERS.get(name)
        return wrapper.row.machine if wrapper is not None else Machine.HOST
    return None


_OPENS_SHELL: Final = frozenset(
    {
        "su",
        "ssh",
        "slogin",
        "autossh",
        "chroot",
        "arch-chroot",
        "nsenter",
        "unshare",
        "newgrp",
        "sg",
    }
    | {"runuser", "machinectl", "newuidmap", "script", "setarch", "rsh", "mosh", "toolbox"}
)
_OPENS_SHELL_BY: Final = {
    "sudo": frozenset({"-s", "-i", "--shell", "--login", "-si", "-is"}),
    "doas": frozenset({"-s"}),
    "nix-shell": frozenset({"-p"}),
}


def is_wrapper(name: str) -> bool:
    """Whether the program *name* may run another one that its words name."""
    return name in _WRAPPERS or name in _GROUPS or name in _SAME


def unwrap(words: Sequence[Word]) -> Inner | None:
    """Take one wrapper off *words*; None when they begin with none, or it runs nothing."""
    if not words or not words[0].is_known:
        return None
    key, start = program_key(words)
    wrapper = _WRAPPERS.get(key)
    if wrapper is None:
        return None
    inner = _unwrap(program(words[0]), wrapper, words[start:])
    is_something = inner is not None and (inner.words or inner.scripts or inner.assignments)
    return inner if is_something else None


def _unwrap(name: str, wrapper: _Wrapper, args: Sequence[Word]) -> Inner | None:
    row = wrapper.row
    options = read_options(args, wrapper.grammar, row.operands, permutes=row.permutes)
    if wrapper.idle and options.has(*wrapper.idle):
        return None
    scripts = tuple(
        value for option, value in options.given if option in wrapper.scripts and value is not None
    )
    if row.or_words and not scripts:
        options = read_options(args, wrapper.grammar)
    words = _inner_words(wrapper, args, options)
    assignments: list[Assignment] = []
    if row.assigns and words and words[0].text == "-":  # `env -` is `env -i`
        words = words[1:]
    while row.assigns and words and (match := _ASSIGNMENT.match(words[0].text)):
        assignments.append(Assignment(match[1], rest_of(words[0], match.end())))
        words = words[1:]
    if "-S" in wrapper.scripts and scripts:  # env: what follows are more words of its command
        scripts, words = (joined((*scripts, *words)),), ()
    elif row.each:
        scripts, words = (*scripts, *words), ()
    elif words and (row.as_text or (row.loose and len(words) == 1 and " " in words[0].text)):
        scripts, words = (*scripts, joined(words)), ()
    return Inner(
        name,
        tuple(words),
        scripts,
        tuple(assignments),
        options.value_of(wrapper.folders),
        row.machine,
        mounts_of(options) if row.machine is Machine.CONTAINER else (),
        options.operands[0] if row.root and options.operands else None,
        row.shown,
        options,
    )


def _inner_words(wrapper: _Wrapper, args: Sequence[Word], options: Options) -> Sequence[Word]:
    if (called := options.value_of(wrapper.programs)) is not None:
        return (called, *args[options.end :])
    if wrapper.marks:
        for position, word in enumerate(args):
            if word.text in wrapper.marks:
                return args[position + 1 :]
        return ()
    words = args[options.end :]
    if wrapper.row.machine is Machine.CONTAINER and options.operands:
        return (*_entry_of(options.operands[0]), *words)
    return words


def _entry_of(image: Word) -> Sequence[Word]:
    """Return the program that a container starts with, where the image is known for it."""
    name = image.text.partition("@")[0]
    folder, slash, last = name.rpartition("/")
    path = f"{folder}{slash}{last.partition(':')[0]}"
    found = _IMAGES.get("/".join(path.split("/")[-2:]))
    return (Word(found),) if found else ()


def joined(words: Sequence[Word], separator: str = " ") -> Word:
    """Return *words* as the one text that a shell reads when they are handed to it."""
    if len(words) == 1:
        return words[0]
    return Word(
        separator.join(word.text for word in words),
        all(word.is_known for word in words),
        sources=tuple(source for word in words for source in word.sources),
    )
