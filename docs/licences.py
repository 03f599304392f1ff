"""Write the licences of what users install into docs/licences.md: python docs/licences.py.

The names are those of requirements/runtime.txt; the licences are what the installed packages say of
themselves. Versions are left out: they are in the lock, and a licence seldom changes with one.
"""

import re
from collections.abc import Iterator
from importlib.metadata import PackageMetadata, metadata
from pathlib import Path
from typing import Final

from packaging.licenses import InvalidLicenseExpression, canonicalize_license_expression
from packaging.requirements import Requirement

PAGE = Path(__file__).with_name("licences.md")
LOCK = PAGE.parents[1] / "requirements" / "runtime.txt"
MARK = "## Packages\n"
"""What stands before this line is written by hand."""

COMPATIBLE: Final = {
    "0BSD": "permissive",
    "Apache-2.0": "may be joined with GPL-3.0, not with GPL-2.0",
    "BSD-2-Clause": "permissive",
    "BSD-3-Clause": "permissive",
    "CC0-1.0": "no rights are kept",
    "ISC": "permissive",
    "MIT": "permissive",
    "MPL-2.0": "section 3.3 names the GPL as a secondary licence",
    "PSF-2.0": "permissive",
    "Zlib": "permissive",
}
"""Licences whose works may be part of one under GPL-3.0-only, and why."""

SPOKEN: Final = {
    "3-Clause BSD License": "BSD-3-Clause",
    "Apache 2.0": "Apache-2.0",
    "Apache Software License": "Apache-2.0",
    "BSD License": "BSD-3-Clause",  # Jinja2: its LICENSE.txt has the three clauses
    "MIT License": "MIT",
    "MIT, BSD": "MIT AND BSD-3-Clause",  # PyStemmer: the bindings, and the stemmers in them
}
"""What older packages write in place of an SPDX expression."""


def page(text: str) -> str:
    """Return *text*, the page as it is, with the packages as they are now."""
    by_hand = text.partition(MARK)[0]
    return "\n".join([by_hand + MARK, *_rows(), ""])


def locked() -> list[str]:
    """Return the names in the lock that are installed on a machine like this one."""
    lines = re.findall(r"^([\w.-]+==[^\\\n]+)", LOCK.read_text(encoding="utf-8"), re.MULTILINE)
    wanted = [Requirement(line) for line in lines]
    return sorted({it.name for it in wanted if it.marker is None or it.marker.evaluate()})


def licence(name: str) -> str:
    """Return the SPDX expression of the installed package *name*.

    Raises:
        PackageNotFoundError: it is not installed.
        ValueError: it says none that is known here.
    """
    for said in _said(metadata(name)):
        try:
            return canonicalize_license_expression(SPOKEN.get(said, said))
        except InvalidLicenseExpression:
            continue
    raise ValueError(f"{name} names no licence that is known; look, and add it to docs/licences.py")


def is_compatible(expression: str) -> bool:
    """Tell whether every part of *expression* leaves a choice that GPL-3.0-only may be joined with.

    An expression with brackets or exceptions is for people to read, and not compatible here.
    """
    parts = [part.split(" OR ") for part in expression.split(" AND ")]
    return all(any(choice in COMPATIBLE for choice in choices) for choices in parts)


def _said(package: PackageMetadata) -> Iterator[str]:
    """Yield what *package* says, the clearest first."""
    yield from package.get_all("License-Expression", [])
    yield from package.get_all("License", [])
    for classifier in package.get_all("Classifier", []):
        if classifier.startswith("License ::"):
            yield classifier.rpartition(" :: ")[2]


def _rows() -> Iterator[str]:
    yield "| package | licence |"
    yield "|---|---|"
    for name in locked():
        yield f"| [{name}](https://pypi.org/project/{name}/) | {licence(name)} |"


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
