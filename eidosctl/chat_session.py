"""`eidosctl chat`: a conversation, asked turn by turn, and the session at a terminal around it.

Whatever ends an answer (Ctrl-C, a failure, SIGHUP, SIGTERM), what has come of it is kept, and the
terminal is as it was.
"""

import contextlib
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import click

from eidos.config import Config
from eidos.errors import EidosError, ProtocolError, ProviderError, RequestRefused
from eidos.frames import check_text
from eidos.protocol import Level, Shell
from eidos_remote.messages import (
    MAX_CHAT_CHARS,
    MAX_TURNS,
    Chat,
    Code,
    End,
    Failure,
    Piece,
    Reply,
    Sending,
    Turn,
)
from eidosctl import remote_asking
from eidosctl.chat_terminal import undisturbed, without_echo
from eidosctl.conversations import Conversations, Ending, KeptTurn
from eidosctl.output import printable
from eidosctl.place import Place

if TYPE_CHECKING:
    from eidos.validator.validation import Verdict

_MAX_GIVEN_CHARS: Final = 150_000
"""Of a conversation, so that it fits into a message; eidos-remote sends much less of it."""
_OWN_TIMEOUT_S: Final = 10.0
_HELP: Final = """\
/commands  show the commands of the last answer, and what the validator says
/put N     offer command N to the next Ctrl-G at an empty prompt; nothing is run
/new       begin a new conversation
/quit      leave, as Ctrl-D does
Ctrl-C stops an answer. The arrow keys bring back what you typed."""
_EMPTY: Final = "the answer is empty; ask again, or ask another model (chat_model)"
_NOTES: Final = {
    "stopped": "(stopped)",
    "length": "(the provider cut the answer here; ask it to go on)",
    "filtered": "(the provider held the rest back)",
}


@dataclass(slots=True)
class Talk:
    """One conversation: what was said, and where it is kept."""

    place: Place
    config: Config
    shell: Shell
    kept_in: Conversations | None
    """None: nothing is written."""
    turns: list[Turn] = field(default_factory=list[Turn])
    conversation: int | None = None
    _target: str = ""
    _told: set[str] = field(default_factory=set[str])

    def resume(self) -> None:
        """Go on with the conversation that was last, if there is one."""
        last = self.kept_in.last() if self.kept_in else None
        if self.kept_in and last is not None:
            self.conversation = last
            self.turns = [kept.turn for kept in self.kept_in.read(last)]

    def restart(self) -> None:
        """Begin a new conversation; the one before stays kept."""
        self.turns, self.conversation = [], None

    @property
    def answer(self) -> str:
        """The last answer, whole or not."""
        return next((turn.text for turn in reversed(self.turns) if turn.role == "assistant"), "")

    def ask(self, text: str) -> Ending:
        """Show the answer to *text*, and keep both; return how it ended where it is not whole.

        Raises:
            KeyboardInterrupt: it was stopped before anything came.
            EidosError: there is no answer, or no more of it; what there is is kept.
        """
        try:
            check_text(text, limit=MAX_CHAT_CHARS, noun="message")
        except ProtocolError as exc:
            raise RequestRefused(str(exc), code=exc.code) from exc
        turns = _fitting([*self.turns, Turn("user", text)])
        given = remote_asking.given_of(self.place.environ)
        request = Chat(id=remote_asking.new_id(), turns=turns, shell=self.shell, given=given)
        timeout_s = self.config.chat_timeout_s + _OWN_TIMEOUT_S
        pieces: list[str] = []
        ending: Ending = "broken"
        try:
            with contextlib.closing(
                remote_asking.ask_with_consent(self.place, request, timeout_s=timeout_s)
            ) as replies:
                ending = self._show(replies, pieces)
        except KeyboardInterrupt:
            if not pieces:
                raise
            ending = "stopped"
            self._say(_NOTES["stopped"])
        finally:
            with undisturbed():
                self._keep(text, "".join(pieces), ending)
        return ending

    def commands(self) -> "list[Verdict]":
        """Return the commands of the last answer."""
        from eidosctl import answer_commands

        policy = answer_commands.policy_of(self.config)
        return answer_commands.judged(self.answer, self.shell, policy)

    def _show(self, replies: Iterator[Reply], pieces: list[str]) -> Ending:
        """Show what comes, and note it in *pieces*; return how it ended."""
        with contextlib.ExitStack() as shown:
            screen = None
            for reply in replies:
                match reply:
                    case Sending():
                        from eidosctl.chat_screen import screen_for

                        self._tell(reply)
                        shown.enter_context(without_echo())
                        screen = screen_for(sys.stdout, self.place.environ)
                        shown.enter_context(screen)
                    case Piece() if screen:
                        pieces.append(reply.text)
                        screen.add(reply.text)
                    case End():
                        shown.close()
                        self._say(_NOTES.get(reply.finish, ""))
                        if not pieces:
                            raise ProviderError(_EMPTY, code=Code.BROKEN)
                        return "" if reply.finish == "stop" else "cut"
                    case Failure():
                        raise remote_asking.error_of(reply)
                    case _:
                        break
        raise EidosError("eidos-remote answered something else; run: eidosctl remote stop")

    def _keep(self, text: str, answer: str, ending: Ending) -> None:
        if not answer:
            return
        new = [Turn("user", text), Turn("assistant", answer)]
        self.turns += new
        if self.kept_in is None or not self.config.chat_keep:
            return
        from eidos_remote.redaction import redact_turns

        sent = redact_turns(self.turns)[0][-len(new) :] if self.config.redact else new
        rows = [KeptTurn(sent[0]), KeptTurn(sent[1], ending)]
        try:
            self.conversation = self.kept_in.add(self.conversation, rows)
            self.kept_in.prune(keep=self.config.chat_keep, days=self.config.keep_days)
        except EidosError as exc:
            self._say(f"not kept: {exc}")

    def _tell(self, sending: Sending) -> None:
        """Say where the text goes and what is held back, each thing once."""
        model = f", {sending.model}" if sending.model else ""
        target = f"to {sending.provider} ({sending.host}{model})"
        if target != self._target:
            self._say(target)
        self._target = target
        notes = [f"not sent, and {red.shown} in its place: {red.kind}" for red in sending.redacted]
        if sending.left_out_turns:
            notes.append("the oldest turns are not sent: the conversation is too long for it")
        self._say(*(note for note in notes if note not in self._told))
        self._told.update(notes)

    def _say(self, *notes: str) -> None:
        from eidosctl import chat_screen

        chat_screen.say(note for note in notes if note)


