"""`eidosctl suggest`: what stands on standard output, what on standard error, and the exit code."""

import json
import signal
import subprocess
from pathlib import Path

import pytest
from answering import AnsweringDaemon, candidate
from home import EIDOSCTL, Home
from real_daemon import until

from eidos.protocol import Certainty, ErrorCode, Level, Shell

pytestmark = pytest.mark.usefixtures("answering")


def test_command_stands_alone_on_stdout(home: Home, answering: AnsweringDaemon) -> None:
    """A script may take standard output as it is."""
    answering.says = [candidate("ls -l")]

    result = home.run("suggest", "list", "files")

    assert (result.stdout, result.stderr, result.returncode) == ("ls -l\n", "", 0)
    assert answering.asked[0].text == "list files"


def test_warning_goes_to_stderr(home: Home, answering: AnsweringDaemon) -> None:
    """A command to be careful with is printed, its reason beside it, not in it."""
    answering.says = [candidate("rm -r x", Level.WARN, "deletes a folder")]

    result = home.run("suggest", "delete folder x")

    assert (result.stdout, result.returncode) == ("rm -r x\n", 0)
    assert result.stderr == "eidosctl: warn: deletes a folder\n"


def test_an_unsure_command_is_printed_with_a_hint(home: Home, answering: AnsweringDaemon) -> None:
    """A guess stands alone on standard output; that it is one is said beside it, and in JSON."""
    answering.says = [candidate("rm -r x", Level.WARN, "deletes a folder", Certainty.UNSURE)]

    result = home.run("suggest", "delete folder x")
    rows = json.loads(home.ok("suggest", "--json", "delete folder x"))["candidates"]

    assert (result.stdout, result.returncode) == ("rm -r x\n", 0)
    assert result.stderr.splitlines() == [
        "eidosctl: warn: deletes a folder",
        "eidosctl: not sure: read it before you run it",
    ]
    assert rows[0]["certainty"] == "unsure"


def test_the_folder_is_told_unless_the_variable_forbids_it(
    home: Home, answering: AnsweringDaemon
) -> None:
    """The daemon learns where the request was made; EIDOS_CONTEXT=0 keeps it."""
    answering.says = [candidate("ls -l")]

    home.ok("suggest", "list files")
    home.ok("suggest", "list files", EIDOS_CONTEXT="0")

    assert [asked.cwd for asked in answering.asked] == [str(Path.cwd()), ""]


def test_blocked_command_is_not_printed(home: Home, answering: AnsweringDaemon) -> None:
    """What must not be offered leaves standard output empty and exits with 4."""
    answering.says = [candidate("rm -rf /", Level.BLOCK, "deletes the system")]

    result = home.run("suggest", "delete all")

    assert (result.stdout, result.returncode) == ("", 4)
    assert result.stderr == "eidosctl: no command is offered: deletes the system\n"


def test_no_candidates_is_a_refusal(home: Home, answering: AnsweringDaemon) -> None:
    """A model without an idea is reported in words, with exit code 4."""
    answering.says = []

    result = home.run("suggest", "sing a song")

    assert (result.stdout, result.returncode) == ("", 4)
    assert "other words" in result.stderr


def test_a_notice_stands_alone(home: Home, answering: AnsweringDaemon) -> None:
    """What is said of a command that is fine is no verdict, and does not begin with one."""
    answering.says = [candidate("ls", Level.OK, "asked for in English: list files")]

    result = home.run("suggest", "zeige Dateien")

    assert result.stderr == "eidosctl: asked for in English: list files\n"


def test_more_candidates_come_one_per_line(home: Home, answering: AnsweringDaemon) -> None:
    """-n prints up to that many commands, best first, without the blocked ones."""
    answering.says = [candidate("ls"), candidate("find ."), candidate("x", Level.BLOCK, "no")]

    result = home.run("suggest", "-n", "3", "list files")

    assert result.stdout == "ls\nfind .\n"
    assert answering.asked[0].count == 3


@pytest.mark.parametrize(
    "command",
    ["ls\nrm -rf ~", "ls \x1b[2K", "ls \u202e", "ls\x00", "", "x" * 5000, " ls", "l\u200bs"],
    ids=["newline", "escape", "bidi", "nul", "empty", "long", "leading-blank", "zero-width"],
)
def test_unclean_command_never_reaches_the_terminal(
    home: Home, answering: AnsweringDaemon, command: str
) -> None:
    """Whoever sits on the socket cannot make eidosctl print what a terminal would obey."""
    answering.says = [candidate(command)]

    for option in ((), ("--json",)):
        result = home.run("suggest", *option, "list files")

        assert result.returncode == 4
        assert "unclean" in result.stderr
        assert command.strip() == "" or command not in result.stdout


def test_messages_cannot_drive_the_terminal(home: Home, answering: AnsweringDaemon) -> None:
    """Control characters in a reason or an error are replaced before they are shown."""
    answering.says = (ErrorCode.BUSY, "busy\x1b]52;c;x\x07\r\u202e")

    result = home.run("suggest", "list files")

    assert result.returncode == 4
    assert "\x1b" not in result.stderr
    assert "\r" not in result.stderr
    assert "\u202e" not in result.stderr


