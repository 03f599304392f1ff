"""The curves of the soak as a picture."""

from xml.etree import ElementTree as ET

import pytest

from benchmarks.curve import Line, draw, ticks

SVG = "{http://www.w3.org/2000/svg}"


@pytest.mark.parametrize("most", [0.003, 1, 7.3, 29.9, 241.5, 100_000])
def test_ticks_reach_from_nothing_to_the_highest_value(most: float) -> None:
    """There are a few of them, at equal distances, and no value lies beyond the last."""
    found = ticks(most)

    assert found[0] == 0
    assert found[-1] >= most
    assert 2 <= len(found) <= 9


def test_each_line_is_drawn_within_the_picture_and_named() -> None:
    """The picture is sound XML with one curve of all points for each line."""
    lines = [Line("a<b", [10, 12, 11]), Line("c", [1, 2, 3])]

    picture = ET.fromstring(  # noqa: S314 - we wrote it
        draw([0, 1, 2], lines, across="min", up="MB")
    )

    curves = picture.findall(f"{SVG}polyline")
    points = [curve.attrib["points"].split() for curve in curves]
    assert [len(each) for each in points] == [3, 3]
    assert all(0 <= float(part) <= 760 for each in points for at in each for part in at.split(","))
    names = [element.text for element in picture.findall(f"{SVG}text")]
    assert {"a<b", "c", "min", "MB"} <= set(names)
