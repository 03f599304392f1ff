"""Lines of fish: which are read, as what, and why others are not, held against fish itself."""

import os
import random
import shutil
import subprocess
import tomllib
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eidos.validator.budget import Budget, OverBudget
from eidos.validator.faults import SyntaxFault
from eidos.validator.reading.fish_reader import MAX_CHARS, read_fish
from eidos.validator.script import (
    Background,
    Branches,
    Call,
    Definition,
    Group,
    Loop,
    Part,
    Pipeline,
    RawRedirect,
    RawWord,
    Sequence,
    Statement,
    Substitution,
    Test,
    Text,
    Unknown,
)

DATA = tomllib.loads((Path(__file__).parent / "data" / "fish.toml").read_text())
COMPLETE: list[str] = DATA["complete"]
REFUSED: list[tuple[str, str]] = DATA["refused"]
MISREAD: list[tuple[str, str]] = DATA["misread"]
SIGNS = "(){}[]|&;<>$'\"\\#~* \n=!?,%^-12ax"


def fault_in(line: str) -> str:
    """Return why *line* is not read, "" if it is."""
    try:
        read_fish(line, Budget.start())
    except SyntaxFault as fault:
        return fault.reason
    return ""


def fish_takes(line: str) -> bool:
    """Whether the real fish parses *line*; it runs nothing."""
    environment = {"PATH": os.environ["PATH"], "HOME": "/nonexistent", "LC_ALL": "C.UTF-8"}
    done = subprocess.run(
        ["fish", "--no-config", "--no-execute", "/dev/stdin"],
        input=line.encode(),
        capture_output=True,
        check=False,
        env=environment,
    )
    return done.returncode == 0


def taken_by_fish(lines: Iterable[str]) -> dict[str, bool]:
    """Return what the real fish says of each of *lines*."""
    if shutil.which("fish") is None:
        pytest.skip("fish is not installed")
    lines = list(lines)
    with ThreadPoolExecutor(2) as pool:
        return dict(zip(lines, pool.map(fish_takes, lines), strict=True))


def damaged(line: str, dice: random.Random) -> str:
    """Return *line* cut off, or with a character lost, doubled or added, or its words mixed."""
    place = dice.randrange(len(line))
    match dice.randrange(5):
        case 0:
            return line[:place]
        case 1:
            return line[:place] + line[place + 1 :]
        case 2:
            return line[:place] + line[place] + line[place:]
        case 3:
            return line[:place] + dice.choice(SIGNS) + line[place:]
        case _:
            words = line.split(" ")
            dice.shuffle(words)
            return " ".join(words)


def test_complete_lines_are_read() -> None:
    """Every line of the table that fish takes is read without a fault."""
    assert {line: fault for line in COMPLETE if (fault := fault_in(line))} == {}


@pytest.mark.parametrize(("line", "reason"), REFUSED + MISREAD)
def test_the_reason_says_what_is_wrong(line: str, reason: str) -> None:
    """What fish refuses or misreads is a certain fault, with a reason in one line."""
    with pytest.raises(SyntaxFault) as caught:
        read_fish(line, Budget.start())

    assert caught.value.is_certain
    assert reason in caught.value.reason
    assert "\n" not in caught.value.reason


def test_the_table_agrees_with_fish() -> None:
    """Complete and misread lines are what fish parses, refused ones are what it does not."""
    refused = [line for line, _ in REFUSED]
    taken = COMPLETE + [line for line, _ in MISREAD]

    judged = taken_by_fish(refused + taken)

    assert [line for line in taken if not judged[line]] == []
    assert [line for line in refused if judged[line]] == []


def test_damaged_lines_that_fish_refuses_are_refused() -> None:
    """Of lines with a character lost or added, none is read that fish does not parse."""
    dice = random.Random(3)
    lines = {damaged(dice.choice(COMPLETE), dice) for _ in range(250)}
    read = [line for line in lines if not fault_in(line)]

    judged = taken_by_fish(read)

    assert [line for line in read if not judged[line]] == []


