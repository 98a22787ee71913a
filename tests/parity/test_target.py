"""On the emulated Cortex-M4F, the comparison network gives the oracle's bytes within its bounds."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.engine import measure
from benchmarks.render import meets

pytestmark = [pytest.mark.usefixtures("qemu"), pytest.mark.xdist_group("keras")]


def test_the_comparison_network_keeps_its_bounds(tmp_path: Path) -> None:
    rows = {row["name"]: row for row in measure(tmp_path)}
    assert sorted(rows) == [
        "conv1d portable flash",
        "conv1d portable instructions O2",
        "conv1d portable ram",
    ]
    bounded = [row for row in rows.values() if row["bound"]]
    assert len(bounded) == 2
    for row in bounded:
        assert meets(row["value"], row["bound"]), row
