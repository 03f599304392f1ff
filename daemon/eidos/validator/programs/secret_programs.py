"""Programs that print what must not leave the machine, and ones that make it unreadable."""

import re
from collections.abc import Callable, Iterable, Iterator
from typing import Final

from eidos.validator.commands import Command, Word
from eidos.validator.patterns import Pattern
from eidos.validator.places import secret_places
from eidos.validator.places.secrets import Worth, names_secret, worth_of


def worth_shown_by(command: Command) -> Worth:
    """Return the worth of what *command* itself reads and prints, its input by pipe aside."""
    name = command.name
    if name in _NAMING_ONLY or is_sealing(command):
        return Worth.NONE
    asked = _PRINTERS.get(name)
    worth = asked(command) if asked else Worth.NONE
    redirected = (r.target for r in command.redirects if r.reads)
    words = (*redirected, *(() if name in _NOT_READING else _read_by(command)))
    return max((worth, *(worth_of(word) for word in words)))


def is_sealing(command: Command) -> bool:
    """Whether nobody without a key can read what goes through *command*, or nothing is left."""
    match command.name:
        case "gpg" | "gpg2":
            return command.has("-e", "-r", "-er", "-se", "-esr", "--encrypt", "--recipient")
        case "age" | "rage":
            return command.has("-r", "-e", "--recipient", "--encrypt", "--recipients-file")
        case "openssl":
            return command.has("x509", "req", "crl", "verify", "-pubout", "dgst", "s_client")
        case "grep" | "rg":
            return command.has_letter("cqlL") or command.has("--count", "--quiet")
        case name:
            return name in _SUMMARIES


_SUMMARIES: Final = frozenset(
    "wc md5sum md5 sha1sum sha224sum sha256sum sha384sum sha512sum shasum b2sum b3sum cksum sum "
    "ssh-keygen ansible-vault".split()
)
_NAMING_ONLY: Final = frozenset(
    "ls dir vdir eza exa lsd tree stat du df file test [ [[ basename dirname realpath readlink "
    "which type command whereis true false".split()
)
_NOT_READING: Final = frozenset(
    "echo printf chmod chown touch rm mkdir cd ssh scp sftp rsync ssh-add ssh-copy-id kubectl helm "
    "oc curl wget http https git docker podman mysql mysqldump mariadb psql pg_dump ansible "
    "ansible-playbook terraform tofu vault aws gcloud az gsutil rclone age nc ncat socat "
    "sshfs sshpass restic borg function certbot nginx openvpn wg source . set export".split()
)
"""Programs whose operands are no files, or that use keys and do not print them."""
_NO_FILE: Final = Pattern(r"--(?:exclude|include|regexp|pattern|glob|ignore)\b")
_PATTERN_OPTIONS: Final = frozenset({"--exclude", "--include", "-x", "-e", "--regexp", "-g"})
_PATTERN_FIRST: Final = frozenset(
    "grep egrep fgrep zgrep rg ag ack sed gsed awk gawk mawk jq yq cut tr".split()
)
_VALUE: Final = Pattern(r"-{0,2}[\w-]*=@?|@")


def _read_by(command: Command) -> Iterator[Word]:
    """Yield the words of *command* that may name files which it reads."""
    skips_pattern = command.name in _PATTERN_FIRST and not command.has_letter("ef")
    is_pattern = False
    for word in command.args:
        text = word.text
        if is_pattern or _NO_FILE.match(text):
            is_pattern = False
        elif text in _PATTERN_OPTIONS:
            is_pattern = True
        elif not text.startswith("-") and skips_pattern:
            skips_pattern = False
        elif match := _VALUE.match(text):
            yield Word(text[match.end() :], word.is_known, word.is_glob, (), word.folder)
        elif not text.startswith("-"):
            yield word


def _shown_if(worth: Worth, applies: Callable[[Command], bool]) -> Callable[[Command], Worth]:
    return lambda command: worth if applies(command) else Worth.NONE


def _shown_for(worth: Worth, *phrases: str) -> Callable[[Command], Worth]:
    """Return a test for subcommands: the words of a phrase in this order, others between."""
    wanted = tuple(tuple(phrase.split()) for phrase in phrases)

    def shown(command: Command) -> Worth:
        texts = [word.text for word in command.args]
        return worth if any(_in_order(phrase, texts) for phrase in wanted) else Worth.NONE

    return shown


