"""What leaves the machine that should not: keys, passwords, the shell's memory, whole homes."""

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import pairwise
from typing import Final

from eidos.validator.commands import Command, Word
from eidos.validator.effects.effect import REDIRECTED, Effect
from eidos.validator.patterns import Pattern
from eidos.validator.places import secret_places
from eidos.validator.places.secrets import Worth, worth_of
from eidos.validator.places.targets import path_of
from eidos.validator.programs.network import is_free_descriptor, is_local, is_socket, origins
from eidos.validator.programs.secret_programs import is_sealing, worth_shown_by
from eidos.validator.programs.sending.senders import SENDERS, sent_by
from eidos.validator.programs.sending.sent import Sent
from eidos.validator.programs.serving import SERVERS, folders_served


class _Asked:
    """A command that is the same as another only when it is that very object."""

    __slots__ = ("command",)

    def __init__(self, command: Command) -> None:
        self.command = command

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Asked) and self.command is other.command

    def __hash__(self) -> int:
        return id(self.command)


def _worth_sent(command: Command) -> Worth:
    """Return the worth of what *command* sends to another machine."""
    return _weigh(_Asked(command))


@lru_cache(maxsize=1)
def _weigh(asked: _Asked) -> Worth:
    """Return the worth of what a command sends: two rules ask for it, one after the other."""
    command = asked.command
    sent = sent_by(command)
    worths = list(_worths(command, sent)) if sent else []
    if any(_is_outlet(r.target) for r in command.redirects if ">" in r.operator):
        worths += _worths_of_origins((command,))
    if command.name in _PRINT and _prints_to_descriptor(command):
        worths += _worths_of_origins((command,))
    worth = max(worths, default=Worth.NONE)
    is_own = sent is not None and sent.is_own
    return Worth.NONE if is_own and worth is Worth.RECORDS else worth


def _is_outlet(word: Word) -> bool:
    return is_socket(word) and not is_local(Word(word.text[len("/dev/tcp/") :]))


_PRINT: Final = frozenset({"print", "syswrite"})
_SENDING: Final = frozenset(SENDERS) | _PRINT
_TO_DESCRIPTOR: Final = Pattern(r"-[a-zA-Z]*[uo](?P<fd>.*)", re.DOTALL)


def _prints_to_descriptor(command: Command) -> bool:
    """Whether zsh's builtins write to what the line has opened: `ztcp h 80; print -u$REPLY`."""
    for word, following in pairwise((*command.args, Word(""))):
        if match := _TO_DESCRIPTOR.fullmatch(word.text):
            fd = match["fd"]
            return is_free_descriptor(Word(fd, is_known=word.is_known) if fd else following)
    return False


def _worths(command: Command, sent: Sent) -> Iterator[Worth]:
    yield from (worth_of(word) for word in sent.files)
    sources = [source for word in (*sent.files, *sent.texts) for source in word.sources]
    if sent.files:
        in_words = {id(source) for word in command.words for source in word.sources}
        piped = {id(source) for source in command.upstream}
        sources += (r for r in command.reads if id(r) not in in_words and id(r) not in piped)
    if sent.takes_input:
        yield from (worth_of(r.target) for r in command.redirects if r.reads)
        sources += (source for r in command.redirects for source in r.target.sources)
        sources += command.upstream
    if sent.is_own:
        # A password for sudo on the machine that one logs in to.
        sources = [source for source in sources if source.name not in {"echo", "printf"}]
    yield from _worths_of_origins(sources)
    badges = (source for word in sent.badges for source in word.sources)
    yield from (worth for worth in _worths_of_origins(badges) if worth is not Worth.TOKEN)
    yield from (Worth.SECRET for word in sent.texts if _SENT_VARIABLE.search(word.text))


_SENT_VARIABLE: Final = Pattern(
    r"\$\{?(?:AWS_SECRET_ACCESS_KEY|AWS_SESSION_TOKEN|\w*PRIVATE_KEY|SSH_KEY|\w*MASTER_PASSWORD)\b"
)
"""What no service asks for by its name; `$API_TOKEN` in an address is how some are used."""


