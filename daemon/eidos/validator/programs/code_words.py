"""What the words in a program give away, in languages of which nobody follows what a program does.

`code` follows Python, Perl, Ruby, PHP, JavaScript, Lua and awk. For the others this asks only
whether a program has words for both halves of an attack, such as a connection and a shell.
"""

import re
from collections.abc import Iterator
from typing import Final

from eidos.validator.commands import Command
from eidos.validator.patterns import Pattern

# All in small letters, and so are the texts: ignoring case makes the search three times as slow.
_FETCHES: Final = Pattern(
    r"download(?:string|file|data)|invoke-webrequest|\biwr\b|invoke-restmethod|\birm\b|urlopen"
    r"|start-bitstransfer|socket\.http|java\.net\.url|new url\(|httpoison|httpc:|download\.file"
    r"|\bdownload\(|urllib|https?://",
)
_RUNS_TEXT: Final = Pattern(
    r"\biex\b|invoke-expression|\beval\b|\bexec\s*\(|\bsource\s*\(|\binclude\s*\(|code:eval"
    r"|\bload\s*\(|\bso(?:urce)?\s+https?:|load-file|load-library",
)
_DECODES: Final = Pattern(
    r"frombase64string|base64(?:\.|:|_)?(?:decode|getdecoder)|decode64|b64decode|fromhex|unhexlify"
    r"|from-base64|binary (?:decode|format)|rot13|unhex|gzipstream|deflatestream|\[char\]|-bxor",
)
_RUNS: Final = Pattern(
    r"\biex\b|invoke-expression|\beval\b|\bexec\b|\bsystem\b|os:cmd|getruntime|processbuilder"
    r"|scriptblock|start-process|\brun\s*\(|run-program|reflection\.assembly",
)
_CONNECTS: Final = Pattern(
    r"socket|tcpclient|tcplistener|tcpstream|udpclient|gen_tcp|open-tcp|make-connection|net\.dial"
    r"|make-network-process|open-network-stream|/dev/(?:tcp|udp)/|sockaddr_in|inet_addr"
    r"|\busing sockets\b",
)
_GIVES_SHELL: Final = Pattern(
    r"/bin/\w*sh\b|\biex\b|invoke-expression|\b(?:ba|z|k|da)?sh -i|os:cmd|getruntime|processbuilder"
    r"|run-program|run\(pipeline|exec\.command|process\.start|\bexec\b|\bsystem\b|execve|execl"
    r"|pty\.spawn|dup2|subprocess|open\s+[\"']?\||cmd(?:\.exe)?[\"']|powershell",
)
_ENCODED: Final = Pattern(r"-e(?:c|n|nc|nco\w*)?$", re.IGNORECASE)
_POWERSHELL: Final = frozenset({"powershell", "pwsh", "powershell.exe", "pwsh.exe"})
LANGUAGES: Final = _POWERSHELL | frozenset(
    "tclsh wish expect groovy groovysh jjs jrunscript jshell scala kotlin julia R Rscript octave "
    "guile racket sbcl clisp ecl erl elixir swift crystal nim raku dart osascript runghc gdb vim "
    "nvim emacs java ocaml go gcc cc clang tcc rustc javac dotnet csc mcs".split()
)


FOLLOWED: Final = frozenset(
    "node nodejs deno bun python perl ruby php lua luajit awk gawk mawk nawk".split()
)
"""`code` follows them, if not everywhere: these words leave no doubt."""
_MAKES_LETTERS: Final = Pattern(
    r"%c|string\.char|fromcharcode|\bchr\b|tonumber\s*\([^()]{1,40}16|b64decode|fromhex|unhexlify"
    r"|base64_decode|decode_base64|\bpack\b|atob|unescape",
)
_RUNS_VALUE: Final = Pattern(
    r"(?:\bsystem|os\.execute|io\.popen|\bpopen|\beval|\bexec(?:sync)?|loadstring|\bload|passthru"
    r"|shell_exec|subprocess\.\w+)\s*\(\s*(?:\(|[$@\w](?![\w.]*[\"']))|\beval\s+(?:pack|join|map|\$)"
    r"|\b\w+\s*\|\s*getline|\|\s*\"(?:/bin/)?\w{0,3}sh\"",
)
_OPENS_CONNECTION: Final = Pattern(
    r"\bconnect\s*\(|createconnection|\.listen\s*\(|fsockopen|tcpsocket|stream_socket_client"
    r"|io::socket|socket::inet|net\.connect|deno\.connect",
)
_NAMES_SHELL: Final = Pattern(
    r"[\"'`](?:/usr)?(?:/bin/)?(?:ba|z|k|da|a|c|tc|fi)?sh(?:\s+-i\w*)?[\"'`]|[\"'`]cmd(?:\.exe)?[\"'`]"
    r"|[\"'`]powershell(?:\.exe)?[\"'`]",
)


def runs_fetched(command: Command) -> bool:
    """Whether a program in *command* seems to run what it fetches."""
    return _has_both(command, _FETCHES, _RUNS_TEXT)


def runs_decoded(command: Command) -> bool:
    """Whether a program in *command* seems to run what it decodes, or is itself encoded."""
    if command.name in _POWERSHELL and any(_ENCODED.match(word.text) for word in command.args):
        return True
    return _has_both(command, _DECODES, _RUNS) or _shows_both(command, _MAKES_LETTERS, _RUNS_VALUE)


def connects_shell(command: Command) -> bool:
    """Whether a program in *command* seems to put a shell behind a connection."""
    return _has_both(command, _CONNECTS, _GIVES_SHELL) or _shows_both(
        command, _OPENS_CONNECTION, _NAMES_SHELL
    )


def _shows_both(command: Command, first: Pattern, second: Pattern) -> bool:
    if command.family not in FOLLOWED:
        return False
    texts = (word.text.lower() for word in command.args if len(word.text) > _SHORTEST_PROGRAM)
    return any(first.search(text) and second.search(text) for text in texts)


_SHORTEST_PROGRAM: Final = 24


def _has_both(command: Command, first: Pattern, second: Pattern) -> bool:
    if command.name not in LANGUAGES and command.family not in LANGUAGES:
        return False
    texts = (text.lower() for text in _programs(command))
    return any(first.search(text) and second.search(text) for text in texts)


def _programs(command: Command) -> Iterator[str]:
    """Yield the texts that may be a program: among its words, on its standard input, in a file."""
    yield " ".join(word.text for word in command.args)
    yield from (r.target.text for r in command.redirects if r.operator.startswith("<<"))
    for one in command.reads:
        if one.name in _PRINTERS:
            yield from (word.text for word in one.args)
            yield from (r.target.text for r in one.redirects if r.operator.startswith("<<"))


_PRINTERS: Final = frozenset({"echo", "printf", "cat"})
