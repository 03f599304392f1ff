"""A person's folders for one test, and eidosctl run in them."""

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from eidosctl.place import Place

EIDOSCTL = Path(sys.executable).parent / "eidosctl"


@dataclass(frozen=True)
class Home:
    """A person's folders and environment; nothing of whoever runs the tests."""

    root: Path
    environ: dict[str, str]

    @property
    def path(self) -> Path:
        """HOME itself."""
        return Path(self.environ["HOME"])

    @property
    def place(self) -> Place:
        """Where eidosctl finds things here."""
        return Place.find(self.environ)

    def run(
        self, *arguments: str, stdin: bytes = b"", **environ: str
    ) -> subprocess.CompletedProcess[str]:
        """Run eidosctl with *arguments*, with *environ* on top of this home's."""
        result = subprocess.run(
            [EIDOSCTL, *arguments],
            env={**self.environ, **environ},
            input=stdin,
            capture_output=True,
            timeout=100,
            check=False,
        )
        out, err = result.stdout.decode(), result.stderr.decode()
        return subprocess.CompletedProcess(result.args, result.returncode, out, err)

    def ok(self, *arguments: str, stdin: bytes = b"", **environ: str) -> str:
        """Run eidosctl and return what it printed; fail where it failed."""
        result = self.run(*arguments, stdin=stdin, **environ)
        assert result.returncode == 0, f"{arguments}: {result.stdout}{result.stderr}"
        return result.stdout
