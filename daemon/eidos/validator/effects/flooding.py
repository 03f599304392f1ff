"""Traffic that keeps others from working: floods, and loads far beyond a measurement."""

import re
from collections.abc import Callable
from typing import Final

from eidos.validator.commands import Command
from eidos.validator.effects.effect import Effect
from eidos.validator.patterns import Pattern

_FLOODERS: Final = frozenset(
    "slowloris slowhttptest goldeneye hulk t50 mdk3 mdk4 torshammer xerxes loic ufonet pyloris "
    "thc-ssl-dos siegeflood synflood udpflood macof dhcpstarv yersinia raven-storm".split()
)
_LOCAL: Final = Pattern(r"(?:https?://)?(?:localhost|127\.|0\.0\.0\.0|\[?::1|192\.168\.|10\.)")
_MANY: Final = 500
_MANY_REQUESTS: Final = 100_000


_FAST: Final = Pattern(r"-iu?\d{1,2}|u\d{1,3}")


def _sends_fast(command: Command) -> bool:
    return command.has("--flood", "--faster", "--rand-source") or any(
        _FAST.fullmatch(text) for text in command.texts
    )


def _pings_fast(command: Command) -> bool:
    return command.has_letter("f") or any(_is_under(w.text, 0.01) for w in command.values("-i"))


def _pours_out(command: Command) -> bool:
    """Whether what has no end is sent to another machine."""
    sources = (*command.upstream, command)
    words = (
        *(w for s in sources for w in s.args),
        *(r.target for r in command.redirects if r.reads),
    )
    return any(_ENDLESS.fullmatch(word.text) for word in words) and not any(
        source.name in {"head", "dd", "pv"} for source in command.upstream
    )


_ENDLESS: Final = Pattern(r"/dev/(?:zero|u?random)")


def _loads_heavily(command: Command) -> bool:
    if any(_LOCAL.match(word.text) for word in command.operands):
        return False
    many = [w.text for w in command.values("-c", "--connections", "--concurrent", "-concurrency")]
    requests = [word.text for word in command.values("-n", "--requests", "-rate", "-R")]
    return any(_is_over(t, _MANY) for t in many) or any(
        _is_over(t, _MANY_REQUESTS) for t in requests
    )


def _is_over(text: str, limit: int) -> bool:
    return text.isdigit() and int(text[:18]) >= limit


def _is_under(text: str, limit: float) -> bool:
    return re.fullmatch(r"\d*\.?\d+", text) is not None and float(text[:18]) < limit


_TESTS: Final[dict[str, Callable[[Command], bool]]] = {
    **dict.fromkeys(("hping", "hping2", "hping3", "nping"), _sends_fast),
    **dict.fromkeys(("ping", "ping6", "fping"), _pings_fast),
    "aireplay-ng": lambda c: c.has_letter("0") or c.has_long("--deauth"),
    **dict.fromkeys(("ab", "wrk", "wrk2", "hey", "siege", "bombardier"), _loads_heavily),
    **dict.fromkeys(("vegeta", "autocannon"), _loads_heavily),
    **dict.fromkeys(("nc", "ncat", "netcat", "socat"), _pours_out),
    **dict.fromkeys(_FLOODERS, lambda c: not c.has("--help", "-h")),
}
EFFECTS: Final = (
    Effect(
        "flood",
        lambda c: _TESTS[c.family if c.name not in _TESTS else c.name](c),
        frozenset(_TESTS),
    ),
)
