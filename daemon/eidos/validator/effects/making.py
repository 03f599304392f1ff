"""Programs that another command makes or names, so that only running would tell what they are."""

from typing import Final

from eidos.validator.commands import Command, Word
from eidos.validator.effects.effect import FED, UNPLAIN, Effect
from eidos.validator.effects.unread import direct, is_runner
from eidos.validator.evaluating.interpreters import SHELLS
from eidos.validator.patterns import Pattern


def _runs_made_text(command: Command) -> bool:
    """Whether *command* runs text that another one makes, and that does not stand in the line."""
    if not command.program_from:
        return False
    if not is_runner(command) or _sets_variables(command) or command.has("/dev/stdin"):
        return False
    printed = direct(command)
    found = [one for one in command.program_from if id(one) in printed and not one.is_guess]
    if command.name not in SHELLS and any(_prints_settings(one) for one in found):
        return False
    return any(not _is_known_text(one) for one in found) or _runs_lines(command)


def _runs_lines(command: Command) -> bool:
    """Whether eval runs what a file holds, line by line."""
    is_unknown = any(not word.is_known for word in command.args)
    return command.name == "eval" and command.in_loop and is_unknown


def _sets_variables(command: Command) -> bool:
    """Whether its words are variables for what follows: `env $(cat .env) app`."""
    is_env = bool(command.wrappers) and command.wrappers[-1] == "env"
    return is_env and not command.words[0].is_known


def _is_known_text(command: Command) -> bool:
    """Whether the text is in the line, or in a file that the line names."""
    name = command.name
    if name in {"echo", "printf"}:
        return all(word.is_known for word in command.args)
    if name in {"cat", "tac", "bat", "pv", ""}:
        named = (*command.operands, *(r.target for r in command.redirects if r.reads))
        return not any(_TEMPORARY.match(word.text) for word in named)
    return name in _NO_TEXT and not any(" " in word.text for word in command.args)


_TEMPORARY: Final = Pattern(r"/(?:tmp|var/tmp|dev/shm)/|.*/\.[^/.]")
_NO_TEXT: Final = frozenset(
    "cd true false : test [ set export sleep which command type whence pwd dirname basename "
    "readlink realpath mktemp date hostname whoami id uname nproc tty seq read tee function "
    "getopt getopts locale git tput stty resize shopt local declare".split()
)
"""Programs that print a name, a number, or nothing, but for patterns: `seq -f "rm %g"`."""
_SETTING_WORDS: Final = frozenset(
    "init completion completions complete shellenv env hook activate docker-env "
    "virtualenv-init export-credentials podman-env oc-env get-login-password get-login signin "
    "generate-shell-completion completion-script show-completion --completion --shell --bash "
    "--zsh --fish --sh --sh-syntax --export --eval --alias --daemon --init --shell-init "
    "shell-init print-env printenv exports config-env autocomplete dotenv "
    "print-profile-env --print-env integration --show-completion".split()
)
_PRINTS_SETTINGS: Final = frozenset(
    "ssh-agent gpg-agent dircolors gdircolors lesspipe lesspipe.sh keychain thefuck starship "
    "zoxide direnv mise rtx atuin fnm nodenv pyenv rbenv goenv jenv opam brew conda mamba "
    "micromamba poetry pipenv luarocks tset resize dbus-launch locale register-python-argcomplete "
    "register-python-argcomplete3 zellij docker-machine minikube fzf navi mcfly hub op envman "
    "vault aws-vault chamber sdk volta asdf nvm xdotool slop fastfetch ntfy carapace oh-my-posh "
    "abbr alias perl stack envsubst stty xrandr".split()
)
"""Programs whose output is meant for eval."""
_ENVIRONMENT_FILE: Final = Pattern(
    r"(?:^|/)(?:\.env[\w.-]*|[\w.-]*\.env)$|/etc/(?:os-release|environment|default/)"
)


def _prints_settings(command: Command) -> bool:
    if command.name in _PRINTS_SETTINGS:
        return True
    named = (*command.args, *(r.target for r in command.redirects if r.reads))
    return any(
        word.text in _SETTING_WORDS
        or word.text.startswith(("--completion", "completion", "--shell"))
        or _ENVIRONMENT_FILE.search(word.text) is not None
        for word in named
    )


_CHOSEN_BY_USER: Final = Pattern(
    r"\$\{?(?:EDITOR|VISUAL|PAGER|SHELL|BROWSER|TERMINAL|MANPAGER|GIT_EDITOR|GIT_PAGER|MAKE|CC|CXX"
    r"|PYTHON|SUDO|sudo|TERM|DIFF|JAVA|0|@|\*|argv)(?::?[-=?][^{}]*)?\}?(?:\s.*)?"
)
_FOUND_BY_XARGS: Final = "{}"


def _is_unknown_program(command: Command) -> bool:
    """Whether a variable or a substitution stands where the name of the program belongs."""
    if not command.words:
        return False
    if command.name == "eval":
        return _evaluates_unknown(command)
    word = command.words[0]
    if word.is_known and word.text != _FOUND_BY_XARGS:
        return False
    if _CHOSEN_BY_USER.fullmatch(word.text) or _is_named_last(word) or _sets_variables(command):
        return False
    return not word.sources or not all(_finds_program(source) for source in word.sources)


def _evaluates_unknown(command: Command) -> bool:
    """Whether nothing of what eval runs is known, and nothing in the line makes it."""
    words = command.args
    return bool(words) and all(
        word.text.startswith("$")
        and not (word.is_known or word.sources or _CHOSEN_BY_USER.fullmatch(word.text))
        for word in words
    )


def _is_named_last(word: Word) -> bool:
    """Whether only the folder of the program is unknown: `$JAVA_HOME/bin/java`."""
    name = word.text.rpartition("/")[2] if "/" in word.text else ""
    return bool(name) and not set(name) & set("$`(){}*?")


def _finds_program(command: Command) -> bool:
    return command.name in _FINDERS


_FINDERS: Final = frozenset(
    "which command type whence where brew asdf mise pyenv rbenv rustup nvm xcrun npm yarn go git "
    "aws pwd dirname".split()
)


EFFECTS: Final[tuple[Effect, ...]] = (
    Effect("made-run", _runs_made_text, when=FED),
    Effect("unknown-program", _is_unknown_program, frozenset({"eval"}), UNPLAIN),
)
