"""docs/model-figures.md says what was measured: of the model that ships, over all tasks there are.

After a change of the tasks or the model: eidosctl model bench, as the page itself says.
"""

import re
from collections import Counter
from collections.abc import Iterator

import pytest
from layers import REPOSITORY

from training import report, tasks

TEXT = (REPOSITORY / "docs" / "model-figures.md").read_text()
TASKS = tasks.load()


def counts(group: str) -> dict[str, int]:
    """Return how many tasks each row of the table of *group* is of."""
    return {name: int(cells[0]) for name, *cells in _table(group)}


def test_every_task_was_asked() -> None:
    """The figures are of the whole set, and none was left out."""
    assert counts("all") == {"all": len(TASKS)}


@pytest.mark.parametrize(
    ("group", "expected"),
    [
        ("difficulty", Counter(str(task.difficulty) for task in TASKS)),
        ("shell", Counter(task.shell for task in TASKS)),
        ("judged by", Counter("text" if t.check == "text" else "execution" for t in TASKS)),
    ],
)
def test_a_table_has_the_tasks_of_each_kind(group: str, expected: Counter[str]) -> None:
    """Each kind of task has its row, with as many tasks as there are."""
    assert counts(group) == expected


def test_every_utility_with_enough_tasks_has_a_row() -> None:
    """The others are counted in one row."""
    known = Counter(task.utility for task in TASKS)
    common = {name: count for name, count in known.items() if count >= report.FEWEST}

    assert counts("utility") == {**common, report.REST: len(TASKS) - sum(common.values())}


@pytest.mark.parametrize("group", ["all", "difficulty", "shell", "judged by", "utility"])
def test_the_shares_add_up(group: str) -> None:
    """A share is what is right of the tasks of its row; the rows of a table sum up to all."""
    wholes = [int(cell.split()[0]) for cell in next(_table("all"))[2:]]
    sums = [0] * len(wholes)
    for _, number, *cells in _table(group):
        for column, cell in enumerate(cells):
            right, share = re.fullmatch(r"(\d+) \((\d\.\d{3})\)", cell).groups()  # pyright: ignore[reportOptionalMemberAccess]
            assert float(share) == round(int(right) / int(number), 3)
            sums[column] += int(right)

    assert sums == wholes


def test_the_model_is_the_one_that_ships() -> None:
    """The checksum on the page is that of the embedded graph."""
    sums = (REPOSITORY / "daemon" / "eidos" / "model" / "SHA256SUMS").read_text()
    shipped = next(line.split()[0] for line in sums.splitlines() if line.endswith(" model.onnx"))

    assert set(re.findall(r"sha256 ([0-9a-f]{16})", TEXT)) == {shipped[:16]}


def test_every_key_of_the_report_is_documented() -> None:
    """What `eidosctl model bench --json` writes is explained, key by key."""
    page = (REPOSITORY / "docs" / "cli.md").read_text()
    names = [
        name
        for struct in (report.Report, report.Row, report.Judged)
        for name in struct.__struct_fields__
    ]

    assert [name for name in names if f"`{name}`" not in page] == []


def _table(group: str) -> Iterator[list[str]]:
    """Yield the cells of each row below the header that begins with *group*."""
    lines = TEXT.partition(f"| {group} | tasks |")[2].splitlines()[2:]
    for line in lines:
        if not line.startswith("|"):
            return
        yield [cell.strip() for cell in line.strip("|").split("|")]
