"""The text gate that each widget has of its own, compared with the daemon's.

Whatever the daemon may offer is taken, and whatever it refuses for a character, a word or a sign is
refused again, so that nobody who sits on the socket, or in the place of the client, can plant a
line that is not what it looks like.
"""

import base64
import json
import os
import subprocess
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import pytest
from skips import need

from eidos.protocol import Shell as Name
from eidos.validator.text_gate import UncleanText, clean
from eidos.validator.validation import gate

from . import shells
from .conftest import EidosEnv, OpenShell
from .fake_daemon import FakeDaemon, raw_command
from .shells import REPOSITORY, ask

pytestmark = pytest.mark.shell

DATA = REPOSITORY / "tests" / "validator" / "data"
CASES = tomllib.loads(Path(__file__).with_name("gate.toml").read_text())

# Each line of the input is one text, its bytes as \xHH, or as plain hex for perl; each character
# of the output a verdict.
READ_TEXTS = {
    "zsh": """source "$1"; while IFS= read -r line; do printf -v text %b "$line"
        if __eidos_is_clean "$text"; then print -n 1; else print -n 0; fi; done""",
    "bash": """source "$1"; while IFS= read -r line; do printf -v text %b "$line"
        if __eidos_is_clean "$text"; then printf 1; else printf 0; fi; done""",
    "fish": """source $argv[1]; while read -l line
        set text (printf %b "$line" | string collect -N)
        if __eidos_is_clean "$text"; printf 1; else; printf 0; end; end""",
    "perl": r"""BEGIN { *CORE::GLOBAL::exit = sub { die } }
        my ($file, $shell) = splice @ARGV, 0, 2, 'socket-path';
        open my $out, '>&', \*STDOUT; open STDOUT, '>', '/dev/null'; do $file;
        while (<STDIN>) { chomp; s/\\x//g; print $out is_clean(pack('H*', $_), $shell) ? 1 : 0 }""",
}
RUN = {
    "zsh": ["zsh", "-f", "-c", READ_TEXTS["zsh"], "zsh"],
    "bash": ["bash", "--norc", "-c", READ_TEXTS["bash"], "bash"],
    "fish": ["fish", "--no-config", "-c", READ_TEXTS["fish"]],
    "perl": ["perl", "-C0", "-e", READ_TEXTS["perl"]],
}


@dataclass(frozen=True)
class Gate:
    """A gate in the language of *program*, for lines of *shell*."""

    program: str
    shell: Name

    def verdicts(
        self, texts: Iterable[bytes], env: dict[str, str] | None = None, before: str = ""
    ) -> list[bool]:
        """Return whether the gate takes each of *texts*; the shell code *before* runs first."""
        need(self.program)
        file = "eidos-client.pl" if self.program == "perl" else f"eidos.{self.program}"
        script = READ_TEXTS[self.program]
        command = [before + word if word == script else word for word in RUN[self.program]]
        result = subprocess.run(
            [*command, REPOSITORY / "shell" / file, self.shell],
            input="".join(_escaped(text) + "\n" for text in texts),
            env={
                "PATH": os.environ["PATH"],
                "HOME": "/nowhere",
                "LC_ALL": "C.UTF-8",
                **(env or {}),
            },
            capture_output=True,
            text=True,
            check=True,
            timeout=300,
        )
        assert env or result.stderr == ""  # many warn of a locale that is not there
        return [sign == "1" for sign in result.stdout]

    def can_hold(self, text: bytes) -> bool:
        """Whether a variable there can have this value: bash and fish end one at a NUL."""
        return b"\0" not in text or self.program in {"zsh", "perl"}


GATES = {
    "zsh": Gate("zsh", Name.ZSH),
    "bash": Gate("bash", Name.BASH),
    "fish": Gate("fish", Name.FISH),
    "client for bash": Gate("perl", Name.BASH),
    "client for fish": Gate("perl", Name.FISH),
}


@pytest.fixture(params=GATES.values(), ids=list(GATES))
def widget_gate(request: pytest.FixtureRequest) -> Gate:
    """Each gate, one after the other."""
    return request.param


def _escaped(text: bytes) -> str:
    return "".join(f"\\x{byte:02x}" for byte in text)


