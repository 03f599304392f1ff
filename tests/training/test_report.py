"""The figures of the development set, in rows, as a table and as quantiles."""

import pytest

from eidos.protocol import Certainty
from training.report import Judged, Row, quantile, rows, table, wrong
from training.tasks import Task


def scored(
    *lines: tuple[str, int, bool], certainty: Certainty | None = None
) -> list[tuple[Task, Judged]]:
    """Return a task with an answer for each line of utility, difficulty and whether it is right."""
    return [
        (
            Task(id=f"t{number}", request="x", command="x", utility=utility, difficulty=difficulty),  # pyright: ignore[reportArgumentType]
            Judged(f"t{number}", "x", "y", right=right, why="differs", certainty=certainty),
        )
        for number, (utility, difficulty, right) in enumerate(lines)
    ]


def test_a_row_counts_what_is_right() -> None:
    """All, each difficulty, each shell, each way to judge, and each utility has its row."""
    found = rows(scored(("ls", 1, True), ("ls", 2, False)), fewest=1)

    assert found == (
        Row("all", "all", 1, 2),
        Row("difficulty", "1", 1, 1),
        Row("difficulty", "2", 0, 1),
        Row("shell", "bash", 1, 2),
        Row("judged by", "execution", 1, 2),
        Row("utility", "ls", 1, 2),
    )


def test_rare_utilities_are_one_row() -> None:
    """Utilities stand by their number of tasks; those with too few are the last row together."""
    lines = [("ls", 1, True)] * 2 + [("find", 1, False)] * 3 + [("awk", 1, True), ("wc", 1, False)]

    found = [row for row in rows(scored(*lines), fewest=2) if row.group == "utility"]

    assert found == [
        Row("utility", "find", 0, 3),
        Row("utility", "ls", 2, 2),
        Row("utility", "the rest", 1, 2),
    ]


def test_precision_is_told_of_sure_and_of_unsure_answers() -> None:
    """Where the daemon says how sure it is, both kinds have a row; else there is none."""
    sure = scored(("ls", 1, True), ("ls", 1, True), certainty=Certainty.SURE)
    unsure = scored(("ls", 1, False), certainty=Certainty.UNSURE)

    found = [row for row in rows(sure + unsure) if row.group == "certainty"]

    assert found == [Row("certainty", "sure", 2, 2), Row("certainty", "unsure", 0, 1)]
    assert not [row for row in rows(scored(("ls", 1, True))) if row.group == "certainty"]


def test_the_table_has_a_line_for_each_row() -> None:
    """Names, counts and shares are aligned."""
    shown = table([Row("all", "all", 1, 4), Row("utility", "find", 12, 100)])

    assert shown.splitlines() == [
        "all             1 of    4  0.250",
        "utility find   12 of  100  0.120",
    ]


def test_of_no_answers_the_table_is_empty() -> None:
    """Nothing was asked: no row, and no division by zero."""
    assert table(rows([])) == ""


def test_wrong_answers_are_shown_with_their_reason() -> None:
    """Those that are right are not shown."""
    answers = [answer for _, answer in scored(("ls", 1, True), ("wc", 1, False))]

    assert wrong(answers) == "t1: x\n    y\n    differs\n"


@pytest.mark.parametrize(
    ("values", "share", "expected"),
    [
        ([3, 1, 2], 0.5, 2),
        ([1, 2], 0.5, 1),
        (range(1, 101), 0.99, 99),
        ([7], 0.99, 7),
        ([], 0.5, 0),
    ],
)
def test_a_quantile_is_one_of_the_values(
    values: list[float], share: float, expected: float
) -> None:
    """The smallest that the share of them does not exceed; none of nothing."""
    assert quantile(values, share) == expected
