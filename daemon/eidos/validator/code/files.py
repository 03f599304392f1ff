"""What the functions do that delete, move, open, list and change files."""

from typing import Final

from msgspec.structs import replace

from eidos.validator.code.network import fetch
from eidos.validator.code.programs import STDIN, is_address, run_text, run_words
from eidos.validator.code.trace import Act, Site, Trace
from eidos.validator.code.values import (
    Value,
    Writing,
    call,
    elements,
    known,
    output_of,
    shell_text,
)
from eidos.validator.patterns import Pattern
from eidos.validator.script import Call, Pipeline, RawWord

_STDIN: Final = frozenset({"/dev/stdin", "php://stdin", "php://input", "-", "0", "/dev/fd/0"})
_LAST_IS_ALL: Final = Pattern(r"(?:^|/)\*+$")
_MODE: Final = Pattern(r"[0-7]{3,5}|[ugoa]*[-+=][rwxXst]+")
_WRITES: Final = Pattern(r"[wax+>]")


def _paths(site: Site) -> list[Value]:
    """Return the files that a call names, lists of them taken apart."""
    flat = [inner for value in site.args for inner in elements_of(value)]
    return [v for v in flat if v.number is None and v.entries is None and v.function is None]


def elements_of(value: Value) -> tuple[Value, ...]:
    """Return the values in a list, or the value itself."""
    return elements(value) if value.items is not None else (value,)


def on_receiver(act: Act) -> Act:
    """Return *act* for a method: what it is called on becomes its first argument."""

    def method(trace: Trace, site: Site) -> Value:
        return act(trace, replace(site, args=(site.receiver, *site.args)))

    return method


def on_path(act: Act) -> Act:
    """Return *act* for a method of paths that other things have too: `delete`, `unlink`."""
    method = on_receiver(act)

    def guarded(trace: Trace, site: Site) -> Value:
        name = site.receiver.name
        is_path = site.receiver.is_listing or "Path" in name or name.startswith(("File", "java.io"))
        return method(trace, site) if is_path else site.receiver

    return guarded


def _is_recursive(site: Site) -> bool:
    return any(site.arg(-1, name).is_true for name in ("recursive", "recurse", "r"))


def delete(trace: Trace, site: Site) -> Value:
    """Delete files, and folders where the call says so."""
    for path in _paths(site):
        all_below = path.is_deep and _LAST_IS_ALL.search(shell_text(path.shape)) is not None
        options = ("-rf",) if all_below or _is_recursive(site) else ()
        trace.add(call("rm", *options, path, source=site.source))
    return Value()


def delete_tree(trace: Trace, site: Site) -> Value:
    """Delete folders with all that is in them."""
    for path in _paths(site)[:1] if site.named or len(site.args) > 1 else _paths(site):
        trace.add(call("rm", "-rf", path, source=site.source))
    return Value()


def delete_trees(trace: Trace, site: Site) -> Value:
    """Delete each of several folders with all that is in them."""
    for path in _paths(site):
        trace.add(call("rm", "-rf", path, source=site.source))
    return Value()


def delete_folder(trace: Trace, site: Site) -> Value:
    """Delete a folder, which must be empty unless the call says otherwise."""
    if _is_recursive(site):
        return delete_tree(trace, site)
    trace.add(call("rmdir", site.arg(0), source=site.source))
    return Value()


def operate(*words: str, count: int = 2) -> Act:
    """Return the act of a function that does to its first *count* arguments what *words* do."""

    def act(trace: Trace, site: Site) -> Value:
        values = [inner for value in site.args[:count] for inner in elements_of(value)]
        if words == ("cp",) and len(values) > 1 and is_address(values[0]):
            trace.add(call("curl", "-o", values[1], values[0], source=site.source))
        elif values:
            trace.add(call(*words, *values, source=site.source))
        return Value()

    return act


def change_mode(*options: str) -> Act:
    """Return the act of `chmod`, the mode before or after the files."""

    def act(trace: Trace, site: Site) -> Value:
        values = [inner for value in site.args for inner in elements_of(value)]
        modes = [v for v in values if v.number is not None or _MODE.fullmatch(v.text or "/")]
        mode = modes[0] if modes else site.arg(1)
        text = format(mode.number, "o") if mode.number is not None else mode
        for path in (value for value in values if value is not mode and value.entries is None):
            trace.add(call("chmod", *options, text, path, source=site.source))
        return Value()

    return act


def change_owner(*options: str, path_at: int = 0) -> Act:
    """Return the act of `chown`: a user, a group, and files at *path_at* (0 or 2)."""

    def act(trace: Trace, site: Site) -> Value:
        args = list(site.args)
        paths = args[:1] if path_at == 0 else args[2:]
        user, group, *_ = [*(args[1:] if path_at == 0 else args), Value(), Value()]
        owner = f"{shell_text(user.shape)}:{shell_text(group.shape)}"
        for path in (inner for value in paths for inner in elements_of(value)):
            trace.add(call("chown", *options, owner, path, source=site.source))
        return Value()

    return act


