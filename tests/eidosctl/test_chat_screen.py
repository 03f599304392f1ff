"""How an answer looks, whatever a provider writes."""

import io
import re
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from eidosctl.chat_screen import LiveScreen, PlainScreen, console_for, screen_for

_ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


def rendered(pieces: Sequence[str], columns: int = 80) -> tuple[str, str]:
    """Return what stays of *pieces* in a terminal, and all that was written to it."""
    out = io.StringIO()
    console = Console(
        file=out, force_terminal=True, width=columns, height=24, markup=False, emoji=False
    )
    with LiveScreen(console) as screen:
        for piece in pieces:
            screen.add(piece)
    written = out.getvalue()
    return _ESCAPES.sub("", written.rpartition("\x1b[?25h")[2]).strip("\r\n"), written


@pytest.mark.parametrize(
    ("answer", "shown"),
    [
        ("use `cat <file>` or cat <file>", "use cat <file> or cat <file>"),
        ("[safe](https://evil.test/x)", "safe (https://evil.test/x)"),
        ("![x](https://evil.test/x)", "!x (https://evil.test/x)"),
        ("[bold]not markup[/bold] :smile:", "[bold]not markup[/bold] :smile:"),
        ("a &#x202e;b", "a \ufffdb"),
        ("a\x1b[2Jb\x9b1m", "a\ufffd[2Jb\ufffd1m"),
        ("<script>x</script>", "<script>x</script>"),
    ],
)
def test_nothing_is_hidden_and_nothing_is_obeyed(answer: str, shown: str) -> None:
    """HTML is text, links show their target, escapes and direction marks are replaced."""
    stays, _ = rendered([answer])

    assert stays == shown


def test_a_link_is_no_link_of_the_terminal() -> None:
    """No OSC 8: where it leads is what stands there."""
    _, written = rendered(["[a](https://evil.test/x) <https://b.test>"])

    assert "\x1b]" not in written


def test_a_line_of_code_is_whole_and_has_no_blanks_behind_it() -> None:
    """Who copies a long command gets all of it, folded by the terminal's width."""
    command = "find / " + "x" * 90

    stays, _ = rendered([f"```bash\n{command}\n```"], columns=40)

    assert "".join(line[2:] for line in stays.splitlines()) == command


def test_no_background_is_painted() -> None:
    """An answer is to be read on a light screen as on a dark one."""
    out = io.StringIO()
    console = console_for(out)
    console._force_terminal = True
    with LiveScreen(console) as screen:
        screen.add("# h\n\n`c`\n\n```py\nx\n```\n\n> q\n\n| a |\n|---|\n| 1 |\n")

    colours = [code for codes in re.findall(r"\x1b\[([0-9;]*)m", out.getvalue())
               for code in codes.split(";") if code]  # fmt: skip
    assert not [code for code in colours if 40 <= int(code) <= 49 or int(code) > 99]


@given(st.lists(st.text(max_size=30), max_size=12))
def test_whatever_comes_can_be_shown(pieces: list[str]) -> None:
    """Any text in any pieces is shown, and a terminal obeys none of it."""
    _, written = rendered(pieces, columns=20)
    plain = io.StringIO()
    with PlainScreen(plain) as screen:
        for piece in pieces:
            screen.add(piece)

    assert "\x1b" not in _ESCAPES.sub("", written)
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]", plain.getvalue())


def test_a_pipe_gets_pieces_at_once() -> None:
    """Each piece is written when it comes, and the last line is ended."""
    out = io.StringIO()

    with PlainScreen(out) as screen:
        screen.add("a\r")
        screen.add("\nb")
        assert out.getvalue() == "a\nb"

    assert out.getvalue() == "a\nb\n"


def test_what_is_no_terminal_is_written_plainly() -> None:
    """A file gets no escape, whatever TERM says."""
    assert isinstance(screen_for(io.StringIO(), {"TERM": "xterm"}), PlainScreen)


def test_an_address_is_shown_once() -> None:
    """A link whose text is its address is that text alone."""
    shown, _ = rendered(["see <https://a.test/b>, or [there](https://c.test)"])

    assert "see https://a.test/b, or there (https://c.test)" in shown
