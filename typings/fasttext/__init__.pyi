"""What Eidos uses of fasttext-predict, which has no types."""

class FastText:
    def predict(
        self, text: str, k: int = 1, threshold: float = 0.0
    ) -> tuple[tuple[str, ...], tuple[float, ...]]: ...

def load_model(path: str) -> FastText: ...