@pytest.mark.parametrize(
    ("code", "exit_code"),
    [
        (ErrorCode.BUSY, 4),
        (ErrorCode.DEADLINE, 4),
        (ErrorCode.STOPPING, 4),
        (ErrorCode.ENGINE, 1),
        (ErrorCode.VERSION, 1),
    ],
)
def test_failure_has_its_message_and_exit_code(
    home: Home, answering: AnsweringDaemon, code: ErrorCode, exit_code: int
) -> None:
    """A daemon that cannot answer is quoted, and scripts can tell a refusal from a fault."""
    answering.says = (code, "the reason")

    result = home.run("suggest", "list files")

    assert (result.stdout, result.stderr) == ("", "eidosctl: the reason\n")
    assert result.returncode == exit_code


@pytest.mark.parametrize(
    ("text", "said"),
    [("x" * 1001, "1001 characters"), ("ls \x1b[A", "control character (U+001B)")],
    ids=["long", "escape"],
)
def test_bad_request_is_refused_without_asking(
    home: Home, answering: AnsweringDaemon, text: str, said: str
) -> None:
    """A request that no daemon would take is refused here, with the reason."""
    result = home.run("suggest", text)

    assert result.returncode == 4
    assert said in result.stderr
    assert answering.asked == []


def test_empty_request_is_wrong_usage(home: Home) -> None:
    """Without a request there is nothing to do but to say how it is done."""
    assert home.run("suggest").returncode == 2
    assert home.run("suggest", "  ").returncode == 2
    assert home.run("suggest", "-").returncode == 2


def test_request_may_come_from_stdin(home: Home, answering: AnsweringDaemon) -> None:
    """`-` reads the request from standard input; bytes that are no text are refused."""
    answering.says = [candidate("ls")]

    assert home.ok("suggest", "-", stdin=b"list files\n") == "ls\n"
    assert answering.asked[0].text == "list files"
    assert home.run("suggest", "-", stdin=b"\xff").returncode == 4


@pytest.mark.parametrize(
    ("login", "option", "expected"),
    [
        ("/usr/bin/zsh", [], Shell.ZSH),
        ("/usr/bin/fish", [], Shell.FISH),
        ("/bin/dash", [], Shell.BASH),
        ("", [], Shell.BASH),
        ("/usr/bin/zsh", ["--shell", "fish"], Shell.FISH),
    ],
)
def test_shell_is_the_login_shell_unless_named(
    home: Home, answering: AnsweringDaemon, login: str, option: list[str], expected: Shell
) -> None:
    """The command is written for --shell, else for $SHELL, else for bash."""
    answering.says = [candidate("ls")]

    home.ok("suggest", *option, "list files", SHELL=login)

    assert answering.asked[0].shell == expected


def test_json_holds_everything(home: Home, answering: AnsweringDaemon) -> None:
    """--json prints one object with the documented keys."""
    answering.says = [candidate("ls"), candidate("rm x", Level.WARN, "deletes x")]

    answer = json.loads(home.ok("suggest", "--json", "-n", "2", "list files"))

    assert answer == {
        "command": "ls",
        "candidates": [
            {"command": "ls", "verdict": "ok", "reason": "", "score": 0.5, "certainty": "sure"},
            {
                "command": "rm x",
                "verdict": "warn",
                "reason": "deletes x",
                "score": 0.5,
                "certainty": "sure",
            },
        ],
        "total_ms": 12.5,
        "error": None,
    }


def test_jsonl_answers_every_line_in_order(home: Home, answering: AnsweringDaemon) -> None:
    """Lines that cannot be read get an error in their place; the others are answered."""
    answering.says = [candidate("ls")]
    lines = [
        b"list files",
        b'{"nl": "show disks", "cmd": "df"}',
        b"",
        b'{"nl": 3}',
        b"{broken",
        b"\xff\xfe",
        b"x" * 1001,
        b"[" * 100_000,
        b'{"nl": ' * 100_000,
        "größe".encode(),
    ]

    output = home.ok("suggest", "--jsonl", stdin=b"\n".join(lines))

    answers = [json.loads(line) for line in output.splitlines()]
    assert [answer["command"] for answer in answers] == ["ls", "ls", *[None] * 7, "ls"]
    assert all((answer["error"] is None) == (answer["command"] == "ls") for answer in answers)
    assert [request.text for request in answering.asked] == ["list files", "show disks", "größe"]


def test_jsonl_keeps_going_after_a_failure(home: Home, answering: AnsweringDaemon) -> None:
    """A daemon that is busy costs the line, not the run; a blocked command is no error."""
    answering.says = (ErrorCode.BUSY, "busy")
    rows = home.ok("suggest", "--jsonl", stdin=b"one\ntwo\n").splitlines()
    assert [json.loads(row)["error"] for row in rows] == ["busy", "busy"]

    answering.says = [candidate("rm -rf /", Level.BLOCK, "no")]
    row = json.loads(home.ok("suggest", "--jsonl", stdin=b"one"))
    assert (row["command"], row["error"]) == (None, None)
    assert row["candidates"][0]["verdict"] == "block"


@pytest.mark.parametrize("arguments", [["list files"], ["--jsonl"]], ids=["one", "lines"])
def test_ctrl_c_calls_the_request_off(
    home: Home, answering: AnsweringDaemon, arguments: list[str]
) -> None:
    """The daemon hears that nobody waits any more; eidosctl ends as programs do on Ctrl-C."""
    answering.says = None
    command = [EIDOSCTL, "suggest", *arguments]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, env=home.environ, stdin=pipe, stdout=pipe) as process:
        assert process.stdin is not None
        process.stdin.write(b"list files\n")
        process.stdin.flush()
        until(lambda: answering.asked)

        process.send_signal(signal.SIGINT)

        assert process.communicate(timeout=30) == (b"", None)
        assert process.returncode == 130
    until(lambda: answering.cancelled)
    assert answering.cancelled == [answering.asked[0].id]
