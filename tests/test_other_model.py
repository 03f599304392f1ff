"""Another model than the embedded one: a tiny export with other shapes and its own tokenizer."""

import hashlib
import json
from pathlib import Path

import pytest
from real_daemon import RealDaemon
from tiny_export import make_graph, make_model, settings

from eidos.context import Context
from eidos.engine import Engine
from eidos.engine_messages import Job
from eidos.errors import ModelError
from eidos.protocol import Suggestions


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with graph, tokenizer and settings, as an export leaves them."""
    make_model(tmp_path)
    return tmp_path


def test_shapes_template_and_end_token_come_from_the_model(folder: Path) -> None:
    """Nothing of the embedded model is assumed of another."""
    engine = Engine(settings(folder))

    done = engine.generate(Job(id="x", text="ls", count=1))

    assert [draft.text for draft in done.drafts if draft.is_generated] == ["df - h"]
    assert engine.loaded.model == folder.name


@pytest.mark.parametrize(
    ("told", "drafts"), [([], ["- h"]), (["files"], ["h"])], ids=["nothing", "files"]
)
def test_a_model_is_told_what_it_asks_for(folder: Path, told: list[str], drafts: list[str]) -> None:
    """What eidos.json names stands in front of the request, and nothing else does."""
    template = "{{ messages[0].content.replace(']', '').split()[-2:][0] }}"
    config = {"eos_token": "<end>", "chat_template": template}
    (folder / "tokenizer_config.json").write_text(json.dumps(config))
    (folder / "eidos.json").write_text(json.dumps({"context": told}))
    context = Context("fish", last="ls", status=1, files=("-",))

    done = Engine(settings(folder)).generate(Job(id="x", text="df", count=1, context=context))

    assert [draft.text for draft in done.drafts if draft.is_generated] == drafts


def test_a_damaged_table_of_drafts_is_named(folder: Path) -> None:
    """A model may have such a table; one that is none is refused with its cure."""
    (folder / "drafts.ngrams").write_bytes(b"no table")

    with pytest.raises(ModelError, match=r"drafts\.ngrams is not a table.*training/ngrams\.py"):
        Engine(settings(folder))


def test_a_daemon_serves_the_model_that_was_named(stopped: RealDaemon, folder: Path) -> None:
    """EIDOS_MODEL_PATH changes who answers, and status says so."""
    stopped.start(EIDOS_MODEL_PATH=str(folder)).until_loaded()

    reply = stopped.ask("ls", count=4)

    assert isinstance(reply, Suggestions)
    assert "df - h" in [candidate.command for candidate in reply.candidates]
    assert stopped.status()["model"]["name"] == folder.name


def test_a_model_without_a_cache_is_refused_with_its_cure(folder: Path) -> None:
    """An export without past_key_values is named, and how to export it right."""
    make_graph(folder / "model.onnx", cache=False)

    with pytest.raises(ModelError, match=r"no past_key_values inputs.*export it with past"):
        Engine(settings(folder))


def test_a_tokenizer_without_an_end_token_is_refused(folder: Path) -> None:
    """Without an end token decoding would never stop; the error says what to add."""
    (folder / "tokenizer_config.json").write_text("{}")

    with pytest.raises(ModelError, match=r"add eos_token to tokenizer_config\.json"):
        Engine(settings(folder))


def test_a_damaged_tokenizer_is_named(folder: Path) -> None:
    """A truncated tokenizer.json gives its name and the setting."""
    (folder / "tokenizer.json").write_text('{"version": "1.0", ')

    with pytest.raises(ModelError, match=r"cannot read the tokenizer .*EIDOS_TOKENIZER_PATH"):
        Engine(settings(folder))


def test_a_truncated_embedded_like_model_is_refused_by_its_checksum(folder: Path) -> None:
    """A model that ships SHA256SUMS is not served when a file differs, even if it still loads."""
    wrong = hashlib.sha256(b"another file").hexdigest()
    (folder / "SHA256SUMS").write_text(f"{wrong}  model.onnx\n")

    with pytest.raises(ModelError, match=r"model\.onnx is damaged: its SHA-256 is"):
        Engine(settings(folder))
