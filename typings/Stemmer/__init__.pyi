"""PyStemmer ships no types; this is what we use of it."""

class Stemmer:
    def __init__(self, algorithm: str) -> None: ...
    def stemWord(self, word: str) -> str: ...  # noqa: N802 - its name