# Reading and writing.


def read_file(trace: Trace, site: Site) -> Value:
    """Read all of a file, or of an address where the language takes one for a file."""
    path = site.arg(0, "file", "path", "filename")
    if is_address(path):
        return fetch(trace, site)
    if path == Value() or path.text in _STDIN:
        return STDIN
    if path.script is not None:
        return path
    command = call("cat", path, source=site.source)
    trace.add(command)
    return output_of(command)


def open_file(trace: Trace, site: Site) -> Value:
    """Open a file by a mode such as `r`, `w`, `a`."""
    mode = site.arg(1, "mode", "flags", "flag").text or ""
    path = site.arg(0, "file", "path", "filename")
    if not _WRITES.search(mode):
        return read_file(trace, site)
    return opened(trace, path, appends="a" in mode or ">>" in mode)


def opened(trace: Trace, path: Value, *, appends: bool = False) -> Value:
    """Note that *path* is opened to write, and return what can be written to."""
    writing = Writing(path, appends)
    trace.add(writing)
    return Value(name="file()", writing=writing)


def write_file(*, appends: bool = False, text_at: int = 1) -> Act:
    """Return the act of a function that writes a text to a file it names."""

    def act(trace: Trace, site: Site) -> Value:
        flags = [site.arg(-1, name) for name in ("flag", "append", "mode")] + list(site.args[2:])
        adds = appends or any(v.text == "a" or v.name.endswith("APPEND") for v in flags)
        adds = adds or site.arg(-1, "append").is_true
        path = site.arg(1 - text_at, "file", "path", "con", "filename")
        file = opened(trace, path, appends=adds)
        write_to(trace, file, site.arg(text_at, "data", "content", "text", "x"))
        return Value()

    return act


def write_to(trace: Trace, file: Value, text: Value) -> None:
    """Note that *text* is written to what *file* stands for, be it a file or a program."""
    if file.writing is not None:
        trace.write(file.writing, elements_of(text))
    elif file.script is not None and (text.text or text.sources):
        run_piped(trace, text, file)


def run_piped(trace: Trace, text: Value, program: Value) -> None:
    """Note that *program*, already running, is given *text* to read."""
    if program.script is not None:
        giver = text.script or call("echo", text)
        match program.script:
            case Call((RawWord(source="curl") as name, *rest)):
                data = call("-d", text).words
                trace.add(Call((name, *data, *rest)))
                return
            case _:
                pass
        trace.add(Pipeline((giver, program.script)))


def write_method(trace: Trace, site: Site) -> Value:
    """Write to what the method is called on."""
    for value in site.args:
        write_to(trace, site.receiver, value)
    return site.receiver


def perl_open(trace: Trace, site: Site) -> Value:
    """Open as perl does: `open(F, ">p")`, `open(F, ">", p)`, `open(F, "cmd|")`."""
    mode, *rest = [*site.args[1:], Value()][: len(site.args)] or [Value()]
    text = shell_text(mode.shape).strip()
    words = [value for value in rest if value != Value()]
    if ">&" in text or "<&" in text:
        trace.socket.is_attached = True
        return Value()
    if text in {"|-", "-|"}:
        one = len(words) == 1
        return run_text(trace, words[0], site.source) if one else run_words(trace, words)
    if text.startswith("|") or text.endswith("|"):
        return run_text(trace, known(text.strip("| ")), site.source)
    bare = text.lstrip("+<> ").partition(":")[0] if words else text.lstrip("+<> ")
    path = words[0] if words else known(bare)
    if ">" in text or "+<" in text:
        return opened(trace, path, appends=">>" in text)
    return read_file(trace, replace(site, args=(path,)))


def ruby_open(trace: Trace, site: Site) -> Value:
    """Open as ruby does: a file, an address, or `|` and a command."""
    text = shell_text(site.arg(0).shape)
    if text.startswith("|"):
        return run_text(trace, known(text[1:]), site.source)
    return open_file(trace, site)


def link_to(trace: Trace, site: Site) -> Value:
    """Make the path it is called on a link to the first argument."""
    trace.add(call("ln", "-s", site.arg(0), site.receiver, source=site.source))
    return Value()


def open_flags(trace: Trace, site: Site) -> Value:
    """Open a file by flags: `os.open(p, os.O_WRONLY)`."""
    flags = site.arg(1, "flags")
    names = flags.name
    if "O_WR" in names or "O_RDWR" in names or flags.number:
        return opened(trace, site.arg(0, "path"), appends="APPEND" in names)
    return read_file(trace, site)


def communicate(trace: Trace, site: Site) -> Value:
    """Give a running program its input, and return its output."""
    given = site.arg(0, "input")
    if given.text or given.sources:
        run_piped(trace, given, site.receiver)
    return site.receiver
