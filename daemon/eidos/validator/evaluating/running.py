"""What an invocation runs in the end: wrappers taken off, scripts inside it followed."""

from typing import Final

from msgspec.structs import replace

from eidos.protocol import Shell
from eidos.validator.commands import Command, Machine, Word, program
from eidos.validator.evaluating.carriers import carries
from eidos.validator.evaluating.carrying import follow_aliases, follow_carried, follow_variables
from eidos.validator.evaluating.declarations import declare
from eidos.validator.evaluating.environment import Environment
from eidos.validator.evaluating.finding import runs_of_find, runs_of_parallel, runs_of_xargs
from eidos.validator.evaluating.flows import key_of, sources_of, with_what_they_read
from eidos.validator.evaluating.guessing import guessed_in, likely_program
from eidos.validator.evaluating.interpreters import Program, program_of
from eidos.validator.evaluating.line import Invocation, Line
from eidos.validator.evaluating.links import through_links
from eidos.validator.evaluating.mounts import Mount, path_outside
from eidos.validator.evaluating.origins import SOURCES, found_program, language_of, origin_of
from eidos.validator.evaluating.place import Place
from eidos.validator.evaluating.printing import printed_by
from eidos.validator.evaluating.recording import (
    keep_text,
    leave_behind,
    open_descriptors,
    record,
    with_files_read,
    with_input,
)
from eidos.validator.evaluating.scripts import (
    evaluate_script,
    is_shell_language,
    redirected,
    with_assignments,
    within,
)
from eidos.validator.evaluating.wrappers import (
    Inner,
    commands_in,
    joined,
    shell_opened_by,
    unwrap,
)

_COST: Final = 40  # steps of the budget that a command is worth, by the time that it takes
MAX_LAYERS: Final = 24  # programs around a program
_BEHIND: Final = frozenset(
    {"setsid", "daemonize", "start-stop-daemon", "systemd-run", "tmux", "screen"}
)
_READERS: Final = frozenset({"read", "mapfile", "readarray"})


def run(line: Line, call: Invocation, environment: Environment, place: Place) -> Word | None:
    """Record what *call* runs, and return what it prints; None if only running would tell."""
    follow_variables(line, call.assignments, environment, place)
    if call.words and call.words[0].text == "exec":
        open_descriptors(call.redirects, environment)
    place, printed = with_input(place, call.redirects, environment), None
    for words in commands_in(call.words):
        printed = _run(line, replace(call, words=words), environment, place)
    if any(r.operator == ">&" and r.target.text.startswith(_TO_COPROCESS) for r in call.redirects):
        _feed_coprocesses(line)
    return Word("") if keep_text(call.redirects, printed, environment) else printed


_TO_COPROCESS: Final = ("p", "${COPROC[1]}")


def _feed_coprocesses(line: Line) -> None:
    """Let what runs in the background run what the last command writes: `coproc sh; nc h 1 >&p`."""
    writer = line.commands[-1]
    for command in [each for each in line.commands if each.is_background]:
        found = program_of(command.name, command.args)
        if found is not None and found.reads_input:
            line.commands.append(replace(command, program_from=(writer,), upstream=(writer,)))


def _run(line: Line, call: Invocation, environment: Environment, place: Place) -> Word | None:
    line.budget.spend(_COST)
    if not call.words:
        leave_behind(record(line, call, environment, place), None, environment)
        reads = any(r.operator == "<" for r in call.redirects)  # `$(< file)`
        return place.stdin if reads else Word("")
    if call.words[0].is_glob or not call.words[0].is_known:
        call = replace(call, words=(likely_program(call.words[0]), *call.words[1:]))
    call = through_links(call, environment.links, environment.folder)
    words = call.words
    name = program(words[0])
    if name in environment.functions and words[0].text == name and name not in place.inside:
        return _run_function(line, name, call, environment, place)
    if name == "eval" and len(words) > 1:
        return _run_eval(line, call, environment, place)
    if len(place.wrappers) < MAX_LAYERS:
        if name in _SPREADING:
            return _run_spread(line, call, environment, place)
        inner = unwrap(words)
        if inner is not None:
            return _run_inner(line, inner, call, environment, place)
    elif unwrap(words) is not None:
        line.is_unreadable = True
    return _run_program(line, call, environment, place)


