"""The file of a series: what is written is what is read, and what is wrong is told by line."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from pipeline.core.artifacts import Fault, HostClock, Recording
from pipeline.core.errors import PipelineError
from pipeline.datasets.inventory import inventory_of
from pipeline.datasets.recordings import load_recording
from pipeline.datasets.series import load_series, new_series_paths, save_series
from tests.conftest import PROJECT
from tests.fixtures.known_air import series


def test_a_series_comes_back_as_it_was(tmp_path: Path) -> None:
    saved = series(40, 60.0, without=(7, 8))
    object.__setattr__(saved, "faults", (Fault("reboot", 1, 12),))
    object.__setattr__(saved, "clock", HostClock(1_000_000, 3.5, 7))
    save_series(saved, tmp_path / "room" / "1-001.csv")
    loaded = load_series(tmp_path / "room" / "1-001.csv")
    assert np.array_equal(loaded.thousandths, saved.thousandths)
    assert np.array_equal(loaded.t_us, saved.t_us)
    assert np.array_equal(loaded.seq, saved.seq)
    assert [(gap.index, gap.missing) for gap in loaded.gaps] == [(7, 2)]
    for name in ("rate_hz", "channels", "faults", "clock", "session"):
        assert getattr(loaded, name) == getattr(saved, name)


def test_the_example_of_the_documentation_is_a_series(tmp_path: Path) -> None:
    page = (PROJECT / "data" / "README.md").read_text("utf-8").split("## A series")[1]
    file = tmp_path / "1-001.csv"
    file.write_text(page.split("```")[3].lstrip("\n"), "utf-8")
    example = load_series(file)
    assert example.rate_hz == 1 / 60
    assert example.thousandths[0].tolist() == [21532, 1_013_250, 41020]
    assert example.clock is not None


def test_numbers_are_not_used_twice(tmp_path: Path) -> None:
    assert next(new_series_paths(tmp_path, "1")).name == "1-001.csv"
    save_series(series(3), tmp_path / "1-004.csv")
    save_series(series(3), tmp_path / "attic-009.csv")
    assert next(new_series_paths(tmp_path, "1")).name == "1-005.csv"


def edited(path: Path, old: str, new: str) -> Path:
    save_series(series(5), path)
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), "utf-8")
    return path


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("# series: environment\n", "", "has no line `# series: environment`"),
        ("# period_s: 1\n", "", "is no period"),
        ("# period_s: 1\n", "# period_s: -1\n", "is no period"),
        ("temperature,pressure", "temperature,pressure,pressure", "the same name"),
        (",1000.001,", ",x,", "1-001.csv:11: pressure is 'x', not a number"),
        ("\n3,", "\n1,", "seq goes from 2 to 1; it must rise"),
    ],
)
def test_what_is_wrong_is_told(tmp_path: Path, old: str, new: str, told: str) -> None:
    with pytest.raises(PipelineError) as caught:
        load_series(edited(tmp_path / "1-001.csv", old, new))
    assert told in str(caught.value)


def test_a_series_is_not_taken_for_a_recording_nor_the_other_way_round(tmp_path: Path) -> None:
    save_series(series(5), tmp_path / "1-001.csv")
    with pytest.raises(PipelineError, match="is a series"):
        load_recording(tmp_path / "1-001.csv")
    take = next((PROJECT / "data" / "sample" / "punch").glob("*.csv"))
    with pytest.raises(PipelineError, match="has no line `# series"):
        load_series(take)


def test_the_inventory_has_series_and_leaves_other_files_alone(tmp_path: Path) -> None:
    save_series(series(5, 2.0, without=(2,)), tmp_path / "1-001.csv")
    (tmp_path / "notes.csv").write_text("a,b\n1,2\n", "utf-8")
    (told,) = inventory_of(tmp_path).series
    assert (told.readings, told.missing, told.period_s) == (4, 1, 2.0)


def test_what_cannot_be_written_leaves_nothing(tmp_path: Path) -> None:
    broken: Recording = series(5)
    broken.samples[2, 0] = np.nan
    with pytest.raises(PipelineError, match="temperature = nan"):
        save_series(broken, tmp_path / "1-001.csv")
    assert not list(tmp_path.iterdir())
