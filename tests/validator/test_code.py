"""Programs given as text: the shell commands that they amount to, in every language we read."""

import contextlib
import time
import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eidos.validator.budget import Budget, OverBudget
from eidos.validator.code.languages import ALIASES, SCRIPTS
from eidos.validator.code.reading import MAX_CODE, read_code
from eidos.validator.script import (
    Background,
    Call,
    Group,
    Loop,
    Pipeline,
    RawWord,
    Sequence,
    Statement,
    Substitution,
    Text,
)

CASES = tomllib.loads((Path(__file__).parent / "data" / "code.toml").read_text())["case"]
PROGRAMS = [case["code"] for case in CASES]
LANGUAGES = [*SCRIPTS, "tcl", "powershell", "lisp"]
MAX_CPU_S = 0.05
"""The budget is 12 ms; the rest is for a machine that others use too."""
SIGNS = [*"(){}[]<>'\"`$@%&*;:,.|\\/=+-!~#^ \n\t", "${", "#{", "$(", "@{[", "<<", "=>", "->", "::"]
WORDS = ["while(1)", "for ", "do ", "end ", "if ", "function ", "sub ", "def ", "eval ", "%w", "q{"]
MORE_WORDS = [
    "--1",
    "²",
    "{²}",
    "${}",
    "0777",
    "0x" + "f" * 4000,
    "1e99",
    "9" * 99,
    "s/",
    "|x|",
    "loop ",
    "print ",
    "getline",
    "system ",
    "repeat ",
    "\\x",
]
pieces = st.sampled_from([*SIGNS, *WORDS, *MORE_WORDS, *PROGRAMS])
HOSTILE = {
    "nested brackets": "(" * 4000,
    "nested texts": 'x="' + "#{" * 1000,
    "templates": "`${" * 1000,
    "one long sum": "a=" + "+".join(["'x'"] * 900),
    "one long list": "a," * 2000,
    "f-string": "f'" + "{x}" * 1300 + "'",
    "functions that call the next one four times": "".join(
        f"function f{n}(){{f{n + 1}();f{n + 1}();f{n + 1}();f{n + 1}()}};" for n in range(40)
    )
    + "f0()",
    "definitions that call the next one four times": "".join(
        f"def f{n}():\n f{n + 1}();f{n + 1}();f{n + 1}()\n" for n in range(40)
    )
    + "f0()",
    "text that doubles": "x='a'*8000\n" + "x=x+x\n" * 300,
    "towers of powers": "9**9**9**9; 2<<99999999; 'a'*9999999999*999",
    "bare words": "print " * 700,
    "slashes": "/" * 4000,
    "quotes": '"' * 4001,
    "pipes": "a|" * 2000,
    "arrows": "a=>" * 1300,
    "commands whose words are what commands print": 'do shell script "curl x" & ' * 100,
    "files whose names are read from files": "x=open('a').read()\n" + "x=open(x+x).read()\n" * 100,
    "here documents": "<<A\n" * 1000,
}


def lines_of(statement: Statement) -> list[str]:  # noqa: PLR0911 - one for each kind
    """Return the commands in *statement*, one a line, in the spelling of code.toml."""
    match statement:
        case Call():
            assigned = [f"{a.name}={word_of(a.values[0])}" for a in statement.assignments]
            words = [word_of(word) for word in statement.words]
            redirects = [f"{r.operator} {word_of(r.target)}" for r in statement.redirects]
            return [" ".join([*assigned, *words, *redirects])]
        case Pipeline(stages):
            return [" | ".join("; ".join(lines_of(stage)) for stage in stages)]
        case Sequence(statements):
            return [line for inner in statements for line in lines_of(inner)]
        case Background(body):
            return [f"{line} &" for line in lines_of(body)]
        case Loop(body, is_endless=True):
            return ["endless " + "; ".join(lines_of(body))]
        case Group(body, redirects) if redirects:
            target = " ".join(f"{r.operator} {word_of(r.target)}" for r in redirects)
            return [f"{'; '.join(lines_of(body))} {target}"]
        case Group(body):
            return lines_of(body)
        case _:
            raise AssertionError(f"no reader of code makes a {type(statement).__name__}")


def word_of(word: RawWord) -> str:
    """Return *word* with its quotes left out."""
    return "".join(
        part.text
        if isinstance(part, Text)
        else f"$({'; '.join(lines_of(part.script))})"
        if isinstance(part, Substitution)
        else part.source
        for part in word.parts
    )


@pytest.mark.parametrize(
    "case", [pytest.param(case, id=f"{case['language']}: {case['code']}") for case in CASES]
)
def test_a_program_amounts_to_its_commands(case: dict[str, str]) -> None:
    """Every command that a program would run, and nothing that it only mentions, is found."""
    found = read_code(case["language"], case["code"], Budget.start())

    assert lines_of(found) == case["calls"]


@pytest.mark.parametrize("language", [*LANGUAGES, *ALIASES, "python3.11", "perl5.36.0"])
def test_an_empty_program_amounts_to_nothing(language: str) -> None:
    """A language is known by every name of its interpreters, with a version or without."""
    assert read_code(language, "", Budget.start()) == Sequence(())


def test_an_unknown_language_amounts_to_nothing() -> None:
    """What nobody here can read is left to the rules that look at words."""
    assert read_code("brainfuck", "+[-->-]", Budget.start()) == Sequence(())


@given(st.sampled_from(LANGUAGES), st.lists(pieces, max_size=12).map("".join))
def test_any_text_is_read_or_refused(language: str, text: str) -> None:
    """No text makes a reader raise anything but OverBudget."""
    try:
        found = read_code(language, text, Budget.start())
    except OverBudget:
        return

    assert isinstance(lines_of(found), list)


@given(st.sampled_from(LANGUAGES), st.text(max_size=200))
def test_text_of_any_characters_is_read_or_refused(language: str, text: str) -> None:
    """Neither control characters nor lone surrogates make a reader raise."""
    with contextlib.suppress(OverBudget):
        read_code(language, text, Budget.start())


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_hostile_text_takes_bounded_time(language: str, text: str) -> None:
    """Whatever is written to be slow to read is given up in time."""
    durations: list[float] = []
    for _ in range(3):
        start_s = time.thread_time()
        with contextlib.suppress(OverBudget):
            read_code(language, text[:MAX_CODE], Budget.start())
        durations.append(time.thread_time() - start_s)

    assert min(durations) < MAX_CPU_S


def test_longer_programs_are_refused() -> None:
    """A program longer than the limit is not read in part."""
    with pytest.raises(OverBudget):
        read_code("python", "#" * (MAX_CODE + 1), Budget.start())


def test_odd_escapes_cause_no_warning() -> None:
    """Python's own warnings about a text never reach whoever asks (warnings are errors here)."""
    found = read_code("python", r"import re; re.sub('\d\w', '', 1is 2)", Budget.start())

    assert found == Sequence(())
