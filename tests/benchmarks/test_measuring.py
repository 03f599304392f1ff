"""What the benchmarks write into pages."""

from pathlib import Path

from benchmarks.measuring import write_section

PAGE = "# Page\n\nBy hand.\n\n## Figures\n\nold\n\nolder\n\n## Notes\n\nBy hand, too.\n"


def test_a_section_is_replaced_and_nothing_else(tmp_path: Path) -> None:
    """What stands before the heading and behind the next one stays as it is."""
    page = tmp_path / "page.md"
    page.write_text(PAGE)

    write_section(page, "## Figures", ["new", "newer"])

    assert page.read_text() == PAGE.replace("old\n\nolder", "new\nnewer")


def test_a_missing_section_comes_at_the_end(tmp_path: Path) -> None:
    """The first run needs no preparation, and the second finds what the first one made."""
    page = tmp_path / "page.md"
    page.write_text(PAGE)

    for _ in range(2):
        write_section(page, "## Speed", ["fast"])

    assert page.read_text() == f"{PAGE}\n## Speed\n\nfast\n"
