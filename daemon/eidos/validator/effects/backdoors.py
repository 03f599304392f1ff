"""Ways in for somebody else: shells behind connections, tunnels, services that hand out a shell."""

import re
from collections.abc import Callable, Iterator
from typing import Final

from eidos.validator.commands import Command, Redirect, Word
from eidos.validator.effects.effect import REDIRECTED, Effect
from eidos.validator.evaluating.interpreters import SHELLS, is_interpreter
from eidos.validator.evaluating.options import Grammar
from eidos.validator.patterns import Pattern
from eidos.validator.programs.code_words import FOLLOWED, LANGUAGES, connects_shell
from eidos.validator.programs.network import (
    brings,
    is_free_descriptor,
    is_network_address,
    is_socket,
)
from eidos.validator.programs.sending.sent import names_of, split

# A shell and a connection.

_NETCATS: Final = frozenset(
    "nc ncat netcat nc.traditional nc.openbsd cryptcat sbd pwncat pwncat-cs powercat rcat "
    "rustcat".split()
)
_CONNECTORS: Final = _NETCATS | frozenset(
    "socat telnet openssl gs-netcat websocat wscat gnutls-cli ssl_client".split()
)
_TOOLS: Final = frozenset(
    "dnscat dnscat2 icmpsh icmpsh_m.py hoaxshell weevely pupysh revshell".split()
)


def _is_reverse_shell(command: Command) -> bool:
    """Whether somebody on another machine gets to run commands on this one."""
    name = command.name
    test = _BY_PROGRAM.get(name)
    if test is not None and test(command):
        return True
    if command.redirects and (_is_shell_on_socket(command) or _becomes_socket(command)):
        return True
    if name in _CONNECTORS and _is_fed_by_shell(command):
        return True
    if name == "print" and _answers(command):
        return True
    return connects_shell(command)


def _is_shell(word: Word) -> bool:
    name = word.text.strip("\"'").split(maxsplit=1)[0] if word.text.strip() else ""
    return is_interpreter(name.rpartition("/")[2].removesuffix(".exe")) or "cmd.exe" in name


def _is_bare_shell(command: Command) -> bool:
    """Whether it is a shell that runs whatever it is told on its standard input."""
    if command.name not in SHELLS:
        return False
    return not command.has_letter("c") and not any(
        word.text not in {"-", "/dev/stdin"} for word in command.operands
    )


def _is_shell_on_socket(command: Command) -> bool:
    """Whether a shell, or a program that only running tells, listens to a connection."""
    redirects = command.redirects
    if command.name in SHELLS:
        is_listening = _is_bare_shell(command)
    elif command.name in {"eval", "exec", ""} and _swaps_both(redirects):
        is_listening = True
    else:
        is_told = command.name == "eval" or (not command.name and bool(command.words))
        is_listening = is_told and command.in_loop
    if not is_listening:
        return any(is_socket(r.target) and "<" in r.operator for r in redirects) and (
            command.name in SHELLS
        )
    return any(is_socket(r.target) or _leads_to_connector(r) or _is_free_copy(r) for r in redirects)


def _becomes_socket(command: Command) -> bool:
    """Whether the shell itself, or what it starts, reads from and writes to a connection."""
    if command.name not in {"exec", ""} and not is_interpreter(command.name):
        return False
    sockets = [r for r in command.redirects if is_socket(r.target)]
    reads = any(r.fd in {"", "0"} and "<" in r.operator for r in sockets)
    return reads and any(r.fd in {"", "1"} and r.operator in {">", ">>", ">&"} for r in sockets)


def _is_free_copy(redirect: Redirect) -> bool:
    return redirect.operator in {"<&", ">&"} and is_free_descriptor(redirect.target)


