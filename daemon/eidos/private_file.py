"""Small files that are for their owner alone, written whole or not at all."""

import os
from pathlib import Path


def replace_private(path: Path, content: bytes) -> None:
    """Make *path* hold *content*, with mode 0600, through a power failure too.

    There is one writer at a time: who calls it has a lock.

    Raises:
        OSError: it cannot be written; *path* is as it was.
    """
    new = path.with_name(f".{path.name}.new")
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        with os.fdopen(os.open(new, flags, 0o600), "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        new.replace(path)
    except OSError:
        new.unlink(missing_ok=True)
        raise