def rows(name: str) -> list[dict[str, str]]:
    """Return the rows of a corpus of the validator's tests."""
    return [json.loads(line) for line in (DATA / f"{name}.jsonl").read_text().splitlines()]


def raw_texts() -> list[bytes]:
    """Return what models may write, as bytes."""
    return [
        base64.b64decode(row["raw_b64"])
        if "raw_b64" in row
        else row["raw"].encode(errors="surrogatepass")
        for row in rows("raw")
    ]


def refusal(text: bytes, shell: Name) -> str | None:
    """Return the rule of the daemon that refuses *text*; "stripped" if it offers another one."""
    raw = text.decode(errors="surrogateescape")
    try:
        return None if gate(raw, shell) == raw else "stripped"
    except UncleanText as unclean:
        return unclean.rule


def differences(widget_gate: Gate, texts: Iterable[bytes]) -> list[tuple[bytes, str]]:
    """Return the texts on which a widget and the daemon do not agree, and what the daemon says.

    What the daemon strips never reaches a widget. Where Enter would not run the line, a widget
    knows only part of the grammar: `test_line_that_waits_for_more_is_refused` says which.
    """
    texts = [text for text in texts if widget_gate.can_hold(text)]
    found: list[tuple[bytes, str]] = []
    verdicts = widget_gate.verdicts(texts)
    for text, taken in zip(texts, verdicts, strict=True):
        rule = refusal(text, widget_gate.shell)
        is_free = rule in {"stripped", "empty", "wrapping"} or (taken and rule == "incomplete")
        if not is_free and taken != (rule is None):
            found.append((text, rule or "clean"))
    return found


# --- The corpora ------------------------------------------------------------------------------


def test_agrees_with_the_daemon_on_what_models_write(widget_gate: Gate) -> None:
    """No hazard of the corpus passes a widget, and no clean text is refused."""
    assert differences(widget_gate, raw_texts()) == []


def test_every_everyday_command_is_taken(widget_gate: Gate) -> None:
    """What people type in a shell is taken by the gate for it."""
    texts = [row["cmd"] for row in rows("everyday") if row["shell"] == widget_gate.shell]
    texts = [text for text in texts if "\n" not in text]

    verdicts = widget_gate.verdicts(text.encode() for text in texts)

    assert texts
    assert [text for text, taken in zip(texts, verdicts, strict=True) if not taken] == []


def test_agrees_with_the_daemon_on_ordinary_commands(widget_gate: Gate) -> None:
    """Nor is one refused of twelve hundred that others have written for bash."""
    texts = [row["cmd"].encode() for row in rows("commands")]

    assert differences(widget_gate, texts) == []


# --- Every class of characters ----------------------------------------------------------------

POSITIONS = ("{}", "ls {}", "ls a{}b", "echo 'a{}b'")
# Beyond U+2FFFF nothing is assigned but the planes that are refused whole.
CODES = {
    *range(0x20),
    *range(0x7F, 0x3400),
    *range(0x9FF0, 0xAC10),
    *range(0xD7A0, 0xD800),
    *range(0xE000, 0xE010),
    *range(0xF8F0, 0x20010),
    *range(0xE0000, 0xE1010, 0x10),
    *(code + step for code in range(0x20000, 0x110000, 0x10000) for step in range(-2, 3)),
}


def _said_of(code: int, position: str) -> str | None:
    try:
        clean(position.format(chr(code)))
    except UncleanText as unclean:
        return unclean.rule
    return None


@pytest.fixture(scope="module")
def edges() -> list[int]:
    """The characters at which the daemon begins and ends to say something else."""
    codes = sorted(CODES)
    said = [[_said_of(code, position) for position in POSITIONS[2:]] for code in codes]
    ends = {
        code
        for (one, before), (other, after) in pairwise(zip(codes, said, strict=True))
        if before != after
        for code in (one, other)
    }
    return sorted(ends)


@pytest.mark.parametrize("position", POSITIONS)
def test_agrees_with_the_daemon_on_every_class_of_characters(
    widget_gate: Gate, edges: list[int], position: str
) -> None:
    """The first and the last character of each class mean the same wherever they stand."""
    texts = [position.format(chr(code)).encode() for code in edges]

    assert len(edges) > 300
    assert differences(widget_gate, texts) == []