def _worths_of_origins(sources: Iterable[Command]) -> Iterator[Worth]:
    """Yield the worth of all that *sources* print, but for what one of them encrypts."""
    found = list(origins(sources))
    sealed = {
        id(o) for one in found if is_sealing(one) for o in origins((*one.reads, *one.upstream))
    }
    yield from (worth_shown_by(origin) for origin in found if id(origin) not in sealed)


def _sends_secret(command: Command) -> bool:
    return _worth_sent(command) > Worth.PERSONAL


def _sends_personal(command: Command) -> bool:
    return _worth_sent(command) in {Worth.PERSONAL, Worth.RECORDS}


# Leaving open.

_OPEN_FOLDER: Final = Pattern(
    r"/(?:tmp|var/tmp|dev/shm|run/shm|var/www|srv/(?:http|www|ftp)|usr/share/nginx|var/ftp)(?:/|$)"
    r"|(?:~|/home/[^/]+)/(?:public_html|Public|\.?www)(?:/|$)"
)
_COPIERS: Final = frozenset({"cp", "mv", "install", "ln", "rsync", "ditto", "scp"})
_WRITERS: Final = frozenset(
    {"tee", "dd", "tar", "zip", "7z", "gpg", "openssl", "sponge", "cpio", "rar"}
)


def _exposes_secret(command: Command) -> bool:
    """Whether a secret is copied to where everybody on this machine may read it."""
    if command.name in _COPIERS:
        *sources, target = command.operands or (Word(""),)
        return _is_open(target) and any(worth_of(word) >= Worth.SESSION for word in sources)
    written = any(_is_open(r.target) for r in command.redirects if r.writes or r.appends)
    if not written and command.name in _WRITERS:
        written = any(_is_open(word) for word in _values(command))
    return written and any(worth >= Worth.SESSION for worth in _worths_of_origins((command,)))


def _is_open(word: Word) -> bool:
    return _OPEN_FOLDER.match(path_of(word)) is not None


def _values(command: Command) -> Iterator[Word]:
    for word in command.args:
        _, equals, value = word.text.partition("=")
        yield Word(value, folder=word.folder) if equals else word


def _serves_secret(command: Command) -> bool:
    return any(worth_of(word) > Worth.PERSONAL for word in folders_served(command))


def _serves_personal(command: Command) -> bool:
    return any(worth_of(word) is Worth.PERSONAL for word in folders_served(command))


# Into a repository, from the keyboard, out of the cloud.


def _commits_secret(command: Command) -> bool:
    """Whether a secret becomes part of a git repository, which is made to be copied."""
    if not command.has("add", "stage"):
        return False
    words = command.operands
    return words[0].text in {"add", "stage"} and any(
        worth_of(word) >= Worth.TOKEN for word in words[1:]
    )


_LISTENS_BY_CODE: Final = Pattern(
    r"pynput\.keyboard|pynput\s+import\s+keyboard|keyboard\.(?:on_press|hook|record)|pyxhook"
)
_LISTENERS: Final = frozenset(
    "logkeys xspy keylogger lkl uberkey simple-key-logger dsniff "
    "mailsnarf urlsnarf webspy sslstrip net-creds pcredz tcpick".split()
)
_SNIFFERS: Final = frozenset({"tshark", "tcpdump", "ngrep", "tcpflow", "termshark", "sngrep"})
_LOGINS: Final = Pattern(
    r"auth(?:basic|orization|_)|passw|\bpass\b|credential|cookie|login|ftp\.request|ntlm|kerberos",
    re.IGNORECASE,
)
"""What is searched for in the traffic of others."""
_MAY_LISTEN: Final = frozenset({"xinput", "showkey", "evtest", "libinput", "script"})
_INPUT_DEVICE: Final = Pattern(r"/dev/input/(?:event|by-)|/dev/uinput|/dev/hidraw")
_HOLDS_PASSWORDS: Final = Pattern(
    r"sshd?(?:-agent)?|login|sudo|su|gpg-agent|passwd|gdm\w*|lightdm|(?:gnome-)?keyring\w*"
    r"|firefox|chrome|chromium|bash|zsh|lsass|vault|keepassxc|1password|bitwarden"
)


