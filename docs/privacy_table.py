"""Write what Eidos keeps into docs/privacy.md: python docs/privacy_table.py."""

from collections.abc import Iterator
from pathlib import Path

from eidosctl.holdings import HOLDINGS

PAGE = Path(__file__).with_name("privacy.md")
BEGIN = "<!-- privacy_table.py -->\n"
END = "<!-- end -->\n"


def page(text: str) -> str:
    """Return *text*, the page as it is, with the table as it is now."""
    before, _, rest = text.partition(BEGIN)
    after = rest.partition(END)[2]
    return before + BEGIN + "".join(f"{row}\n" for row in _rows()) + END + after


def _rows() -> Iterator[str]:
    yield "| what | where | what is in it | how long | `privacy purge` |"
    yield "|---|---|---|---|---|"
    for holding in HOLDINGS:
        files = ", ".join(f"`{name}`" for name in holding.patterns)
        where = " ".join(filter(None, [f"`{holding.root}`" if holding.root else "", files]))
        cells = (holding.name, where or "no file", holding.holds, holding.kept, holding.purge)
        yield f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
