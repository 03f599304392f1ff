"""docs/cli.md says what the command line says."""

import json
import re
from pathlib import Path

import pytest
from answering import IDLE

from eidos import errors

DOCS = Path(__file__).parents[2] / "docs"


@pytest.fixture
def text() -> str:
    """The page as it is."""
    return (DOCS / "cli.md").read_text()


def test_page_holds_the_help_as_it_is(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """After a change of the command line: python docs/cli_reference.py."""
    monkeypatch.syspath_prepend(str(DOCS))
    from cli_reference import page

    assert text == page(text)


def test_every_exit_code_is_documented(text: str) -> None:
    """Each code of the error tree has its line in the table, and so do those of click."""
    classes = [value for value in vars(errors).values() if isinstance(value, type)]
    codes = {cls.exit_code for cls in classes if issubclass(cls, errors.EidosError)}

    documented = {int(code) for code in re.findall(r"^\| (\d+) \|", text, re.MULTILINE)}

    assert codes | {0, 2, 130} == documented


def test_every_key_of_the_status_is_documented(text: str) -> None:
    """Nothing that `status --json` prints is left without a word."""
    names = re.findall(r'"(\w+)":', json.dumps(IDLE))

    assert [name for name in names if f"`{name}`" not in text and name != "busy"] == []
