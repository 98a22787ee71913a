"""A series from a CSV file, and its own file: what is read, and what is refused, by line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipeline.config.forecast_settings import SeriesConfig
from pipeline.core.artifacts import Fault, HostClock, Recording
from pipeline.core.errors import ExitCode, PipelineError
from pipeline.datasets.environment_series import load_series, new_series_paths, save_series
from pipeline.datasets.inventory import inventory_of
from pipeline.datasets.recordings import load_recording
from pipeline.datasets.tables.series import Series, read_series
from tests.conftest import PROJECT
from tests.fixtures.known_motion import series
from tests.refusals import refuses

HEADER = "when,temperature,wind"
ROWS = [f"2020-01-01 {hour:02}:00,{20 + hour / 8:.3f},N" for hour in range(8)]


def read(folder: Path, *lines: str, **settings: Any) -> Series:
    path = folder / "series.csv"
    path.write_text("\n".join(lines) + "\n", "utf-8")
    given = {"path": path, "time": ["when"], "channels": ["temperature"], **settings}
    return read_series(path, SeriesConfig.model_validate({"targets": given["channels"], **given}))


def refused(folder: Path, *lines: str, **settings: Any) -> str:
    with pytest.raises(PipelineError) as caught:
        read(folder, *lines, **settings)
    return caught.value.what.removeprefix(str(folder / "series.csv"))


def test_values_times_and_words_are_read(tmp_path: Path) -> None:
    series = read(tmp_path, HEADER, *ROWS, categories=["wind"])
    assert series.step_s == 3600
    assert series.time(-1) == "2020-01-01 07:00:00"
    assert series.time(-1, steps=24) == "2020-01-02 07:00:00"
    np.testing.assert_allclose(series.values[:, 0], 20 + np.arange(8) / 8)
    rows = series.thousandths([("N", "S")])
    assert rows.dtype == np.int32
    assert rows[2].tolist() == [20250, 1000, 0]


@pytest.mark.parametrize(
    ("columns", "cells", "step_s"),
    [
        ("year,month,day,hour", lambda n: f"2020,1,{1 + n // 24},{n % 24}", 3600),
        ("Year,Month,Day", lambda n: f"2020,2,{1 + n}", 86400),
        ("t_us", lambda n: f"{1_204_113 + 60_000_000 * n + n % 2}", 60),
        ("clock_s", lambda n: f"{0.5 * n}", 0.5),
        ("date,time", lambda n: f"2020-01-01,{n:02}:30:00", 3600),
        ("when", lambda n: f"2020-01-0{1 + n}T00:00:00+02:00", 86400),
    ],
)
def test_time_may_be_reported_in_many_ways(
    tmp_path: Path, columns: str, cells: Any, step_s: float
) -> None:
    lines = [f"{cells(n)},{n}" for n in range(8)]
    series = read(tmp_path, f"{columns},temperature", *lines, time=columns.split(","))
    assert series.step_s == pytest.approx(step_s, rel=1e-6)


def test_a_captured_recording_says_its_units(tmp_path: Path) -> None:
    head = ["# format: 1", "# channels: temperature [degC], pressure [hPa]"]
    rows = [f"{n},{n * 60_000_000},21.5,1013.25" for n in range(4)]
    series = read(tmp_path, *head, "seq,t_us,temperature,pressure", *rows, time=["t_us"])
    assert series.units == {"temperature": "degC", "pressure": "hPa"}
    assert not series.dated


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("2020-01-01 02:00,21,N", ":5: the row has the time of line 4 again"),
        ("2020-01-01 01:30,21,N", ":5: the row is earlier than line 4"),
        ("2020-01-01 02:30,21,N", ":5: the step before it is uneven: 30 min since the row above"),
        ("2020-01-01 03:00,,N", ":5: temperature is missing"),
        ("2020-01-01 03:00,NA,N", ":5: temperature is missing"),
        ("2020-01-01 03:00,nan,N", ":5: temperature is missing"),
        ("2020-01-01 03:00,3e6,N", ":5: temperature is 3e+06, beyond +-2,000,000"),
        ("2020-13-01 03:00,21,N", ":5: when is '2020-13-01 03:00', no time"),
        ("2020-01-01 03:00,21", ":5: has another number of cells than the header, which has 3"),
    ],
)
def test_a_fault_is_refused_by_its_line(tmp_path: Path, row: str, said: str) -> None:
    assert refused(tmp_path, HEADER, *ROWS[:3], row, *ROWS[4:]).startswith(said)


def test_a_day_is_reported_in_hours_as_in_a_report(tmp_path: Path) -> None:
    rows = [f"2020-01-0{day},20,N" for day in (1, 2, 3, 5)]
    said = refused(tmp_path, HEADER, *rows)
    assert said.startswith(
        ":5: a row is missing before it: 2 days since the row above, a step is 24 h"
    )


def test_a_hole_is_found_where_it_is(tmp_path: Path) -> None:
    said = refused(tmp_path, HEADER, *ROWS[:3], *ROWS[5:])
    assert said.startswith(
        ":5: 2 rows are missing before it: 3 h since the row above, a step is 1 h"
    )


@pytest.mark.parametrize(
    ("lines", "settings", "said"),
    [
        ([], {}, " is empty"),
        ([HEADER, ROWS[0]], {}, " has fewer than two rows under a header"),
        ([HEADER, *ROWS], {"channels": ["heat"]}, ":1: there is no column 'heat', only 'when'"),
        (["a,temperature", "x,1", "y,2"], {"time": ["t_us"]}, ":1: there is no column 't_us'"),
    ],
)
def test_what_is_no_such_table_is_refused(
    tmp_path: Path, lines: list[str], settings: Any, said: str
) -> None:
    assert refused(tmp_path, *lines, **settings).startswith(said)


def test_a_file_that_is_not_there_is_the_users_to_name(tmp_path: Path) -> None:
    config = SeriesConfig(path=tmp_path / "no.csv", channels=("a",), targets=("a",))
    with refuses(r"There is no series .*no\.csv", ExitCode.USAGE):
        read_series(config.path, config)


def test_the_weather_of_beijing_is_one_series(shared_data: Path) -> None:
    path = shared_data / "text" / "weather" / "beijing_2010_2014.csv"
    config = SeriesConfig(
        path=path,
        time=("year", "month", "day", "hour"),
        channels=("TEMP", "PRES"),
        categories=("cbwd",),
        targets=("TEMP",),
    )
    series = read_series(path, config)
    assert len(series) == 43_824
    assert (series.time(0), series.time(-1)) == ("2010-01-01 00:00:00", "2014-12-31 23:00:00")
    assert set(series.words[0]) == {"NE", "NW", "SE", "cv"}


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
    ("old", "new", "said"),
    [
        ("# series: environment\n", "", "has no line `# series: environment`"),
        ("# period_s: 1\n", "", "is no period"),
        ("# period_s: 1\n", "# period_s: -1\n", "is no period"),
        ("temperature,pressure", "temperature,pressure,pressure", "the same name"),
        (",1000.001,", ",x,", "1-001.csv:11: pressure is 'x', not a number"),
        ("\n3,", "\n1,", "seq goes from 2 to 1; it must rise"),
    ],
)
def test_what_is_wrong_is_reported(tmp_path: Path, old: str, new: str, said: str) -> None:
    with pytest.raises(PipelineError) as caught:
        load_series(edited(tmp_path / "1-001.csv", old, new))
    assert said in str(caught.value)


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
    (said,) = inventory_of(tmp_path).series
    assert (said.readings, said.missing, said.period_s) == (4, 1, 2.0)


def test_what_cannot_be_written_leaves_nothing(tmp_path: Path) -> None:
    broken: Recording = series(5)
    broken.samples[2, 0] = np.nan
    with pytest.raises(PipelineError, match="temperature = nan"):
        save_series(broken, tmp_path / "1-001.csv")
    assert not list(tmp_path.iterdir())
