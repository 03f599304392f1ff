"""A conversation turn by turn, and what a session does with what is typed."""

import os
from collections.abc import Iterator

import pytest
from home import Home
from scripted_remote import ScriptedRemote

from eidos.config import Config
from eidos.errors import ProviderError, RequestRefused
from eidos.paths import runtime_dir
from eidos.protocol import Shell
from eidos_remote.messages import MAX_CHAT_CHARS, MAX_TURNS, Code, Turn
from eidosctl.chat_session import Session, Talk
from eidosctl.conversations import Conversations


@pytest.fixture
def remote(home: Home) -> Iterator[ScriptedRemote]:
    """A stand-in for eidos-remote."""
    with ScriptedRemote(runtime_dir(home.environ, os.getuid()) / "remote.sock") as remote:
        yield remote


@pytest.fixture
def talk(home: Home, remote: ScriptedRemote) -> Talk:
    """A new conversation."""
    del remote
    return Talk(home.place, Config(), Shell.FISH, Conversations.ours())


def test_the_shell_and_the_whole_conversation_are_sent(talk: Talk, remote: ScriptedRemote) -> None:
    """Each question goes with the turns before it."""
    talk.ask("one")
    talk.ask("two")

    assert remote.asked[1].shell is Shell.FISH
    assert [turn.text for turn in remote.asked[1].turns] == ["one", "hello", "two"]


def test_a_very_long_conversation_still_fits_a_message(talk: Talk, remote: ScriptedRemote) -> None:
    """Its newest turns go, and the question always does."""
    talk.turns = [Turn("assistant", "\N{GRINNING FACE}" * 60_000) for _ in range(10)]
    talk.ask("many characters")
    talk.turns = [Turn("user", "x")] * (2 * MAX_TURNS)
    talk.ask("many turns")

    characters, turns = ([turn.text for turn in asked.turns] for asked in remote.asked)
    assert (len(characters), characters[-1]) == (3, "many characters")
    assert (len(turns), turns[-1]) == (MAX_TURNS, "many turns")


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "empty"),
        ("x" * (MAX_CHAT_CHARS + 1), "too-long"),
        ("a\x1bb", "control-character"),
    ],
    ids=["empty", "too long", "escape"],
)
def test_what_cannot_be_asked_is_not_sent(
    talk: Talk, remote: ScriptedRemote, text: str, code: str
) -> None:
    """It is refused here, with what is wrong."""
    with pytest.raises(RequestRefused) as caught:
        talk.ask(text)

    assert caught.value.code == code
    assert remote.asked == []


def test_a_failure_without_an_answer_is_no_turn(talk: Talk, remote: ScriptedRemote) -> None:
    """The question can be asked again, and nothing of it is kept."""
    remote.pieces, remote.failure = [], (Code.TIMEOUT, "too slow")

    with pytest.raises(ProviderError):
        talk.ask("one")

    assert talk.turns == []
    assert Conversations.ours().summaries() == []


@pytest.mark.parametrize(("finish", "ending"), [("stop", ""), ("length", "cut")])
def test_how_an_answer_ended_is_kept(
    talk: Talk, remote: ScriptedRemote, finish: str, ending: str
) -> None:
    """One that the provider cut is marked."""
    remote.finish = finish

    assert talk.ask("one") == ending
    assert Conversations.ours().read(1)[1].ending == ending


def test_nothing_is_kept_where_the_setting_says_so(home: Home, remote: ScriptedRemote) -> None:
    """chat_keep = 0 is as --no-history."""
    del remote
    talk = Talk(home.place, Config(chat_keep=0), Shell.BASH, Conversations.ours())

    talk.ask("one")

    assert not Conversations.ours().path.exists()


def test_slash_words_are_commands_and_paths_are_not(
    talk: Talk, remote: ScriptedRemote, capsys: pytest.CaptureFixture[str]
) -> None:
    """A question may begin with a path; an unknown command is not sent anywhere."""
    Session(talk, ["/help", "/nwe", "/etc/fstab what is it", "", "/put 1", "/new", "/quit"]).run()

    out, err = capsys.readouterr()
    assert "no such command" in out
    assert "the last answer has none" in err
    assert [asked.turns[-1].text for asked in remote.asked] == ["/etc/fstab what is it"]
    assert talk.turns == []


def test_no_failure_ends_a_session(
    talk: Talk, remote: ScriptedRemote, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each is said, and the next question is answered."""

    def typed() -> Iterator[str]:
        remote.failure = (Code.BROKEN, "it broke")
        yield "one"
        remote.failure = None
        yield "two"

    Session(talk, typed()).run()

    out, err = capsys.readouterr()
    assert "it broke" in err
    assert out.count("hello") == 2


def test_a_file_that_cannot_be_written_costs_no_answer(
    talk: Talk, capsys: pytest.CaptureFixture[str]
) -> None:
    """The answer is shown, and that it is not kept is said."""
    Conversations.ours().path.mkdir(parents=True)

    assert talk.ask("one") == ""

    assert "not kept: " in capsys.readouterr().err
