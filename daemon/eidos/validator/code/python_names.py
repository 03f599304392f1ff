"""What the names of Python's libraries stand for."""

from typing import Final

from eidos.validator.code import programs
from eidos.validator.code.tables import Names
from eidos.validator.code.values import Value, call, known, output_of

PYTHON: Final = Names(
    "python",
    {
        "os.environ": output_of(call("env"), "os.environ"),
        "sys.executable": known("python3"),
        "sys.stdin": programs.STDIN,
        "sys.stdin.buffer": programs.STDIN,
        "os.sep": known("/"),
        "os.path.sep": known("/"),
        "os.curdir": known("."),
        "stat.S_ISUID": Value(number=0o4000),
        "stat.S_ISGID": Value(number=0o2000),
        "stat.S_IRWXU": Value(number=0o700),
        "stat.S_IRWXG": Value(number=0o070),
        "stat.S_IRWXO": Value(number=0o007),
        "stat.S_IWOTH": Value(number=0o002),
    },
)
