"""Texts of 8 KiB meant to make a validator slow: one kind of nesting or repetition each."""

from typing import Final

SIZE_BYTES: Final = 8192

_PIECES: Final = (
    "(", "{ ", "$(", "`", '"$(', "${", "${a:-", "$((", "((", "[[ ", "<(", ">(", "a=(", "if ",
    "while ", "for x in ", "case a in ", "f() { ", "<<a ", "<<<a ", "&& ", "|| ", "| ", "; ", "& ",
    "! ", "a{b,c}", "{a,b}{c,d}", "{1..9}", "*", "?", "[a", "~", "\\", "\\\\", "'", '"', "$'\\x41'",
    "$a", "${a}", "$a$b", "a=b ", "sudo ", "env ", "xargs ", "sh -c ", "eval ", "find . -exec ",
    "nice -n 1 ", "timeout 5 ", "rm -rf / ", "ls ", "a", "é", "a b", "a|b&", "$IFS", "!!", "!a",
    "echo a|sh|", "x=$x$x;", "x=a;y=$x;", "alias a=b;", "cd /;", "cat a>a;", "a<b>c ", "2>&1 ",
    "python -c '", "awk '{", "perl -e '", "ssh a ", "for a in b c d e;do ", "f(){ f|f& };f;",
    "begin;", "function a;", "(((", "]])", "))", "}}", "#", "^a^b", "@(a|", "${!a@}", "--", "-",
)  # fmt: skip


def hostile_texts() -> list[str]:
    """Return every piece repeated up to SIZE_BYTES, alone, closed again, and as a script."""
    texts: list[str] = []
    for piece in _PIECES:
        repeated = piece * (SIZE_BYTES // len(piece.encode()))
        half = piece * (SIZE_BYTES // 2 // len(piece.encode()))
        closing = piece.translate(_CLOSING)[::-1]
        texts += [repeated, half + closing * (len(half) // len(piece)), f"sh -c '{half}'"]
        texts += [f"echo {half} | sh", f'eval "{half}"', f"x={half}; $x", f"ls {repeated}"]
        texts += [f"python3 -c '{half}'", f"perl -e '{half}'"]
    return [text[:SIZE_BYTES] for text in texts]


_CLOSING: Final = str.maketrans("([{<", ")]}>", "abcdefghijklmnopqrstuvwxyz$ ")
