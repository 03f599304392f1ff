"""Write the keys of eidos.config into docs/configuration.md: python docs/configuration_table.py."""

from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

from eidos.config import Config, allowed, default, explanation, variable

PAGE = Path(__file__).with_name("configuration.md")
MARK = "## Keys\n"
"""What stands before this line is written by hand."""


def page(text: str) -> str:
    """Return *text*, the page as it is, with the table of the keys as they are now."""
    by_hand = text.partition(MARK)[0]
    return "\n".join([by_hand + MARK, *_rows(), ""])


def _rows() -> Iterator[str]:
    yield "| key | variable | default | allowed | what it is for |"
    yield "|---|---|---|---|---|"
    for field in fields(Config):
        cells = (
            f"`{field.name}`",
            f"`{variable(field.name)}`",
            _default(default(field)),
            allowed(field.name),
            explanation(field.name),
        )
        yield f"| {' | '.join(cells)} |"


def _default(value: object) -> str:
    return "" if value in ("", {}) else f"`{value}`"


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
