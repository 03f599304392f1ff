"""Text to token ids and back; the only module that imports `tokenizers`."""

import json
from functools import cached_property
from pathlib import Path
from typing import Any

import tokenizers

from eidos.errors import ModelError


class Tokenizer:
    """The tokenizer of one model, with the ids that end its answers."""

    def __init__(self, path: Path, settings: dict[str, Any]) -> None:
        """Load *path* (tokenizer.json); *settings* is the tokenizer_config.json beside it.

        Raises:
            ModelError: the file is damaged, or no end token can be found.
        """
        try:
            self._tokenizer = tokenizers.Tokenizer.from_file(str(path))
        except Exception as exc:  # the library raises bare Exception
            message = f"cannot read the tokenizer {path}: {exc}; set EIDOS_TOKENIZER_PATH"
            raise ModelError(message) from exc
        self.end_ids = self._end_ids(settings) | _ids_in(path.parent / "generation_config.json")
        if not self.end_ids:
            message = f"no end token is named beside {path}; add eos_token to tokenizer_config.json"
            raise ModelError(message)

    @property
    def size(self) -> int:
        """How many tokens there are."""
        return self._tokenizer.get_vocab_size()

    def encode(self, text: str) -> list[int]:
        """Return the ids of *text*; special tokens written out in it become their ids."""
        return self._tokenizer.encode(text, add_special_tokens=False).ids

    def decode(self, ids: list[int]) -> str:
        """Return the text of *ids* without special tokens."""
        return self._tokenizer.decode(ids, skip_special_tokens=True)

    def word_start_ids(self) -> frozenset[int]:
        """Return the ids whose text begins with a blank, in byte-level BPE and SentencePiece."""
        return self._word_start_ids

    @cached_property
    def _word_start_ids(self) -> frozenset[int]:
        vocabulary = self._tokenizer.get_vocab(with_added_tokens=False)
        return frozenset(i for token, i in vocabulary.items() if token.startswith(("Ġ", "▁")))

    def _end_ids(self, settings: dict[str, Any]) -> frozenset[int]:
        token = settings.get("eos_token")
        text = token.get("content") if isinstance(token, dict) else token  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
        known = None if text is None else self._tokenizer.token_to_id(str(text))  # pyright: ignore[reportUnknownArgumentType]
        return frozenset() if known is None else frozenset({known})


def _ids_in(path: Path) -> frozenset[int]:
    # Chat models often end an answer with another token than eos_token; it is listed here.
    try:
        ids = json.loads(path.read_text(encoding="utf-8")).get("eos_token_id", [])
    except (OSError, ValueError):
        return frozenset()
    return frozenset([ids] if isinstance(ids, int) else ids)
