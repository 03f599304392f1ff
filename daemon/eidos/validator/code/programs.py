"""What the functions do that start programs, or run text as more of the program."""

import re
from collections.abc import Iterable, Mapping
from typing import Final

from msgspec.structs import replace

from eidos.validator.code.decoding import decode
from eidos.validator.code.trace import FORK, MAX_CALLS, Act, Site, Trace
from eidos.validator.code.values import (
    LINE,
    Value,
    call,
    carried,
    elements,
    known,
    output_of,
    shell_text,
    shown,
)
from eidos.validator.patterns import Pattern
from eidos.validator.script import (
    Background,
    Call,
    Group,
    Pipeline,
    Sequence,
    Statement,
    Substitution,
)

_NOT_WAITING: Final = ("spawn", "popen", "popen2", "popen2e", "popen3", "proc_open")
_NOT_WAITING_FOR: Final = frozenset({"child_process.exec", "child_process.execFile"})
_WAITING: Final = frozenset({"os.popen", "pty.spawn", "pexpect.spawn"})
"""Whoever calls these reads what the program prints, up to its end."""
_OPEN_MODE: Final = Pattern(r"[rwa]b?\+?")
_SHELL: Final = Pattern(
    r"(?:^|[\s/'\"])(?:(?:ba|z|da|k|mk|a|fi|c|tc)?sh|cmd(?:\.exe)?|powershell(?:\.exe)?|pwsh)"
    r"(?:[\s'\"]|$)"
)
STDIN: Final = Value((LINE,))
"""What the program reads from its standard input."""


def _note_shell(trace: Trace, text: Value) -> None:
    """Remember that a shell is run, or what came through a connection."""
    heard = (s.source for s in text.sources if isinstance(s, Substitution))
    is_unknown = text.text is None and not text.sources and len(text.shape) == 1
    is_heard = any("$(nc " in source for source in heard) or is_unknown
    if is_heard or _SHELL.search(shell_text(text.shape)):
        trace.socket.has_shell = True


def run_from(trace: Trace, script: Statement, interpreter: str, *options: str) -> None:
    """Note that *interpreter* runs what *script* prints as a program."""
    trace.socket.has_shell |= "nc " in shown(script)
    match script:
        case Call((name,)) if name.source == "cat":
            trace.add(call(interpreter, *options))
        case Call((name, path)) if name.source == "cat":
            trace.add(Call((*call(interpreter).words, path)))
        case _:
            trace.add(Pipeline((script, call(interpreter, *options))))


def run_text(trace: Trace, text: Value, source: str = "", *, is_waited_for: bool = True) -> Value:
    """Note that a shell runs *text*, and return what that prints."""
    _note_shell(trace, text)
    script = text.script
    if script is not None:
        run_from(trace, script, "sh")
        return carried((text,))
    if text.is_decoded:
        trace.add(Pipeline((call("base64", "-d"), call("sh"))))
    command = call("sh", "-c", known(shell_text(text.shape)), source=source)
    trace.add(command if is_waited_for else Background(command))
    return output_of(command)


def run_words(
    trace: Trace, words: Iterable[Value], source: str = "", *, is_waited_for: bool = True
) -> Value:
    """Note that the program in *words* runs, and return what it prints."""
    flat = [inner for value in words for inner in _flat(value) if inner.entries is None]
    if not flat:
        return Value()
    _note_shell(trace, replace(flat[0], parts=flat[0].shape))
    if flat[0].is_decoded:
        trace.add(Pipeline((call("base64", "-d"), call("sh"))))
    command = call(*flat, source=source)
    trace.add(command if is_waited_for else Background(command))
    return output_of(command)


def _flat(value: Value) -> tuple[Value, ...]:
    return elements(value) if value.items is not None else (value,)


def system(trace: Trace, site: Site) -> Value:
    """One text, or a list of words: `os.system`, `child_process.exec`, `shell_exec`."""
    return _run(trace, site, is_waited_for=_waits(site))


def _waits(site: Site) -> bool:
    if site.name in _NOT_WAITING_FOR:
        return False
    return not site.name.endswith(_NOT_WAITING) or site.name in _WAITING


def start(trace: Trace, site: Site) -> Value:
    """Run as `system`, but nobody waits for it: `subprocess.Popen`."""
    return _run(trace, site, is_waited_for=False)


def _run(trace: Trace, site: Site, *, is_waited_for: bool) -> Value:
    command = site.arg(0, "args", "command", "cmd", "commandline")
    if not site.args and command == Value():
        return Value()
    with trace.captured() as found:
        if command.items and not site.arg(-1, "shell").is_true:
            words = (*command.items, *(v for v in site.args[1:] if v.items is not None))
            output = run_words(trace, words, site.source, is_waited_for=is_waited_for)
        else:
            text = command.items[0] if command.items else command
            output = run_text(trace, text, site.source, is_waited_for=is_waited_for)
    for statement in found:
        is_run = isinstance(statement, Call | Background)
        trace.add(_placed(statement, site.named) if is_run else statement)
    return output


def _placed(statement: Statement, options: Mapping[str, Value]) -> Statement:
    """Return *statement* with the folder and the input that *options* give it."""
    given = options.get("input")
    if given is not None and (given.text or given.sources):
        script = given.script or call("echo", given)
        statement = Pipeline((script, statement))
    folder = options.get("cwd")
    if folder is not None:
        statement = Group(Sequence((call("cd", folder), statement)), is_subshell=True)
    return statement