def _in_order(phrase: Iterable[str], texts: list[str]) -> bool:
    rest = iter(texts)
    return all(any(text == part for text in rest) for part in phrase)


def _always(worth: Worth) -> Callable[[Command], Worth]:
    return lambda _: worth


def _by_environment(command: Command) -> Worth:
    operands = command.operands
    names = [word for word in operands if names_secret(Word(f"${word.text}", is_known=False))]
    return Worth.SESSION if not operands or names else Worth.NONE


def _by_echo(command: Command) -> Worth:
    return Worth.TOKEN if any(names_secret(word) for word in command.args) else Worth.NONE


_FIND_TESTS: Final = Pattern(r"-i?(?:name|path|wholename|regex|size|newer|mtime)")


def _by_find(command: Command) -> Worth:
    """Weigh what find looks for by name, and where."""
    words = (word for word in command.args if not word.text.startswith("-"))
    worths = [worth_of(Word(word.text.lstrip("*"), folder=word.folder)) for word in words]
    tests = any(_FIND_TESTS.match(word.text) for word in command.args)
    return max((w for w in worths if w > Worth.PERSONAL or not tests), default=Worth.NONE)


_PASSWORDS: Final = Pattern(
    r"passw|secret|token|api.?key|private.key|BEGIN.*KEY|credential|AKIA|aws_", re.IGNORECASE
)


def _by_grep(command: Command) -> Worth:
    """Weigh a search for passwords through folders."""
    is_search = command.has_letter("rR") or command.name in {"rg", "ag", "ack"}
    found = is_search and any(_PASSWORDS.search(word.text) for word in command.operands[:1])
    return Worth.SECRET if found else Worth.NONE


def _by_fetcher(command: Command) -> Worth:
    """Weigh what the cloud tells its own machine about itself."""
    found = any(secret_places.METADATA.search(word.text) for word in command.args)
    return Worth.TOKEN if found else Worth.NONE


_SHOTS: Final = (
    "import scrot gnome-screenshot grim maim flameshot spectacle screencapture xwd fswebcam "
    "arecord parecord imagesnap"
)
_LISTENERS: Final = "tcpdump tshark dumpcap ngrep pg_dumpall pg_basebackup xtrabackup mariabackup"
_DUMPS: Final = "mysqldump mariadb-dump pg_dump mongodump mongoexport slapcat"
_ALL_DATABASES: Final = ("-A", "--all-databases", "--oplog")


def _by_dump(command: Command) -> Worth:
    return Worth.PERSONAL if command.has(*_ALL_DATABASES) else Worth.RECORDS


def _by_ffmpeg(command: Command) -> Worth:
    devices = {"x11grab", "v4l2", "avfoundation", "alsa", "pulse", "kmsgrab", "fbdev"}
    return Worth.RECORDS if any(w.text in devices for w in command.values("-f")) else Worth.NONE


def _by_getent(command: Command) -> Worth:
    if command.has("shadow", "gshadow"):
        return Worth.SECRET
    return Worth.PERSONAL if command.has("passwd") else Worth.NONE


