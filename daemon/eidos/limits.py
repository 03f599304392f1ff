"""What a process of ours may take of the machine, set by itself; a unit may allow it less."""

import contextlib
import resource


def limit_resources(*, open_files: int, memory_bytes: int) -> None:
    """Take up to *open_files* and *memory_bytes*, and leave no core: it holds what people typed.

    libzmq aborts when `accept` fails for want of a file descriptor, and 1024 are too few.
    """
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    files = open_files if hard == resource.RLIM_INFINITY else min(open_files, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (files, hard))
    _, hard = resource.getrlimit(resource.RLIMIT_DATA)
    with contextlib.suppress(ValueError, OSError):  # less is allowed already
        resource.setrlimit(resource.RLIMIT_DATA, (memory_bytes, hard))
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
