"""Series as people have them: any separator, dates in any form, months, summer time, holes."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from pipeline.config.forecast_settings import SeriesConfig
from pipeline.core.errors import PipelineError
from pipeline.datasets.tables.series import Series, read_series
from tests.conftest import PROJECT

CASES = PROJECT.parent / "shared" / "cases" / "import"
ROWS = 40

When = Callable[[datetime.datetime], str]


def read(path: Path, **settings: Any) -> Series:
    given = {"path": path, "channels": ["temp"], **settings}
    return read_series(path, SeriesConfig.model_validate({"targets": given["channels"], **given}))


def written(folder: Path, header: str, rows: Sequence[str], encoding: str = "utf-8") -> Path:
    path = folder / "series.csv"
    path.write_text("\n".join([header, *rows]) + "\n", encoding)
    return path


def hourly(
    folder: Path,
    when: When,
    rows: int = ROWS,
    start: str = "2009-01-25 10:00",
    step: datetime.timedelta = datetime.timedelta(hours=1),
    header: str = "when;temp",
) -> Path:
    """A file with a time in one form, and the number of the row as temperature."""
    first = datetime.datetime.fromisoformat(start)
    return written(folder, header, [f"{when(first + n * step)};{n}" for n in range(rows)])


def refused(path: Path, **settings: Any) -> PipelineError:
    with pytest.raises(PipelineError) as caught:
        read(path, **settings)
    return caught.value


@pytest.mark.parametrize(
    "form",
    [
        "%Y-%m-%d %H:%M:%S",
        "%Y-%m-%dT%H:%M:%S.000",
        "%Y-%m-%dT%H:%M:%SZ",
        "%Y-%m-%dT%H:%M:%S+00:00",
        "%d.%m.%Y %H:%M:%S",
        "%m/%d/%Y %H:%M",
        "%d/%m/%Y;%H:%M:%S",
        "%d/%m/%y %H:%M",
        "%y-%m-%d %H:%M",
        "%Y/%m/%d %H:%M",
        "%m/%d/%Y %I:%M %p",
        "%d %b %Y %H:%M",
        "%B %d, %Y %I %p",
        "%a, %d %b %Y %H:%M:%S GMT",
        "%Y%m%d%H%M",
        "%Y%m%d%H%M%S",
        "%Y%m%d %H%M",
        "%Y%m%d%H",
        "%Y;%m;%d;%H",
        "%Y年%m月%d日 %H:%M",
        "%s",
        "%s000",
        "%s000000",
        "%s000000000",
        "%s.0",
    ],
)
def test_a_time_in_any_form_is_the_same_time(
    tmp_path: Path, form: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def when(time: datetime.datetime) -> str:
        seconds = int(time.replace(tzinfo=datetime.timezone.utc).timestamp())
        return time.strftime(form.replace("%s", str(seconds)))

    headers = {3: "Year;Month;Day;Hour;temp", 1: "Date;Time;temp"}
    series = read(hourly(tmp_path, when, header=headers.get(form.count(";"), "when;temp")))
    assert series.time(0) == "2009-01-25 10:00:00"
    assert series.time(-1, 1) == "2009-01-27 02:00:00"
    assert series.step_s == 3600
    assert series.values[:, 0].tolist() == list(range(ROWS))


def test_a_few_rows_of_digits_are_dates_and_not_seconds(tmp_path: Path) -> None:
    path = hourly(tmp_path, lambda t: t.strftime("%Y%m%d%H"), rows=5)
    assert read(path).time(0) == "2009-01-25 10:00:00"


def test_the_days_of_a_year_may_be_counted(tmp_path: Path) -> None:
    path = hourly(tmp_path, lambda t: t.strftime("%Y/%j"), step=datetime.timedelta(1))
    assert read(path).time(0) == "2009-01-25 00:00:00"


def months(count: int, first: datetime.date = datetime.date(1949, 1, 1)) -> list[datetime.date]:
    of = [divmod(first.month - 1 + n, 12) for n in range(count)]
    return [datetime.date(first.year + year, month + 1, 1) for year, month in of]


@pytest.mark.parametrize(
    ("form", "dates", "later", "step"),
    [
        ("%Y-%m", months(30), "1951-07-01", "a month"),
        ("%b %Y", months(30), "1951-07-01", "a month"),
        ("%b-%y", months(30), "1951-07-01", "a month"),
        ("%m/%Y", months(30), "1951-07-01", "a month"),
        ("%d.%m.%Y", months(30), "1951-07-01", "a month"),
        ("%Y-Q{quarter}", months(60)[::3], "1954-01-01", "3 months"),
        ("%Y", months(240)[::12], "1969-01-01", "a year"),
        (
            "%Y-%m-%d",
            [day - datetime.timedelta(1) for day in months(31)[1:]],
            "1951-07-31",
            "a month",
        ),
    ],
)
def test_months_quarters_and_years_are_steps(
    tmp_path: Path, form: str, dates: Sequence[datetime.date], later: str, step: str
) -> None:
    cells = [date.strftime(form.format(quarter=(date.month + 2) // 3)) for date in dates]
    path = written(tmp_path, '"Date","temp"', [f'"{cell}",{n}' for n, cell in enumerate(cells)])
    settings = {"dates": "day first"} if form == "%d.%m.%Y" else {}
    series = read(path, **settings)
    assert series.step.words == step
    assert series.time(-1, 1) == later


def test_months_have_names_in_other_languages(tmp_path: Path) -> None:
    names = [
        "Jan",
        "Feb",
        "Mär",
        "Apr",
        "Mai",
        "Juni",
        "Juli",
        "Aug",
        "Sept",
        "Okt",
        "Nov",
        "Dezember",
    ]
    path = written(tmp_path, "Monat,temp", [f"{name} 2019,{n}" for n, name in enumerate(names)])
    assert read(path).time(-1, 1) == "2020-01-01"


def test_hours_may_be_a_column_beside_a_day_and_end_with_the_24th(tmp_path: Path) -> None:
    path = hourly(tmp_path, lambda t: f"{t:%Y-%m-%d};{t.hour + 1}", header="day;hour;temp")
    assert read(path).time(0) == "2009-01-25 11:00:00"
    assert read(path).step_s == 3600


def test_working_days_are_steps_and_a_holiday_is_a_hole(tmp_path: Path) -> None:
    days = [datetime.date(2024, 1, 1) + datetime.timedelta(n) for n in range(40)]
    rows = [f"{day},{n}" for n, day in enumerate(days) if day.weekday() < 5]
    series = read(written(tmp_path, "Date,temp", rows))
    assert series.step.words == "a working day"
    assert series.time(-1, 1) == "2024-02-12"
    holiday = written(tmp_path, "Date,temp", rows[:7] + rows[8:])
    assert "a row is missing before it" in refused(holiday).what
    filled = read(holiday, missing="previous")
    assert (len(filled), filled.values[7, 0]) == (len(rows), filled.values[6, 0])


def test_a_day_that_may_be_a_month_is_asked_about(tmp_path: Path) -> None:
    path = hourly(
        tmp_path, lambda t: t.strftime("%d/%m/%Y"), 10, "2009-01-01", datetime.timedelta(1)
    )
    # The months are even too: 1 January, 1 February and so on.
    asked = refused(path)
    assert "may be read day first or month first" in asked.what
    assert "`data.dates: day first`" in asked.next_step
    assert read(path, dates="day first").time(-1) == "2009-01-10 00:00:00"
    assert read(path, dates="month first").time(-1) == "2009-10-01"


def test_even_steps_show_the_order_where_no_day_is_above_the_twelfth(tmp_path: Path) -> None:
    path = hourly(tmp_path, lambda t: t.strftime("%d/%m/%Y %H:%M"), start="2009-02-03 10:00")
    assert read(path).time(0) == "2009-02-03 10:00:00"
    assert "read day first" in read(path).note


@pytest.mark.parametrize("minutes", [60, 10])
def test_summer_time_is_explained_and_with_a_zone_understood(tmp_path: Path, minutes: int) -> None:
    first = datetime.datetime(2023, 3, 20, tzinfo=datetime.timezone.utc)
    berlin = [
        (first + n * datetime.timedelta(minutes=minutes)).astimezone(ZoneInfo("Europe/Berlin"))
        for n in range(230 * 24 * 60 // minutes)
    ]
    rows = [f"{when:%Y-%m-%d %H:%M},{n}" for n, when in enumerate(berlin)]
    path = written(tmp_path, "Date,temp", rows)
    asked = refused(path)
    assert "daylight saving time" in asked.what
    assert "data.timezone: Europe/Berlin" in asked.next_step
    series = read(path, timezone="Europe/Berlin")
    assert len(series) == len(rows)
    assert series.step_s == minutes * 60
    assert series.time(-1) == berlin[-1].isoformat(" ", "seconds")
    wrong = refused(path, timezone="America/New_York")
    assert "data.timezone" in wrong.next_step


HOLES = ["1", "?", "3", "NA", "", "6", "7", "8", "9", "10"]


@pytest.mark.parametrize(
    ("missing", "values"),
    [
        ("previous", [1, 1, 3, 3, 3, 6, 7, 8, 9, 10, 10, 12, 13]),
        ("interpolate", [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13]),
        ("longest part", [6, 7, 8, 9, 10]),
    ],
)
def test_missing_readings_are_filled_only_as_asked(
    tmp_path: Path, missing: str, values: Sequence[float]
) -> None:
    rows = [f"2020-01-{n:02},{cell}" for n, cell in enumerate(HOLES, start=1)]
    path = written(tmp_path, "day,temp", [*rows, "2020-01-12,12", "2020-01-13,13"])
    asked = refused(path)
    assert asked.what.endswith(":3: temp is missing; so are 2 other readings of 12.")
    assert "`data.missing: previous`" in asked.next_step
    series = read(path, missing=missing)
    assert series.values[:, 0].tolist() == values
    assert "missing" in series.note or "only 5 of 12 rows" in series.note
    assert series.time(-1) == f"2020-01-{int(values[-1]):02} 00:00:00"


def test_more_is_not_invented_than_was_measured(tmp_path: Path) -> None:
    path = written(
        tmp_path, "day,temp", ["2020-01-01,1", "2020-01-02,2", "2020-01-03,3", "2020-03-01,4"]
    )
    assert "more than are there" in refused(path, missing="interpolate").what


def test_a_number_that_stands_for_no_reading_is_one(tmp_path: Path) -> None:
    rows = [f"2020-01-{n:02},{-9999 if n == 5 else n}" for n in range(1, 20)]
    path = written(tmp_path, "day,temp", rows)
    assert refused(path).what.endswith(":6: temp is missing.")
    series = read(path, missing="interpolate")
    assert series.values[4, 0] == 5
    assert "temp is -9999 in 1 row, from line 6 on" in series.note


def test_the_newest_row_may_come_first(tmp_path: Path) -> None:
    rows = [f"2020-01-{n:02},{n}" for n in range(28, 0, -1)]
    series = read(written(tmp_path, "day,temp", rows))
    assert series.values[:, 0].tolist() == list(range(1, 29))
    assert "the newest row comes first" in series.note


def test_a_file_without_a_clock_has_steps_of_a_second_or_as_configured(tmp_path: Path) -> None:
    path = written(tmp_path, "temp,other", [f"{n},{n * n % 7}" for n in range(9)])
    assert "no column has the time" in read(path).note
    assert read(path, period_s=300).step_s == 300
    with pytest.raises(ValueError, match=r"leave data\.time out"):
        read(path, period_s=300, time=["other"])


@pytest.mark.parametrize(
    ("header", "row", "said", "next_step"),
    [
        ("time,temp", "{n},1", "the unit of the time in 'time' is unknown", "data.period_s"),
        ("a,b,temp", "2020-01-{d},2020-01-{d},1", "may be in a or in b", "data.time: [a]"),
        ("when,temp", "week {n},1", "'week 0', no time", "known forms are 2009-01-31"),
        ("Date,temp", "1.70E+09,{n}", "has the time of line 2 again", "data.time"),
        ("Month,temp", "1-{d},{n}", "Month is '1-01', no time", "data.period_s"),
        ("when,temp", "2020-01-{d} 10:00 CET{n},1", "no time", "data.time"),
        ("temp,temp", "1,2", "there are two columns 'temp'", "data.channels"),
    ],
)
def test_what_is_not_understood_is_asked_with_a_true_next_step(
    tmp_path: Path, header: str, row: str, said: str, next_step: str
) -> None:
    rows = [row.format(n=n, d=f"{n + 1:02}") for n in range(20)]
    settings = {"time": ["when"]} if header.startswith("when") else {}
    asked = refused(written(tmp_path, header, rows), **settings)
    assert said in asked.what
    assert next_step in asked.next_step


def test_a_last_line_of_words_is_reported_where_it_is(tmp_path: Path) -> None:
    path = hourly(tmp_path, str)
    path.write_text(path.read_text() + "mean;20\n")
    assert f":{ROWS + 2}: when is 'mean', no time" in refused(path).what


def test_numbers_may_have_separators_of_thousands(tmp_path: Path) -> None:
    rows = [f'2020-01-{n:02},"{n},234.5"' for n in range(1, 20)]
    assert read(written(tmp_path, "day,temp", rows)).values[1, 0] == 2234.5


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "latin-1"])
def test_a_series_of_any_program_is_read(tmp_path: Path, encoding: str) -> None:
    rows = [f"{n:02}.01.2020;{n},5" for n in range(1, 29)]
    path = written(tmp_path, "Datum;Größe (°C)", rows, encoding)
    series = read(path, channels=["Größe (°C)"])
    assert series.values[:3, 0].tolist() == [1.5, 2.5, 3.5]
    assert series.units == {"Größe (°C)": "°C"}


@pytest.mark.parametrize(
    ("case", "settings", "rows", "following"),
    [
        ("41-jena/jena.csv", {"channels": ["T (degC)"]}, 4000, "2009-01-28 18:50:00"),
        (
            "42-household-power/power.txt",
            {"channels": ["Voltage"], "missing": "previous"},
            3000,
            "2006-12-18 19:24:00",
        ),
        ("43-monthly/airline.csv", {"channels": ["Passengers"]}, 144, "1961-01-01"),
        ("47-epoch/room.csv", {}, 2500, "2024-01-09 16:20:00"),
        ("48-no-clock/room.csv", {"period_s": 300}, 2500, "750000.000"),
        ("49-decimal-commas/room.csv", {}, 2500, "2024-01-09 16:20:00"),
    ],
)
def test_the_cases_are_read(case: str, settings: Any, rows: int, following: str) -> None:
    if not CASES.is_dir():
        pytest.skip("shared/cases is not there")
    series = read(CASES / case, **settings)
    assert len(series) == rows
    assert series.time(-1, 1) == following
    assert np.isfinite(series.values).all()