@pytest.mark.parametrize("position", POSITIONS)
def test_bytes_that_are_no_character_are_refused(widget_gate: Gate, position: str) -> None:
    """Cut, overlong, too large and surrogate sequences are refused wherever they stand."""
    broken = [b"\x80", b"\xbf", b"\xc0\x8a", b"\xc1\xbf", b"\xc3", b"\xe0\x80\x8a", b"\xe0\x9f\xbf"]
    broken += [b"\xe6\x96", b"\xed\xa0\x80", b"\xed\xbf\xbf", b"\xf0\x80\x80\x8a", b"\xf0\x9f\x98"]
    broken += [b"\xf4\x90\x80\x80", b"\xf5\x80\x80\x80", b"\xf8\x88\x80\x80\x80", b"\xfe", b"\xff"]
    broken += [b"\xe1\xc3\xa9\x80\x80", b"\xc3\xc3\xa9", b"\x9b2K"]
    texts = [position.encode().replace(b"{}", sequence) for sequence in broken]

    verdicts = widget_gate.verdicts(texts)

    assert verdicts == [False] * len(texts)


# --- What is no single character --------------------------------------------------------------

SPELLINGS = [
    *CASES["spellings"],
    "a" * 4096,
    "é" * 2048,
    "x".join(" " * 41).join("''"),
    "'(' " * 70 + "x",
]
HAZARDS = [
    *CASES["hazards"],
    "",
    " ",
    "a" * 4097,
    "é" * 2049,
    "x" + " " * 41 + "; rm x",
    "a" + "\t" * 6 + "b",
    "$(" * 65 + "ls" + ")" * 65,
    "echo " + "{" * 65 + "}" * 65,
]


def test_text_in_its_own_spelling_is_taken(widget_gate: Gate) -> None:
    """Emoji, joined letters, punctuation of other scripts and quoted signs are ordinary text."""
    texts = [text for text in SPELLINGS if refusal(text.encode(), widget_gate.shell) is None]

    verdicts = widget_gate.verdicts(text.encode() for text in texts)

    assert len(texts) >= len(SPELLINGS) - 1  # fish has no $'…'
    assert [text for text, taken in zip(texts, verdicts, strict=True) if not taken] == []


def test_words_and_signs_that_take_a_reader_in_are_refused(widget_gate: Gate) -> None:
    """Look-alikes, typographic signs as syntax, other hosts and what is out of sight never pass."""
    verdicts = widget_gate.verdicts(text.encode() for text in HAZARDS)

    assert [text for text, taken in zip(HAZARDS, verdicts, strict=True) if taken] == []
    assert all(refusal(text.encode(), widget_gate.shell) for text in HAZARDS)


# --- One complete line ------------------------------------------------------------------------

COMPLETE: dict[str, list[str]] = CASES["complete"]


@pytest.mark.parametrize("text", COMPLETE)
def test_line_that_waits_for_more_is_refused(widget_gate: Gate, text: str) -> None:
    """An open quote or bracket, a backslash, an operator or a here-document never ends a line."""
    (taken,) = widget_gate.verdicts([text.encode()])

    if not COMPLETE[text]:
        assert not taken
    elif widget_gate.shell in COMPLETE[text]:
        assert taken


# --- Whatever the shell is like ---------------------------------------------------------------

ODD = {
    "zsh": "setopt ksh_arrays sh_word_split no_unset glob_subst err_return null_glob rc_quotes\n",
    "bash": "set -u -C -f\nshopt -s nocasematch failglob nullglob extglob\nIFS=' i'\n",
    "fish": "for name in text rest words bare class bytes depth\nset -gx $name x y\nend\n",
    "perl": "",
}
LOCALES = ["C", "POSIX", "C.UTF-8", "xx_XX.UTF-8"]


@pytest.mark.parametrize("locale", LOCALES)
def test_no_locale_and_no_option_changes_a_verdict(widget_gate: Gate, locale: str) -> None:
    """Options, IFS and variables of the user, and locales that are not there, mean nothing."""
    texts = [*raw_texts(), *(text.encode() for text in (*SPELLINGS, *HAZARDS, *COMPLETE))]
    texts = [text for text in texts if widget_gate.can_hold(text)]

    verdicts = widget_gate.verdicts(texts, {"LC_ALL": locale}, ODD[widget_gate.program])

    assert verdicts == widget_gate.verdicts(texts)


