"""What goes wrong between us and a server over HTTP, in words of this machine's.

Nothing here has a word of the server's own: what a server says of a request may quote it.
"""

import os
import socket
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from http import HTTPStatus
from typing import cast

import httpx


@dataclass(frozen=True, slots=True)
class Advice:
    """The settings of one server, as a message names them; empty where there is none."""

    key: str
    """Where its key is."""
    address: str
    place: str
    """What may be wrong where nothing is at its address."""
    request: str
    """What may be wrong where it refuses a request."""


def meaning(status: int, advice: Advice) -> str:
    """Return what a server means by *status*, and what to do."""
    if status in {401, 403}:
        return f"it refuses the key; check {advice.key}"
    if status == HTTPStatus.NOT_FOUND:
        return f"no such address or model there; check {advice.place}"
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return "it has too many requests; try again in a moment"
    if 300 <= status < 400:  # noqa: PLR2004
        where = f"; set {advice.address} to the final address" if advice.address else ""
        return f"it sends us elsewhere, where nothing is sent{where}"
    if status >= 500:  # noqa: PLR2004
        return "it failed; try again in a moment, or ask who runs it"
    return f"it refuses the request; check {advice.request}"


def cause(error: httpx.HTTPError) -> str:
    """Return why *error* came up, in words of this machine's, none of the server's."""
    for each in causes(error):
        if isinstance(each, ssl.SSLCertVerificationError):
            return f"its certificate is not valid here ({each.verify_message})"
        if isinstance(each, ssl.SSLError):
            return "it does not speak TLS as it should"
        if isinstance(each, socket.gaierror):
            return f"nobody knows its name ({each.strerror})"
        if isinstance(each, OSError) and each.errno:
            return os.strerror(each.errno)  # asyncio puts the address into the error's own words
    if isinstance(error, httpx.ProtocolError):
        return "it does not speak HTTP as it should, or hung up"
    return "the connection broke"


def causes(error: BaseException | None) -> Iterator[BaseException]:
    """Yield *error* and all that led to it, the last of which comes first."""
    if error is None:
        return
    if isinstance(error, BaseExceptionGroup):
        for each in cast("BaseExceptionGroup[BaseException]", error).exceptions:
            yield from causes(each)
    yield from causes(error.__cause__ or error.__context__)
    yield error
