"""Follow the scripts that stand in options, arguments, aliases and variables."""

from msgspec.structs import replace

from eidos.validator.commands import Assignment, Command, Machine
from eidos.validator.evaluating.carriers import carried_by, carried_in_variable
from eidos.validator.evaluating.declarations import aliases_in
from eidos.validator.evaluating.environment import Environment
from eidos.validator.evaluating.line import Invocation, Line
from eidos.validator.evaluating.place import Place
from eidos.validator.evaluating.scripts import evaluate_script, with_assignments, within


def follow_carried(
    line: Line, command: Command, call: Invocation, environment: Environment, place: Place
) -> None:
    """Evaluate the scripts in the options and arguments of a program."""
    for carried in carried_by(command, place.stdin):
        inner = within(place, command.name, call)
        if carried.machine is not Machine.HOST:
            inner = replace(inner, machine=carried.machine)
        if carried.is_input:
            inner = replace(inner, stdin=None, upstream=())
        script = with_assignments(environment, call)
        evaluate_script(line, carried.script, carried.language, script, inner)


def follow_aliases(line: Line, command: Command, environment: Environment, place: Place) -> None:
    """Evaluate the texts of aliases: whoever defines one means to use it."""
    if command.name not in {"alias", "abbr"}:
        return
    for name, text in aliases_in(command.args):
        if not text.is_known:
            continue
        inner = replace(place, inside=place.inside | {f"alias {name}"})
        # A global alias of zsh is a piece of a line: `alias -g L="| less"`.
        script = replace(text, text=text.text.lstrip("|&; "))
        evaluate_script(line, script, "", environment.copy(), inner)


def follow_variables(
    line: Line, assignments: tuple[Assignment, ...], environment: Environment, place: Place
) -> None:
    """Evaluate the values of variables that some program runs."""
    for assignment in assignments:
        script = carried_in_variable(assignment)
        if script is not None:
            evaluate_script(line, script, "sh", environment.copy(), place)
