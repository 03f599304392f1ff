"""What is kept of conversations."""

import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from eidos.errors import EidosError
from eidos_remote.messages import Turn
from eidosctl.conversations import Conversations, Ending, KeptTurn


@pytest.fixture
def kept(tmp_path: Path) -> Conversations:
    """A place for conversations, in which there are none."""
    return Conversations(tmp_path / "state" / "conversations.sqlite3")


def turns(text: str, ending: Ending = "") -> list[KeptTurn]:
    """Return a question and its answer."""
    return [KeptTurn(Turn("user", text)), KeptTurn(Turn("assistant", f"to {text}"), ending)]


def test_turns_come_back_in_order(kept: Conversations) -> None:
    """What was added to a conversation is read as it was, with how each answer ended."""
    first = kept.add(None, turns("one"))
    other = kept.add(None, turns("other"))
    again = kept.add(first, turns("two", "stopped"))

    assert again == first != other
    assert kept.read(first) == [*turns("one"), *turns("two", "stopped")]
    assert kept.last() == first


def test_the_file_is_ours_alone(kept: Conversations) -> None:
    """It has the mode 0600 in a folder of 0700, and one that others may read is refused."""
    kept.add(None, turns("one"))
    assert stat.S_IMODE(kept.path.stat().st_mode) == 0o600
    assert stat.S_IMODE(kept.path.parent.stat().st_mode) == 0o700

    kept.path.chmod(0o644)

    with pytest.raises(EidosError, match="chmod 600"):
        kept.add(None, turns("two"))


def test_looking_makes_no_file(kept: Conversations) -> None:
    """Where nothing was kept there is nothing to list, to delete or to read, and no file."""
    assert kept.summaries() == []
    assert kept.last() is None
    assert kept.delete() == kept.prune(keep=1, days=1) == 0
    with pytest.raises(EidosError, match="no conversation 1"):
        kept.read(1)
    assert not kept.path.parent.exists()


def test_only_the_newest_are_kept(kept: Conversations) -> None:
    """Those beyond the number go, and those that are too old, with all of their turns."""
    ids = [kept.add(None, turns(str(n))) for n in range(5)]
    kept.add(ids[0], turns("again"))

    assert kept.prune(keep=3, days=1) == 2
    assert [summary.id for summary in kept.summaries()] == [ids[0], ids[4], ids[3]]
    assert kept.prune(keep=3, days=1, now_s=4e9) == 3
    assert kept.summaries() == []


def test_what_is_deleted_is_not_in_the_file(kept: Conversations) -> None:
    """Its bytes are overwritten, and its id is never given again."""
    one = kept.add(None, turns("a word that stands nowhere else"))

    assert kept.delete(one) == 1

    assert b"nowhere else" not in kept.path.read_bytes()
    assert kept.add(one, turns("two")) == one + 1


def test_a_title_is_one_short_line(kept: Conversations) -> None:
    """The list shows the beginning of the first question."""
    kept.add(None, turns("how\n\tdo I " + "x" * 100))

    (summary,) = kept.summaries()

    assert summary.title.startswith("how do I xxx")
    assert len(summary.title) == 60


@pytest.mark.parametrize(
    "damage",
    [lambda path: path.write_bytes(b"x" * 9000), lambda path: path.write_bytes(b"SQLite")],
    ids=["other bytes", "cut"],
)
def test_a_damaged_file_is_set_aside(kept: Conversations, damage: Callable[[Path], object]) -> None:
    """A new one begins, and the damaged one is left to be looked at."""
    kept.add(None, turns("one"))
    damage(kept.path)

    new = kept.add(7, turns("two"))

    assert kept.read(new) == turns("two")
    assert kept.path.with_name("conversations.sqlite3.damaged").exists()


def test_a_newer_file_is_left_alone(kept: Conversations) -> None:
    """One of a later Eidos is neither read nor written."""
    kept.add(None, turns("one"))
    content = bytearray(kept.path.read_bytes())
    content[60:64] = (9).to_bytes(4, "big")  # user_version, by SQLite's file format
    kept.path.write_bytes(content)

    with pytest.raises(EidosError, match="newer Eidos"):
        kept.add(None, turns("two"))

    assert kept.path.read_bytes() == content
