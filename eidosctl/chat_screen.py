"""How an answer is shown while it comes: rendered in a terminal, as plain text everywhere else.

What a provider writes is a stranger's text: nothing of it reaches a terminal that this would obey.
"""

import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack
from typing import TYPE_CHECKING, Final, Protocol, Self, TextIO

from markdown_it import MarkdownIt
from markdown_it.token import Token
from rich.cells import chop_cells
from rich.console import Console, ConsoleOptions, RenderResult
from rich.live import Live
from rich.markdown import CodeBlock, Markdown
from rich.padding import Padding
from rich.segment import Segment
from rich.text import Text
from rich.theme import Theme

from eidos.protocol import Level
from eidosctl.output import printable

if TYPE_CHECKING:
    from eidos.validator.validation import Verdict

_FRAMES_PER_S: Final = 20
"""Providers write up to 200 pieces a second, each of which would be a frame."""
_INDENT: Final = 2
_THEME: Final = Theme(
    {
        "markdown.code": "cyan",
        "markdown.code_block": "cyan",
        "markdown.block_quote": "italic",
        "markdown.h1": "bold",
        "markdown.h2": "bold",
        "markdown.link": "none",
        "markdown.link_url": "underline",
    }
)
"""No colour of a background, so that it can be read on a light one as on a dark one."""
_COLOURS: Final = {Level.OK: "green", Level.WARN: "yellow", Level.BLOCK: "red"}


class Screen(Protocol):
    """Where one answer goes, between `__enter__` and `__exit__`."""

    def __enter__(self) -> Self: ...
    def __exit__(self, *_: object) -> None: ...
    def add(self, piece: str) -> None:
        """Show the next part of the answer."""
        ...


class PlainScreen:
    """Writes an answer as it comes, line breaks and all."""

    def __init__(self, out: TextIO) -> None:
        self._out = out
        self._lines = _Lines()
        self._ends_line = True

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if not self._ends_line:
            self._write("\n")

    def add(self, piece: str) -> None:
        """Show the next part of the answer."""
        self._write(self._lines.clean(piece))

    def _write(self, text: str) -> None:
        if text:
            self._out.write(text)
            self._out.flush()
            self._ends_line = text.endswith("\n")


class _Live(Live):
    """A region that is drawn anew some times a second, and only where there is something new."""

    _drawn: object = None

    def refresh(self) -> None:
        if self._drawn is not self.renderable:
            self._drawn = self.renderable
            super().refresh()


class LiveScreen:
    """Renders Markdown as it comes: what is finished above, the last block again and again.

    Of a last block that is higher than the screen only the end is shown until it is finished, for
    a terminal cannot change what has scrolled away.
    """

    def __init__(self, console: Console) -> None:
        self._console = console
        self._lines = _Lines()
        self._parser = _parser()
        self._open = ""
        self._is_first = True
        self._live = _Live(
            console=console,
            refresh_per_second=_FRAMES_PER_S,
            transient=True,
            redirect_stdout=False,
            redirect_stderr=False,
            vertical_overflow="crop",
        )
        self._exit = ExitStack()

    def __enter__(self) -> Self:
        self._exit.enter_context(self._live)
        return self

    def __exit__(self, *_: object) -> None:
        # An empty region first: Live leaves the terminal as it was, and the block is printed once.
        self._live.update(Text(""), refresh=False)
        self._exit.close()
        self._print(self._open)

    def add(self, piece: str) -> None:
        """Show the next part of the answer."""
        self._open += self._lines.clean(piece)
        if "\n" in piece:
            finished, self._open = self._split()
            if finished:
                with self._console:  # one write, in which nothing is to be seen twice
                    self._live.update(Text(""), refresh=True)
                    self._print(finished)
        self._live.update(_Tail(self._block(self._open)))

    def _split(self) -> tuple[str, str]:
        """Return the blocks to which nothing can be added, and the rest."""
        tops = [token for token in self._parser.parse(self._open) if token.level == 0 and token.map]
        starts = [token.map[0] for token in tops if token.map and token.nesting >= 0]
        lines = self._open.splitlines(keepends=True)
        at = starts[-1] if starts else 0
        return "".join(lines[:at]), "".join(lines[at:])

    def _print(self, text: str) -> None:
        if text.strip():
            self._console.print(self._block(text))
            self._is_first = False

    def _block(self, text: str) -> "_Block":
        return _Block(text, self._parser, is_first=self._is_first)


def screen_for(out: TextIO, environ: Mapping[str, str]) -> Screen:
    """Return the screen for *out*: plain where it is no terminal, or one that moves no cursor."""
    if not out.isatty() or environ.get("TERM", "dumb") in {"dumb", "unknown", ""}:
        return PlainScreen(out)
    return LiveScreen(console_for(out))


def console_for(out: TextIO) -> Console:
    """Return a console for *out* that interprets no markup and makes no links."""
    return Console(file=out, theme=_THEME, markup=False, emoji=False, highlight=False)


