"""What was called and marked while a board was watched, and what is taken back."""

from __future__ import annotations

from pathlib import Path

from pipeline.capture.link_statistics import LinkStatistics
from pipeline.workflows.monitor import MonitorCounts, Pulled


def pulled(file: Path, kind: str = "false-alarm") -> Pulled:
    file.write_text(kind)
    return Pulled(file, kind, 2.5)


def test_it_adds_up(tmp_path: Path) -> None:
    times = iter((10.0, 75.04))
    counts = MonitorCounts(lambda: next(times))
    counts.called.update(("up", "down", "up"))
    for name, kind in (("a", "false-alarm"), ("b", "missed"), ("c", "missed")):
        counts.add(pulled(tmp_path / name, kind))
    summary = counts.summary(LinkStatistics())
    assert (summary.seconds, summary.called) == (65.0, {"down": 1, "up": 2})
    assert (summary.wrong, summary.missed, summary.samples) == (1, 2, 0)


def test_the_newest_is_taken_back_first_and_no_other(tmp_path: Path) -> None:
    (tmp_path / "another's").touch()
    counts = MonitorCounts()
    counts.add(pulled(tmp_path / "first"))
    counts.add(pulled(tmp_path / "second"))
    assert counts.undo() == tmp_path / "second"
    assert {path.name for path in tmp_path.iterdir()} == {"another's", "first"}
    assert counts.summary(LinkStatistics()).wrong == 1
    assert counts.undo() == tmp_path / "first"
    assert counts.undo() is None
    assert {path.name for path in tmp_path.iterdir()} == {"another's"}


def test_what_somebody_else_has_put_there_meanwhile_stays(tmp_path: Path) -> None:
    counts = MonitorCounts()
    for name in ("changed", "gone"):
        counts.add(pulled(tmp_path / name))
    (tmp_path / "gone").unlink()
    (tmp_path / "changed").unlink()
    (tmp_path / "between").touch()  # so that the system does not give the same place again
    (tmp_path / "changed").write_text("a take of a capture")
    assert counts.undo() == tmp_path / "gone"
    assert counts.undo() == tmp_path / "changed"
    assert (tmp_path / "changed").read_text() == "a take of a capture"
