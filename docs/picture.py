"""Draw docs/terminal.png from a real session: python docs/picture.py.

A real zsh with the widget runs in a pseudo-terminal, a real eidosd with the embedded model answers;
what is drawn is the first line of its screen before the key, while it waits, and after. Needs the
fonts of the package fonts-dejavu-core.
"""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont
from pyte.screens import Char

PICTURE = Path(__file__).with_name("terminal.png")
sys.path.insert(0, str(PICTURE.parents[1] / "tests"))

from prompt_session import prompt  # noqa: E402 - its folder is on the path only now
from real_daemon import EXAMPLE, EXAMPLE_COMMAND, real_daemon  # noqa: E402
from shell.shells import CTRL_G, ZSH  # noqa: E402
from shell.terminal import Terminal  # noqa: E402

FONTS = Path("/usr/share/fonts/truetype/dejavu")
PROMPT = "PS1='%F{green}ada%f %F{blue}~%f %% '\n"
SHOWN_PROMPT = "ada ~ % "
ROWS, COLUMNS = 3, 64
FONT_PX, CELL_PX, LINE_PX, PADDING_PX = 28, 17, 38, 36
CAPTION_PX = 68
PAPER, INK, FRAME, CAPTION = "#16181d", "#e6e6e6", "#2b2f38", "#8b93a1"
COLOURS = {"green": "#8ec07c", "blue": "#83a598", "brightblack": "#7c8493"}
"""Of pyte's colour names, those that this session shows; any other is drawn as INK."""


@dataclass(frozen=True)
class Shot:
    """What stood on the screen at one moment."""

    caption: str
    cells: list[list[Char]]
    cursor: tuple[int, int]


def main() -> None:
    """Play the session and draw it."""
    with (
        real_daemon() as daemon,
        prompt(ZSH, daemon.environ, after=PROMPT, rows=ROWS, columns=COLUMNS) as terminal,
    ):
        draw(play(terminal)).save(PICTURE, optimize=True)


def play(terminal: Terminal) -> list[Shot]:
    """Return the screens of one request: as typed, while waiting, and answered."""
    terminal.until_line(SHOWN_PROMPT)
    terminal.press(EXAMPLE)
    terminal.until_line(SHOWN_PROMPT + EXAMPLE)
    typed = _shot(terminal, "Type what you want.")
    terminal.press(CTRL_G)
    waiting = typed
    while EXAMPLE_COMMAND not in terminal.screen:
        if terminal.read(timeout_s=30) and EXAMPLE in terminal.screen:
            waiting = _shot(terminal, "Press Ctrl-G.")
    terminal.until_line(SHOWN_PROMPT + EXAMPLE_COMMAND)
    return [typed, waiting, _shot(terminal, "Review the command. Nothing has run; Enter is yours.")]


def draw(shots: Sequence[Shot]) -> Image.Image:
    """Return the picture of *shots*, one below the other."""
    panel_px = CAPTION_PX + LINE_PX + PADDING_PX
    width_px = COLUMNS * CELL_PX + 2 * PADDING_PX
    image = Image.new("RGB", (width_px, len(shots) * panel_px), PAPER)
    pen = ImageDraw.Draw(image)
    for number, shot in enumerate(shots):
        top_px = number * panel_px
        if number:
            pen.line((0, top_px, width_px, top_px), fill=FRAME, width=3)
        place = (PADDING_PX, top_px + 26)
        pen.text(place, shot.caption, font=_font("DejaVuSans", 22), fill=CAPTION)
        _draw_line(pen, shot, top_px + CAPTION_PX)
    return image


def _draw_line(pen: ImageDraw.ImageDraw, shot: Shot, top_px: int) -> None:
    left_px = PADDING_PX + shot.cursor[1] * CELL_PX
    pen.rectangle((left_px, top_px + 2, left_px + CELL_PX - 2, top_px + LINE_PX - 4), fill=INK)
    for column, cell in enumerate(shot.cells[0]):
        colour = PAPER if column == shot.cursor[1] else COLOURS.get(cell.fg, INK)
        # The spinner's Braille is not in the monospaced font.
        name = "DejaVuSans" if "\u2800" <= cell.data <= "\u28ff" else "DejaVuSansMono"
        place = (PADDING_PX + column * CELL_PX, top_px)
        pen.text(place, cell.data, font=_font(name, FONT_PX), fill=colour)


def _font(name: str, size_px: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(FONTS / f"{name}.ttf", size_px)


def _shot(terminal: Terminal, caption: str) -> Shot:
    return Shot(caption, terminal.cells, terminal.cursor)


if __name__ == "__main__":
    main()
