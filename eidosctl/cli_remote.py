"""`eidosctl remote`: who is asked for chat and translation, and what may be sent there."""

import os
import sys
from typing import TYPE_CHECKING, Any, Final

import click

from eidosctl.output import as_json, printable, table
from eidosctl.place import Place

if TYPE_CHECKING:
    from eidos_remote.messages import AnsweredRequest, Reply

_PURPOSES: Final = click.Choice(["chat", "translate", "requests", "suggest"])
_TIMEOUT_S: Final = 20.0


@click.group()
def remote() -> None:
    """Show who is asked for chat and translation, and allow or forbid it.

    A purpose is one of: chat, translate (texts of yours), requests (what you type at the prompt,
    to be translated), suggest (what you type at the prompt, to be answered).
    """


@remote.command("status")
@click.option("--json", "is_json", is_flag=True, help="Print all that it tells as JSON.")
def status(is_json: bool) -> None:
    """Show the providers, how they do, and what may be sent to them; never a key."""
    body = _state(Place.find(os.environ))
    if is_json:
        click.echo(as_json(body, indent=2))
    else:
        click.echo("\n".join(_status_lines(body)))


@remote.command("allow")
@click.argument("purpose", type=_PURPOSES)
@click.option("--yes", is_flag=True, help="Do not ask; the notice is shown all the same.")
def allow(purpose: str, yes: bool) -> None:
    """Be told what is sent for PURPOSE and to which host, and allow it."""
    from eidos.config import Config
    from eidos.errors import ConfigError
    from eidos_remote.messages import Allow, Purpose
    from eidos_remote.notice import notice_text
    from eidosctl import remote_asking

    place = Place.find(os.environ)
    wanted = Purpose(purpose)
    is_chat = wanted in {Purpose.CHAT, Purpose.SUGGEST}
    server = _state(place)["chat" if is_chat else "translation"]
    if server["fault"]:
        raise ConfigError(server["fault"])
    is_redacted = Config.load(os.environ, place.config).redact
    name, host = server["provider"], server["host"]
    click.echo(printable(notice_text(wanted, name, host, is_redacted=is_redacted)))
    if not yes:
        if not sys.stdin.isatty():
            raise click.UsageError("nobody is there to be asked; say so: --yes")
        click.confirm("allow it?", abort=True)
    reply = _ask(place, Allow(id=remote_asking.new_id(), purpose=wanted, host=host))
    click.echo(printable(_message(reply)))


@remote.command("revoke")
@click.argument("purpose", type=_PURPOSES, required=False)
def revoke(purpose: str | None) -> None:
    """Forbid what was allowed for PURPOSE, or all: you are asked again before anything is sent."""
    from eidos_remote.messages import Purpose, Revoke
    from eidosctl import remote_asking

    wanted = Purpose(purpose) if purpose else None
    request = Revoke(id=remote_asking.new_id(), purpose=wanted)
    click.echo(printable(_message(_ask(Place.find(os.environ), request))))


@remote.command("stop")
def stop() -> None:
    """Stop eidos-remote, after what is under way; the next request starts it again."""
    from eidosctl import remote_service

    stopped = remote_service.stop(Place.find(os.environ))
    click.echo("eidos-remote stopped" if stopped else "no eidos-remote was running")


def _ask(place: Place, request: "AnsweredRequest") -> "Reply":
    """Return the last reply to *request*; a failure is raised."""
    from eidos_remote.messages import Failure
    from eidosctl import remote_asking

    reply = remote_asking.ask_once(place, request, timeout_s=_TIMEOUT_S)
    if isinstance(reply, Failure):
        raise remote_asking.error_of(reply)
    return reply


def _state(place: Place) -> dict[str, Any]:
    import msgspec

    from eidos_remote.messages import State, StateOf
    from eidosctl import remote_asking

    given = remote_asking.given_of(os.environ)
    reply = _ask(place, State(id=remote_asking.new_id(), given=given))
    assert isinstance(reply, StateOf)  # noqa: S101 - the protocol's table of replies
    return msgspec.json.decode(reply.body, type=dict[str, Any])


def _message(reply: "Reply") -> str:
    return getattr(reply, "message", "done")


def _status_lines(body: dict[str, Any]) -> list[str]:
    memory_mb = body["rss_bytes"] / 2**20
    allowed = [
        (one["purpose"], f"{one['host']}, since {one['since'][:10]}") for one in body["consents"]
    ]
    counts = [
        f"{count} {kind} {outcome}"
        for kind, outcomes in body["requests"].items()
        for outcome, count in outcomes.items()
    ]
    process = f"pid {body['pid']}, version {body['version']}, {memory_mb:.0f} MB"
    return [
        *table(
            [
                ("eidos-remote", process),
                ("chat", _server(body["chat"])),
                ("translation", _server(body["translation"])),
                *(("provider", _breaker(breaker)) for breaker in body["breakers"]),
                ("requests", ", ".join(counts) or "none yet"),
            ]
        ),
        *(["allowed:"] if allowed else ["allowed: nothing; you are asked before the first text"]),
        *(f"  {line}" for line in table(allowed)),
    ]


def _server(server: dict[str, Any]) -> str:
    if server["fault"]:
        return str(server["fault"])
    model = f", model {server['model']}" if server["model"] else ""
    key = f", key from {server['key']}" if server["key"] else ", no key"
    return f"{server['provider']} ({server['host']}){model}{key}"


def _breaker(breaker: dict[str, Any]) -> str:
    failures, again = breaker["failures"], breaker.get("opens_again_in_s")
    if again:
        return f"{breaker['provider']}: failed {failures} times, asked again in {again:.0f} s"
    how = "well" if not failures else f"failed {failures} times in a row, asked all the same"
    return f"{breaker['provider']}: {how}"
