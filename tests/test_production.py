"""The page that answers the production checklist: what it names is there."""

import re
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[1]
PAGE = REPOSITORY / "docs" / "production.md"
CHECKLIST = REPOSITORY.parent / "shared" / "PRODUCTION.md"
_LINK = re.compile(r"\]\(([^)#]+)(?:#[^)]*)?\)")


def rows() -> list[str]:
    """Return the rows of the page's tables, without heads."""
    lines = PAGE.read_text().splitlines()
    return [
        line
        for line in lines
        if line.startswith("| ") and not line.startswith(("| item", "| variable"))
    ]


def test_every_file_that_is_named_is_there() -> None:
    """A line of the checklist is met by something that can be read and run."""
    links = _LINK.findall(PAGE.read_text())

    assert len(links) > 80
    assert [link for link in links if not (PAGE.parent / link).exists()] == []


def test_every_row_says_what_meets_it() -> None:
    """Nothing is left open, and nothing is met by words alone."""
    bare = [row for row in rows() if "](" not in row and "`" not in row and "Alert" not in row]

    assert bare == []
    assert not re.search(r"\b(TODO|TBD|open item)\b", PAGE.read_text())


@pytest.mark.parametrize("section", ["Security", "Performance", "Reliability", "Observability",
                                     "Operations", "Privacy and governance"])  # fmt: skip
def test_the_page_has_every_section_of_the_checklist(section: str) -> None:
    """It answers line by line, under the same headings."""
    assert f"\n## {section}\n" in PAGE.read_text()
    if CHECKLIST.exists():  # it is beside the repository where Eidos is made, and nowhere else
        assert f"\n## {section}\n" in CHECKLIST.read_text()
