"""A conversation, as it is sent: what the model is to be, then the newest turns that fit."""

from collections.abc import Sequence
from typing import Final

from eidos.errors import ProtocolError
from eidos.frames import check_text
from eidos.protocol import Shell
from eidos_remote.messages import MAX_CHAT_CHARS, MAX_CONVERSATION_CHARS, Code, Turn
from eidos_remote.provider import Message

_INSTRUCTION: Final = (
    "You answer questions about the command line of {system}. Be brief and exact, in Markdown, in "
    "the language of the question. Put every command that can be run into a fenced code block of "
    "its own that names the {shell} shell as its language; nobody runs it but the person, after "
    "reading it. Say first what a command changes or deletes, if it does. Text like [password 1] "
    "stands for something that was kept from you: use it as it is. "
    "If you do not know, say so."
)


def check_turns(turns: Sequence[Turn]) -> None:
    """Return if *turns* can be answered.

    Raises:
        ProtocolError: the last one is not the user's, is empty, too long, or holds control
            characters.
    """
    if turns[-1].role != "user":
        message = "a conversation is answered when its last turn is the user's"
        raise ProtocolError(message, code=Code.BAD_MESSAGE)
    check_text(turns[-1].text, limit=MAX_CHAT_CHARS, noun="message")


def conversation(turns: Sequence[Turn], shell: Shell | None) -> tuple[list[Message], int]:
    """Return what is sent for *turns*, and how many of the oldest are left out.

    The turn to be answered is always sent. What goes before it begins with one of the user's, for
    some servers refuse a conversation that begins with an answer.
    """
    first, room = len(turns) - 1, MAX_CONVERSATION_CHARS - len(turns[-1].text)
    for position in range(first - 1, -1, -1):
        room -= len(turns[position].text)
        if room < 0:
            break
        if turns[position].role == "user":
            first = position
    instruction = _INSTRUCTION.format(system="Linux", shell=shell or Shell.BASH)
    sent = [Message(turn.role, turn.text) for turn in turns[first:]]
    return [Message("system", instruction), *sent], first