def test_fish_refuses_what_it_reads_as_single_bytes() -> None:
    """Where fish takes each byte for a character, only ASCII passes: nobody can say what it shows.

    It does so only if `fish_allow_singlebyte_locale` is set; else it looks for a UTF-8 locale.
    """
    env = {"LC_ALL": "C", "fish_allow_singlebyte_locale": "1"}

    verdicts = GATES["fish"].verdicts([b"ls -l", "ls é".encode(), b"ls \x9b2K"], env)

    assert verdicts == [True, False, False]


def test_a_locale_that_cannot_be_left_admits_nothing() -> None:
    """Where bash could not count bytes, because LC_ALL is read-only, it refuses without a word."""
    before = "readonly LC_ALL\nexec 2>/dev/null\n"

    assert GATES["bash"].verdicts([b"ls", "ls \u202e".encode()], None, before) == [False, False]


# --- In the widget ----------------------------------------------------------------------------

REPLY = "ok\n\n{count}\n{command}\n\n\n.\n"
WITH_CLIENT = [name for name in shells.SHELLS if name != "zsh"]


def _replace_client(env: EidosEnv, reply: str) -> str:
    """Put a perl in front of the real one that prints *reply*; return the PATH."""
    folder = env.root / "bin"
    folder.mkdir()
    (folder / "reply").write_text(reply)
    (folder / "perl").write_text(f"#!/bin/sh\ncat {folder}/reply\n")
    (folder / "perl").chmod(0o755)
    return f"{folder}:{env.environ['PATH']}"


@pytest.mark.parametrize("name", WITH_CLIENT)
@pytest.mark.parametrize("command", ["ls \u202egpj.sh", "touch PWNED; echo 'a", "ls\x1b[2K", " ls"])
def test_what_takes_the_place_of_the_client_plants_nothing(
    name: str, command: str, open_shell: OpenShell, eidos_env: EidosEnv
) -> None:
    """What the client printed is gated once more by the widget itself."""
    path = _replace_client(eidos_env, REPLY.format(count=1, command=command))
    shell = shells.SHELLS[name]
    terminal = open_shell(name, env={"PATH": path})

    ask(terminal, shell, "list files")

    terminal.until(shells.UNCLEAN)
    terminal.until_line(shell.prompt + "list files")


@pytest.mark.parametrize("name", WITH_CLIENT)
def test_the_number_of_offers_is_no_expression(
    name: str, open_shell: OpenShell, eidos_env: EidosEnv
) -> None:
    """A number that is a command substitution runs nothing."""
    path = _replace_client(eidos_env, REPLY.format(count="a[$(touch PWNED)]", command="ls"))
    shell = shells.SHELLS[name]
    terminal = open_shell(name, env={"PATH": path})

    ask(terminal, shell, "list files")
    terminal.until("failed (0); try: eidosctl doctor")
    terminal.until_line(shell.prompt + "list files")

    assert not eidos_env.ran("PWNED")


@pytest.mark.parametrize("name", ["zsh", "bash"])
def test_a_tab_stands_in_the_line_as_it_is(
    name: str, open_shell: OpenShell, daemon: FakeDaemon
) -> None:
    """Zsh and bash draw a tab as wide as it is, and complete nothing."""
    daemon.answer_with(raw_command(b"printf %s 'a\tb'"))
    shell = shells.SHELLS[name]
    terminal = open_shell(name)

    ask(terminal, shell, "print a tab")

    terminal.until_line((shell.prompt + "printf %s 'a\tb'").expandtabs())
    terminal.press("!")
    terminal.until_line((shell.prompt + "printf %s 'a\tb'!").expandtabs())


def test_fish_refuses_a_tab(open_shell: OpenShell, daemon: FakeDaemon) -> None:
    """Fish 3.6 writes it raw and takes it for no column wide: what follows is misplaced."""
    daemon.answer_with(raw_command(b"printf %s 'a\tb'"))
    terminal = open_shell("fish")

    ask(terminal, shells.FISH, "print a tab")

    terminal.until(shells.UNCLEAN)
