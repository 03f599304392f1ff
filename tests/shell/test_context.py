"""What a widget tells beside the request: the folder, the last command and its status, or nothing.

A shell that hides a command from its history hides it from the daemon, too.
"""

import pytest

from eidos.protocol import Level, SuggestRequest

from . import shells
from .conftest import EidosEnv, OpenShell
from .fake_daemon import Certainty, FakeDaemon, candidate, suggest
from .shells import CTRL_C, CTRL_G, ENTER, Shell, ask
from .terminal import Terminal

pytestmark = pytest.mark.shell

FAILING = "sh -c 'echo R\"\"AN; exit 3'"
HISTORY_OF_BASH = "HISTCONTROL=ignorespace\n"
"""What a blank in front of a line does in the other shells without being told."""
HOOKS = {
    "zsh": "precmd() { print -r hook=$? >>$HOME/hooks }\npreexec() { print -r $1 >>$HOME/hooks }\n",
    "bash": "PROMPT_COMMAND='echo hook=$? >>$HOME/hooks'\n",
    "fish": "function after --on-event fish_postexec; echo hook=$status >>$HOME/hooks; end\n",
}


def run(terminal: Terminal, shell: Shell, line: str = FAILING) -> None:
    """Let the shell run *line*, which prints RAN, and see its prompt again."""
    terminal.press("clear" + ENTER)
    terminal.until(lambda t: t.screen == shell.prompt.rstrip())
    terminal.press(line + ENTER)
    terminal.until(lambda t: "RAN" in t.screen.splitlines() and t.line() == shell.prompt.rstrip())


def told(terminal: Terminal, shell: Shell, daemon: FakeDaemon) -> SuggestRequest:
    """Ask, and return what came to the daemon."""
    daemon.answer_with(suggest("ls -l"))
    ask(terminal, shell, "list files")
    terminal.until_line(shell.prompt + "ls -l")
    return daemon.requests[-1]


def test_folder_command_and_status_are_told(
    shell: Shell, open_shell: OpenShell, daemon: FakeDaemon, eidos_env: EidosEnv
) -> None:
    """The daemon learns where the shell is, what it ran last and how that ended."""
    terminal = open_shell(shell.name)
    run(terminal, shell)

    request = told(terminal, shell, daemon)

    assert (request.cwd, request.last, request.status) == (str(eidos_env.home), FAILING, 3)


def test_the_other_suggestions_are_asked_for_with_the_same(
    shell: Shell, open_shell: OpenShell, daemon: FakeDaemon
) -> None:
    """The second question of a request tells what the first one told."""
    terminal = open_shell(shell.name)
    run(terminal, shell)
    first = told(terminal, shell, daemon)

    terminal.press(CTRL_G)

    second = daemon.until_asked(2)
    assert (second.cwd, second.last, second.status) == (first.cwd, first.last, first.status)


def test_a_fresh_shell_tells_its_folder_alone(
    shell: Shell, open_shell: OpenShell, daemon: FakeDaemon, eidos_env: EidosEnv
) -> None:
    """Where no command has run, none is told."""
    request = told(open_shell(shell.name), shell, daemon)

    assert (request.cwd, request.last) == (str(eidos_env.home), "")


@pytest.mark.parametrize("value", ["0", "false", "off"])
def test_nothing_is_told_where_the_variable_says_so(
    shell: Shell, open_shell: OpenShell, daemon: FakeDaemon, value: str
) -> None:
    """EIDOS_CONTEXT=0 keeps folder, command and status in the shell."""
    terminal = open_shell(shell.name, env={"EIDOS_CONTEXT": value})
    run(terminal, shell)

    request = told(terminal, shell, daemon)

    assert (request.cwd, request.last, request.status) == ("", "", None)


def test_a_command_behind_a_blank_stays_untold(
    shell: Shell, open_shell: OpenShell, daemon: FakeDaemon
) -> None:
    """What the shell leaves out of its history is not told; with bash the line before may be."""
    terminal = open_shell(shell.name, before=HISTORY_OF_BASH if shell.name == "bash" else "")
    run(terminal, shell)
    run(terminal, shell, " echo R''AN secret | cut -c 1-3")

    request = told(terminal, shell, daemon)

    assert "secret" not in request.last
    assert request.cwd


def test_options_and_aliases_of_the_user_do_not_matter(
    shell: Shell, open_shell: OpenShell, daemon: FakeDaemon, eidos_env: EidosEnv
) -> None:
    """With the options that break careless scripts, the same is told."""
    terminal = open_shell(shell.name, rc=shell.strict_mode)
    run(terminal, shell)

    request = told(terminal, shell, daemon)

    assert (request.cwd, request.last, request.status) == (str(eidos_env.home), FAILING, 3)


def test_a_long_command_is_cut(shell: Shell, open_shell: OpenShell, daemon: FakeDaemon) -> None:
    """However long the last command is, the next request is answered."""
    terminal = open_shell(shell.name, size=(60, 200))
    line = "echo R''AN; : " + "é" * 5000
    run(terminal, shell, line)

    assert told(terminal, shell, daemon).last == line[:1000]


def test_a_command_of_several_lines_becomes_one(
    shell: Shell, open_shell: OpenShell, daemon: FakeDaemon
) -> None:
    """A line break in the last command is no end of it."""
    terminal = open_shell(shell.name)
    run(terminal, shell, "echo 'R" + "AN" + ENTER + "RAN'")

    last = told(terminal, shell, daemon).last

    assert last.split() == ["echo", "'RAN", "RAN'"]


