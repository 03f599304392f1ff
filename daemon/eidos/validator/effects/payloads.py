"""Text that somebody will run later: whether it fetches, connects back, hides, or takes over."""

from typing import Final

from eidos.validator.commands import Command
from eidos.validator.effects.editing import text_put
from eidos.validator.patterns import Pattern
from eidos.validator.reading.escapes import decode_ansi_c

# Every run is bounded: none of these searches may become quadratic in what a command writes.
_FETCH_AND_RUN: Final = (
    r"\b(?:curl|wget|fetch|aria2c|lwp-request|lynx|nc|ncat)\b[^;&\n]{0,160}"
    r"(?:\|\s{0,9}(?:sudo\s{1,9})?(?:/\S{0,80}/)?(?:ba|z|da|k|a)?sh\b|\|\s{0,9}(?:python|perl|ruby|node|php)\d?\b)"
    r"|(?:\$\(|`|<\()\s{0,9}(?:curl|wget|fetch)\b"
    r"|\bexec\s{0,9}\([^\n]{0,80}\b(?:urlopen|requests\.get)\b|\beval\b[^\n]{0,80}\b(?:fetch\(|file_get_contents\(.http|LWP::)"
    r"|\b(?:curl|wget)\b[^;&\n]{0,160}\|\s{0,9}source\b|\b(?:curl|wget)\b[^;&\n]{0,160}[;&][^\n]{0,160}(?:\bchmod\b|\bsh\b|/tmp/)"
)
_CONNECTS_BACK: Final = (
    r"/dev/(?:tcp|udp)/|\b(?:nc|ncat|netcat)\b[^;|\n]{0,160}\s-[a-z]*[ec]\b|\bmkfifo\b[^\n]{0,160}\b(?:nc|ncat)\b"
    r"|\bsocat\b[^\n]{0,160}(?:exec|system):|\bbash\s{1,9}-i\b|\bsocket\b[^\n]{0,160}\b(?:connect|dup2)\b"
    r"|\bpty\.spawn\b|\bfsockopen\b|\bztcp\b"
)
_HIDES: Final = (
    r"\bbase64\s{1,9}(?:-d|-D|--decode)|\bxxd\s{1,9}-r|\bexec\s{0,9}\(\s{0,9}(?:base64|bytes|zlib)|\beval\s{1,9}\"?\$\(echo"
    r"|\bpowershell\b[^\n]{0,160}-e(?:nc)?\b"
)
_TAKES_OVER: Final = (
    r"\bLD_PRELOAD=|\bNOPASSWD\b|\balias\s{1,9}(?:sudo|su|ssh|doas|passwd|scp|gpg|login)\b"
    r"|\b(?:sudo|su|ssh|passwd)\s{0,9}\(\)|\bfunction\s{1,9}(?:sudo|su|ssh|passwd)\b|\bchmod\s{1,9}(?:u?\+s|[246]\d{3})"
    r"|\brm\s{1,9}-[a-zA-Z]*[rf][a-zA-Z]*\s{1,9}(?:/|~|\$HOME)(?:\s|\*|$)|:\(\)\s{0,9}\{"
    r"|\b(?:https?|all|ftp)_proxy=(?:\w+://)?(?!127\.|10\.|192\.168\.)\d+\.\d+\."
    r"|\b(?:xmrig|minerd|meterpreter|cryptonight)\b"
)
_LEAKS: Final = (
    r"\b(?:curl|wget|nc|ncat|scp|rsync|sendmail|mail)\b[^\n]{0,160}"
    r"(?:\$\{?(?:BUFFER|BASH_COMMAND|READLINE_LINE)\b|/etc/shadow|\.ssh/|\.aws/|_history|\$\(env\)"
    r"|`env`|\.gnupg|keystroke|passwd)"
    r"|\b(?:env|printenv|history|cat\s{1,9}\S{0,80}(?:_history|shadow|id_\w+))\b[^\n|]{0,160}\|\s{0,9}"
    r"(?:curl|nc|ncat|mail)\b"
    r"|\b(?:preexec|precmd|fish_p(?:re|ost)exec|accept-line|zle-line-\w+|DEBUG)\b[^\n]{0,160}"
    r"\b(?:curl|wget|nc|ncat|socat)\b"
)
_KINDS: Final = (_FETCH_AND_RUN, _CONNECTS_BACK, _HIDES, _TAKES_OVER, _LEAKS)
_PAYLOAD: Final = Pattern("|".join(_KINDS))
_HIDDEN_PLACE: Final = Pattern(
    r"(?:(?<![\w./-])|(?<=-[IR]))(?:/tmp|/var/tmp|/dev/shm|/private/tmp)/[\w.]"
    r"|/\.[a-z][\w.-]*/(?:\.|[^\s/]{0,40}\bsh\b)|/\.\.\.|/\. /"
)
_MAX_CHARS: Final = 4096
_NOTHING: Final = Pattern(r"''|\"\"|(?<=\w)\\(?=\w)")
"""What a shell drops when it reads such a text: `ba''sh`, `c\\url`."""


def is_payload(text: str) -> bool:
    """Whether *text*, run later and unseen, would do what nobody asks for."""
    plain = text[:_MAX_CHARS].replace('\\"', '"').replace("\\'", "'")
    return any(_PAYLOAD.search(each) for each in {plain, _NOTHING.sub("", plain)})


def is_hidden_place(text: str) -> bool:
    """Whether *text* names a program where anybody may put one: /tmp, or a folder of dots."""
    return _HIDDEN_PLACE.search(text[:_MAX_CHARS]) is not None


def puts_payload(command: Command) -> bool:
    """Whether what *command* writes is such a text, names such a program, or is not known."""
    if any(each.name in FETCHERS for each in command.reads) or command.name in FETCHERS:
        return True
    text = text_read_later(command)
    return is_payload(text) or is_hidden_place(text)


def text_read_later(command: Command) -> str:
    """Return what *command* may put into a file, printf's escapes resolved."""
    return decode_ansi_c(text_put(command))


FETCHERS: Final = frozenset(
    {"curl", "wget", "fetch", "aria2c", "nc", "ncat", "lynx", "ftp", "tftp"}
)
