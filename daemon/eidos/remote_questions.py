"""How a server is asked: with our own model's prompt, or in words that any chat model knows."""

from typing import Final, Protocol

from eidos.command_by_chat import instruction
from eidos.context import Field, conditioned
from eidos.endpoint import Endpoint
from eidos.engine_messages import EngineSettings, Job
from eidos.model_files import locate, tokenizer_settings, told
from eidos.prompt import load_template

Payload = dict[str, object]

_DRAWN_TEMPERATURE: Final = 0.8
"""Of candidates behind the first. Three draws on our weights give 0.8 other commands a request, and
1.0 at 1.2 and 1.6, most of them nonsense."""


class Form(Protocol):
    """A way to ask: where, in what words, and what of a context goes along."""

    path: str
    is_chat: bool
    told: tuple[Field, ...]
    logprobs: int
    """What asks for probabilities, as `logprobs`; not every server knows it."""

    def payload(self, job: Job, seed: int) -> Payload:
        """Return what is sent for *job*; seed 0 asks for the likeliest, others draw another."""
        ...


class Completions:
    """The prompt that our own model was trained on, for a server that serves its weights."""

    path = "/v1/completions"
    is_chat = False
    logprobs = 1

    def __init__(self, settings: EngineSettings, endpoint: Endpoint) -> None:
        """Read the prompt's template from beside the model that *settings* names.

        Raises:
            ModelError: a file of the model is missing or damaged.
        """
        files = locate(settings.model_path, settings.tokenizer_path)
        about = tokenizer_settings(files)
        self.told = told(files)
        self._template = load_template(files.tokenizer.parent, about)
        end = about.get("eos_token")
        end = end.get("content") if isinstance(end, dict) else end  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
        self._stop = {"stop": [str(end)]} if end else {}  # pyright: ignore[reportUnknownArgumentType]
        self._common = _common(settings, endpoint)

    def payload(self, job: Job, seed: int) -> Payload:
        """Return the prompt for *job*, to be continued."""
        text = conditioned(job.text, job.context.only(self.told))
        return {
            **self._common,
            **self._stop,
            **_choice(seed),
            "prompt": self._template.render(text),
        }


class Chat:
    """A short instruction and the request in its words, for any general model."""

    path = "/v1/chat/completions"
    is_chat = True
    # Neither files nor the last command: they would leave the machine, and nobody typed them here.
    told: tuple[Field, ...] = ("shell", "os")
    logprobs: int = True

    def __init__(self, settings: EngineSettings, endpoint: Endpoint) -> None:
        self._common = _common(settings, endpoint)

    def payload(self, job: Job, seed: int) -> Payload:
        """Return the conversation for *job*, to be answered."""
        request = " ".join(job.text.split())
        messages = [
            {"role": "system", "content": instruction(job.context.shell, job.context.os)},
            {"role": "user", "content": request},
        ]
        return {**self._common, **_choice(seed), "messages": messages}


def form_of(settings: EngineSettings, endpoint: Endpoint) -> Form:
    """Return the way to ask that *endpoint* names.

    Raises:
        ModelError: it needs our model's prompt, and a file of the model is missing or damaged.
    """
    kind = Chat if endpoint.kind == "chat" else Completions
    return kind(settings, endpoint)


def _common(settings: EngineSettings, endpoint: Endpoint) -> Payload:
    named: Payload = {"model": endpoint.model} if endpoint.model else {}
    return {**named, "max_tokens": settings.max_tokens, "stream": False}


def _choice(seed: int) -> Payload:
    return {"temperature": _DRAWN_TEMPERATURE if seed else 0, "seed": seed}