def test_a_folder_that_is_not_utf8_is_told_as_it_is(
    shell: Shell, open_shell: OpenShell, daemon: FakeDaemon, eidos_env: EidosEnv
) -> None:
    """No name of a folder keeps a request from being answered."""
    name = eidos_env.home.joinpath("caf\udce9")
    name.mkdir()
    terminal = open_shell(shell.name)
    run(terminal, shell, "cd caf*; echo R''AN")

    assert told(terminal, shell, daemon).cwd == str(name)


def test_hooks_of_the_user_see_what_they_saw(
    shell: Shell, open_shell: OpenShell, daemon: FakeDaemon, eidos_env: EidosEnv
) -> None:
    """The user's own hooks still run, once for each command, with its exit status."""
    hooks = eidos_env.home / "hooks"
    terminal = open_shell(shell.name, before=HOOKS[shell.name])
    hooks.write_text("")
    run(terminal, shell)

    told(terminal, shell, daemon)

    assert hooks.read_text().splitlines().count("hook=3") == 1


def test_a_line_that_was_dropped_changes_nothing(
    shell: Shell, open_shell: OpenShell, daemon: FakeDaemon
) -> None:
    """Ctrl-C at the prompt is no command, and its 130 no status of the one before."""
    terminal = open_shell(shell.name)
    run(terminal, shell)
    terminal.press("something")
    terminal.until_line(shell.prompt + "something")
    terminal.press(CTRL_C)
    terminal.until_line(shell.prompt)

    request = told(terminal, shell, daemon)

    assert request.last == FAILING
    assert request.status in (3, None)


# --- One shell alone --------------------------------------------------------------------------


@pytest.mark.parametrize(
    "hiding",
    [
        "zshaddhistory() { [[ $1 != *secret* ]] || return 1 }\n",
        "hide() { [[ $1 != *secret* ]] || return 2 }\nzshaddhistory_functions+=(hide)\n",
        "HISTORY_IGNORE='*secret*'\n",
        "setopt hist_ignore_space\nalias secret=' :'\n",
    ],
    ids=["function", "functions", "pattern", "alias"],
)
def test_zsh_has_other_ways_to_hide_a_command(
    open_shell: OpenShell, daemon: FakeDaemon, hiding: str
) -> None:
    """A line that zsh keeps out of its history by a function, a pattern or an alias is not told."""
    terminal = open_shell("zsh", before=hiding)
    run(terminal, shells.ZSH, "echo R''AN; secret 2>/dev/null")

    assert told(terminal, shells.ZSH, daemon).last == ""


def test_private_fish_tells_no_command(open_shell: OpenShell, daemon: FakeDaemon) -> None:
    """A fish without a history has none for the daemon either."""
    terminal = open_shell("fish", before="set -g fish_private_mode 1\n")
    run(terminal, shells.FISH)

    assert told(terminal, shells.FISH, daemon).last == ""


def test_bash_without_a_history_tells_no_command(open_shell: OpenShell, daemon: FakeDaemon) -> None:
    """After `set +o history` not even the newest line that bash still has is told."""
    terminal = open_shell("bash")
    run(terminal, shells.BASH, "echo R''AN; set +o history")

    assert told(terminal, shells.BASH, daemon).last == ""


def test_a_fresh_bash_does_not_take_what_others_ran_for_its_own(
    open_shell: OpenShell, daemon: FakeDaemon, eidos_env: EidosEnv
) -> None:
    """The newest line of the history file is not told before the shell itself has run one."""
    eidos_env.home.joinpath(".bash_history").write_text("make\n")
    terminal = open_shell("bash")

    assert told(terminal, shells.BASH, daemon).last == ""


def test_times_in_the_history_of_bash_are_not_told(
    open_shell: OpenShell, daemon: FakeDaemon
) -> None:
    """HISTTIMEFORMAT puts nothing in front of the command, whatever number it has."""
    terminal = open_shell("bash", before="HISTTIMEFORMAT='%F %T '\n")
    run(terminal, shells.BASH)

    assert told(terminal, shells.BASH, daemon).last == FAILING


# --- How sure it is ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("level", "reason", "message"),
    [
        (Level.OK, "", "eidos: " + shells.UNSURE),
        (Level.OK, "from openai (host)", f"eidos: from openai (host); {shells.UNSURE}"),
        (Level.WARN, "removes a folder", f"eidos: careful: removes a folder; {shells.UNSURE}"),
    ],
    ids=["ok", "notice", "warn"],
)
def test_an_unsure_command_is_shown_as_such(
    shell: Shell,
    open_shell: OpenShell,
    daemon: FakeDaemon,
    level: Level,
    reason: str,
    message: str,
) -> None:
    """A guess stands in the line like any command, and the message says that it is one."""
    unsure = candidate("rm -r build", level, reason, Certainty.UNSURE)
    daemon.answer_with(suggest(unsure))
    terminal = open_shell(shell.name)

    ask(terminal, shell, "remove build")

    terminal.until(lambda t: message in t.screen.splitlines())
    terminal.until_line(shell.prompt + "rm -r build")


def test_each_of_several_says_how_sure_it_is(
    shell: Shell, open_shell: OpenShell, daemon: FakeDaemon
) -> None:
    """The hint comes and goes with the command that it is about."""
    daemon.answer_with(suggest("ls", candidate("ls -a", certainty=Certainty.UNSURE), "ls -l"))
    terminal = open_shell(shell.name)
    ask(terminal, shell, "list files")
    terminal.until_line(shell.prompt + "ls")
    assert shells.UNSURE not in terminal.screen

    terminal.press(CTRL_G)
    terminal.until_line(shell.prompt + "ls -a")
    terminal.until(f"eidos: 2/3, {shells.UNSURE}")
    terminal.press(CTRL_G)

    terminal.until_line(shell.prompt + "ls -l")
    terminal.until(lambda t: any(row.strip() == "eidos: 3/3" for row in t.screen.splitlines()))
