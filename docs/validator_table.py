"""Write the table of rules into docs/validator.md, or with --check only compare it."""

import sys
from pathlib import Path

from eidos.validator.rules import RULES

PAGE = Path(__file__).with_name("validator.md")
BEGIN = "<!-- rules: written by docs/validator_table.py -->\n"
END = "<!-- end of rules -->"


def table() -> str:
    """Return the table of rules in Markdown."""
    rows = ["| rule | level | what it does | caught | left alone |", "|---|---|---|---|---|"]
    rows += [
        f"| `{rule.id}` | {rule.level} | {rule.reason} | {_code(rule.example)} "
        f"| {_code(rule.harmless)} |"
        for rule in RULES
    ]
    return "\n".join(rows) + "\n"


def _code(command: str) -> str:
    return f"`{command.replace('|', chr(92) + '|')}`"


def main() -> int:
    """Return 1 when --check finds another table than the code gives."""
    page = PAGE.read_text()
    head, _, rest = page.partition(BEGIN)
    _, _, tail = rest.partition(END)
    fresh = head + BEGIN + table() + END + tail
    if "--check" in sys.argv[1:]:
        if fresh == page:
            return 0
        print(f"{PAGE} is out of date; run: python docs/validator_table.py", file=sys.stderr)
        return 1
    PAGE.write_text(fresh)
    return 0


if __name__ == "__main__":
    sys.exit(main())
