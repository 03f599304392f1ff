"""Commands as text: equal where only blanks and needless quotes differ."""

import re

_PLAIN = re.compile(r"[\w@%+=:,./-]")
_PIECE = re.compile(
    r"""'(?P<single>[^']*)' | "(?P<double>(?:[^"\\]|\\.)*)" | \\(?P<escaped>.) | (?P<blank>\s+)
    | (?P<redirect>>>|<<<?|>&|<&|&>>?|>\||[<>]) | (?P<operator>\|\||&&|;;|\|&|[|;&])
    | (?P<other>.)""",
    re.VERBOSE | re.DOTALL,
)


def normalized(command: str) -> str:
    """Return *command* with one blank between words, and each sign that a quote covers escaped.

    Two texts are equal then if a shell reads the same words in them. A `$` in double quotes is
    none without them, and none in single ones.
    """
    tokens: list[str] = []
    word: str | None = None
    before = ""  # a redirection, which the next word belongs to
    for piece in _PIECE.finditer(command.strip() + " "):
        kind = piece.lastgroup
        if kind in ("blank", "redirect", "operator"):
            if kind == "redirect" and word and word.isdecimal():
                before, word = before + word, None
            if word is not None:
                tokens.append(before + word)
                before, word = "", None
            if kind == "redirect":
                before += piece[0]
            elif kind == "operator":
                tokens.append(piece[0])
        else:
            word = (word or "") + _read(piece, kind)
    while tokens and tokens[-1] == ";":
        tokens.pop()
    return " ".join(tokens)


def _read(piece: re.Match[str], kind: str | None) -> str:
    if kind == "single":
        return "".join(map(_escaped, piece["single"]))
    if kind == "escaped":
        return _escaped(piece["escaped"])
    if kind == "double":
        signs = re.findall(r"\\[$`\"\\]|.", piece["double"], re.DOTALL)
        return "".join(f'"{sign}' if sign in "$`" else _escaped(sign[-1]) for sign in signs)
    return piece[0]


def _escaped(sign: str) -> str:
    return sign if _PLAIN.match(sign) else f"\\{sign}"
