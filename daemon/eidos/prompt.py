"""From a request to the text that the model continues."""

from pathlib import Path
from typing import Any

from jinja2 import TemplateError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from eidos.errors import ModelError


class ChatTemplate:
    """A model's chat template, rendered as its own training code would render it."""

    def __init__(self, source: str, special_tokens: dict[str, str]) -> None:
        """Compile *source*, in Jinja; templates are untrusted, hence the sandbox.

        Raises:
            ModelError: the template does not compile.
        """
        environment = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True)
        try:
            self._template = environment.from_string(source)
        except TemplateError as exc:
            raise ModelError(f"the model's chat template does not compile: {exc}") from exc
        self._special_tokens = special_tokens

    def render(self, request: str) -> str:
        """Return the prompt for *request*, whose line breaks and runs of blanks become one blank.

        Raises:
            ModelError: the template refuses a conversation of one user message.
        """
        messages = [{"role": "user", "content": " ".join(request.split())}]
        try:
            return self._template.render(
                messages=messages, add_generation_prompt=True, **self._special_tokens
            )
        except TemplateError as exc:
            raise ModelError(f"the model's chat template fails: {exc}") from exc


def load_template(folder: Path, settings: dict[str, Any]) -> ChatTemplate:
    """Return the template in *folder*/chat_template.jinja or in the tokenizer's *settings*.

    A model without one gets the request and a line break, which suits a plain completion model.

    Raises:
        ModelError: the template cannot be read or does not compile.
    """
    tokens = {key: _token(settings, key) for key in ("bos_token", "eos_token", "unk_token")}
    file = folder / "chat_template.jinja"
    inline = settings.get("chat_template")
    if file.is_file():
        return ChatTemplate(file.read_text(encoding="utf-8"), tokens)
    if isinstance(inline, str):
        return ChatTemplate(inline, tokens)
    return ChatTemplate("{{ messages[0]['content'] + '\n' }}", tokens)


def _token(settings: dict[str, Any], key: str) -> str:
    # Older exports write a token as {"content": "<s>", "lstrip": false, …}.
    value: Any = settings.get(key) or ""
    return value if isinstance(value, str) else str(value.get("content", ""))