def _run_function(
    line: Line, name: str, call: Invocation, environment: Environment, place: Place
) -> Word | None:
    record(line, call, environment, place)
    environment.called.add(name)
    kept, called = environment.positional, environment.lookup("0")
    environment.positional = call.words[1:]
    if environment.shell is Shell.ZSH:
        environment.assign("0", call.words[:1])
    for assignment in call.assignments:
        environment.assign(assignment.name, (assignment.value,))
    inner = replace(
        place, inside=place.inside | {name}, redirects=(*call.redirects, *place.redirects)
    )
    printed = line.walk(environment.functions[name], environment, inner)
    environment.positional = kept
    environment.assign("0", called)
    return printed


def _run_eval(line: Line, call: Invocation, environment: Environment, place: Place) -> Word | None:
    script = joined([word for word in call.words[1:] if word.text != "--"] or [Word("")])
    origin = with_what_they_read(script.sources)
    leave_behind(record(line, call, environment, place, program_from=origin), None, environment)
    for assignment in call.assignments:
        environment.assign(assignment.name, (assignment.value,))
    inner = within(place, "eval", call)
    return evaluate_script(line, script, "", environment, inner)


_SPREADING: Final = frozenset({"find", "gfind", "xargs", "gxargs", "parallel"})


def _run_spread(
    line: Line, call: Invocation, environment: Environment, place: Place
) -> Word | None:
    """Follow a program that runs another one on each of what it finds or reads."""
    name = program(call.words[0])
    inner = replace(place, wrappers=(*place.wrappers, name))
    if name == "parallel":
        scripts = runs_of_parallel(call.words[1:], place)
        origin = sources_of(script for script in scripts if script.text == "$line")
        record(line, call, environment, place, program_from=with_what_they_read(origin))
        for script in scripts:
            evaluate_script(line, script, "sh", environment.copy(), inner)
        return None
    command = record(line, call, environment, place)
    runs = runs_of_find(command) if name.endswith("find") else runs_of_xargs(call.words[1:], place)
    for words in runs:
        _run(line, replace(call, words=words), environment, inner)
    return None


def _run_inner(
    line: Line, inner: Inner, call: Invocation, environment: Environment, place: Place
) -> Word | None:
    here = environment
    there = replace(place, wrappers=(*place.wrappers, inner.wrapper))
    if inner.machine is not Machine.HOST:
        there = replace(there, machine=inner.machine, mounts=inner.mounts)
        environment = Environment(Shell.BASH, called=environment.called)
    elif place.machine is Machine.CONTAINER:
        there = _escaped(inner, there)
    if inner.wrapper in _BEHIND:
        there = replace(there, is_parallel=True, is_background=True)
    if inner.folder is not None:
        environment = environment.copy()
        environment.enter(inner.folder)
    sources = tuple(sources_of(inner.scripts))
    if inner.is_shown or sources or carries(inner.wrapper):
        command = record(line, call, here, place, program_from=with_what_they_read(sources))
        leave_behind(command, None, here)
        follow_carried(line, command, call, here, place)
    follow_variables(line, inner.assignments, environment, there)
    assignments = (*call.assignments, *inner.assignments)
    printed: Word | None = None
    for script in inner.scripts:
        changed = with_assignments(environment, Invocation((), (), assignments))
        changed.positional = ()
        printed = evaluate_script(line, script, "sh", changed, redirected(there, call))
    if inner.words or not inner.scripts:
        words = inner.words
        if inner.folder is not None:
            words = tuple(replace(word, folder=environment.folder) for word in words)
        printed = _run(line, Invocation(words, call.redirects, assignments), environment, there)
    return printed


def _escaped(inner: Inner, place: Place) -> Place:
    """Return where a command runs that a container starts outside of itself."""
    if inner.wrapper == "nsenter":
        return replace(place, machine=Machine.HOST, mounts=())
    if inner.root is not None:
        outside = path_outside(inner.root.text, place.mounts)
        if outside is not None:
            return replace(place, machine=Machine.HOST, mounts=(Mount(outside, "/"),))
    return place