def _swaps_both(redirects: tuple[Redirect, ...]) -> bool:
    """Whether the standard input and output become one descriptor, which only sockets are for."""
    copies = [r for r in redirects if _is_free_copy(r)]
    inputs = {r.target.text for r in copies if r.fd in {"", "0"} and r.operator == "<&"}
    outputs = {r.target.text for r in copies if r.fd in {"", "1"} and r.operator == ">&"}
    return not inputs.isdisjoint(outputs)


def _leads_to_connector(redirect: Redirect) -> bool:
    return any(one.name in _CONNECTORS and brings(one) for one in redirect.target.sources)


def _is_fed_by_shell(command: Command) -> bool:
    """Whether what a connection sends is what a shell prints."""
    if command.name == "openssl" and not command.has("s_client", "s_server"):
        return False
    if any("COPROC" in r.target.text for r in command.redirects):
        return True
    redirected = (source for r in command.redirects for source in r.target.sources)
    return any(
        _is_bare_shell(one) and not _is_given_script(one)
        for one in (*command.upstream, *redirected)
    )


def _answers(command: Command) -> bool:
    """Whether zsh writes to a descriptor what a program prints that was heard: `print -u7 $(…)`."""
    sources = (source for word in command.args for source in word.sources)
    runs = any(
        source.in_loop
        and (source.name == "eval" or not source.name)
        and not all(word.is_known for word in source.words)
        for source in sources
    )
    return runs and any(_TO_DESCRIPTOR.match(word.text) for word in command.args)


_TO_DESCRIPTOR: Final = Pattern(r"-[a-zA-Z]*u(?![12]$)")


def _is_given_script(command: Command) -> bool:
    """Whether the line itself says what the shell runs."""
    is_here = any(r.operator in {"<<", "<<<", "<<-"} for r in command.redirects)
    return is_here or any(one.name in {"echo", "printf"} for one in command.upstream)


# Programs that connect a shell themselves.

_NC: Final = Grammar("cegGiImMoOpPqsTVwWxX", names_of("exec sh-exec lua-exec"))
_NC_RUNS: Final = names_of("e c exec sh-exec lua-exec")


def runs_by_netcat(command: Command) -> Iterator[Word]:
    """Yield what nc runs for whoever is at the other end."""
    options, operands = split(command, _NC)
    for name, value in options:
        # Where -c asks for encryption, a host follows it.
        is_host = name == "-c" and value is not None and _HOST.fullmatch(value.text)
        if name in _NC_RUNS and value is not None and not is_host:
            yield value
    yield from (word for word in operands if _is_shell(word))


_HOST: Final = Pattern(r"-.*|[\w-]+(?:\.[\w-]+)+")


def _netcat_runs_shell(command: Command) -> bool:
    return any(_is_shell(word) or not word.is_known for word in runs_by_netcat(command))


_SOCAT_RUNS: Final = Pattern(r"(?:exec|system|shell)(?::|$)\"?'?", re.IGNORECASE)


def socat_runs(command: Command) -> Iterator[Word]:
    """Yield what socat runs at the end of a network connection."""
    if not any(is_network_address(word) for word in command.args):
        return
    for word in command.args:
        if match := _SOCAT_RUNS.match(word.text):
            yield Word(word.text[match.end() :].partition(",")[0], word.is_known)


def _socat_runs_shell(command: Command) -> bool:
    return any(
        not word.text or _is_shell(word) or not word.is_known for word in socat_runs(command)
    )


_AWK_SOCKET: Final = Pattern(r"/inet[46]?/(?:tcp|udp)/")
_AWK_HEARS: Final = Pattern(r"getline\s+(\w+)")
_AWK_RUNS: Final = Pattern(
    r"(?:system\s*\(\s*|^|[\s;{(&])(\w+)\s*(?:\)|\|&?\s*getline)|system\s*\(\s*(\w+)"
)


def _awk_runs_heard(command: Command) -> bool:
    """Whether awk runs as commands what comes through a connection."""
    for word in command.args:
        text = word.text
        if not _AWK_SOCKET.search(text):
            continue
        heard = {*_AWK_HEARS.findall(text), "$0"}
        run = {name for match in _AWK_RUNS.findall(text) for name in match if name}
        if heard & run or "system($0" in text.replace(" ", ""):
            return True
    return False


