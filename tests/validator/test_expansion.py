"""What words become, held against what the real bash makes of them."""

import contextlib
import subprocess
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from eidos.protocol import Shell
from eidos.validator import script
from eidos.validator.budget import Budget, OverBudget
from eidos.validator.commands import Command, Word
from eidos.validator.evaluating.braces import MAX_WORDS
from eidos.validator.evaluating.expansion import expand
from eidos.validator.faults import SyntaxFault
from eidos.validator.reading.bash_reader import read_bash

DATA = Path(__file__).parent / "data"
SECTIONS = tomllib.loads((DATA / "expansion.toml").read_text())
CASES = [
    pytest.param(case, Shell.ZSH if section == "zsh" else Shell.BASH, id=f"{section} {number}")
    for section, table in SECTIONS.items()
    for number, case in enumerate(table["cases"])
]
HOME = "/home/me"
Spelling = Callable[[str], str]
PLAIN = "abcXYZ019/._-+,:@%"


class Line:
    """What a line has told so far: a scope as the evaluator gives it, with echo alone to print."""

    def __init__(self, folder: str = "") -> None:
        self.folder = folder
        self.budget = Budget.start()
        self.variables: dict[str, tuple[Word, ...]] = {}

    def spend(self, steps: int) -> None:
        """Take *steps* off the budget of the line."""
        self.budget.spend(steps)

    def lookup(self, name: str) -> tuple[Word, ...] | None:
        """Return the values that the line gave to *name*."""
        return self.variables.get(name)

    def run(self, statement: script.Statement) -> tuple[Command, ...]:
        """Return the one command that a simple statement is."""
        if isinstance(statement, script.Call):
            return (Command(tuple(self.words(statement))),)
        return ()

    def printed(self, statement: script.Statement) -> str | None:
        """Return what echo prints."""
        if not isinstance(statement, script.Call):
            return None
        words = self.words(statement)
        return " ".join(word.text for word in words[1:]) + "\n" if words[0].text == "echo" else None

    def words(self, call: script.Call) -> list[Word]:
        """Return the words of *call*."""
        return [word for raw in call.words for word in expand(raw, self)]

    def take(self, text: str, shell: Shell) -> list[Word]:
        """Read a line of calls and assignments; return the words of the last call."""
        statement = read_bash(text, shell, Budget.start())
        several = isinstance(statement, script.Sequence)
        found: list[Word] = []
        for call in statement.statements if several else (statement,):
            assert isinstance(call, script.Call)
            for assignment in call.assignments:
                self.assign(assignment, is_list="=(" in call.source)
            found = self.words(call)
        return found

    def assign(self, assignment: script.RawAssignment, *, is_list: bool) -> None:
        """Keep what an assignment gives."""
        values = tuple(word for raw in assignment.values for word in expand(raw, self))
        before = self.variables.get(assignment.name, ())
        if not is_list:
            text = "".join(word.text for word in (*(before[:1] * assignment.is_append), *values))
            is_known = all(word.is_known for word in values)
            values = (Word(text, is_known),)
        elif assignment.is_append:
            values = (*before, *values)
        self.variables[assignment.name] = values


def words_of(case: dict[str, Any], shell: Shell) -> list[Word]:
    """Return the words that the word of *case* becomes."""
    before = f"{case['before']}; " if "before" in case else ""
    return Line().take(f"{before}set -- {case['word']}", shell)[2:]


def in_bash(lines: list[str]) -> list[list[str]]:
    """Return the arguments that the real bash makes of each line's last words, without patterns."""
    script_text = "\n".join(
        f"( set -f; {line}; printf '%s\\0' \"$@\" \"$#\"; printf '\\377' )" for line in lines
    )
    done = subprocess.run(
        ["/bin/bash", "--norc"],
        input=script_text.encode(),
        capture_output=True,
        check=True,
        env={"HOME": HOME, "PATH": "/nonexistent", "LC_ALL": "C.UTF-8"},
    )
    outputs = done.stdout.split(b"\xff")[:-1]
    found = [[word.decode() for word in output.split(b"\0")[:-1]] for output in outputs]
    return [[] if words[-1] == "0" else words[:-1] for words in found]


def as_bash_says(word: Word) -> str:
    """Return the text of *word* with the home directory written out."""
    if word.text == "~" or word.text.startswith("~/"):
        return HOME + word.text[1:]
    return word.text[2:] if word.text.startswith("./~") else word.text


@pytest.mark.parametrize(("case", "shell"), CASES)
def test_a_word_becomes_these_words(case: dict[str, Any], shell: Shell) -> None:
    """Quotes, braces, variables and their operators come out as the shell would have them."""
    words = words_of(case, shell)

    assert [word.text for word in words] == case["words"]
    known = case.get("known", True)
    assert [word.is_known for word in words] == (
        known if isinstance(known, list) else [known] * len(words)
    )
    assert [word.is_glob for word in words] == [case.get("glob", False)] * len(words)


def test_the_table_agrees_with_the_real_bash() -> None:
    """Where nothing but the line decides, bash makes the same words."""
    cases = [
        case for table in SECTIONS.values() for case in table["cases"] if "not_in_bash" not in case
    ]
    lines = [f"{case.get('before', ':')}; set -- {case['word']}" for case in cases]

    for case, expected in zip(cases, in_bash(lines), strict=True):
        words = words_of(case, Shell.BASH)
        assert [as_bash_says(word) for word in words] == expected, case