def say(notes: Iterable[str]) -> None:
    """Print *notes*, which are no part of the answer, on standard error."""
    console = console_for(sys.stderr)
    for note in notes:
        console.print(Text(printable(note), style="dim"), soft_wrap=not console.is_terminal)


def show_commands(rows: "Iterable[tuple[int, str, Verdict]]", *, hint: str = "") -> None:
    """Print commands on standard error, each with its number and what the validator says of it."""
    console = console_for(sys.stderr)
    console.print()
    for number, command, verdict in rows:
        line = Text(f"{number:3}  ")
        line.append(f"{verdict.level:<5}  ", style=_COLOURS[verdict.level])
        line.append(printable(command))
        console.print(line, soft_wrap=True)
        if verdict.reason:
            reason = Text(printable(verdict.reason), style="dim")
            is_wide = not console.is_terminal
            console.print(Padding(reason, (0, 0, 0, 5), expand=False), soft_wrap=is_wide)
    say([hint] if hint else [])


def clean_lines(text: str) -> str:
    """Return *text* with its line breaks, and nothing that a terminal would obey."""
    return "\n".join(printable(line) for line in text.replace("\r\n", "\n").split("\n"))


class _Lines:
    """Cleans a text that comes in parts; a line break of two characters may lie between two."""

    def __init__(self) -> None:
        self._held = ""

    def clean(self, piece: str) -> str:
        text = self._held + piece
        self._held = "\r" if text.endswith("\r") else ""
        return clean_lines(text.removesuffix("\r"))


class _Code(CodeBlock):
    """Code as it is, without colours of a syntax, whose names are made for one background."""

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        room = max(1, options.max_width - _INDENT)
        # By its signs and not by its words: of those rich drops the blanks at which it cuts.
        lines = [part for line in str(self.text).rstrip("\n").expandtabs(8).split("\n")
                 for part in chop_cells(line, room) or [""]]  # fmt: skip
        text = Text("\n".join(lines), style="markdown.code_block", no_wrap=True)
        yield Padding(text, (0, 0, 0, _INDENT))


class _Markdown(Markdown):
    elements = {**Markdown.elements, "fence": _Code, "code_block": _Code}  # noqa: RUF012

    def __init__(self, text: str, parser: MarkdownIt) -> None:
        super().__init__("", hyperlinks=False)
        self.markup = text
        self.parsed = parser.parse(text)
        for token in self.parsed:
            token.children = _without_doubled(token.children or []) or token.children
            for each in (token, *(token.children or ())):
                # An entity (&#x202e;) becomes its character only here.
                each.content = clean_lines(each.content)


def _without_doubled(tokens: list[Token]) -> list[Token]:
    """Return *tokens* without the links whose text is the address: rich would show it twice."""
    doubled = {
        id(each)
        for first, text, last in zip(tokens, tokens[1:], tokens[2:], strict=False)
        if first.type == "link_open" and last.type == "link_close"
        if text.content == first.attrs.get("href")
        for each in (first, last)
    }
    return [token for token in tokens if id(token) not in doubled]


class _Block:
    """Some blocks of Markdown, with an empty line above where something stands there."""

    def __init__(self, text: str, parser: MarkdownIt, *, is_first: bool) -> None:
        self._markdown = _Markdown(text, parser)
        self._is_first = is_first

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        lines = list(_stripped(console.render_lines(self._markdown, options, pad=False)))
        if not self._is_first and lines:
            yield Segment.line()
        for line in lines:
            yield from line
            yield Segment.line()


class _Tail:
    """The last lines of a block, as many as the screen has room for."""

    def __init__(self, block: _Block) -> None:
        self._block = block

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        lines = console.render_lines(self._block, options, pad=False)
        room = max(1, console.size.height - 1)
        for line in lines[-room:]:
            yield from line
            yield Segment.line()


def _stripped(lines: list[list[Segment]]) -> Iterator[list[Segment]]:
    """Yield *lines* without blanks at their ends, and without the empty ones at both ends.

    rich puts both there by its own rules; who copies a command would copy the blanks with it.
    """
    short = [_without_blanks(line) for line in lines]
    full = [bool(line) for line in short]
    if any(full):
        yield from short[full.index(True) : len(full) - full[::-1].index(True)]


def _without_blanks(line: list[Segment]) -> list[Segment]:
    kept = list(line)
    while kept and not kept[-1].text.strip():
        kept.pop()
    if kept:
        kept[-1] = Segment(kept[-1].text.rstrip(), kept[-1].style)
    return kept


def _parser() -> MarkdownIt:
    """Return a parser that leaves HTML as text: rich would drop it, `<file>` in a sentence too."""
    parser = MarkdownIt("commonmark", {"html": False}).enable(["strikethrough", "table"])
    return parser.disable(["image", "html_block", "html_inline"])