_DISPLAY: Final = Pattern(r"(?!localhost|127\.|unix|:)[\w.\[\]:-]*[\w\]]:\d+(?:\.\d+)?")


def _shows_elsewhere(command: Command) -> bool:
    """Whether a terminal window opens on the screen of another machine."""
    values = command.values("-display", "--display", "-d")
    set_before = (a.value for a in command.assignments if a.name == "DISPLAY")
    return any(_DISPLAY.fullmatch(word.text) for word in (*values, *set_before))


def _serves_shell_to_all(command: Command) -> bool:
    """Whether a server for anything is told to run a shell for each who connects."""
    return any(_is_shell(word) for word in command.operands) or any(
        _is_shell(word)
        for word in command.values("-l", "-c", "-E", "-s", "--inetd", "-e", "--exec")
    )


_ATTACK: Final = Pattern(r"payload|exploit|meterpreter|multi/handler|reverse_|bind_", re.IGNORECASE)
_SERVERS: Final = frozenset(
    "telnetd in.telnetd utelnetd tcpserver tcpsvd udpsvd faucet systemd-socket-activate websocketd "
    "micro-inetd".split()
)
_BY_PROGRAM: Final[dict[str, Callable[[Command], bool]]] = {
    **dict.fromkeys(_TOOLS, lambda _: True),
    **dict.fromkeys(_NETCATS, _netcat_runs_shell),
    **dict.fromkeys(("rcat", "rustcat"), _serves_shell_to_all),
    "socat": _socat_runs_shell,
    "msfvenom": lambda c: c.has("-p", "--payload") and c.has("-f", "-o", "--format", "--out"),
    "gs-netcat": lambda c: c.has_letter("ie"),
    **dict.fromkeys(("awk", "gawk", "mawk", "nawk"), _awk_runs_heard),
    **dict.fromkeys(
        ("xterm", "rxvt", "urxvt", "uxterm", "aterm", "konsole", "Eterm"), _shows_elsewhere
    ),
    **dict.fromkeys(_SERVERS, _serves_shell_to_all),
    **dict.fromkeys(
        ("msfconsole", "msfcli", "msfrpc"), lambda c: any(_ATTACK.search(w.text) for w in c.args)
    ),
}


_CONNECTING: Final = LANGUAGES | FOLLOWED | _CONNECTORS | _BY_PROGRAM.keys() | {"print"}


_PAGE_RUNS: Final = Pattern(
    r"\b(?:system|exec|shell_exec|passthru|popen|proc_open|eval|assert|create_function)\b[^;]{0,80}"
    r"\$_(?:GET|POST|REQUEST|COOKIE|SERVER|FILES)|`\s*\$_(?:GET|POST|REQUEST|COOKIE)"
    r"|Runtime.{0,40}exec\s*\(\s*request\.getParameter|eval\s*\(?\s*request\b|os\.popen\(request\.",
    re.IGNORECASE,
)
_PRINTERS: Final = frozenset({"echo", "printf"})


def _writes_web_shell(command: Command) -> bool:
    """Whether a web page is written that runs what its visitors send."""
    is_kept = command.name == "tee" or any(r.writes or r.appends for r in command.redirects)
    if not is_kept:
        return False
    texts = [r.target for r in command.redirects if r.operator.startswith("<<")]
    texts += command.args if command.name in _PRINTERS else ()
    texts += (word for one in command.upstream if one.name in _PRINTERS for word in one.args)
    return any(_PAGE_RUNS.search(word.text) for word in texts)


EFFECTS: Final[tuple[Effect, ...]] = (
    Effect("reverse-shell", _is_reverse_shell, _CONNECTING, REDIRECTED),
    Effect("web-shell", _writes_web_shell, _PRINTERS | {"tee", "cat"}),
)
