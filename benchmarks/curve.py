"""Draw lines over a common axis as SVG, with nothing but text: a few hundred points, two axes."""

import math
from collections.abc import Iterator, Sequence
from html import escape
from typing import Final

from msgspec import Struct

_WIDTH, _HEIGHT = 760, 320
_LEFT, _RIGHT, _TOP, _BOTTOM = 56, 150, 16, 44
_COLOURS: Final = ("#3b6ea5", "#b8572a", "#4d8a3d", "#8a4d8a")
_STEPS: Final = (1, 2, 5, 10)
_TICKS: Final = 6
_INK, _PAPER, _GRID = "#333333", "#ffffff", "#dddddd"


class Line(Struct, frozen=True):
    """One curve: its name, and a value for each place on the axis."""

    name: str
    values: Sequence[float]


def draw(places: Sequence[float], lines: Sequence[Line], *, across: str, up: str) -> str:
    """Return *lines* over *places* as an SVG picture; the axis of the values begins at 0."""
    x_ticks = ticks(max(places))
    y_ticks = ticks(max(max(line.values) for line in lines))
    x_end, y_end = max(*places, x_ticks[-1]), max(*map(_highest, lines), y_ticks[-1])

    def at(place: float, value: float) -> tuple[float, float]:
        x = _LEFT + place / x_end * (_WIDTH - _LEFT - _RIGHT)
        return x, _HEIGHT - _BOTTOM - value / y_end * (_HEIGHT - _TOP - _BOTTOM)

    def parts() -> Iterator[str]:
        right, bottom = _WIDTH - _RIGHT, _HEIGHT - _BOTTOM
        for tick in y_ticks:
            _, y = at(0, tick)
            yield f'<path d="M{_LEFT} {y:.1f}H{right}" stroke="{_GRID}"/>'
            yield _text(_LEFT - 8, y + 4, f"{tick:g}", "end")
        for tick in x_ticks:
            yield _text(at(tick, 0)[0], bottom + 18, f"{tick:g}", "middle")
        yield _text((_LEFT + right) / 2, _HEIGHT - 8, across, "middle")
        yield _text(4, 12, up, "start")
        for line, colour in zip(lines, _COLOURS, strict=False):
            points = [at(*pair) for pair in zip(places, line.values, strict=True)]
            path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
            yield f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>'
            yield _text(points[-1][0] + 8, points[-1][1] + 4, line.name, "start", colour)

    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}"'
    style = 'font-family="sans-serif" font-size="12"'
    paper = f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="{_PAPER}"/>'
    return "\n".join([f"{head} {style}>", paper, *parts(), "</svg>", ""])


def ticks(most: float) -> list[float]:
    """Return round numbers from 0 to at least *most*, about six of them."""
    if most <= 0:
        return [0.0, 1.0]
    rough = most / _TICKS
    power = 10 ** math.floor(math.log10(rough))
    step = next(each * power for each in _STEPS if each * power >= rough)
    return [number * step for number in range(math.ceil(most / step) + 1)]


def _highest(line: Line) -> float:
    return max(line.values)


def _text(x: float, y: float, text: str, anchor: str, colour: str = _INK) -> str:
    place = f'x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{colour}"'
    return f"<text {place}>{escape(text)}</text>"