SPELLINGS: list[Spelling] = [
    lambda char: char if char in PLAIN else f"\\{char}",
    lambda char: f"\\{char}",
    lambda char: f"'{char}'" if char != "'" else '"\'"',
    lambda char: f'"{char}"' if char not in '"$`\\!' else f"'{char}'",
    lambda char: f"$'\\x{ord(char):02x}'" if ord(char) < 128 else f"$'\\u{ord(char):04x}'",
    lambda char: f"$'\\{ord(char):03o}'" if ord(char) < 128 else f"$'{char}'",
    lambda char: f"''{char}" if char in PLAIN else f"$'\\U{ord(char):08x}'",
    lambda char: f"${{nothing_at_all:-'{char}'}}" if char in PLAIN else f"$'\\u{ord(char):x}'",
]
"""Ways to write one character, none of which changes what it is."""


@settings(max_examples=60, deadline=None)
@given(
    choices=st.lists(
        st.tuples(
            st.sampled_from(PLAIN + " '\"$`\\*?[]{}()<>|&;#!=äß€"), st.sampled_from(SPELLINGS)
        ),
        min_size=1,
        max_size=12,
    )
)
def test_every_spelling_of_a_text_is_that_text(
    choices: list[tuple[str, Spelling]],
) -> None:
    """However its characters are quoted, a word is the same text to us and to bash."""
    text = "".join(char for char, _ in choices)
    spelling = "".join(spell(char) for char, spell in choices)

    words = Line().take(f"set -- {spelling}", Shell.BASH)[2:]

    assert [word.text for word in words] == [text]
    assert words[0].is_known
    assert not words[0].is_glob
    assert in_bash([f"set -- {spelling}"]) == [[text]]


@settings(max_examples=100, deadline=None)
@example(word="1{},}")
@example(word="{},}")
@example(word="{a}b,c}")
@example(word="{{a}b}c,d}")
@example(word="{},a}b{c,d}")
@example(word="{..1},}")
@given(word=st.text("{},.a1'\"", min_size=1, max_size=14))
def test_braces_are_those_of_bash(word: str) -> None:
    """Whatever stands in braces, and however they nest, the words are those of bash."""
    try:
        words = Line().take(f"set -- {word}", Shell.BASH)[2:]
    except SyntaxFault:
        return

    assert [[word.text for word in words]] == in_bash([f"set -- {word}"])


def test_commands_inside_a_word_are_its_sources() -> None:
    """What a substitution runs is told, also where its output is known or becomes no text."""
    for text in ("$(ls)", '"$(ls)"', "`ls`", "<(ls)", "${x:-$(ls)}", "$((1+$(ls)))", "${a[$(ls)]}"):
        word = Line().take(f"set -- {text}", Shell.BASH)[2]
        assert [command.name for command in word.sources] == ["ls"], text
    assert Line().take("set -- $(echo a)", Shell.BASH)[2].sources[0].name == "echo"
    assert Line().take("set -- *(e:ls:)", Shell.ZSH)[2].sources[0].name == "ls"


def test_words_know_the_folder_they_stand_in() -> None:
    """The folder of the scope goes to every word, and is what $PWD and $(pwd) are."""
    words = Line("/etc").take("set -- a '*' $x $PWD \"$(pwd)/b\"", Shell.BASH)

    assert {word.folder for word in words} == {"/etc"}
    assert [word.text for word in words[5:]] == ["/etc", "/etc/b"]


@pytest.mark.parametrize("word", ["{a,b}" * 12, "{1..9}" * 8, f"{{{','.join('ab' * 2000)}}}"])
def test_too_many_words_are_over_budget(word: str) -> None:
    """A word that would become more than MAX_WORDS is not expanded."""
    with pytest.raises(OverBudget):
        Line().take(f"set -- {word}", Shell.BASH)


def test_a_variable_that_is_doubled_is_over_budget() -> None:
    """A value does not grow beyond every bound."""
    with pytest.raises(OverBudget):
        Line().take("x=0123456789;" + "x=$x$x;" * 40 + "set -- $x", Shell.BASH)


def test_a_long_range_is_judged_by_its_ends() -> None:
    """The first words and the last one of `{1..1000000}` stand for it."""
    words = [word.text for word in Line().take("set -- {1..1000000}", Shell.BASH)[2:]]

    assert words[:3] == ["1", "2", "3"]
    assert words[-1] == "1000000"
    assert len(words) < MAX_WORDS


@given(text=st.text("${}()[]:-=+?#%/^,@!*~'\"\\ axy01.;<>`", max_size=40))
def test_nothing_else_is_raised(text: str) -> None:
    """Any word is expanded, or is over budget."""
    line = Line()
    line.variables = {"a": (Word("x"), Word("y z")), "x": (Word("a/b"),), "y": ()}
    with contextlib.suppress(OverBudget, SyntaxFault):
        statement = read_bash(f"set -- {text}", Shell.BASH, Budget.start())
        if isinstance(statement, script.Call):
            line.words(statement)
