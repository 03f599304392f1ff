"""The prompt: exactly what the model was trained on, whatever the template's source."""

from pathlib import Path

import pytest

from eidos.errors import ModelError
from eidos.prompt import load_template
from eidos.resources import model_dir


def test_the_embedded_prompt_is_the_one_of_the_training() -> None:
    """The rendered prompt equals the format in the model's README, character for character."""
    prompt = load_template(model_dir(), {}).render("list files")

    assert prompt == "<|im_start|>user\nlist files<|im_end|>\n<|im_start|>assistant\n"


def test_line_breaks_of_a_request_become_blanks(tmp_path: Path) -> None:
    """A multi-line buffer reaches the model as the one line it was trained on."""
    assert load_template(tmp_path, {}).render("list\n\t  files") == "list files\n"


def test_a_template_in_the_tokenizer_settings_is_used(tmp_path: Path) -> None:
    """Exports that keep chat_template in tokenizer_config.json work, special tokens included."""
    settings = {
        "chat_template": "{{ bos_token }}{% for m in messages %}[{{ m.content }}]{% endfor %}",
        "bos_token": {"content": "<s>", "lstrip": False},
    }

    assert load_template(tmp_path, settings).render("hi") == "<s>[hi]"


def test_a_request_is_data_never_template(tmp_path: Path) -> None:
    """Braces in a request reach the model as they are."""
    assert load_template(tmp_path, {}).render("{{ 7 * 7 }} {% x %}") == "{{ 7 * 7 }} {% x %}\n"


@pytest.mark.parametrize("source", ["{% for %}", "{{ messages[5].content.x }}"])
def test_a_broken_template_is_an_error_of_the_model(tmp_path: Path, source: str) -> None:
    """A template that does not compile or run gives a ModelError, not a Jinja traceback."""
    (tmp_path / "chat_template.jinja").write_text(source)

    with pytest.raises(ModelError, match="chat template"):
        load_template(tmp_path, {}).render("x")


def test_a_template_cannot_reach_python(tmp_path: Path) -> None:
    """A hostile template finds no way out of the sandbox."""
    (tmp_path / "chat_template.jinja").write_text("{{ ''.__class__.__mro__[1].__subclasses__() }}")

    with pytest.raises(ModelError, match="chat template fails"):
        load_template(tmp_path, {}).render("x")
