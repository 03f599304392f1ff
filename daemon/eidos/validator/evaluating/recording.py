"""From an invocation to the Command that the rules judge: what it reads, and what it leaves."""

from posixpath import basename
from typing import Final

from msgspec.structs import replace

from eidos.validator.commands import Command, Redirect, Word
from eidos.validator.evaluating.environment import Environment, path_in
from eidos.validator.evaluating.flows import (
    distinct,
    key_of,
    paths_written,
    sources_of,
    with_what_they_read,
    writers_of,
)
from eidos.validator.evaluating.line import Invocation, Line
from eidos.validator.evaluating.links import names_made
from eidos.validator.evaluating.mounts import seen_from_host
from eidos.validator.evaluating.place import Place
from eidos.validator.evaluating.printing import unhomed

_HERE_DOCUMENT: Final = frozenset({"<<", "<<-"})
_COST: Final = 20
"""Steps of the budget that a record is worth, by the time that it takes."""
_MAKEFILES: Final = ("GNUmakefile", "makefile", "Makefile")
_HERE_STRING: Final = "<<<"


def record(
    line: Line,
    invocation: Invocation,
    environment: Environment,
    place: Place,
    *,
    program_from: tuple[Command, ...] = (),
) -> Command:
    """Add the command that *invocation* is to those of *line*, and return it."""
    line.budget.spend(_COST + len(invocation.words))
    command = Command(
        invocation.words,
        (*invocation.redirects, *place.redirects),
        invocation.assignments,
        place.wrappers,
        place.upstream,
        _read_by(invocation, environment, place),
        distinct(program_from),
        place.inside,
        place.machine,
        is_parallel=place.is_parallel,
        is_background=place.is_background,
        in_loop=place.in_loop,
        in_endless_loop=place.in_endless_loop,
        is_guess=place.is_guess,
        source=place.source,
    )
    if place.mounts:
        command = seen_from_host(command, place.mounts)
    line.commands.append(command)
    return command


def _read_by(invocation: Invocation, environment: Environment, place: Place) -> tuple[Command, ...]:
    """Return the commands whose output may reach *invocation*."""
    named = [
        *invocation.words[1:],
        *(assignment.value for assignment in invocation.assignments),
        *(r.target for r in invocation.redirects if "<" in r.operator),
    ]
    return with_what_they_read(
        (
            *place.upstream,
            *sources_of((*invocation.words[:1], *named)),
            *writers_of(named, environment.written, environment.folder),
        )
    )


def leave_behind(command: Command, printed: Word | None, environment: Environment) -> None:
    """Remember which files *command* may have written, and with what text if that is known."""
    folder, texts = environment.folder, environment.texts
    for path in paths_written(command, folder):
        before = environment.written.get(path, ())
        environment.written[path] = distinct((*before, *command.reads, command))
        texts.pop(path, None)
    operands = command.operands
    environment.links.update(names_made(command, folder))
    if command.name == "tee" and printed is not None:
        texts.update((key_of(word, folder), printed.text) for word in operands)
    elif command.name in {"cp", "mv", "install", "ln"} and len(operands) > 1:
        text = texts.get(key_of(operands[-2], folder))
        if text is not None:
            target = key_of(operands[-1], folder)
            texts[target] = texts[path_in(target, basename(operands[-2].text))] = text


def with_files_read(
    command: Command, stdin: Word | None, environment: Environment
) -> tuple[Command, Word | None]:
    """Return *command* as if it read the files whose texts are known from its standard input."""
    if not environment.texts:
        return command, stdin
    read = {
        id(word): environment.texts[key]
        for word in command.args
        if (key := key_of(word, environment.folder)) in environment.texts
    }
    if not read and command.name in {"make", "gmake"}:
        text = next((environment.texts[n] for n in _MAKEFILES if n in environment.texts), None)
        return command, stdin if text is None else Word(text)
    if not read:
        return command, stdin
    words = tuple(word for word in command.words if id(word) not in read)
    return replace(command, words=words), Word("".join(read.values()))


def keep_text(
    redirects: tuple[Redirect, ...], printed: Word | None, environment: Environment
) -> bool:
    """Remember what is *printed* into the file that *redirects* write; False if there is none."""
    targets = [r for r in redirects if r.fd in {"", "1"} and (r.writes or r.appends)]
    for redirect in targets:
        path = key_of(redirect.target, environment.folder)
        before = environment.texts.get(path, "") if redirect.appends else ""
        if printed is None or not printed.text:
            environment.texts.pop(path, None)
        else:
            environment.texts[path] = before + printed.text
    return bool(targets)


def open_descriptors(redirects: tuple[Redirect, ...], environment: Environment) -> None:
    """Remember the files that `exec` opens for the shell itself."""
    for redirect in redirects:
        if redirect.operator in {"<", ">", ">>", "<>", "<<<"}:
            number = redirect.fd or ("0" if "<" in redirect.operator else "1")
            environment.descriptors[number] = redirect


def resolved(redirects: tuple[Redirect, ...], environment: Environment) -> tuple[Redirect, ...]:
    """Return *redirects* with the files in place of the numbers under which `exec` opened them."""
    opened = environment.descriptors
    if not opened:
        return redirects
    return tuple(
        _reopened(r, opened[r.target.text])
        if r.operator in {"<&", ">&"} and r.target.text in opened
        else r
        for r in redirects
    )


def _reopened(redirect: Redirect, opened: Redirect) -> Redirect:
    operator = opened.operator if "<<" in opened.operator else redirect.operator[:1]
    return Redirect(operator, opened.target, redirect.fd)


def with_input(place: Place, redirects: tuple[Redirect, ...], environment: Environment) -> Place:
    """Return *place* with the standard input that *redirects* give it."""
    for redirect in redirects:
        if redirect.fd not in {"", "0"} and redirect.operator == "<<<":
            environment.texts[f"/dev/fd/{redirect.fd}"] = redirect.target.text
    given = [r for r in redirects if r.operator[:1] == "<" and r.fd in {"", "0"}]
    if not given:
        return place
    redirect = given[-1]
    target = redirect.target
    if redirect.operator == "<&":
        return place
    if redirect.operator in _HERE_DOCUMENT:
        stdin = replace(target, text=unhomed(target.text))
        return replace(place, stdin=stdin, upstream=target.sources)
    if redirect.operator == _HERE_STRING:
        stdin = replace(target, text=f"{unhomed(target.text)}\n")
        return replace(place, stdin=stdin, upstream=target.sources)
    text = environment.texts.get(key_of(target, environment.folder))
    writers = tuple(writers_of([target], environment.written, environment.folder))
    stdin = None if text is None else Word(text)
    return replace(place, stdin=stdin, upstream=distinct((*target.sources, *writers)))
