"""Fixtures of the training's tests; torch is imported only where one is asked for."""

from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def learnt(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with pairs, their tokenizer, and in run/ a tiny model that learnt them by heart."""
    from tiny_models import RECIPES, prepare, train

    folder = tmp_path_factory.mktemp("learnt")
    prepare(folder)
    train(folder, "--recipe", str(RECIPES / "smoke.toml"))
    return folder
