"""A conversation, as it is sent."""

import pytest

from eidos.errors import ProtocolError
from eidos.protocol import Shell
from eidos_remote.chat import check_turns, conversation
from eidos_remote.messages import MAX_CHAT_CHARS, MAX_CONVERSATION_CHARS, Turn


def turns(*texts: str) -> list[Turn]:
    """Return a conversation of *texts*, which the user begins."""
    return [Turn("assistant" if n % 2 else "user", text) for n, text in enumerate(texts)]


@pytest.mark.parametrize("shell", Shell)
def test_the_model_is_told_the_shell(shell: Shell) -> None:
    """Whoever asks from fish gets commands for fish."""
    messages, _ = conversation(turns("how?"), shell)

    assert [message.role for message in messages] == ["system", "user"]
    assert f"names the {shell} shell" in messages[0].content


def test_a_short_conversation_is_sent_whole() -> None:
    """All turns go, in their order and as they are."""
    messages, left_out = conversation(turns("one", "two", "three"), None)

    assert [message.content for message in messages[1:]] == ["one", "two", "three"]
    assert left_out == 0


def test_of_a_long_one_the_oldest_turns_are_left_out() -> None:
    """What is sent is below the limit, begins with the user's turn, and ends with the last one."""
    long = [f"{n} " + "x" * 2998 for n in range(15)]

    messages, left_out = conversation(turns(*long), None)

    sent = [message.content for message in messages[1:]]
    assert sent == long[left_out:]
    assert left_out == 6
    assert messages[1].role == "user"
    assert sum(map(len, sent)) <= MAX_CONVERSATION_CHARS


def test_the_last_turn_is_sent_however_long_the_others_are() -> None:
    """An answer longer than all that may be sent leaves the question alone."""
    messages, left_out = conversation(turns("one", "x" * 40_000, "three"), None)

    assert [message.content for message in messages[1:]] == ["three"]
    assert left_out == 2


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "empty"),
        (" \n", "empty"),
        ("x" * (MAX_CHAT_CHARS + 1), "too-long"),
        ("a\x1b[2J", "control-character"),
    ],
)
def test_a_turn_that_cannot_be_answered_is_refused(text: str, code: str) -> None:
    """Nothing is sent of an empty message, one over the limit, or one with control characters."""
    with pytest.raises(ProtocolError) as caught:
        check_turns(turns("one", "two", text))

    assert caught.value.code == code


def test_a_message_at_the_limit_is_taken() -> None:
    """10,000 characters are allowed, in any script and in several lines."""
    check_turns(turns("д\n" * (MAX_CHAT_CHARS // 2)))


def test_an_answer_is_not_answered() -> None:
    """A conversation that ends with the model's turn has nothing to be answered."""
    with pytest.raises(ProtocolError, match="last turn is the user's"):
        check_turns(turns("one", "two"))
