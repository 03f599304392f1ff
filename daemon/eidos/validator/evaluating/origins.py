"""Where the program comes from that a command runs: which text, which file, which other command."""

from typing import Final

from eidos.validator.commands import Command, Word, program
from eidos.validator.evaluating.carriers import sed_scripts
from eidos.validator.evaluating.environment import Environment
from eidos.validator.evaluating.flows import (
    sources_of,
    with_what_they_read,
    writers_of_file,
    writers_of_program,
)
from eidos.validator.evaluating.interpreters import Program, program_of
from eidos.validator.evaluating.place import Place
from eidos.validator.evaluating.sed_scripts import run_by_sed
from eidos.validator.patterns import Pattern

SOURCES: Final = frozenset({"source", "."})
"""Builtins that run a file in the shell itself."""


def found_program(words: tuple[Word, ...]) -> Program | None:
    """Return what the interpreter runs that *words* call; None: they call none."""
    name, args = program(words[0]), words[1:]
    if name in SOURCES:
        args = tuple(word for word in args if word.text != "--")
        return Program("", file=args[0] if args else None, args=args)
    if name in {"sed", "gsed"} and any("e" in word.text for word in args):
        return _found_in_sed(Command(words))
    return program_of(name, args)


def _found_in_sed(command: Command) -> Program | None:
    """Return the lines that sed reads, if its program has a shell run them."""
    scripts = list(sed_scripts(command))
    if not any(text == "" for script in scripts for text in run_by_sed(script.text)):
        return None
    files = [word for word in command.operands if all(word is not script for script in scripts)]
    return Program("sh", file=files[0] if files else None)


def origin_of(
    called: Word, found: Program | None, environment: Environment, place: Place
) -> tuple[Command, ...]:
    """Return the commands whose output is the program that runs."""
    if found is None:
        written = writers_of_program(called, environment.written, environment.folder)
        return with_what_they_read((*called.sources, *written))
    origin: list[Command] = list(sources_of(found.texts))
    if found.reads_input:
        origin += place.upstream
    elif found.file is not None:
        origin += writers_of_file(found.file, environment.written, environment.folder)
        if _is_substituted_file(found.file):
            origin += found.file.sources
    return with_what_they_read(origin)


def _is_substituted_file(word: Word) -> bool:
    """Whether a file with the output of commands stands in the place of *word*."""
    return (bool(word.sources) and word.text.startswith(("<(", "=(", "("))) or any(
        source.name == "psub" for source in word.sources
    )


_SHEBANG: Final = Pattern(r"#!\s*\S*?(?:env\s+(?:-S\s+)?)?([\w.-]+)(?:\s|$)")


def language_of(text: str) -> str:
    """Return the language that the first line of a program names."""
    match = _SHEBANG.match(text)
    found = program_of(match[1], ()) if match else None
    return found.language if found is not None else "sh"
