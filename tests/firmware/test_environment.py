"""The environment's sensors: drivers on parts emulated register by register, and readings."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from fractions import Fraction
from math import floor
from pathlib import Path
from typing import NamedTuple
from zlib import crc32

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.firmware.building import (
    HERE,
    NO_MODEL,
    PROJECT,
    SANITIZED,
    STRICT,
    compile_c,
    library_sources,
)
from tests.firmware.talking import (
    Talk,
    environment_file,
    fast_replay,
    imu_file,
    qemu_command,
    start,
)

PARTS = HERE / "emulated_parts"
LONGEST_MS = 255  # a look every 5 ms, until 250 ms have passed
few = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
both = pytest.mark.parametrize("part", ["hts221", "hs3003"])

Play = Callable[..., list[list[str]]]


class Line(NamedTuple):
    """Two points of an HTS221's calibration: counts, and the value in its own steps."""

    low_count: int
    high_count: int
    low: int
    high: int

    def at(self, count: int, step: int) -> Fraction:
        """Thousandths, by the data sheet's formula."""
        share = Fraction(count - self.low_count, self.high_count - self.low_count)
        return (self.low + share * (self.high - self.low)) * step


USUAL_T = Line(-12, 660, 160, 320)  # 20 and 40 degC, in eighths
USUAL_H = Line(3400, -9500, 60, 150)  # 30 and 75 %, in halves; humidity falls with its count


def calibration(temperature: Line = USUAL_T, humidity: Line = USUAL_H) -> str:
    """Registers 0x30 to 0x3F, as section 8 of the data sheet lays them out."""
    registers = bytearray(16)
    registers[0:2] = humidity.low, humidity.high
    registers[2:4] = temperature.low % 256, temperature.high % 256
    registers[5] = temperature.low // 256 | temperature.high // 256 << 2
    counts = {6: humidity.low_count, 10: humidity.high_count}
    counts |= {12: temperature.low_count, 14: temperature.high_count}
    for place, count in counts.items():
        registers[place : place + 2] = count.to_bytes(2, "little", signed=True)
    return "calibrate " + " ".join(map(str, registers))