@pytest.mark.parametrize(
    ("line", "outline"),
    [
        ("ls -l x", "[ls -l x]"),
        ("echo 'a b' \"c $x\" d\\ e", "[echo 'a b' 'c '$x d' 'e]"),
        (r"echo \x41\n\u00e9\101 '\'\\\x' \*", "[echo 'A\néA' ''\\\\x' '*']"),
        ("rm ~/x '~' [a]*", "[rm ~/x '~' '['a']'*]"),
        ("echo $x[1] $x[-1] $x[2..3] $$x", "[echo $x[0] $x[-1] $x[2..3] $x!]"),
        ("echo {$x} a{b, c} {d}", "[echo $x a{b,c} {d}]"),
        ('echo (date) $(date) "$(date)"', "[echo ([date]) ([date]) ''([date])]"),
        ("echo $x[(id)] (ls)[(id)]", "[echo $x[(id)]<([id]) ([ls])<([id])]"),
        ("source (curl x | psub)", "[source <([curl x])]"),
        ("source (a | b | psub)", "[source <([a] | [b])]"),
        ("A=1 B=(x) cmd", "[A=1 B=([x]) cmd]"),
        ("not A=1 cmd", "[A=1 cmd]"),
        ("set -gx A b", "[set -gx A b]"),
        ("ls >a >>b <c 2>d 2>&1 &>e >?f", "[ls >a >>b <c 2>d 2>&1 &>e >>f]"),
        ("a | b &| c 2>| d", "[a] | [b] | [c] | [d]"),
        ("a; b & c && d || e", "{[a]; [b] &; {[c]; [d]; [e]}}"),
        ("time a; and b; or not c", "{[a]; [b]; [c]}"),
        ("command a; builtin echo; exec c", "{[command a]; [builtin echo]; [exec c]}"),
        ("if a; and b; c; else if d; e; else; f; end", "if({[a]; [b]}, [c], [d], [e], [f])"),
        ("while a; b; end < x", "group(while([a]: [b]) <x)"),
        ("while true; a; end", "forever([true]: [a])"),
        ("while not false; a; end", "forever([false]: [a])"),
        ("for x in a (b); c $x; end | d", "for(x in a ([b]): [c $x]) | [d]"),
        ("switch $x; case (a) b; c; case d; e; end", "if(test($x ([a]) b d), [c], [e])"),
        ("begin; a; b; end > x", "group({[a]; [b]} >x)"),
        ("{ a; b; } 2>x", "group({[a]; [b]} 2>x)"),
        ("begin; a; end &", "group([a]) &"),
        ("A=1 begin; a; end", "{[A=1]; group([a])}"),
        ("function f; a; end; f x", "{def(f: [a]); [f x]}"),
        ("function f -a x y; a $x; end", "def(f: {[x=$argv[0] y=$argv[1]]; [a $x]})"),
        ("function f --on-event e; a; end", "{def(f: [a]); def(e: [a]); [f]}"),
        ("function fish_prompt; a; end", "{def(fish_prompt: [a]); [fish_prompt]}"),
        ("function f -d (a); b; end", "{test(f -d ([a])); def(f: [b])}"),
        ("echo if end; # then", "[echo if end]"),
        ("echo (a\nb) # c\nd", "{[echo ({[a]; [b]})]; [d]}"),
        ("a \\\n  b |\n\n c", "[a b] | [c]"),
    ],
)
def test_a_line_is_read_as_what_it_does(line: str, outline: str) -> None:
    """The structure is that of the commands fish would run, without the ways to write them."""
    assert outline_of(read_fish(line, Budget.start())) == outline


def test_an_ampersand_inside_a_word_is_read_in_both_ways() -> None:
    """`a&b` is one word since fish 3.5 and two commands before: both are there to be judged."""
    assert outline_of(read_fish("a&b c", Budget.start())) == "{[a&b c]; {[a] &; [b c]}}"
    assert outline_of(read_fish("curl u?a=1&b=2", Budget.start())) == "[curl u?a=1&b=2]"


def test_the_source_of_a_command_stands_in_the_line() -> None:
    """What a verdict shows as the part concerned is found in the line as written."""
    for line in COMPLETE:
        statement = read_fish(line, Budget.start())
        assert [call.source for call in calls_in(statement) if call.source not in line] == []


@pytest.mark.parametrize(
    "piece",
    [
        *("(", "{", "$", '"$(', "\\", "begin;", "'", '"', "a[", "$x[", '"$x[', "$x[$y[", "{ "),
        *(
            "(a)",
            '"$(a)"',
            "{a,b}",
            "$x[1]",
            "a ",
            "a;",
            "a|",
            "a&",
            "not ",
            "if a;",
            "else ",
            "A=b ",
        ),
        *("while a;", "function f;", "switch a;case b;", ">x ", "\\\n", "#\n", "(#\n", "''", "é"),
        *("(((a)))", "a[(", "[", "]", "a['", "$$$x ", "\\x", "2>", " ", "\n", "`", "\0"),
    ],
)
@pytest.mark.parametrize("beginning", ["", "echo "])
@pytest.mark.timeout(10)
def test_hostile_lines_are_given_up(beginning: str, piece: str) -> None:
    """8 KiB of repetition are read, refused or given up; the benchmark says how soon."""
    line = (beginning + piece * MAX_CHARS)[:MAX_CHARS]

    with suppress(SyntaxFault, OverBudget):
        read_fish(line, Budget.start())


