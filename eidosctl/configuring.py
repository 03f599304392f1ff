"""Change the configuration file: what is wrong is never written, and the file before is kept.

Beside config.toml lies config.toml.bak, the file as it was before the last change, with which
`undo` changes places. The audit log is told which keys changed, never their values.
"""

import contextlib
import fcntl
import os
import stat
import tomllib
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

from eidos import config_schema
from eidos.audit import AuditLog
from eidos.config import describe
from eidos.errors import ConfigError, DaemonSilent, DaemonUnavailable, EidosError
from eidos.paths import audit_file
from eidos.protocol import Done, ReloadRequest
from eidosctl import config_document, config_faults, control, files
from eidosctl.place import Place

Keys = tuple[str, ...]
"""The dotted names of what changed, sorted; empty where nothing did."""


def get(place: Place, key: str) -> str:
    """Return what *key* is now, the environment included, as it would stand in a variable.

    Raises:
        ConfigError: there is no such key, it is a rule without a level, or a setting is wrong.
    """
    name, _, rule = key.partition(".")
    config_faults.known(name)
    settings = {key: value for key, value, _ in describe(place.environ, place.config)}
    value = settings[name]
    if name == "rules":
        if rule and rule not in value:
            raise ConfigError(f"{key} is not set: the level of {rule} is that of its profile")
        return value[rule] if rule else " ".join(f"{key}={value[key]}" for key in value)
    config_faults.known(key)
    return str(value).lower() if isinstance(value, bool) else str(value)


def set_value(place: Place, key: str, value: str) -> Keys:
    """Give *key* the *value*, written as in a variable; `rules.NAME` gives a rule its level.

    Raises:
        ConfigError: there is no such key, or the file would be wrong with it; nothing was changed.
        EidosError: the file cannot be written; it was left as it was.
    """
    path = _path(key)
    if value.encode(errors="replace").decode() != value:
        raise ConfigError(f"{key} = {value!r} is not allowed: it must be UTF-8, as the file is")
    if len(path) > 1:
        meant: object = config_faults.convert_level(path[1], value)
    else:
        meant = config_faults.convert(key, value, strict=False)
    return _change(place, "set", lambda text: config_document.with_value(text, path, meant))


def unset(place: Place, key: str) -> Keys:
    """Take *key* out of the file, so that its default counts again; `rules`: every rule.

    Raises:
        ConfigError: there is no such key, the file would be wrong without it, or is not TOML;
            nothing was changed.
        EidosError: the file cannot be written; it was left as it was.
    """
    path: config_document.KeyPath = tuple(key.split(".", 1))
    if path == (config_schema.KEY,):
        _refuse_schema()

    def edit(text: str) -> str:
        if config_document.has(text, path):
            return config_document.without(text, path)
        config_faults.known(path[0])  # a wrong name is no setting that happens to be unset
        return text

    return _change(place, "unset", edit)


def migrate(place: Place) -> Keys:
    """Rewrite a file of an older schema in today's, comments kept; a file of today's stays.

    Raises:
        ConfigError: the file is wrong, or of a newer schema; nothing was changed.
        EidosError: the file cannot be written; it was left as it was.
    """

    def edit(text: str) -> str:
        return config_document.migrated(text) if _is_old(place, text) else text

    return _change(place, "migrate", edit)


def undo(place: Place) -> Keys:
    """Let the file and the one before it change places: a second `undo` undoes the first.

    Raises:
        ConfigError: there is none before it, or it is wrong; nothing was changed.
        EidosError: a file cannot be written; nothing is lost.
    """
    with _locked(place):
        now, before = files.read(place.config) or b"", files.read(backup(place))
        if before is None:
            raise ConfigError(f"there is no {backup(place)}: eidosctl has changed nothing yet")
        config_faults.require_sound(before, str(backup(place)))
        _replace(place, now, before)
        return _recorded("undo", now, before)


def install(place: Place, content: bytes, *, instead_of: bytes | None) -> Keys:
    """Make *content* the configuration, as the result of an editor.

    Raises:
        ConfigError: it is wrong, or the file is not what was edited; nothing was changed.
        EidosError: the file cannot be written; it was left as it was.
    """
    with _locked(place):
        now = files.read(place.config)
        if now != instead_of:
            raise ConfigError(f"{place.config} was changed by another program in the meantime")
        config_faults.require_sound(content, str(place.config))
        _replace(place, now or b"", content)
        return _recorded("edit", now or b"", content)


def backup(place: Place) -> Path:
    """Return the path of the file as it was before the last change."""
    return place.config.with_name(f"{place.config.name}.bak")