_HOOKS: Final = frozenset(
    "preexec precmd zshaddhistory zle-line-finish accept-line zle-line-init "
    "fish_preexec fish_postexec fish_prompt".split()
)
"""Functions that the shell calls with what is typed, or around it."""
_TYPED: Final = Pattern(r"\$\{?(?:BASH_COMMAND|READLINE_LINE|L?BUFFER)\b")


def _sends_typed(command: Command) -> bool:
    """Whether what is typed at the prompt is sent away, command by command."""
    if any(_TYPED.search(word.text) for word in command.args):
        return True
    is_hooked = not _HOOKS.isdisjoint(command.inside)
    return is_hooked and any(not word.is_known for word in command.args)


def _records_input(command: Command) -> bool:
    """Whether what people type is recorded, or what a program that asks for passwords reads."""
    name = command.name
    if name in _LISTENERS:
        return True
    if name in _SNIFFERS:
        is_live = not command.has_letter("r")
        return is_live and any(_LOGINS.search(word.text) for word in command.args)
    if command.family == "python":
        return any(_LISTENS_BY_CODE.search(word.text) for word in command.args)
    if name in _MAY_LISTEN:
        is_kept = any(r.writes or r.appends for r in command.redirects) or command.is_background
        return is_kept and command.has("test", "test-xi2", "debug-events", "-k", "-a", "-s")
    if name in _TRACERS:
        return command.has_letter("p") and any(_asks_for_process(word) for word in command.args)
    return _is_reader(command) and any(
        _INPUT_DEVICE.match(word.text.removeprefix("if="))
        for word in (*command.args, *(r.target for r in command.redirects if r.reads))
    )


_TRACERS: Final = frozenset({"strace", "ltrace", "gdb", "gcore", "procdump", "ptrace", "dtrace"})
_READERS: Final = frozenset({"cat", "dd", "xxd", "od", "hexdump", "tee", "strings", "head"})


def _is_reader(command: Command) -> bool:
    return command.name in _READERS


def _asks_for_process(word: Word) -> bool:
    found = (s for s in word.sources if s.name in {"pgrep", "pidof", "ps", "grep"})
    return any(_HOLDS_PASSWORDS.fullmatch(arg.text) for source in found for arg in source.args)


def _asks_cloud(command: Command) -> bool:
    """Whether the cloud is asked for the credentials of this machine."""
    return any(_METADATA_KEYS.search(word.text) for word in command.args)


_METADATA_KEYS: Final = secret_places.METADATA
_FETCHERS: Final = frozenset({"curl", "wget", "http", "https", "xh", "aria2c", "lynx", "nc", "GET"})


EFFECTS: Final[tuple[Effect, ...]] = (
    Effect("send-secret", _sends_secret, _SENDING, REDIRECTED),
    Effect("send-personal", _sends_personal, _SENDING, REDIRECTED),
    Effect("send-typed", _sends_typed, frozenset(SENDERS)),
    Effect("expose-secret", _exposes_secret, _COPIERS | _WRITERS, REDIRECTED),
    Effect("serve-secret", _serves_secret, SERVERS),
    Effect("serve-personal", _serves_personal, SERVERS),
    Effect("commit-secret", _commits_secret, frozenset({"git"})),
    Effect(
        "record-input",
        _records_input,
        _LISTENERS | _SNIFFERS | _MAY_LISTEN | _TRACERS | _READERS | {"python"},
    ),
    Effect("ask-cloud-credentials", _asks_cloud, _FETCHERS),
)