@pytest.mark.parametrize(
    "line",
    [
        "a " * MAX_CHARS,
        "echo " + "(" * 40 + "ls" + ")" * 40,
        "echo " + '"$(echo ' * 40 + ")" * 40,
        "echo " + "{a," * 40 + "}" * 40,
        "begin;" * 40 + "end;" * 40,
        "{ " * 40 + "ls;" + " }" * 40,
        "if true;" * 20 + "echo (" * 20 + ")" * 20 + ";end" * 20,
    ],
    ids=["long", "parentheses", "quotes", "braces", "blocks", "groups", "mixed"],
)
def test_a_line_over_budget_is_not_read(line: str) -> None:
    """Too long and too deep end in OverBudget, not in a fault and not in a structure."""
    with pytest.raises(OverBudget):
        read_fish(line, Budget.start())


@given(
    text=st.text(max_size=60)
    | st.text(SIGNS, max_size=40)
    | st.lists(
        st.sampled_from(
            [
                *("a", "$x", "$x[1]", '"$(ls)"', "(ls)", "{a,b}", "'q'", ";", "\n", "&", "|", "&&"),
                *("and", "or", "not", "time", "if", "else", "end", "while", "for", "in", "switch"),
                *("case", "function", "begin", "exec", "break", "A=1", ">", "2>&1", "{", "}", "#"),
            ]
        ),
        max_size=14,
    ).map(" ".join)
)
def test_any_text_is_read_or_refused(text: str) -> None:
    """No text raises anything but SyntaxFault and OverBudget."""
    with suppress(SyntaxFault, OverBudget):
        read_fish(text, Budget.start())


def outline_of(statement: Statement) -> str:  # noqa: PLR0911 - one for each kind
    """Return a short form of *statement*: calls in [ ], blocks by their names."""
    match statement:
        case Call():
            values = (f"{a.name}={''.join(map(word, a.values))}" for a in statement.assignments)
            redirects = map(redirect, statement.redirects)
            return f"[{' '.join((*values, *map(word, statement.words), *redirects))}]"
        case Pipeline():
            return " | ".join(map(outline_of, statement.stages))
        case Sequence():
            return f"{{{'; '.join(map(outline_of, statement.statements))}}}"
        case Background():
            return f"{outline_of(statement.body)} &"
        case Group():
            inside = (outline_of(statement.body), *map(redirect, statement.redirects))
            return f"group({' '.join(inside)})"
        case Loop():
            return f"{beginning_of(statement)}: {outline_of(statement.body)})"
        case Branches():
            return f"if({', '.join(map(outline_of, statement.statements))})"
        case Definition():
            return f"def({statement.name}: {outline_of(statement.body)})"
        case Test():
            return f"test({' '.join(map(word, statement.words))})"


def beginning_of(loop: Loop) -> str:
    """Return what makes *loop* go on."""
    if loop.condition is None:
        return f"for({loop.name} in {' '.join(map(word, loop.values))}"
    return f"{'forever' if loop.is_endless else 'while'}({outline_of(loop.condition)}"


def redirect(found: RawRedirect) -> str:
    """Return a redirection without blanks."""
    return f"{found.fd}{found.operator}{word(found.target)}"


def word(found: RawWord) -> str:
    """Return the parts of a word in a row."""
    return "".join(map(part_of, found.parts))


def part_of(part: Part) -> str:
    """Return quoted text in quotes, a variable with its operator, a substitution in ( )."""
    match part:
        case Text():
            return f"'{part.text}'" if part.is_quoted else part.text
        case Substitution():
            return f"{'<' if part.kind == 'input' else ''}({outline_of(part.script)})"
        case Unknown():
            return f"?{part.source}"
        case _:
            return f"${part.name}{part.operator}"


def calls_in(statement: Statement) -> Iterator[Call]:
    """Yield every call in *statement* and in the substitutions of its words."""
    match statement:
        case Call():
            yield statement
            values = [value for given in statement.assignments for value in given.values]
            targets = [found.target for found in statement.redirects]
            yield from calls_in_words((*statement.words, *values, *targets))
        case Pipeline():
            yield from (call for stage in statement.stages for call in calls_in(stage))
        case Sequence() | Branches():
            yield from (call for inner in statement.statements for call in calls_in(inner))
        case Test():
            yield from calls_in_words(statement.words)
        case Loop():
            yield from calls_in_words(statement.values)
            yield from calls_in(statement.body)
            if statement.condition:
                yield from calls_in(statement.condition)
        case Background() | Group() | Definition():
            yield from calls_in(statement.body)


def calls_in_words(words: Iterable[RawWord]) -> Iterator[Call]:
    """Yield the calls in the substitutions of *words*."""
    for found in words:
        for part in found.parts:
            if isinstance(part, Substitution):
                yield from calls_in(part.script)
