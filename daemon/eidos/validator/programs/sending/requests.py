"""What curl, wget and httpie send with a request."""

import re
from typing import Final

from eidos.validator.commands import Command, Word
from eidos.validator.evaluating.options import Grammar, rest_of
from eidos.validator.patterns import Pattern
from eidos.validator.programs.network import is_local
from eidos.validator.programs.sending.sent import (
    Sent,
    given,
    names_of,
    part_of,
    split,
    without_input,
)

_CURL: Final = Grammar(
    "AbcCdDeEFhHKmoPQrtTuUwxXyYz",
    names_of(
        "data data-ascii data-binary data-raw data-urlencode json form form-string url-query "
        "upload-file header user-agent referer cookie cookie-jar cert cert-type key key-type "
        "cacert capath config output output-dir user proxy proxy-user proxy-header request url "
        "max-time connect-timeout retry retry-delay range netrc-file resolve interface limit-rate "
        "write-out dump-header unix-socket mail-from mail-rcpt aws-sigv4 oauth2-bearer pass "
        "connect-to ciphers etag-save etag-compare time-cond doh-url dns-servers pinnedpubkey"
    ),
)
_CURL_DATA: Final = names_of("d data data-ascii data-binary json H header b cookie")
_CURL_FIELDS: Final = names_of("data-urlencode url-query F form")
_CURL_TEXTS: Final = names_of("data-raw form-string A user-agent e referer url X request Q")
_CURL_SENT: Final = _CURL_DATA | _CURL_FIELDS
_UPLOAD: Final = names_of("T upload-file")
_HEADER: Final = names_of("H header b cookie")
_BADGE: Final = Pattern(r"auth|token|key|secret|cookie|session", re.IGNORECASE)
_LONGEST_NAME: Final = 64
_NAME_END: Final = Pattern(r"[:=]")
_FIELD: Final = Pattern(r"[^=@<]{0,80}(?:=\"?[@<]|@)\"?")
_FILE_END: Final = Pattern(r"[;,\"]")


def by_curl(command: Command) -> Sent | None:
    """Return what curl sends."""
    options, operands = split(command, _CURL)
    urls = (*operands, *given(options, frozenset({"--url"})))
    is_here = any(name == "--unix-socket" for name, _ in options)
    if is_here or (urls and all(is_local(url) for url in urls)):
        return None
    files: list[Word] = []
    texts = [*urls, *given(options, _CURL_TEXTS)]
    badges: list[Word] = []
    for name, value in options:
        if value is None:
            continue
        if name in _UPLOAD:
            files.append(value)
        elif name in _CURL_DATA and value.text.startswith("@"):
            files.append(rest_of(value, 1))
        elif name in _CURL_FIELDS and (field := _FIELD.match(value.text)):
            end = _FILE_END.search(value.text, field.end())
            files.append(part_of(value, field.end(), end.start() if end else len(value.text)))
        elif name in _HEADER and _is_badge(value):
            badges.append(value)
        elif name in _CURL_SENT:
            texts.append(value)
    named, takes_input = without_input(files)
    return Sent(named, tuple(texts), tuple(badges), takes_input)


def _is_badge(header: Word) -> bool:
    """Whether *header* is one of those that let one in: `Authorization: …`, `session=…`."""
    name = _NAME_END.split(header.text[:_LONGEST_NAME], maxsplit=1)[0]
    return name != header.text and _BADGE.search(name) is not None


_WGET: Final = Grammar(
    "aBDeilnoOPQRTtUwX",
    names_of(
        "post-data post-file body-data body-file header user-agent referer method output-document "
        "user password http-user http-password load-cookies certificate private-key output-file "
        "directory-prefix input-file tries timeout"
    ),
)


def by_wget(command: Command) -> Sent | None:
    """Return what wget sends."""
    options, operands = split(command, _WGET)
    if operands and all(is_local(url) for url in operands):
        return None
    files, takes_input = without_input(given(options, names_of("post-file body-file")))
    headers = tuple(given(options, names_of("header")))
    badges = tuple(header for header in headers if _is_badge(header))
    texts = given(options, names_of("post-data body-data U user-agent referer"))
    others = (header for header in headers if header not in badges)
    return Sent(files, (*operands, *texts, *others), badges, takes_input)


_HTTPIE: Final = Grammar("apovs", names_of("auth print output session verify cert cert-key raw"))
_HTTPIE_FILE: Final = Pattern(r"[\w.-]*(?::?=@|@)")


def by_httpie(command: Command) -> Sent | None:
    """Return what httpie sends: fields, files and headers stand among the operands."""
    options, operands = split(command, _HTTPIE)
    urls = [word for word in operands if word.text.upper() not in _METHODS][:1]
    if any(is_local(url) or url.text.startswith(":") for url in urls):
        return None
    files: list[Word] = []
    texts = [*urls, *given(options, names_of("raw"))]
    badges: list[Word] = []
    for word in operands:
        if match := _HTTPIE_FILE.match(word.text):
            files.append(rest_of(word, match.end()))
        elif word not in urls:
            (badges if _is_badge(word) and "=" not in word.text else texts).append(word)
    return Sent(tuple(files), tuple(texts), tuple(badges), takes_input=True)


_METHODS: Final = frozenset({"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"})