@pytest.fixture(scope="module")
def play(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Play:
    request.getfixturevalue("host_compiler")
    sources = [HERE / "environment_driver.c", *sorted(PARTS.glob("*.c"))]
    flags = [*STRICT, *SANITIZED, f"-I{PARTS}"]
    program = compile_c(
        tmp_path_factory.mktemp("environment") / "environment",
        [*sources, *library_sources("environment", "i2c")],
        flags,
        NO_MODEL,
    )

    def run(*steps: str) -> list[list[str]]:
        script = " ".join(steps)
        result = subprocess.run(
            [program], input=script, capture_output=True, text=True, timeout=300
        )
        assert result.returncode == 0, result.stderr
        return [line.split() for line in result.stdout.splitlines()]

    return run


def nearest(value: Fraction) -> int:
    return floor(value + Fraction(1, 2))


def started(part: str, *, lines: str = "") -> str:
    return f"{lines or calibration()} add {part} add lps22hb begin"


def values(outcome: list[str]) -> list[int]:
    assert outcome[0] == "READY"
    return [int(word) for word in outcome[1:4]]


@both
def test_each_pair_of_parts_is_found(play, part):
    assert play(started(part)) == [["1", f"{part.upper()}+LPS22HB"]]


@pytest.mark.parametrize("parts", [[], ["hts221"], ["hs3003"], ["lps22hb"]])
def test_without_all_three_values_there_is_no_reading(play, parts):
    said = play(calibration(), *(f"add {part}" for part in parts), "begin measure")
    assert said[0] == ["0", "none"]
    assert said[1][0] == "NONE"


def test_an_hs3003_gives_what_its_data_sheet_says(play):
    said = play(started("hs3003"), "air 6400 8192 4150272 measure")
    temperature = nearest(Fraction(6400, 16383) * 165_000 - 40_000)
    assert values(said[1]) == [temperature, 1_013_250, nearest(Fraction(8192, 16383) * 100_000)]


counts = st.integers(-32768, 32767)
lines = st.tuples(counts, counts, st.integers(0, 1023), st.integers(0, 1023))


@few
@given(
    temperature=lines,
    humidity=st.tuples(counts, counts, st.integers(0, 255), st.integers(0, 255)),
    found=st.tuples(counts, counts),
    pressure=st.integers(260 * 4096, 1260 * 4096),
)
def test_an_hts221_gives_what_its_own_calibration_says(
    play, temperature, humidity, found, pressure
):
    t, h = Line(*temperature), Line(*humidity)
    if t.low_count == t.high_count or h.low_count == h.high_count:
        return
    script = f"air {found[0]} {found[1]} {pressure} measure"
    outcome = play(started("hts221", lines=calibration(t, h)), script)[1]
    temperature_m, humidity_m = nearest(t.at(found[0], 125)), nearest(h.at(found[1], 500))
    if not (-40_000 <= temperature_m <= 125_000 and -10_000 <= humidity_m <= 110_000):
        assert outcome[0] == "FAILED"
        return
    pressure_m = nearest(Fraction(pressure * 1000, 4096))
    assert values(outcome) == [temperature_m, pressure_m, min(max(humidity_m, 0), 100_000)]


@both
def test_a_saturated_humidity_stays_within_its_range(play, part):
    wet, dry = ("-19533", "14866") if part == "hts221" else ("16383", "0")  # 110 % and -10 %
    said = play(started(part), f"air 500 {wet} 4000000 measure air 500 {dry} 4000000 measure")
    assert [values(outcome)[2] for outcome in said[1:]] == [100_000, 0]


@both
@pytest.mark.parametrize("pressure", [0, 259 * 4096, 1261 * 4096, 0xFFFFFF])
def test_what_no_weather_has_is_no_reading(play, part, pressure):
    said = play(started(part), f"air 500 500 {pressure} measure air 500 500 4000000 measure")
    assert [outcome[0] for outcome in said[1:]] == ["FAILED", "READY"]


@both
def test_a_reading_is_of_its_own_measurement(play, part):
    """Not of one that nobody has fetched."""
    said = play(
        started(part), "air 100 200 4000000 measure start 400000 air 300 200 4100000 measure"
    )
    first, second = values(said[1]), values(said[2])
    assert second[0] != first[0]
    assert second[1] == nearest(Fraction(4_100_000 * 1000, 4096))


@both
def test_a_reading_comes_soon(play, part):
    said = play(started(part), "air 500 500 4000000", "measure " * 5)
    assert all(outcome[0] == "READY" and int(outcome[-1]) <= 60 for outcome in said[1:])


@both
@pytest.mark.parametrize("lost", ["part", "lps22hb"])
def test_a_part_that_is_gone_costs_readings_and_comes_back(play, part, lost):
    name = part if lost == "part" else lost
    said = play(
        started(part),
        f"air 500 500 4000000 measure remove {name} measure measure add {name} measure measure",
    )
    assert [outcome[0] for outcome in said[1:]] == ["READY", "FAILED", "FAILED", "READY", "READY"]
    assert all(int(outcome[-1]) <= LONGEST_MS for outcome in said[1:])


@both
def test_a_part_that_lost_its_power_for_a_moment_costs_one_reading(play, part):
    said = play(
        started(part),
        f"air 500 500 4000000 measure remove {part} add {part} remove lps22hb add lps22hb",
        "measure measure",
    )
    assert [outcome[0] for outcome in said[1:]] == ["READY", "FAILED", "READY"]


@both
@pytest.mark.parametrize("every", [4, 5, 7, 20])
def test_a_bus_that_fails_now_and_then_costs_no_reading(play, part, every):
    said = play(started(part), f"air 500 500 4000000 flaky {every}", "measure " * 20)
    assert {tuple(outcome[:4]) for outcome in said[1:]} == {tuple(said[1][:4])}
    assert said[1][0] == "READY"


@both
def test_a_stuck_bus_is_freed(play, part):
    said = play(started(part), "air 500 500 4000000 hold measure measure")
    assert said[1][0] == "FAILED"
    assert int(said[1][-1]) <= LONGEST_MS + 4 * 50  # the last look may meet 50 ms a transfer
    assert said[2][0] == "READY"


def test_an_hts221_without_a_calibration_gives_no_reading(play):
    said = play(started("hts221", lines="calibrate " + "0 " * 16), "air 500 500 4000000 measure")
    assert said[1][0] == "FAILED"


@pytest.mark.parametrize("count", [-19534, 14868, -32768, 32767])
def test_a_humidity_that_no_air_has_is_no_reading(play, count):
    said = play(started("hts221"), f"air 500 {count} 4000000 measure air 500 500 4000000 measure")
    assert [outcome[0] for outcome in said[1:]] == ["FAILED", "READY"]


@pytest.mark.parametrize("part", ["hts221", "hs3003", "lps22hb"])
def test_the_table_of_the_documentation_is_the_drivers(part):
    page = (PROJECT / "docs" / "sensors.md").read_text().split("## Environment")[1]
    head, *rows = [line for line in page.splitlines() if line.startswith("|")]
    column = [cell.strip().split()[0] for cell in head.strip("|").split("|")[1:]]
    cells = {row.split("|")[1].strip(): row.split("|")[2:] for row in rows}
    address = cells["I2C address"][column.index(part.upper())].strip()
    source = (PROJECT / "firmware" / "lib" / "environment" / f"{part}.c").read_text()
    assert re.search(rf"#define ADDRESS {address}u", source)


PERIOD_MS = 1000
# How late a reading may be. The virtual board's clock counts instructions: a turn of the loop and
# what it has to say. The native board's goes on with the host's, however busy that is.
LATE_US = {"virtual": 20_000, "native": PERIOD_MS * 500}
ROWS = [[21_000 + 10 * i, 1_013_250 - i, 41_000 + i] for i in range(8)]
FIRST_US = 5_000_000_000
SPARE_RAM = 0x20300000
SAMPLES = 357  # three seconds


class Reading(NamedTuple):
    seq: int
    t_us: int
    values: list[int]


def read(line: str) -> Reading:
    """Checks the line's form and its CRC."""
    word, text = line.split(" ")
    assert word == "reading"
    content, _, crc = text.rpartition(",")
    assert crc == f"{crc32(content.encode()):08X}"
    seq, t_us, *values = content.split(",")
    assert all(len(value.split(".")[1]) == 3 for value in values)
    return Reading(int(seq), int(t_us), [int(value.replace(".", "")) for value in values])


def readings(lines: Sequence[str]) -> list[Reading]:
    return [read(line) for line in lines if line.startswith("reading")]


def series(path: Path, without: Sequence[int] = ()) -> Path:
    kept = [i for i in range(len(ROWS)) if i not in without]
    times = [FIRST_US + i * PERIOD_MS * 1000 for i in kept]
    return environment_file(path / "series", [ROWS[i] for i in kept], times, PERIOD_MS)


@contextmanager
def measuring(native: Path, memory: Path, **variables: str) -> Iterator[Talk]:
    with start(
        [str(native)], GESTURE_ENVIRONMENT_FILE=str(memory), GESTURE_FAST="1", **variables
    ) as board:
        board.line()
        yield board


def assert_a_period_apart(said: Sequence[Reading], board: str) -> None:
    for reading in said:
        late_us = reading.t_us - said[0].t_us - reading.seq * PERIOD_MS * 1000
        assert abs(late_us) < LATE_US[board]


def test_a_series_comes_back_as_it_was(sanitized_native, tmp_path):
    with measuring(sanitized_native, series(tmp_path)) as board:
        assert board.ask(f"environment {PERIOD_MS}") == f"ok period_ms={PERIOD_MS}"
        lines = board.until("warn environment")
    said = readings(lines)
    assert lines[-1] == f"warn environment-ended readings={len(ROWS)}"
    assert [reading.seq for reading in said] == list(range(len(ROWS)))
    assert [reading.values for reading in said] == ROWS
    assert_a_period_apart(said, "native")


def test_the_virtual_board_says_the_same(virtual_image, tmp_path):
    memory = fast_replay(series(tmp_path), SPARE_RAM)
    with start(qemu_command(virtual_image.path, *memory)) as board:
        board.until("warn no-sensor")  # of the IMU
        assert "environment=emulated" in board.ask("info").split()
        assert board.ask(f"environment {PERIOD_MS}").startswith("ok")
        said = readings(board.until("warn environment"))
    assert [reading.values for reading in said] == ROWS
    assert_a_period_apart(said, "virtual")


def test_a_hole_is_reported_once_and_costs_its_numbers(sanitized_native, tmp_path):
    with measuring(sanitized_native, series(tmp_path, without=(2, 3, 6))) as board:
        board.send(f"environment {PERIOD_MS}")
        lines = board.until("warn environment")
    assert [line for line in lines if "no-reading" in line] == [
        "warn no-reading seq=2",
        "warn no-reading seq=6",
    ]
    said = readings(lines)
    assert [reading.seq for reading in said] == [0, 1, 4, 5, 7]
    assert [reading.values for reading in said] == [ROWS[reading.seq] for reading in said]


def test_a_slower_period_takes_every_other_reading(sanitized_native, tmp_path):
    with measuring(sanitized_native, series(tmp_path)) as board:
        board.send(f"environment {2 * PERIOD_MS}")
        said = readings(board.until("warn environment"))
    assert [reading.values for reading in said] == ROWS[::2]


def test_saying_it_again_changes_nothing_and_zero_ends_it(sanitized_native, tmp_path):
    memory = series(tmp_path)
    with start([str(sanitized_native)], GESTURE_ENVIRONMENT_FILE=str(memory)) as board:
        board.ask("environment 300")
        assert read(board.until("reading")[-1]).seq == 0
        board.send("environment 300")
        answer = board.until("ok")
        assert answer[-1] == "ok period_ms=300"
        later = readings([*answer, *board.until("reading")])
        assert later[0].seq > 0
        assert board.ask("environment 0") == "ok period_ms=0"
        assert board.ask("environment 300") == "ok period_ms=300"
        assert read(board.until("reading")[-1]).seq == 0


def test_a_board_without_such_sensors_says_so(sanitized_native):
    with start([str(sanitized_native)]) as board:
        board.until("warn no-sensor")
        assert "environment=none" in board.ask("info").split()
        assert board.ask("environment 1000") == "err no-sensor"


def test_readings_and_samples_do_not_disturb_each_other(sanitized_native, tmp_path):
    imu = imu_file(tmp_path / "imu", [[i, 0, 1000, 0, 0, 0] for i in range(SAMPLES)])
    files = {"GESTURE_IMU_FILE": str(imu), "GESTURE_ENVIRONMENT_FILE": str(series(tmp_path))}
    with start([str(sanitized_native)], **files) as board:
        board.send("stream on")
        board.send(f"environment {PERIOD_MS}")
        lines = board.until("warn sensor-stopped")
    seqs = [int(line.split(",")[0]) for line in lines if line[0].isdigit()]
    assert seqs == list(range(seqs[0], SAMPLES))
    assert len(seqs) > SAMPLES / 2
    said = readings(lines)
    assert len(said) >= 2
    assert [reading.values for reading in said] == ROWS[: len(said)]


def test_a_restarted_board_measures_when_it_is_reported_to(sanitized_native, tmp_path):
    with measuring(sanitized_native, series(tmp_path)) as board:
        board.send(f"environment {PERIOD_MS}")
        board.until("reading 3,")
        board.send("reboot")
        board.until("hello")
        assert board.ask(f"environment {PERIOD_MS}").startswith("ok")
        first = read(board.until("reading")[-1])
        assert (first.seq, first.values) == (0, ROWS[0])
