"""Programs that offer a folder to other machines, and which folder that is."""

from collections.abc import Iterator
from typing import Final

from eidos.validator.commands import Command, Word
from eidos.validator.evaluating.options import Grammar
from eidos.validator.patterns import Pattern
from eidos.validator.programs.sending.sent import given, names_of, split

_MODULES: Final = frozenset(
    {"http.server", "SimpleHTTPServer", "pyftpdlib", "twisted", "uploadserver"}
)
_FOLDER_OPTIONS: Final = names_of("d directory root h t webroot www path web-root r")
_ADDRESS_OPTIONS: Final = names_of("b bind S host address a interface listen p port i l")
_GRAMMAR: Final = Grammar("bdhtrSapil", _FOLDER_OPTIONS | _ADDRESS_OPTIONS)
_SERVING: Final = frozenset(
    "http-server serve live-server darkhttpd webfsd miniserve dufs gohttpserver httpd thttpd "
    "mini_httpd static-web-server simple-http-server sfz ran impacket-smbserver smbserver.py "
    "quick-http file-server browser-sync".split()
)
_HOSTS: Final = names_of("b bind host address a interface S i listen")
_ONLY_HERE: Final = Pattern(r"(?:localhost|127\.|\[?::1)")
SERVERS: Final = _SERVING | {"python", "php", "ruby", "caddy", "twistd", "rclone", "npx"}


def folders_served(command: Command) -> Iterator[Word]:
    """Yield the folders that *command* offers to other machines; the working folder is `.`."""
    if command.name not in SERVERS and command.family not in SERVERS:
        return
    kind = command.family if command.name not in SERVERS else command.name
    if not _serves(kind, command):
        return
    options, operands = split(command, _GRAMMAR)
    if any(_ONLY_HERE.match(host.text) for host in given(options, _HOSTS)):
        return
    named = [*given(options, _FOLDER_OPTIONS), *(word for word in operands if _is_folder(word))]
    start = next((word.folder for word in command.words if word.folder), "")
    yield from named or [Word(".", folder=start)]


def _serves(name: str, command: Command) -> bool:
    wanted = _WITH.get(name)
    return wanted is None or any(word.text.startswith(wanted) for word in command.args)


_WITH: Final[dict[str, tuple[str, ...]]] = {
    "python": tuple(_MODULES),
    "php": ("-S",),
    "ruby": ("-run", "-rrun"),
    "caddy": ("file-server", "browse"),
    "twistd": ("web", "ftp"),
    "rclone": ("--addr",),
    "npx": tuple(_SERVING),
}
"""What must be among the words of a program that serves folders as one of many things."""


def _is_folder(word: Word) -> bool:
    return word.text.startswith(("/", "~", "."))
