"""Talk to the user's systemd, where there is one."""

import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from eidos.errors import EidosError
from eidos.paths import runtime_dir

_TIMEOUT_S = 90.0
"""Longer than the unit's own limits for start and stop."""


@dataclass(frozen=True, slots=True)
class UserManager:
    """`systemd --user` of one person; `environ` is what its tools run with."""

    runtime: Path
    environ: Mapping[str, str]

    @classmethod
    def find(cls, environ: Mapping[str, str], uid: int) -> "UserManager | None":
        """Return the manager whose socket is in our runtime folder, or None."""
        # It is not connected to: systemd would log a connection that was reset.
        runtime = runtime_dir(environ, uid).parent
        if not (runtime / "systemd" / "private").is_socket():
            return None
        # After `su` the variable is often unset, and systemctl then finds no manager.
        return cls(runtime, {**environ, "XDG_RUNTIME_DIR": str(runtime)})

    def systemctl(self, *arguments: str) -> str:
        """Run `systemctl --user` with *arguments* and return its output.

        Raises:
            EidosError: it failed, or did not end.
        """
        return self._run(["systemctl", "--user", *arguments])

    def properties(self, unit: str, *names: str) -> dict[str, str]:
        """Return the named properties of *unit*; a unit that is not there has empty ones."""
        output = self.systemctl("show", unit, *(f"--property={name}" for name in names))
        return dict(line.split("=", 1) for line in output.splitlines() if "=" in line)

    def can_run(self, directives: Sequence[str], command: Sequence[str]) -> bool:
        """Say whether *command* succeeds in a passing unit with *directives* (KEY=VALUE)."""
        settings = [f"--property={directive}" for directive in directives]
        # A oneshot unit is started when it has ended. (--wait would need D-Bus beside systemd.)
        options = ["--user", "--quiet", "--collect", "--property=Type=oneshot"]
        try:
            self._run(["systemd-run", *options, *settings, "--", *command])
        except EidosError:
            return False
        return True

    def last_message(self, unit: str, invocation: str) -> str:
        """Return the last line that *unit* itself logged in *invocation*, or ""."""
        match = [f"_SYSTEMD_INVOCATION_ID={invocation}", f"_SYSTEMD_USER_UNIT={unit}"]
        try:
            lines = self._run(["journalctl", "--quiet", "--output=cat", "--lines=1", *match])
        except EidosError:
            return ""
        return lines.strip()

    def _run(self, command: list[str]) -> str:
        try:
            result = subprocess.run(
                command,
                env=dict(self.environ),
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                errors="replace",
                timeout=_TIMEOUT_S,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired) as exc:
            raise EidosError(f"cannot run {' '.join(command[:3])}: {exc}") from exc
        if result.returncode != 0:
            words = " ".join(result.stderr.split()) or f"exit status {result.returncode}"
            raise EidosError(f"{' '.join(command[:3])} failed: {words}")
        return result.stdout
