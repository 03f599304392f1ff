"""What importing the command line may cost."""

import subprocess
import sys

HEAVY = ["onnxruntime", "numpy", "tokenizers", "zmq", "psutil", "jinja2", "tree_sitter"]


def test_command_line_imports_nothing_heavy() -> None:
    """`import eidosctl.cli` leaves the engine and ZeroMQ alone, which cost 60 ms and up."""
    program = (
        "import sys, eidosctl.cli; print([name for name in sys.argv[1:] if name in sys.modules])"
    )

    result = subprocess.run(
        [sys.executable, "-c", program, *HEAVY], capture_output=True, text=True, check=True
    )

    assert result.stdout == "[]\n"


def test_starting_a_daemon_imports_no_engine() -> None:
    """`eidosctl start`, which a key press waits for, imports neither model nor validator."""
    program = "import sys, eidosctl.service; print([n for n in sys.argv[1:] if n in sys.modules])"

    result = subprocess.run(
        [sys.executable, "-c", program, *HEAVY], capture_output=True, text=True, check=True
    )

    assert result.stdout == "[]\n"
