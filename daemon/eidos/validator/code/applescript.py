"""AppleScript: commands that are sentences."""

from typing import Final

from eidos.validator.code.programs import run_text
from eidos.validator.code.scripts import Script
from eidos.validator.code.values import Value, call

_SHELL: Final = ["do", "shell", "script"]
_POWER: Final = {"shut": "poweroff", "restart": "reboot", "log": "logout"}


class AppleScript(Script):
    """One AppleScript program."""

    def operand(self) -> Value:
        """Return the value that comes next; `do shell script` is a call."""
        words = [self.look(ahead).text for ahead in range(3)]
        if words == _SHELL:
            self.at += len(_SHELL)
            return run_text(self.trace, self.expression(), words[0])
        if words[0] == "to" and words[1] in _POWER and self.next.kind == "name":
            self.at += 2
            self.trace.add(call(_POWER[words[1]]))
            return Value()
        return super().operand()
