"""`eidosctl chat` and `eidosctl conversations`: questions about the command line, and what is kept.

Neither ever executes anything.
"""

import errno
import os
import signal
import sys
from typing import TYPE_CHECKING, Final, NoReturn

import click

from eidos.errors import EidosError
from eidos.protocol import Shell
from eidosctl import streams
from eidosctl.output import as_json, printable
from eidosctl.place import Place, login_shell

if TYPE_CHECKING:
    from eidosctl.chat_session import Talk

_SHELLS = click.Choice([str(shell) for shell in Shell])
_ENDINGS: Final = {
    "stopped": " (stopped)",
    "broken": " (broken off)",
    "cut": " (cut by the provider)",
}


@click.command()
@click.argument("text", nargs=-1)
@click.option("--shell", type=_SHELLS, help="The shell to answer for; default: that of $SHELL.")
@click.option("-c", "--continue", "is_continued", is_flag=True,
              help="Go on with the last conversation.")  # fmt: skip
@click.option("--no-history", is_flag=True, help="Keep nothing of it.")
@click.option("--put", "number", type=click.IntRange(1), metavar="N",
              help="Ask nothing: offer command N of the last answer to the next Ctrl-G at an empty "
              "prompt.")  # fmt: skip
def chat(
    text: tuple[str, ...], shell: str | None, is_continued: bool, no_history: bool, number: int
) -> None:
    """Ask a language model of your choice about the command line.

    TEXT goes to the provider that you configured, and the answer to standard output. What comes by
    standard input, from a pipe or a file, goes with it. Without TEXT a session begins, at a
    terminal. Before the first text goes anywhere you are told what is sent and where. Commands in
    an answer are listed with the validator's verdict; nothing is ever executed.
    """
    from eidosctl import remote_service

    remote_service.require_packages()
    from eidosctl import chat_session, chat_terminal

    talk = _talk(shell, is_kept=not no_history)
    if is_continued or number:
        talk.resume()
    if number:
        click.echo(chat_session.put(talk, str(number)))
        return
    with chat_terminal.ending_orderly():
        question = _question(text)
        try:
            if question:
                _ask_once(talk, question)
            else:
                _hold_session(talk)
        except OSError as exc:
            _leave(exc)


@click.group()
def conversations() -> None:
    """List, show or delete the conversations of `eidosctl chat` that are kept."""


@conversations.command("list")
@click.option("--json", "is_json", is_flag=True, help="Print a JSON object for each.")
def list_conversations(is_json: bool) -> None:
    """List them, the newest first."""
    from eidosctl.conversations import Conversations

    for each in Conversations.ours().summaries():
        if is_json:
            row = {"id": each.id, "begun": each.begun, "turns": each.turns, "title": each.title}
            click.echo(as_json(row))
        else:
            click.echo(printable(f"{each.id:5}  {each.begun}  {each.turns:3}  {each.title}"))


@conversations.command("show")
@click.argument("number", metavar="ID", type=click.IntRange(1))
@click.option("--json", "is_json", is_flag=True, help="Print a JSON object for each turn.")
def show_conversation(number: int, is_json: bool) -> None:
    """Show one, as it was sent."""
    from eidosctl.conversations import Conversations

    for kept in Conversations.ours().read(number):
        if is_json:
            row = {"role": kept.turn.role, "text": kept.turn.text, "ending": kept.ending or None}
            click.echo(as_json(row))
            continue
        click.echo(f"{kept.turn.role}{_ENDINGS.get(kept.ending, '')}:")
        for line in kept.turn.text.split("\n"):
            click.echo(printable(f"  {line}".rstrip()))


@conversations.command("delete")
@click.argument("number", metavar="[ID]", type=click.IntRange(1), required=False)
@click.option("--all", "is_all", is_flag=True, help="Delete all of them.")
def delete_conversation(number: int | None, is_all: bool) -> None:
    """Delete one, or all."""
    from eidosctl.conversations import Conversations

    if is_all == (number is not None):
        raise click.UsageError("name one by its id, or say --all")
    count = Conversations.ours().delete(number)
    if number is not None and not count:
        raise EidosError(f"no conversation {number}; see: eidosctl conversations list")
    click.echo(f"{count} deleted")


CHAT_COMMANDS: Final = (chat, conversations)


def _talk(shell: str | None, *, is_kept: bool) -> "Talk":
    from eidos.config import Config
    from eidosctl.chat_session import Talk
    from eidosctl.conversations import Conversations

    place = Place.find(os.environ)
    return Talk(
        place,
        Config.load(os.environ, place.config),
        Shell(shell) if shell else login_shell(os.environ),
        Conversations.ours() if is_kept else None,
    )


def _question(text: tuple[str, ...]) -> str:
    """Return what is asked: the words, and behind them what comes by a pipe or from a file."""
    words = "" if text == ("-",) else " ".join(text).strip()
    given = streams.read_text().strip() if streams.is_given() or text == ("-",) else ""
    return "\n\n".join(filter(None, [words, given]))


def _ask_once(talk: "Talk", question: str) -> None:
    from eidosctl import chat_session

    ending = talk.ask(question)
    hint = "eidosctl chat --put N" if talk.conversation is not None else ""
    chat_session.show_commands(talk.commands() if sys.stdout.isatty() else [], hint=hint)
    if ending == "stopped":
        sys.exit(130)


def _hold_session(talk: "Talk") -> None:
    from eidosctl import chat_session, chat_terminal

    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise click.UsageError("say what you want to know: eidosctl chat how do I find big files")
    click.echo("/help says what there is, Ctrl-D leaves")
    typed = [turn.text for turn in talk.turns if turn.role == "user"]
    chat_session.Session(talk, chat_terminal.typed_lines("> ", typed)).run()


def _leave(fault: OSError) -> NoReturn:
    """End quietly where nobody reads any more, as programs do that a signal tells of it.

    Raises:
        EidosError: it is another fault, like a full disk.
    """
    codes = {errno.EPIPE: 128 + signal.SIGPIPE, errno.EIO: 128 + signal.SIGHUP}
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())  # Python writes the rest of its buffer when it ends
    if fault.errno not in codes:
        raise EidosError(f"the answer cannot be written: {fault.strerror or fault}") from fault
    os.dup2(nowhere, sys.stderr.fileno())
    sys.exit(codes[fault.errno])
