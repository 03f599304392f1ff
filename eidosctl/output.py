"""Text for people: what is printed of the answers, and nothing a terminal would obey."""

import json
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any

from eidos import __version__

_MEBIBYTE = 1024 * 1024


def printable(text: str) -> str:
    """Return *text* with everything replaced that a terminal would obey and not show."""
    return "".join("\ufffd" if _is_unsafe(char) else char for char in text)


def as_json(value: object, *, indent: int | None = None) -> str:
    """Return *value* as JSON in pure ASCII, which no terminal misreads."""
    return json.dumps(value, indent=indent)


def status_lines(body: Mapping[str, Any]) -> list[str]:
    """Return what `eidosctl status` prints for the daemon's answer *body*."""
    model, engines = body["model"], body["engines"]
    requests, latency, queue = body["requests"], body["latency_ms"], body["queue"]
    total_mb = sum(process["rss_bytes"] for process in (body, *engines)) / _MEBIBYTE
    failed = ", ".join(f"{code} {count}" for code, count in sorted(requests["errors"].items()))
    rows = [
        ("daemon", f"pid {body['pid']}, version {body['version']}, up {_span(body['uptime_s'])}"),
        ("socket", body["socket"]),
        ("model", f"{model['name'] or 'loading'}"),
        ("", f"{model['path']}"),
        ("", _origin(model)),
        # A daemon of before an upgrade has no slots.
        *([("", f"warning: {fault}")] if (fault := model.get("fault")) else []),
        *(("engine", _engine(engine)) for engine in engines),
        ("memory", f"{total_mb:.0f} MB (daemon {body['rss_bytes'] / _MEBIBYTE:.0f} MB)"),
        ("cpu", f"daemon {body['cpu_percent']} % since start"),
        ("requests", _requests(requests)),
        ("errors", failed or "none"),
        ("latency", _latency(latency)),
        ("queue", f"{queue['length']} of {queue['size']}"),
        ("refused", _refused(body["refused"])),
        ("cache", _cache(body["cache"])),
    ]
    return table(rows)


def version_warning(daemon_version: str) -> str | None:
    """Return a warning if the daemon is of another version than this command."""
    if daemon_version == __version__:
        return None
    return f"the daemon is {daemon_version}, eidosctl {__version__}; run: eidosctl restart"


def table(rows: Sequence[tuple[str, str]]) -> list[str]:
    """Return one line for each row, the second column aligned."""
    width = max((len(name) for name, _ in rows), default=0)
    return [printable(f"{name:<{width}}  {text}".rstrip()) for name, text in rows]


def _engine(engine: Mapping[str, Any]) -> str:
    slots = f"{engine['slots_in_use']} of {engine['slots']} slots in use"
    usage = f"{engine['rss_bytes'] / _MEBIBYTE:.0f} MB, {engine['cpu_percent']} % since start"
    restarts = f"{engine['restarts']} restarts"
    return ", ".join([f"pid {engine['pid']}", engine["state"], slots, restarts, usage])


def _requests(requests: Mapping[str, Any]) -> str:
    parts = ", ".join(f"{requests[name]} {name}" for name in ("ok", "failed", "cancelled"))
    return f"{requests['total']} ({parts})"


def _refused(refused: Mapping[str, int]) -> str:
    words = {"full": "queue full", "late": "would come too late", "rate": "too many a second"}
    return ", ".join(f"{refused[key]} {word}" for key, word in words.items() if refused[key]) or "0"


def _origin(model: Mapping[str, Any]) -> str:
    """Return which model it is, as far as one can tell: of a server's nobody knows the weights."""
    if model["name"] and not model["sha256"]:
        return "another server, to which the texts go (docs/remote-engine.md)"
    return f"sha256 {model['sha256']}, loaded in {model['load_time_s']:.2f} s"


def _latency(latency: Mapping[str, Any]) -> str:
    if not latency["count"]:
        return "no answers yet"
    p50, p95, p99 = latency["p50"], latency["p95"], latency["p99"]
    return f"p50 {p50:.0f} ms, p95 {p95:.0f} ms, p99 {p99:.0f} ms of {latency['count']}"


def _cache(cache: Mapping[str, Any]) -> str:
    spared = cache["hits"] + cache["shared"]
    asked = spared + cache["misses"]
    kept = f"{cache['entries']} of {cache['size']} kept, {cache['bytes'] / 1024:.0f} kB"
    return f"{spared} hits of {asked} ({100 * cache['hit_rate']:.0f} %), {kept}"


def _span(seconds: float) -> str:
    minutes, rest_s = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    parts = [(days, "d"), (hours, "h"), (minutes, "min"), (rest_s, "s")]
    shown = [f"{number} {unit}" for number, unit in parts if number] or ["0 s"]
    return " ".join(shown[:2])


def _is_unsafe(char: str) -> bool:
    return char != "\t" and unicodedata.category(char) in {"Cc", "Cf", "Cs", "Zl", "Zp"}
