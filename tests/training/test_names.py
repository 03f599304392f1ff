"""Coined names."""

import re
from collections.abc import Callable
from random import Random

import pytest

from training import names


def many(draw: Callable[[Random], str], count: int = 2000) -> list[str]:
    """Return *count* names, the same ones at each run."""
    rng = Random(5)
    return [draw(rng) for _ in range(count)]


def test_names_differ() -> None:
    """Names are coined, not recalled: most of two thousand come once."""
    assert len(set(many(names.file_name))) > 1500
    assert len(set(many(names.folder))) > 700


def test_names_that_need_quotes_come() -> None:
    """Blanks, apostrophes, umlauts and home directories are among them, but not often."""
    files = many(names.file_name)
    for sign in (" ", "'", "ü", "~/"):
        assert 0 < sum(sign in name for name in files) < len(files) / 5, sign


@pytest.mark.parametrize(
    "draw",
    [names.file_name, names.folder, names.coined, names.plain_name, names.person, names.host,
     names.domain, names.address, names.url],
)  # fmt: skip
def test_names_are_one_line_without_edges(draw: Callable[[Random], str]) -> None:
    """No name is empty, begins with a dash, or has blanks at its edges or signs of a shell."""
    for name in many(draw):
        assert name == name.strip() != ""
        assert not name.startswith("-")
        assert not re.search(r"[\n\t$`\\\"!*?\[\]{}|]", name), name


def test_extension_is_as_asked() -> None:
    """A file has one of the extensions that were asked for."""
    rng = Random(2)
    assert all(
        names.file_name(rng, ("mp4", "tar.gz")).endswith((".mp4", ".tar.gz")) for _ in range(300)
    )


def test_same_seed_same_names() -> None:
    """Names come from the generator that is given and from nothing else."""
    assert many(names.folder, 50) == many(names.folder, 50)
