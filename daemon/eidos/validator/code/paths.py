"""What the functions do that list folders and make paths."""

from msgspec.structs import replace

from eidos.validator.code.trace import Act, Site, Trace
from eidos.validator.code.values import Value, known, path_of, pattern, shell_text
from eidos.validator.script import Text


def matching(trace: Trace, site: Site) -> Value:
    """List the files that a pattern matches."""
    del trace
    where = site.arg(0, "pathname", "pattern", "path")
    return _as_pattern(where)


def _as_pattern(where: Value) -> Value:
    parts = tuple(Text(part.text) if isinstance(part, Text) else part for part in where.shape)
    is_deep = "**" in shell_text(parts)
    return Value(parts, name=where.name, is_listing=True, is_deep=is_deep)


def names_in(trace: Trace, site: Site) -> Value:
    """List the names of the files in a folder: `os.listdir`."""
    del trace, site
    return pattern("*")


def paths_in(trace: Trace, site: Site) -> Value:
    """List the paths of the files in a folder: `Path.iterdir`, `os.scandir`."""
    del trace
    folder = site.arg(0) if site.args else known(".")
    below = pattern("**" if site.arg(-1, "recursive").is_true else "*")
    return replace(path_of(folder, below), name=folder.name)


def walk(trace: Trace, site: Site) -> Value:
    """List a folder and all folders below: `os.walk`."""
    del trace
    below = replace(pattern("*"), is_deep=True)
    return Value(items=(Value(items=(site.arg(0), below, below)),))


def glob_below(*, is_deep: bool = False) -> Act:
    """Return the act of `Path.glob` and, if it looks in every folder below, of `Path.rglob`."""

    def act(trace: Trace, site: Site) -> Value:
        del trace
        found = _as_pattern(path_of(site.receiver, site.arg(0)))
        return replace(found, name=site.receiver.name, is_deep=found.is_deep or is_deep)

    return act


def change_folder(trace: Trace, site: Site) -> Value:
    """Go to a folder."""
    if site.args:
        trace.change_folder(site.args[0])
    return Value()


def join(trace: Trace, site: Site) -> Value:
    """Join the parts of a path."""
    del trace
    return path_of(*site.args)


def paths_below(trace: Trace, site: Site) -> Value:
    """List the paths of all files below a folder: `Find.find`."""
    del trace
    return path_of(site.arg(0), pattern("**"))


def path(trace: Trace, site: Site) -> Value:
    """Make a path object of the parts of a path."""
    del trace
    joined = path_of(*site.args) if site.args else known(".")
    return replace(joined, name=f"{site.name}()")