def reload(place: Place) -> str:
    """Have the daemon read its configuration again, and return what it says of that.

    Raises:
        ConfigError: it refused; the configuration that it had stays in force.
        DaemonUnavailable, DaemonSilent: there is none, or it does not answer.
        RequestRefused, ProtocolError: it cannot do so now, or is of an older version.
    """
    request = ReloadRequest(control.new_id("reload"))
    return control.ask(place, request, Done, timeout_s=control.RELOAD_TIMEOUT_S).message


def tell_daemon(place: Place) -> str:
    """Have the daemon take over a change of the file, and return what became of that.

    Raises:
        EidosError: it did not; the message says that the file is written, and how to go back.
    """
    try:
        return f"eidosd: {reload(place)}"
    except EidosError as exc:
        if isinstance(exc, DaemonUnavailable) and not isinstance(exc, DaemonSilent):
            return "no daemon runs; the next one reads the file"
        message = (
            f"{place.config} is written, but the daemon did not take it over: {exc}; "
            "to go back: eidosctl config undo"
        )
        raise (ConfigError if isinstance(exc, ConfigError) else EidosError)(message) from exc


def _path(key: str) -> config_document.KeyPath:
    if key == config_schema.KEY:
        _refuse_schema()
    path = tuple(key.split(".", 1))
    config_faults.known(path[0] if path[0] == "rules" else key)
    if path == ("rules",):
        raise ConfigError("rules are set one by one: eidosctl config set rules.NAME LEVEL")
    return path


def _refuse_schema() -> None:
    raise ConfigError("the number of the schema is not set by hand: eidosctl config migrate")


def _change(place: Place, what: str, edit: Callable[[str], str]) -> Keys:
    with _locked(place):
        now = files.read(place.config)
        text = _text(place, now)
        new = edit(text)
        if new == text:
            return ()
        if what != "migrate" and _is_old(place, text):
            raise ConfigError(f"{place.config} is of an older schema: eidosctl config migrate")
        config_faults.require_sound(new.encode(), str(place.config))
        _replace(place, now or b"", new.encode())
        return _recorded(what, now or b"", new.encode())


def _text(place: Place, content: bytes | None) -> str:
    """Return *content* as text; a file that is not there yet begins with its schema's number."""
    if content is None:
        return f"{config_schema.KEY} = {config_schema.newest()}\n"
    if fault := config_faults.of_syntax(content):
        raise ConfigError(f"{fault.at(str(place.config))}; mend it: eidosctl config edit")
    return content.decode()


def _is_old(place: Place, text: str) -> bool:
    number = config_schema.number(tomllib.loads(text), place=str(place.config))
    return number < config_schema.newest()


@contextlib.contextmanager
def _locked(place: Place) -> Generator[None]:
    """Keep other eidosctl from changing the file for as long as the block lasts."""
    folder = place.config.parent
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as exc:
        raise EidosError(f"cannot write to {folder}: {exc.strerror}") from exc
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _replace(place: Place, before: bytes, after: bytes) -> None:
    """Write *after* to the file, and let *before*, which was in it, be the backup.

    Wherever this ends, killed or without room, both are in some file, and the former backup is
    lost only once all is done.
    """
    spare = backup(place).with_suffix(".new")
    _keep(place, spare, before)
    try:
        files.write_atomically(place.config, after)
    except EidosError:
        files.remove(spare)
        raise
    try:
        spare.replace(backup(place))
    except OSError as exc:
        raise EidosError(f"cannot write {backup(place)}: {exc.strerror}; it is {spare}") from exc


def _keep(place: Place, path: Path, content: bytes) -> None:
    """Write *content* to *path*, for the same people to read as the configuration file."""
    mode = stat.S_IMODE(place.config.stat().st_mode) if place.config.exists() else 0o644
    with contextlib.suppress(FileNotFoundError):
        path.chmod(mode)
    files.write_atomically(path, content, mode=mode)


def _recorded(what: str, before: bytes, after: bytes) -> Keys:
    """Tell the audit log which keys changed, and return them."""
    keys = config_document.changed_keys(_table(before), _table(after))
    AuditLog(audit_file()).record("config", what=what, keys=" ".join(keys))
    return keys


def _table(content: bytes) -> dict[str, Any]:
    """Return what *content* says; a file that was edited because it was wrong may say nothing."""
    table = {} if config_faults.of_syntax(content) else tomllib.loads(content.decode())
    return {config_schema.KEY: 1, **table}
