"""Write docs/rules.md, the reference of the validator's rules; with --check only compare it."""

import sys
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

from eidos.validator.rules import RULES, Rule

PAGE = Path(__file__).with_name("rules.md")
HEAD = """\
# The rules of the validator

Written by `python docs/rules_page.py` from `daemon/eidos/validator/table/`; each example is a test.
[The validator](validator.md) says how a command is judged. To give a rule another level, put it
into `~/.config/eidos/config.toml` and run `eidosctl restart`:

```toml
[rules]
git-clean = "ok"       # ok, warn or block
history-clear = "block"
```

`eidosctl validate 'COMMAND'` names the rule that a command breaks.
"""


def page() -> str:
    """Return the page in Markdown."""
    return "\n".join([HEAD, *_overview(), *_chapters()])


def _overview() -> Iterator[str]:
    yield "| class | rules that block | rules that warn |"
    yield "|---|---|---|"
    for kind, rules in _classes():
        levels = [rule.level for rule in rules]
        yield f"| [{kind}](#{kind}) | {levels.count('block')} | {levels.count('warn')} |"
    yield ""


def _chapters() -> Iterator[str]:
    for kind, rules in _classes():
        yield f"## {kind}\n"
        yield "| rule | level | this command … | caught | left alone |"
        yield "|---|---|---|---|---|"
        for rule in rules:
            caught, spared = _code_list(rule.caught), _code_list(rule.spared)
            yield f"| `{rule.id}` | {rule.level} | {_text(rule)} | {caught} | {spared} |"
        yield ""


def _classes() -> list[tuple[str, list[Rule]]]:
    order = list(dict.fromkeys(rule.kind for rule in RULES.values()))
    rules = sorted(RULES.values(), key=lambda rule: (order.index(rule.kind), rule.level))
    return [(kind, list(group)) for kind, group in groupby(rules, key=lambda rule: rule.kind)]


def _text(rule: Rule) -> str:
    parts = [rule.reason, rule.why, f"Instead: {rule.safer}." if rule.safer else ""]
    return ". ".join(part.rstrip(".") for part in parts if part).replace("|", "\\|")


def _code_list(commands: tuple[str, ...]) -> str:
    return "<br>".join(map(_code, commands))


def _code(command: str) -> str:
    shown = command if len(command) <= 100 else command[:100] + "…"  # noqa: PLR2004
    marks = "``" if "`" in shown else "`"
    return f"{marks}{shown.replace('|', chr(92) + '|')}{marks}"


def main() -> int:
    """Return 1 when --check finds another page than the code gives."""
    fresh = page()
    if "--check" in sys.argv[1:]:
        if PAGE.exists() and fresh == PAGE.read_text(encoding="utf-8"):
            return 0
        print(f"{PAGE} is out of date; run: python docs/rules_page.py", file=sys.stderr)
        return 1
    PAGE.write_text(fresh, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