def _run_program(
    line: Line, call: Invocation, environment: Environment, place: Place
) -> Word | None:
    """Record a program that is no wrapper, and follow the scripts that it is given."""
    words = call.words
    name = program(words[0])
    found = found_program(words)
    opened = shell_opened_by(words) if found is None and _gives_input(call, place) else None
    if opened is not None:
        found = Program("sh")
    origin = origin_of(words[0], found, environment, place)
    if name not in _READERS:
        call = _declared(call, environment, place)
    command = record(line, call, environment, place, program_from=origin)
    if name in _READERS:
        _read(command, environment, place)
    printed: Word | None = None
    text = environment.texts.get(key_of(words[0], environment.folder))
    if found is not None:
        there = place if opened in {None, Machine.HOST} else replace(place, machine=opened)
        printed = _follow(line, found, call, environment, there)
        follow_carried(line, command, call, environment, place)
    elif text is not None:
        file = Program(language_of(text), file=words[0], args=words)
        printed = _follow(line, file, call, environment, place)
    else:
        _, stdin = with_files_read(command, place.stdin, environment)
        follow_carried(line, command, call, environment, replace(place, stdin=stdin))
        follow_aliases(line, command, environment, place)
        _follow_guess(line, command, call, environment, place)
        line.budget.spend(len(place.stdin.text) // 64 if place.stdin is not None else 0)
        printed = printed_by(*with_files_read(command, place.stdin, environment))
    leave_behind(command, printed, environment)
    return printed


def _declared(call: Invocation, environment: Environment, place: Place) -> Invocation:
    """Do what a builtin of the shell does to it, and return *call* with what it assigns."""
    done = tuple(f"{assignment.name}=" for assignment in call.assignments)
    new = [word for word in call.words[1:] if not done or not word.text.startswith(done)]
    declared = declare(program(call.words[0]), environment, new, place)
    return replace(call, assignments=(*call.assignments, *declared)) if declared else call


def _read(command: Command, environment: Environment, place: Place) -> None:
    """Do what `read` and its kin do: what they put into variables may come from a file, too."""
    gives = any(r.operator[:1] == "<" for r in command.redirects)
    upstream = (*place.upstream, command) if gives else place.upstream
    separators = environment.lookup("IFS")
    for assignment in command.assignments:
        environment.assign(assignment.name, (assignment.value,))
    declare(command.name, environment, command.args, replace(place, upstream=upstream))
    for assignment in command.assignments:
        environment.assign(assignment.name, None)
    environment.assign("IFS", separators)


def _follow_guess(
    line: Line, command: Command, call: Invocation, environment: Environment, place: Place
) -> None:
    """Follow what looks like a command among the arguments of a program that we do not know."""
    for guess in guessed_in(command):
        inner = replace(place, wrappers=(*place.wrappers, command.name), is_guess=True)
        _run(line, replace(call, words=guess), environment, inner)


def _gives_input(call: Invocation, place: Place) -> bool:
    return bool(place.upstream) or any(r.operator[:1] == "<" for r in call.redirects)


def _follow(
    line: Line, found: Program, call: Invocation, environment: Environment, place: Place
) -> Word | None:
    """Evaluate what an interpreter runs, as far as it is known."""
    name = program(call.words[0])
    inner = within(place, name, call)
    is_sourced = name in SOURCES
    if found.reads_input:
        texts = () if place.stdin is None else (place.stdin,)
        inner = replace(inner, stdin=None, upstream=())
    elif found.file is not None:
        text = environment.texts.get(key_of(found.file, environment.folder))
        itself = program(found.file)
        texts = () if text is None or itself in place.inside else (Word(text),)
        if text is not None and not found.file.sources:
            inner = replace(inner, inside=inner.inside | {itself})
    else:
        texts = found.texts
    printed: Word | None = None
    for text in texts:
        script = environment if is_sourced else with_assignments(environment, call)
        if not is_sourced or len(found.args) > 1:
            script.positional = found.args[1:]
        if found.args and not is_sourced:
            script.variables["0"] = found.args[:1]
        printed = evaluate_script(line, text, found.language, script, inner)
    return printed if is_shell_language(found.language) else None
