"""A configuration is proved before it serves: its model must load and answer."""

import asyncio
import subprocess
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest
from fake_engine import PROGRAM
from real_daemon import EIDOSD, private_folders

from eidos import serving as serving_module
from eidos.audit import AuditLog
from eidos.config import Config
from eidos.engine_messages import Job
from eidos.errors import ConfigError, EidosError, EngineError, ModelError
from eidos.model_slots import Chosen
from eidos.serving import Serving, choose, difference

EMBEDDED = Chosen("embedded", "")


def proved(folder: Path, config: Config) -> None:
    """Prove a Serving of *config*, and end it."""

    async def scenario() -> None:
        serving = Serving(config, EMBEDDED, AuditLog(folder / "audit"))
        try:
            await serving.prove()
        finally:
            await serving.end()

    asyncio.run(scenario())


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Engines without a model, whose jobs would not be answered but by their text."""
    monkeypatch.setattr(serving_module, "PROGRAM", (*PROGRAM, "1"))
    return monkeypatch


def probe_that(does: str) -> Job:
    """Return a probe whose text has the fake engine do something."""
    return msgspec.structs.replace(serving_module.PROBE, text=does)


@pytest.mark.model
def test_the_embedded_model_is_proved(tmp_path: Path) -> None:
    """It loads and answers."""
    proved(tmp_path, Config())


@pytest.mark.parametrize(
    ("does", "error", "reason"),
    [
        ("fail", EngineError, "no wish to"),
        ("die", EidosError, "again and again|died 2 times"),
        ("mute", EngineError, "no answer|again and again|died 2 times"),
    ],
)
def test_an_engine_that_does_not_answer_is_no_engine(
    fake: pytest.MonkeyPatch, tmp_path: Path, does: str, error: type[EidosError], reason: str
) -> None:
    """What loads and then fails, dies or is silent is refused with the reason."""
    fake.setattr(serving_module, "PROBE", probe_that(does))

    with pytest.raises(error, match=reason):
        proved(tmp_path, Config(engine_timeout_s=0.3))


def test_an_engine_that_answers_is_proved(fake: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """One answer with some text is enough."""
    fake.setattr(serving_module, "PROBE", probe_that("say"))

    proved(tmp_path, Config())


def test_a_model_that_cannot_be_used_is_said_at_once(
    fake: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The engine's own words are the error."""
    fake.setattr(serving_module, "PROGRAM", (*PROGRAM, "1", "--first", "unusable"))

    with pytest.raises(ModelError, match="there is no file; get one"):
        proved(tmp_path, Config())


def test_a_rule_that_is_none_is_refused(fake: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The policy is built before the probe."""
    fake.setattr(serving_module, "PROBE", probe_that("say"))

    with pytest.raises(ConfigError, match="no-such"):
        proved(tmp_path, Config(rules={"no-such": "ok"}))


def test_an_engine_is_shared_where_it_is_told_the_same(
    fake: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A key that the engine is not told keeps it; threads, for one, need another."""
    del fake
    audit = AuditLog(tmp_path / "audit")

    async def scenario() -> None:
        old = Serving(Config(), EMBEDDED, audit)
        same = Serving(Config(cache_size=1), EMBEDDED, audit, beside=old)
        other = Serving(Config(threads=1), EMBEDDED, audit, beside=old)
        assert same.engine is old.engine
        assert other.engine is not old.engine
        await other.end()
        await old.end()

    asyncio.run(scenario())


def test_an_engine_that_died_long_ago_is_no_reason_to_refuse(
    fake: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A daemon that has run for months has seen deaths; those count that come while it is asked."""
    fake.setattr(serving_module, "PROBE", probe_that("say"))
    audit = AuditLog(tmp_path / "audit")

    async def scenario() -> None:
        old = Serving(Config(), EMBEDDED, audit)
        with pytest.raises(EngineError, match="died 2 times"):
            await old.engine.generate(probe_that("die"))
        new = Serving(Config(cache_size=1), EMBEDDED, audit, beside=old)
        await new.prove()
        assert new.engine.restarts == 2
        await old.end()

    asyncio.run(scenario())


def test_what_changed_is_told_by_the_names_of_its_keys(tmp_path: Path) -> None:
    """A value may be a secret, or long."""
    audit = AuditLog(tmp_path / "audit")

    async def scenario() -> None:
        old = Serving(Config(), EMBEDDED, audit)
        new = Serving(Config(cache_size=1), EMBEDDED, audit, beside=old)
        assert difference(old, old) == "no setting has changed"
        assert difference(old, new) == "changed: cache_size"
        await old.end()

    asyncio.run(scenario())


def test_a_model_that_the_configuration_names_goes_before_a_slot() -> None:
    """So an administrator's word counts; a remote server needs no model of ours at all."""
    assert choose(replace(Config(), model_path="/m")) == Chosen("embedded", "/m")
    assert choose(replace(Config(), remote_url="https://host/v1")) == EMBEDDED


@pytest.mark.model
@pytest.mark.parametrize(
    ("variables", "code", "said"),
    [
        ({}, 0, "this configuration serves, with eidos-135m"),
        ({"EIDOS_MODEL_PATH": "/nowhere"}, 78, "there is no file /nowhere"),
        ({"EIDOS_THREADS": "none"}, 78, "EIDOS_THREADS"),
    ],
)
def test_eidosd_check_says_whether_a_daemon_would_serve(
    variables: dict[str, str], code: int, said: str
) -> None:
    """It serves nobody, and its exit code is that of a daemon that would end at once."""
    with private_folders() as environ:
        result = subprocess.run(
            [EIDOSD, "--check"],
            env={**environ, **variables}, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert result.returncode == code, result.stderr
        assert said in result.stderr
        assert not list(Path(environ["XDG_RUNTIME_DIR"]).iterdir())
