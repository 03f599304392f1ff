"""Every command that a line would run, with the words, redirections and company it runs with."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import zip_longest
from typing import Final

from tree_sitter import Node

from eidos.validator.tree import text_of
from eidos.validator.words import Word, words_of
from eidos.validator.wrappers import commands_of_find, program, unwrap


@dataclass(frozen=True, slots=True)
class Redirect:
    """A redirection such as `>> file`."""

    operator: str
    target: Word


@dataclass(frozen=True, slots=True)
class Command:
    """One program and how it is called, the wrappers around it (sudo, env, xargs) taken off."""

    words: tuple[Word, ...]
    redirects: tuple[Redirect, ...] = ()
    wrappers: tuple[str, ...] = ()
    upstream: tuple["Command", ...] = ()
    """The commands whose output it reads through pipes, the first stage first."""
    inside: frozenset[str] = frozenset()
    """The functions in whose bodies it stands."""
    scripts: tuple[str, ...] = ()
    """Texts that it or a wrapper hands to a shell."""
    is_parallel: bool = False
    """It runs beside others: in a pipeline or in the background."""

    @property
    def name(self) -> str:
        """The program's name without its directory; "" when only running would tell."""
        return program(self.words[0]) if self.words else ""

    @property
    def args(self) -> tuple[Word, ...]:
        """The words after the name."""
        return self.words[1:]

    @property
    def letters(self) -> str:
        """The letters of all short options, `rf` for `-r -f`."""
        return "".join(word.text[1:] for word in self.args if _SHORT_OPTIONS.match(word.text))

    @property
    def operands(self) -> tuple[Word, ...]:
        """The arguments that are no options."""
        texts = [word.text for word in self.args]
        end = texts.index("--") if "--" in texts else len(texts)
        before = (word for word in self.args[:end] if not _OPTION.match(word.text))
        return (*before, *self.args[end + 1 :])

    def has(self, *texts: str) -> bool:
        """Whether one of *texts* is an argument, in large or small letters."""
        return any(word.text.lower() in texts for word in self.args)

    def has_long(self, option: str) -> bool:
        """Whether a long option is an argument, in full or shortened as GNU programs allow."""
        given = (word.text.partition("=")[0] for word in self.args if len(word.text) > len("--"))
        return any(text.startswith("--") and option.startswith(text) for text in given)


@dataclass(frozen=True, slots=True)
class _Place:
    """Where in the line a node stands."""

    upstream: tuple[Command, ...] = ()
    inside: frozenset[str] = frozenset()
    is_parallel: bool = False
    words: tuple[Word, ...] = ()
    redirects: tuple[Redirect, ...] = ()


_SHORT_OPTIONS: Final = re.compile(r"-[^-]")
_OPTION: Final = re.compile(r"-.")
_ECHO_OPTION: Final = re.compile(r"-[neE]+|--")
HERE_STRING: Final = "<<<"
_STATEMENTS: Final = frozenset({"list", "negated_command", "program"})
_REDIRECTED: Final = frozenset({"command", "pipeline", "list", "negated_command"})


def commands_of(root: Node) -> list[Command]:
    """Return the commands below *root* in the order of the text, substitutions included."""
    return list(_collect(root, _Place()))


def printed_by(command: Command) -> tuple[Word, ...]:
    """Return what *command* prints, when its words say so."""
    if command.name not in {"echo", "printf"}:
        return ()
    args = command.args
    while args and _ECHO_OPTION.fullmatch(args[0].text):
        args = args[1:]
    return args


def _collect(node: Node, place: _Place) -> Iterator[Command]:
    match node.type:
        case "command":
            yield from _command(node, place)
        case "pipeline":
            yield from _pipeline(node, place)
        case "redirected_statement":
            yield from _redirected(node, place)
        case "function_definition":
            name = node.child_by_field_name("name")
            names = {text_of(name)} if name else set[str]()
            yield from _children(node, replace(place, inside=place.inside | names))
        case _:
            yield from _children(node, place)


def _children(node: Node, place: _Place) -> Iterator[Command]:
    """Collect below a node that is no command; what hangs on it belongs to its last statement."""
    bare = replace(place, words=(), redirects=())
    children = node.children
    for child, follower in zip_longest(children, children[1:]):
        is_last = follower is None and node.type in _STATEMENTS
        inner = place if is_last else bare
        if follower is not None and follower.type == "&":
            inner = replace(inner, is_parallel=True)
        yield from _collect(child, inner)


def _command(node: Node, place: _Place) -> Iterator[Command]:
    words: list[Word] = []
    redirects: list[Redirect] = []
    for part in node.children:
        match part.type:
            case "variable_assignment" | "subshell":
                pass
            case "file_redirect" | "herestring_redirect":
                redirect, more = _redirect(part)
                redirects += redirect
                words += more
            case "command_name":
                words += words_of(part.children[0]) if part.child_count == 1 else words_of(part)
            case _:
                words += words_of(part)
    yield from _runs(
        Command(
            (*words, *place.words),
            (*redirects, *place.redirects),
            upstream=place.upstream,
            inside=place.inside,
            is_parallel=place.is_parallel,
        )
    )
    yield from _children(node, _Place(inside=place.inside))


def _runs(command: Command) -> Iterator[Command]:
    """Yield *command* unwrapped, and the commands it runs on the files it finds."""
    inner = unwrap(command.words)
    words = inner.words
    if "xargs" in inner.wrappers and command.upstream:
        words += printed_by(command.upstream[-1])
    wrappers = command.wrappers + inner.wrappers
    found = replace(command, words=words, wrappers=wrappers, scripts=inner.scripts)
    yield found
    if found.name == "find":
        for words in commands_of_find(found.args):
            yield from _runs(replace(found, words=words, redirects=(), scripts=()))


def _pipeline(node: Node, place: _Place) -> Iterator[Command]:
    upstream = place.upstream
    stages = node.named_children
    for stage in stages:
        is_last = stage == stages[-1]
        inner = place if is_last else replace(place, words=(), redirects=())
        found = list(_collect(stage, replace(inner, upstream=upstream, is_parallel=True)))
        yield from found
        upstream += tuple(found)


def _redirected(node: Node, place: _Place) -> Iterator[Command]:
    body = node.child_by_field_name("body")
    redirects: list[Redirect] = []
    words: list[Word] = []
    for part in node.named_children:
        if part.type in {"file_redirect", "herestring_redirect"}:
            redirect, more = _redirect(part)
            redirects += redirect
            words += more
            yield from _children(part, _Place(inside=place.inside))
    if body is not None and body.type in _REDIRECTED:
        hanging = replace(
            place,
            words=(*words, *place.words),
            redirects=(*redirects, *place.redirects),
        )
        yield from _collect(body, hanging)
        return
    yield from _runs(Command(tuple(words), tuple(redirects), inside=place.inside))
    if body is not None:
        yield from _collect(body, place)


def _redirect(node: Node) -> tuple[list[Redirect], list[Word]]:
    """Read a redirection; the grammar puts the words that follow its target into it too."""
    operator = "".join(text_of(part) for part in node.children if not part.is_named)
    targets: Sequence[Node] = node.children_by_field_name("destination")
    if node.type == "herestring_redirect":
        operator, targets = HERE_STRING, node.named_children
    words = [word for target in targets for word in words_of(target)]
    return [Redirect(operator, word) for word in words[:1]], words[1:]
