"""Write the table of modules into docs/architecture.md: python docs/module_table.py."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

PAGE = Path(__file__).with_name("architecture.md")
MARK = "## Modules\n"
"""What stands before this line is written by hand."""
sys.path.insert(0, str(PAGE.parents[1] / "tests"))

from layers import LAYERS, REPOSITORY, modules  # noqa: E402 - its folder is on the path only now


def page(text: str) -> str:
    """Return *text*, the page as it is, with the modules as they are now."""
    by_hand = text.partition(MARK)[0]
    return "\n".join([by_hand + MARK, *_lines(), ""])


def _lines() -> Iterator[str]:
    yield "From below to above: a module imports only those that stand before it in its own part,"
    yield "and those that its part may see. The table is in `tests/layers.py`; a test checks it."
    files = modules()
    for layer in LAYERS:
        yield f"\n### {layer.name}\n"
        seen = ", ".join(f"`{name}`" for name in layer.sees)
        yield f"{layer.purpose} May see: {seen or 'nothing else of ours'}.\n"
        yield "| file | what it is |"
        yield "|---|---|"
        for module in layer.modules or (layer.package,):
            path = files[module].relative_to(REPOSITORY)
            yield f"| `{path}` | {_first_sentence(files[module])} |"


def _first_sentence(file: Path) -> str:
    docstring = ast.get_docstring(ast.parse(file.read_text(encoding="utf-8"))) or ""
    return " ".join(docstring.partition("\n\n")[0].split()).replace("|", r"\|")


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
