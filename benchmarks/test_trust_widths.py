"""Faults of a terminal's width are counted, each as what it is."""

from __future__ import annotations

from collections import Counter

import pytest

from benchmarks.trust_widths import faults_in

PIPED = """\
label   person   takes   seconds
circle  sim1     6       5.7
/tmp/a/path-that-is-long.csv of 0123456789abcdef cannot be read
"""
BROKEN, LOST = "broken paths and hashes", "words of columns lost"
WIDE = "rows wider than the terminal"


@pytest.mark.parametrize(
    ("shown", "found"),
    [
        (PIPED, {}),
        (PIPED.replace("that-is", "that-\nis"), {BROKEN: 1}),
        (PIPED.replace("89ab", "89\nab"), {BROKEN: 1}),
        (PIPED.replace("seconds", "sec…"), {LOST: 1}),
        (PIPED.replace("6       ", ""), {LOST: 1}),
        (PIPED.replace("sim1 ", "sim1" + " " * 50), {WIDE: 1}),
        ("circle\n  label person takes seconds\n  sim1 6 5.7\n" + PIPED.splitlines()[2], {}),
    ],
)
def test_faults_are_counted(shown: str, found: dict[str, int]) -> None:
    assert faults_in(shown, PIPED, 60) == Counter(found)