def system_words(trace: Trace, site: Site) -> Value:
    """One text for a shell, or several words: `system` of perl and ruby."""
    args = [v for v in site.args if v.entries is None and v.function is None]
    if len(args) > 1 and _OPEN_MODE.fullmatch(args[-1].text or "") and "open" in site.name:
        args.pop()
    if len(args) == 1 and args[0].items is None:
        return run_text(trace, args[0], site.source, is_waited_for=_waits(site))
    return run_words(trace, args, site.source, is_waited_for=_waits(site))


def spawn(trace: Trace, site: Site) -> Value:
    """Run a program and a list of its arguments: `child_process.spawn`, `system2`."""
    if site.arg(-1, "shell").is_true:
        return run_text(trace, known(" ".join(_texts(site.args))), site.source)
    return run_words(trace, site.args, site.source, is_waited_for=_waits(site))


def _texts(values: Iterable[Value]) -> list[str]:
    flat = (inner for value in values for inner in _flat(value))
    return [shell_text(value.shape) for value in flat if value.entries is None]


def replace_by(position: int = 0) -> Act:
    """Return the act of `execv`: a program at *position*, then its words, the first its name."""

    def act(trace: Trace, site: Site) -> Value:
        row = (value for value in site.args[position + 1 :] if value.name != "os.environ")
        rest = [inner for value in row for inner in _flat(value)]
        return run_words(trace, (site.arg(position), *rest[1:]), site.source)

    return act


def fork(trace: Trace, site: Site) -> Value:
    """Make one more process."""
    del site
    trace.add(FORK)
    return Value(name="pid")


# Running text as more of the program.


def evaluate(trace: Trace, site: Site) -> Value:
    """Run a text as code: `eval`, `exec`, `loadstring`."""
    return evaluate_text(trace, site.args[0]) if site.args else Value()


def evaluate_text(trace: Trace, code: Value) -> Value:
    """Note what the text *code* amounts to when it is run as code of the same language."""
    text = code.text
    if code.is_decoded:
        trace.add(Pipeline((call("base64", "-d"), call(trace.interpreter, "-"))))
    if text is not None:
        _read_inner(trace, text)
        return Value()
    scripts = [part.script for part in code.sources if isinstance(part, Substitution)]
    for script in scripts:
        run_from(trace, script, trace.interpreter, "-")
    if not scripts and not code.is_decoded and code.function is None:
        trace.socket.has_shell = True
        trace.add(call(trace.interpreter, "-c", code))
    return carried((code,))


def _read_inner(trace: Trace, text: str) -> None:
    if trace.depth < MAX_CALLS:
        trace.depth += 1
        trace.read(text)
        trace.depth -= 1


def load(trace: Trace, site: Site) -> Value:
    """Run the program in a file or at an address: `runpy.run_path`, `include`, `source`."""
    path = site.arg(0)
    script = path.script
    kind, _, data = (path.text or "").partition(",")
    if kind.startswith("data:") and data:
        plain = decode(data, "base64") if "base64" in kind else data
        return evaluate_text(trace, replace(known(plain or ""), is_decoded=True))
    if script is not None:
        run_from(trace, script, trace.interpreter, "-")
    elif is_address(path):
        run_from(trace, call("curl", path), trace.interpreter, "-")
    elif path.parts is not None:
        trace.add(call(trace.interpreter, path))
    return Value()


def unpickle(trace: Trace, site: Site) -> Value:
    """Make objects of data, which may hold code: `pickle.loads`."""
    data = site.arg(0)
    if data.is_decoded:
        trace.add(Pipeline((call("base64", "-d"), call(trace.interpreter, "-"))))
    elif data.script is not None and "curl" in shown(data.script):
        run_from(trace, data.script, trace.interpreter, "-")
    return carried((data,))


def is_address(value: Value) -> bool:
    """Whether *value* begins like an address on a network."""
    return _ADDRESS.match(shell_text(value.shape)) is not None


_ADDRESS: Final = Pattern(r"(?:https?|ftps?)://", re.IGNORECASE)


def become_root(trace: Trace, site: Site) -> Value:
    """Set the user of the process: `os.setuid(0)`."""
    if any(value.number == 0 for value in site.args):
        trace.is_root = True
    return Value()


def kill(trace: Trace, site: Site) -> Value:
    """Send a signal: `os.kill(pid, signal)`, the two in either order."""
    values = [inner for value in site.args for inner in _flat(value)]
    signals = [value for value in values if _is_signal(value)]
    targets = [value for value in values if value not in signals[:1]]
    if not targets:
        return Value()
    name = (signals[0].text or signals[0].name).rsplit(".", 1)[-1] if signals else "TERM"
    trace.add(call("kill", f"-{name.removeprefix('SIG')}", *targets, source=site.source))
    return Value()


def _is_signal(value: Value) -> bool:
    if value.number is not None:
        return 0 < value.number <= _LAST_SIGNAL and value.number != 1
    return (value.text or value.name).rsplit(".", 1)[-1].removeprefix("SIG") in _SIGNALS


_LAST_SIGNAL: Final = 31
_SIGNALS: Final = frozenset({"KILL", "TERM", "HUP", "INT", "QUIT", "STOP", "USR1", "USR2"})


def sleep(trace: Trace, site: Site) -> Value:
    """Wait."""
    trace.add(call("sleep", site.arg(0)))
    return Value()


def set_variable(trace: Trace, site: Site) -> Value:
    """Set a variable of the environment: `os.putenv`, `setenv`."""
    name, _, value = (site.arg(0).text or "").partition("=")
    if name:
        trace.set_variable(name, known(value) if value else site.arg(1))
    return Value()