class Session:
    """A conversation at a terminal, until the person leaves."""

    def __init__(self, talk: Talk, lines: Iterable[str]) -> None:
        self._talk = talk
        self._lines = lines
        """What is typed; a KeyboardInterrupt while one is awaited ends none of them."""

    def run(self) -> None:
        """Answer what is typed until its end; no failure of an answer ends the session."""
        for text in self._lines:
            try:
                if self._is_over(text.strip()):
                    return
            except (KeyboardInterrupt, click.Abort):  # Abort: at the question whether to send it
                click.echo("\n(stopped)", err=True)
            except EidosError as exc:
                click.echo(printable(f"{exc}"), err=True)

    def _is_over(self, text: str) -> bool:
        """Do what *text* says; tell whether the person wants to leave."""
        word, _, rest = text.partition(" ")
        match word:
            case "":
                pass
            case "/quit" | "/exit":
                return True
            case "/help":
                click.echo(_HELP)
            case "/new":
                self._talk.restart()
                click.echo("a new conversation")
            case "/commands":
                if not (commands := self._talk.commands()):
                    click.echo("the last answer has no command")
                show_commands(commands)
            case "/put":
                click.echo(put(self._talk, rest.strip()))
            case _ if word.startswith("/") and "/" not in word[1:] and not rest:
                click.echo(f"no such command; there are:\n{_HELP}")
            case _:
                self._talk.ask(text)
                show_commands(self._talk.commands(), hint="/put N")
        return False


def put(talk: Talk, number: str) -> str:
    """Offer command *number* of the last answer to the prompt; return what to do there.

    Raises:
        EidosError: there is no such command, it is blocked, or no daemon takes it.
    """
    from eidosctl import answer_commands

    verdict = answer_commands.chosen(talk.commands(), number)
    answer_commands.put(talk.place, verdict, talk.shell)
    return f"press Ctrl-G at an empty prompt: {printable(verdict.command)}"


def show_commands(verdicts: "Sequence[Verdict]", *, hint: str = "") -> None:
    """Print *verdicts* with numbers, and how to have one of them in the prompt."""
    from eidosctl import answer_commands, chat_screen

    if verdicts:
        can_be_put = any(verdict.level is not Level.BLOCK for verdict in verdicts)
        chat_screen.show_commands(
            answer_commands.listed(verdicts),
            hint=f"{hint} offers one to the next Ctrl-G at an empty prompt"
            if hint and can_be_put
            else "",
        )


def _fitting(turns: Sequence[Turn]) -> tuple[Turn, ...]:
    """Return the newest of *turns* that fit into a message; the last one always does."""
    first, room = len(turns) - 1, _MAX_GIVEN_CHARS - len(turns[-1].text)
    while first > max(0, len(turns) - MAX_TURNS) and len(turns[first - 1].text) <= room:
        first -= 1
        room -= len(turns[first].text)
    return tuple(turns[first:])
