"""What goes wrong with a provider: who, why, what to do, and not a word of the provider's own."""

import math
import re
import socket
import ssl
import time
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Final
from urllib.parse import urljoin, urlsplit

import httpx

from eidos.errors import ProviderError
from eidos.http_faults import Advice, cause, causes, meaning
from eidos_remote.messages import Code
from eidos_remote.provider import Provider, ProviderName

_REQUEST: Final = "chat_model, or send less: it may be too long for that model"
ADVICE: Final = {
    ProviderName.COMPATIBLE: Advice(
        key="LLM_API_KEY or chat_key_file",
        address="chat_url or LLM_API_URL",
        place="the address (chat_url or LLM_API_URL) and chat_model",
        request=_REQUEST,
    ),
    ProviderName.OPENAI: Advice(
        key="OPENAI_API_KEY or chat_key_file", address="", place="chat_model", request=_REQUEST
    ),
    ProviderName.OLLAMA: Advice(
        key="OLLAMA_HOST, and whether it asks for one",
        address="OLLAMA_HOST",
        place="OLLAMA_HOST, and chat_model with: ollama list",
        request=_REQUEST,
    ),
    ProviderName.LIBRETRANSLATE: Advice(
        key="LIBRETRANSLATE_API_KEY or translate_key_file",
        address="translate_url or LIBRETRANSLATE_URL",
        place="translate_url or LIBRETRANSLATE_URL",
        request="whether it knows both languages",
    ),
}
_LOOK: Final = "look with: eidosctl remote status"
_LONG_S: Final = 1e6


class Fault(ProviderError):  # noqa: N818 - it tells faults of theirs from faults of ours
    """A request to a provider failed."""

    def __init__(
        self,
        message: str,
        *,
        code: Code,
        is_passing: bool = False,
        is_theirs: bool = False,
        wait_s: float = 0.0,
    ) -> None:
        super().__init__(message, code=code)
        self.is_passing = is_passing
        """Whether the same may work in a moment."""
        self.is_theirs = is_theirs
        """Whether the provider is to blame, and is left alone if that goes on."""
        self.wait_s = wait_s
        """How long it wants us to wait."""


def refusal(provider: Provider, status: int, headers: Mapping[str, str]) -> Fault:
    """Return what an answer with *status* means, that is no success."""
    advice, wait_s = ADVICE[provider.name], _wanted_s(headers)
    is_failure = status >= 500  # noqa: PLR2004
    said = meaning(status, advice)
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        again = f"in {wait_s:.0f} s" if 1 <= wait_s < _LONG_S else "in a moment"
        said = f"it has too many requests, or no credit of yours; ask again {again}"
    elif status == HTTPStatus.PAYMENT_REQUIRED:
        said = "it wants to be paid; look at your account there"
    elif status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
        said = "the text is too long for it; send less"
    elif 300 <= status < 400:  # noqa: PLR2004
        said = f"it sends us to {_target(provider, headers)}, where nothing is sent"
        said += f"; if that is right, name it in {advice.address}" if advice.address else ""
    return Fault(
        f"{provider.shown} answered with HTTP {status}: {said}",
        code=Code.BROKEN if is_failure else Code.REFUSED,
        is_passing=is_failure or status == HTTPStatus.TOO_MANY_REQUESTS,
        is_theirs=is_failure,
        wait_s=wait_s,
    )


def broken_connection(provider: Provider, error: httpx.HTTPError, *, has_begun: bool) -> Fault:
    """Return what *error* means; *has_begun* tells whether a part of the answer has come."""
    shown = provider.shown
    if isinstance(error, httpx.PoolTimeout):
        message = f"too many requests to {shown} are under way here; ask again in a moment"
        return Fault(message, code=Code.BUSY)
    if isinstance(error, httpx.ConnectTimeout):
        message = f"cannot reach {shown} within {provider.connect_timeout_s:g} s"
        hint = f"{_LOOK}, or set connect_timeout_s higher"
        return Fault(f"{message}; {hint}", code=Code.TIMEOUT, is_theirs=True)
    if isinstance(error, httpx.TimeoutException):
        message = f"{shown} said nothing for {provider.read_timeout_s:g} s"
        hint = "ask again, or set read_timeout_s higher"
        return Fault(f"{message}; {hint}", code=Code.TIMEOUT, is_theirs=True)
    if has_begun:
        return broken_off(provider)
    if isinstance(error, httpx.ConnectError):
        message, code = f"cannot reach {shown}: {cause(error)}; {_LOOK}", Code.UNREACHABLE
    else:
        message, code = f"{shown} gave no answer: {cause(error)}; {_LOOK}", Code.BROKEN
    return Fault(message, code=code, is_passing=not _stays(error), is_theirs=True)


def too_late(provider: Provider) -> Fault:
    """Return what to say when all of the time for an answer is over."""
    message = f"{provider.shown} did not finish within {provider.total_timeout_s:g} s"
    setting = "translate_timeout_s"
    if provider.name is not ProviderName.LIBRETRANSLATE:
        setting = "chat_timeout_s (of a translation: translate_timeout_s)"
    return Fault(
        f"{message}; ask for less, or set {setting} higher", code=Code.TIMEOUT, is_theirs=True
    )


def broken_off(provider: Provider) -> Fault:
    """Return what to say of half an answer, behind which the connection ended."""
    message = f"{provider.shown} broke off in the middle of its answer; ask again"
    return Fault(message, code=Code.BROKEN, is_passing=True, is_theirs=True)


def broken_answer(provider: Provider, what: str) -> Fault:
    """Return what to say of an answer that cannot be used: *what* it does, and the cure."""
    return Fault(f"{provider.shown} {what}", code=Code.BROKEN)


def unusable_address(provider: Provider) -> Fault:
    """Return what to say where the address passes for one and is none."""
    address = ADVICE[provider.name].address
    return Fault(f"{provider.shown} has no usable address; check {address}", code=Code.CONFIG)


def _stays(error: httpx.HTTPError) -> bool:
    """Tell whether asking again at once cannot help: a name nobody knows, a bad certificate."""
    return any(
        isinstance(each, ssl.SSLError)
        or (isinstance(each, socket.gaierror) and each.errno != socket.EAI_AGAIN)
        for each in causes(error)
    )


def _wanted_s(headers: Mapping[str, str]) -> float:
    """Return the seconds that Retry-After asks for, written as a number or as a date; 0 if none."""
    wanted = headers.get("Retry-After", "").strip()
    if wanted.isascii() and wanted.isdigit():
        return min(float(wanted), _LONG_S)
    try:
        until = parsedate_to_datetime(wanted).timestamp()
    except (ValueError, OverflowError):  # OverflowError: of a year with 14 digits
        return 0.0
    try:  # by the server's own clock, which may differ from ours
        now = parsedate_to_datetime(headers.get("Date", "")).timestamp()
    except (ValueError, OverflowError):
        now = time.time()
    return min(max(0.0, math.ceil(until - now)), _LONG_S)


def _target(provider: Provider, headers: Mapping[str, str]) -> str:
    """Return the host that a redirect names, if that is a plain name, and none of its path."""
    try:
        host = urlsplit(urljoin(provider.url, headers.get("Location", ""))).netloc
    except ValueError:
        return "elsewhere"
    if not re.fullmatch(r"[A-Za-z0-9.:\[\]-]{1,120}", host):
        return "elsewhere"
    return "another address of its own" if host == provider.host else host
