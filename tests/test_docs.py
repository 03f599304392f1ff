"""The docs agree with the code: what is generated is fresh, what is named exists."""

import re
from importlib import import_module
from pathlib import Path
from urllib.parse import unquote

import pytest
from layers import REPOSITORY

DOCS = REPOSITORY / "docs"
PAGES = [
    *map(REPOSITORY.joinpath, ("README.md", "CHANGELOG.md", "SECURITY.md")),
    *sorted(DOCS.glob("*.md")),
]
LINK = re.compile(r"\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
FILE = re.compile(r"`((?:daemon|eidosctl|shell|systemd|tests|docs|benchmarks|\.ci)/[\w./-]+)`")


@pytest.mark.parametrize(
    ("name", "generator"),
    [
        ("configuration.md", "configuration_table"),
        ("architecture.md", "module_table"),
        ("privacy.md", "privacy_table"),
    ],
)
def test_a_generated_page_is_fresh(
    name: str, generator: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a change of what it is made from: python docs/GENERATOR.py."""
    monkeypatch.syspath_prepend(str(DOCS))
    text = (DOCS / name).read_text()

    assert text == import_module(generator).page(text)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_leads_somewhere(page: Path) -> None:
    """Links into this repository name a file that exists, and a heading that is in it."""
    broken = [link for link in LINK.findall(page.read_text()) if not _resolves(link, page)]

    assert broken == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_named_file_exists(page: Path) -> None:
    """A path of this repository in backticks is a file or a folder of it."""
    missing = [name for name in FILE.findall(page.read_text()) if not (REPOSITORY / name).exists()]

    assert missing == []


@pytest.mark.parametrize("folder", ["daemon/eidos", "eidosctl", "shell", "systemd"])
def test_every_page_that_the_code_names_exists(folder: str) -> None:
    """A comment that points to a page of the docs points to one that is there."""
    files = [path for path in (REPOSITORY / folder).rglob("*") if path.suffix and path.is_file()]
    text = "".join(path.read_text(errors="ignore") for path in files if path.stat().st_size < 2**20)

    named = set(re.findall(r"docs/[\w-]+\.\w+", text))
    assert [name for name in sorted(named) if not (REPOSITORY / name).exists()] == []


def test_the_readme_has_both_commands() -> None:
    """The two commands that were tried in a clean root are in the README, word for word."""
    readme = (REPOSITORY / "README.md").read_text()
    tried = (DOCS / "tried.md").read_text()

    blocks = re.findall(r"```sh\n(.*?)```", readme, re.DOTALL)
    first, second = blocks[:2]
    assert "pip install" in first
    assert "tests/run" in second
    assert first in tried
    assert second in tried


def _resolves(link: str, page: Path) -> bool:
    if link.startswith(("https://", "mailto:")):
        return True
    name, _, anchor = unquote(link).partition("#")
    file = page.parent / name if name else page
    if not file.exists():
        return False
    return not anchor or anchor in {_anchor(title) for title in HEADING.findall(file.read_text())}


def _anchor(title: str) -> str:
    return re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")
