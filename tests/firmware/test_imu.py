"""The sensors' drivers on sensors that are emulated register by register, with sanitizers."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import pytest

from tests.firmware.building import (
    FIRMWARE,
    HERE,
    NO_MODEL,
    PROJECT,
    SANITIZED,
    STRICT,
    compile_c,
    library_sources,
)

PARTS = HERE / "emulated_parts"
NANO = FIRMWARE / "boards" / "nano33ble"
XIAO = FIRMWARE / "boards" / "xiao_nrf52840_sense"
MOUNTINGS = [NANO / "nano33ble_imu.c", XIAO / "xiao_imu.c"]
SECOND_US = 1_000_000
NOMINAL_MILLIHZ = {"lsm9ds1": 119_000, "bmi270": 200_000, "lsm6ds3": 208_000}
FIFO_FRAMES = {"lsm9ds1": 32, "bmi270": 157, "lsm6ds3": 341}
PARTS_WE_KNOW = list(NOMINAL_MILLIHZ)
NONE, STOPPED = 0, 2
# How far the board's count may be off after seven overruns: one tells only that there was one.
ALLOWED_ERROR = {"lsm9ds1": 2, "bmi270": 0, "lsm6ds3": 7}
WRITES_OF_START = {"lsm9ds1": 7, "bmi270": 13, "lsm6ds3": 8}  # of one byte
each = pytest.mark.parametrize("part", PARTS_WE_KNOW)


class Told(NamedTuple):
    """What a script printed: samples as rows of seq, t_us, six values, made_us; other lines."""

    samples: np.ndarray[tuple[int, ...], np.dtype[np.int64]]
    lines: list[list[str]]

    @property
    def lost(self) -> int:
        return int(self.lines[-1][0])

    @property
    def status(self) -> int:
        return int(self.lines[-1][1])

    @property
    def longest_ms(self) -> float:
        """Of all calls for a sample since the state was printed last."""
        return int(self.lines[-1][3]) / 1000


Play = Callable[..., Told]


@pytest.fixture(scope="module")
def play(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Play:
    request.getfixturevalue("host_compiler")
    sources = [HERE / "imu_driver.c", *sorted(PARTS.glob("*.c")), *library_sources("i2c", "imu")]
    flags = [*STRICT, *SANITIZED, f"-I{PARTS}", f"-I{NANO}", f"-I{XIAO}"]
    sources += MOUNTINGS
    program = compile_c(tmp_path_factory.mktemp("imu") / "imu", sources, flags, NO_MODEL)

    def run(*steps: str) -> Told:
        script = " ".join([*steps, "state"])
        result = subprocess.run(
            [program], input=script, capture_output=True, text=True, timeout=300
        )
        assert result.returncode == 0, result.stderr
        rows = [line.split() for line in result.stdout.splitlines()]
        samples = np.array([list(map(int, row)) for row in rows if len(row) == 9], np.int64)
        return Told(samples.reshape(-1, 9), [row for row in rows if len(row) < 9])

    return run


def started(part: str, rate_millihz: int | None = None) -> str:
    return f"part {part} {rate_millihz or NOMINAL_MILLIHZ[part]} begin"


@each
def test_each_sensor_is_found_and_gives_all_its_samples(play, part):
    said = play(started(part), "poll 10000000 1000")
    assert said.lines[0] == ["1", part.upper()]
    assert len(said.samples) == pytest.approx(10 * NOMINAL_MILLIHZ[part] / 1000, abs=2)
    assert said.samples[:, 0].tolist() == list(range(len(said.samples)))
    assert (said.lost, said.status) == (0, NONE)


def test_without_a_sensor_it_says_so_and_goes_on(play):
    said = play("part none 119000 begin poll 3000000 1000")
    assert said.lines[0] == ["0", "none"]
    assert len(said.samples) == 0


# Counts of each sensor for +1 g along, and +100 deg/s around, each axis of the board.
G = {"lsm9ds1": 8197, "bmi270": 8192, "lsm6ds3": 8197}
DPS100 = {"lsm9ds1": 1429, "bmi270": 1638, "lsm6ds3": 1429}


def on_part(part: str, board_axis: int, count: int) -> list[int]:
    """A frame of the part for `count` along an axis of the board."""
    if part == "bmi270":
        place, sign = [(1, -1), (0, -1), (2, 1)][board_axis % 3]
        place += board_axis // 3 * 3
    else:
        place, sign = board_axis, 1
    return [sign * count if i == place else 0 for i in range(6)]


@each
@pytest.mark.parametrize("axis", range(6))
@pytest.mark.parametrize("sign", [1, -1])
def test_both_sensors_say_the_same_movement_in_the_same_numbers(play, part, axis, sign):
    count = sign * (G[part] if axis < 3 else DPS100[part])
    frame = " ".join(map(str, on_part(part, axis, count)))
    said = play(started(part), f"show {frame} poll 200000 1000")
    expected = [0] * 6
    expected[axis] = sign * (1000 if axis < 3 else 100_000)
    last = said.samples[-1, 2:8]
    assert np.abs(last - expected).max() <= (1 if axis < 3 else 60)


@each
def test_the_ends_of_the_range_do_not_wrap(play, part):
    said = play(started(part), "show " + "-32768 " * 6, "poll 200000 1000")
    rotation = 2_000_000 if part == "bmi270" else 2_293_760
    acceleration = 4000 if part == "bmi270" else 3998
    signs = [1, 1, -1, 1, 1, -1] if part == "bmi270" else [-1] * 6
    sizes = [acceleration] * 3 + [rotation] * 3
    assert said.samples[-1, 2:8].tolist() == [s * v for s, v in zip(signs, sizes, strict=True)]


def doc_rows(heading: str) -> list[list[str]]:
    text = (PROJECT / "docs" / "sensors.md").read_text().split(f"## {heading}")[1]
    table = text.split("\n## ")[0]
    rows = [line for line in table.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in rows[2:]]


def driver_source(part: str) -> str:
    return (PROJECT / "firmware" / "lib" / "imu" / f"{part}.c").read_text()


@each
def test_the_table_of_the_documentation_is_the_drivers(part):
    column = 1 + PARTS_WE_KNOW.index(part)
    mountings = "".join(path.read_text() for path in MOUNTINGS)
    name = part.upper()
    pairs = re.search(rf"\.driver = &{name}.*?\.axis = (\{{.*?\}}\}})", mountings, re.DOTALL).group(
        1
    )
    axes = [tuple(map(int, pair)) for pair in re.findall(r"\{(\d), (-?1)\}", pairs)]
    said = [("-" if sign < 0 else "+") + "xyz"[place] for place, sign in axes]
    assert [row[column] for row in doc_rows("Axes")] == said
    settings = {row[0]: row[column] for row in doc_rows("Settings")}
    source = driver_source(part)

    def constant(name: str) -> int:
        return int(re.search(rf"\.{name} = (\d+)\b", source).group(1))

    rate_millihz, fifo = constant("rate_millihz"), FIFO_FRAMES[part]
    assert settings["rate"] == f"{rate_millihz // 1000} Hz"
    assert settings["FIFO"].startswith(f"{fifo} samples, {fifo * 1000 / rate_millihz:.2f} s")
    for name in ("acceleration", "rotation"):
        unit = constant(f"{name}_numerator") / constant(f"{name}_denominator")
        assert settings[f"{name}, one count"].split()[0] == f"{unit:.5g}"


@each
def test_a_board_that_is_busy_loses_nothing_while_the_fifo_lasts(play, part):
    period_us = 10**9 // NOMINAL_MILLIHZ[part]
    busy_us = (FIFO_FRAMES[part] - 2) * period_us
    said = play(started(part), f"numbers poll 2000000 1000 wait {busy_us} poll 1000000 1000")
    seq = said.samples[:, 0]
    assert said.lost == 0
    assert seq.tolist() == list(range(len(seq)))


@each
def test_a_fifo_that_ran_over_is_seen_and_counted(play, part):
    period_us = 10**9 // NOMINAL_MILLIHZ[part]
    busy_us = (FIFO_FRAMES[part] + 20) * period_us
    said = play(started(part), f"poll 2000000 1000 wait {busy_us} poll 1000000 1000")
    seq = said.samples[:, 0]
    jumps = np.flatnonzero(np.diff(seq) > 1)
    assert len(jumps) in (1, 2)  # another frame may give way while the first ones are read
    assert said.lost == sum(int(seq[jump + 1] - seq[jump]) - 1 for jump in jumps)
    assert said.lost == pytest.approx(20, abs=1)


def numbers(part: str, said: Told) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    """What the sensor itself counted: shown as rotation around its own x."""
    rotation = -said.samples[:, 6] if part == "bmi270" else said.samples[:, 5]
    return np.rint(rotation / (1e6 / 16384 if part == "bmi270" else 70))


@each
def test_losses_are_counted_to_the_sample_over_many_overruns(play, part):
    period_us = 10**9 // NOMINAL_MILLIHZ[part]
    stalls = [f"wait {(FIFO_FRAMES[part] + n) * period_us} poll 1500000 1000" for n in range(1, 8)]
    said = play(started(part), "numbers poll 2000000 1000", *stalls)
    assert said.lost > len(stalls)
    assert np.abs(numbers(part, said) - said.samples[:, 0]).max() <= ALLOWED_ERROR[part]


@each
@pytest.mark.parametrize("off", [0.96, 0.978, 1.0, 1.03])
@pytest.mark.parametrize("step_us", [1000, 6000])
def test_times_are_those_at_which_the_sensor_sampled(play, part, off, step_us):
    rate_millihz = round(NOMINAL_MILLIHZ[part] * off)
    said = play(started(part, rate_millihz), f"poll 60000000 {step_us}")
    seq, t_us, made_us = said.samples[:, 0], said.samples[:, 1], said.samples[:, 8]
    assert (np.diff(t_us) > 0).all()
    settled = seq > 10 * rate_millihz / 1000
    late_us = (t_us - made_us)[settled]
    assert late_us.min() > -500
    assert late_us.max() < 1000
    measured = (seq[-1] - seq[settled][0]) * 1e9 / (t_us[-1] - t_us[settled][0])
    assert measured == pytest.approx(rate_millihz, rel=5e-4)


@each
def test_the_bus_is_asked_little_more_than_once_a_sample(play, part):
    said = play(started(part), "poll 10000000 1000 state poll 10000000 1000")
    transfers = int(said.lines[-1][2]) - int(said.lines[-2][2])
    a_sample = transfers / (len(said.samples) / 2)
    assert a_sample < (4.5 if part == "lsm9ds1" else 3.2)  # two to three of them carry the sample


@each
def test_a_sensor_that_dies_is_reported_and_comes_back_with_a_gap(play, part):
    said = play(started(part), "poll 2000000 1000 unplug poll 5000000 1000 state",
                "plug poll 4000000 1000")  # fmt: skip
    assert said.lines[1][1] == str(STOPPED)
    assert said.status == NONE
    seq, t_us = said.samples[:, 0], said.samples[:, 1]
    (hole,) = np.flatnonzero(np.diff(seq) > 1)
    missing = int(np.diff(seq)[hole]) - 1
    silent_s = int(np.diff(t_us)[hole]) / SECOND_US
    assert missing == pytest.approx(silent_s * NOMINAL_MILLIHZ[part] / 1000, rel=0.02)
    assert said.lost == missing
    assert (np.diff(t_us) > 0).all()


@each
@pytest.mark.parametrize("every", [7, 10, 101])
def test_a_bus_that_fails_now_and_then_costs_no_sample(play, part, every):
    said = play(started(part), f"numbers poll 1000000 1000 flaky {every} poll 20000000 1000")
    seq = said.samples[:, 0]
    assert said.lost == 0
    assert seq.tolist() == list(range(len(seq)))
    assert np.array_equal(numbers(part, said), seq)


@each
def test_a_sensor_that_is_silent_at_boot_is_found_later(play, part):
    said = play(f"part {part} {NOMINAL_MILLIHZ[part]} unplug begin poll 5000000 1000",
                "plug poll 4000000 1000")  # fmt: skip
    assert said.lines[0] == ["0", "none"]
    assert said.status == NONE
    assert len(said.samples) > 2 * NOMINAL_MILLIHZ[part] / 1000
    assert said.samples[0, 0] == 0
    assert said.lost == 0


@each
def test_a_bus_that_is_stuck_at_boot_and_freed_later_gives_its_sensor(play, part):
    said = play(f"part {part} {NOMINAL_MILLIHZ[part]} jam begin poll 3000000 1000 state",
                "free poll 4000000 1000")  # fmt: skip
    assert said.lines[0][0] == "0"
    assert len(said.samples) > NOMINAL_MILLIHZ[part] / 1000


@each
@pytest.mark.parametrize("fault", ["jam", "unplug", "hold", "flaky 3", "corrupt unplug"])
def test_no_fault_of_the_sensor_stops_the_board_for_long(play, part, fault):
    """Neither while it lasts nor while the sensor is started again."""
    said = play(started(part), f"poll 1000000 1000 {fault} poll 9000000 1000 state",
                "free plug flaky 0 poll 9000000 1000")  # fmt: skip
    assert int(said.lines[-2][3]) / 1000 <= 100
    assert said.longest_ms <= 100


@each
def test_a_stuck_bus_is_freed(play, part):
    said = play(started(part), "poll 1000000 1000 hold poll 8000000 1000")
    assert said.status == NONE
    assert said.samples[-1, 1] > 8 * SECOND_US
    assert said.lost > 0


@each
def test_a_setting_that_arrives_wrong_gives_no_wrong_value(play, part):
    """Whichever write it is and whichever bit."""
    count = {"acceleration": G[part], "rotation": DPS100[part]}
    frame = on_part(part, 2, count["acceleration"])
    frame = [a or b for a, b in zip(frame, on_part(part, 3, count["rotation"]), strict=True)]
    shown = f"show {' '.join(map(str, frame))}"
    right = play(started(part), shown, "poll 500000 2000").samples[-1, 2:8]
    for write in range(1, WRITES_OF_START[part] + 1):
        for bit in range(8):
            said = play(shown, f"garble {write} {1 << bit}", started(part), "poll 2500000 2000")
            assert len(said.samples) > NOMINAL_MILLIHZ[part] / 1000, (write, bit)
            assert (said.samples[:, 2:8] == right).all(), (write, bit)


def test_a_bmi270_with_wrong_firmware_does_not_start(play):
    said = play("part bmi270 200000 corrupt begin poll 1500000 1000")
    assert said.lines[0] == ["0", "BMI270"]
    assert len(said.samples) == 0
    assert said.status == STOPPED