_PRINTERS: Final[dict[str, Callable[[Command], Worth]]] = {
    "env": _by_environment,
    "printenv": _by_environment,
    "set": _shown_if(Worth.SESSION, lambda c: not c.operands),
    "export": _shown_if(Worth.SESSION, lambda c: not c.operands and not c.assignments),
    **dict.fromkeys(
        ("declare", "typeset"), _shown_if(Worth.SESSION, lambda c: not c.operands)
    ),
    "history": _shown_if(Worth.SESSION, lambda c: not c.has_letter("cdw")),
    "fc": _shown_if(Worth.SESSION, lambda c: c.has_letter("l")),
    "xclip": _shown_if(Worth.SESSION, lambda c: c.has("-o", "-out", "-selection")),
    "xsel": _shown_if(Worth.SESSION, lambda c: not c.has_letter("ic")),
    **dict.fromkeys(
        ("wl-paste", "pbpaste", "termux-clipboard-get", "Get-Clipboard"), _always(Worth.SESSION)
    ),
    **dict.fromkeys(("echo", "printf"), _by_echo),
    **dict.fromkeys(("find", "fd", "fdfind", "locate", "plocate"), _by_find),
    **dict.fromkeys(("grep", "egrep", "zgrep", "rg", "ag", "ack"), _by_grep),
    **dict.fromkeys(("curl", "wget", "http", "https", "xh"), _by_fetcher),
    **dict.fromkeys(_SHOTS.split(), _always(Worth.RECORDS)),
    **dict.fromkeys(_LISTENERS.split(), _always(Worth.PERSONAL)),
    **dict.fromkeys(_DUMPS.split(), _by_dump),
    "ffmpeg": _by_ffmpeg,
    **dict.fromkeys(
        ("xinput", "showkey", "evtest", "logkeys", "ttyrec"), _always(Worth.SESSION)
    ),
    "script": _shown_if(Worth.SESSION, lambda c: not c.has_letter("c")),
    "osascript": _shown_if(Worth.SESSION, lambda c: any("clipboard" in w.text for w in c.args)),
    **dict.fromkeys(("docker", "podman"), _shown_for(Worth.SESSION, "inspect", "compose config")),
    "redis-cli": _shown_for(Worth.RECORDS, "--rdb"),
    "security": _shown_for(
        Worth.SECRET, "find-generic-password", "find-internet-password", "dump-keychain", "export"
    ),
    **dict.fromkeys(
        ("gpg", "gpg2"),
        _shown_for(
            Worth.SECRET, "--export-secret-keys", "--export-secret-subkeys", "--export-secret-key"
        ),
    ),
    **dict.fromkeys(
        ("pass", "gopass", "lpass"),
        _shown_if(Worth.TOKEN, lambda c: not c.has("ls", "list", "find", "generate", "git")),
    ),
    "op": _shown_for(Worth.TOKEN, "read", "item get", "document get", "get item"),
    "bw": _shown_for(Worth.TOKEN, "get", "export", "list"),
    "secret-tool": _shown_for(Worth.TOKEN, "lookup", "search"),
    "kwallet-query": _always(Worth.TOKEN),
    "keyring": _shown_for(Worth.TOKEN, "get"),
    "keyctl": _shown_for(Worth.TOKEN, "print", "pipe", "read"),
    "mimipenguin": _always(Worth.SECRET),
    "mimipenguin.sh": _always(Worth.SECRET),
    "lazagne": _always(Worth.SECRET),
    "unshadow": _always(Worth.SECRET),
    "getent": _by_getent,
    "kubectl": _shown_for(
        Worth.SECRET, "get secret", "get secrets", "config view --raw", "describe secret"
    ),
    "oc": _shown_for(Worth.SECRET, "get secret", "get secrets", "whoami -t"),
    "aws": _shown_for(
        Worth.TOKEN,
        *("configure get", "configure export-credentials", "sts get-session-token"),
        *("sts assume-role", "secretsmanager get-secret-value", "ssm get-parameter"),
        *("ecr get-login-password", "iam create-access-key", "ssm get-parameters"),
    ),
    "gcloud": _shown_for(
        Worth.TOKEN, "auth print-access-token", "auth print-identity-token", "secrets versions",
        "auth application-default print-access-token",
    ),
    "az": _shown_for(Worth.TOKEN, "account get-access-token", "keyvault secret show"),
    "vault": _shown_for(Worth.TOKEN, "kv get", "read", "print token", "token lookup"),
    "gh": _shown_for(Worth.TOKEN, "auth token"),
    "glab": _shown_for(Worth.TOKEN, "auth token"),
    "git": _shown_for(Worth.TOKEN, "credential fill", "credential-store get"),
    "heroku": _shown_for(Worth.TOKEN, "config", "auth:token"),
    "sops": _shown_for(Worth.TOKEN, "-d", "--decrypt", "decrypt"),
    "terraform": _shown_for(Worth.TOKEN, "state pull", "output"),
    "wg": _shown_for(Worth.SECRET, "showconf", "show all private-key"),
    "nmcli": _shown_for(Worth.TOKEN, "-s", "--show-secrets"),
}  # fmt: skip
