"""Whatever a sketch prints, its samples are recorded in g and deg/s, or the reason is named."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.capture.sender_lines import LineSplitter
from pipeline.capture.stream_decoder import BurstEnd, StreamDecoder
from pipeline.capture.track import TrackSample
from pipeline.core.artifacts import Float64
from pipeline.core.errors import ExitCode
from pipeline.core.imu_columns import Role
from pipeline.core.units_option import read_units
from tests.refusals import refuses

G = 9.80665
RATE_HZ = 100.0
SAMPLES = 320


def motion(count: int = SAMPLES, fastest_dps: float = 150.0) -> Float64:
    """Gravity in a hand that turns about two axes, with a rest: float64 [count, 6], g and deg/s."""
    t_s = np.arange(count) / RATE_HZ
    strength = np.maximum(0, np.sin(2 * np.pi * t_s / 3)) ** 2
    turning = np.stack([np.sin(7 * t_s), np.cos(5 * t_s), 0.3 * np.sin(11 * t_s)], 1)
    turning *= (strength * fastest_dps)[:, None]
    gravity = np.empty((count, 3))
    now = np.array([0.0, 0.0, 1.0])
    for at, rate in enumerate(np.radians(turning)):
        gravity[at] = now
        now = now + np.cross(now, rate) / RATE_HZ
        now /= np.linalg.norm(now)
    return np.round(np.hstack([gravity, turning]), 3)


MOTION = motion()
Write = Callable[[int, Float64], str]


@dataclass
class Heard:
    """What a decoder made of a stream."""

    decoder: StreamDecoder
    rows: list[TrackSample]
    bursts: list[int]  # their rows

    @property
    def values(self) -> Float64:
        return np.array([row.values for row in self.rows]) / 1000

    @property
    def sender(self) -> str:
        return self.decoder.sender.name if self.decoder.sender else ""

    @property
    def not_guaranteed(self) -> str:
        return "; ".join(self.decoder.sender.not_guaranteed if self.decoder.sender else ())


def hear(pieces: Iterable[tuple[int, bytes]], units: str = "") -> Heard:
    """Decode pieces that arrive at these times."""
    heard = Heard(StreamDecoder(units=read_units(units) if units else None), [], [0])
    for at_us, piece in pieces:
        for decoded in heard.decoder.feed(piece, at_us):
            if isinstance(decoded, BurstEnd):
                heard.bursts.append(0)
            else:
                heard.rows.append(decoded)
                heard.bursts[-1] += 1
    return heard


def lines(write: Write, samples: Float64 = MOTION, header: str = "") -> Iterator[tuple[int, bytes]]:
    """Every sample at its time, as a sketch writes it."""
    if header:
        yield 0, header.encode() + b"\r\n"
    for n, sample in enumerate(samples):
        yield round((n + 1) * 1e6 / RATE_HZ), write(n, sample).encode() + b"\r\n"


def joined(separator: str, digits: int = 3) -> Write:
    return lambda _n, sample: separator.join(f"{value:.{digits}f}" for value in sample)


def plain(_n: int, sample: Float64) -> str:
    return joined(",")(_n, sample)


def named(template: str) -> Write:
    return lambda n, sample: template.format(*sample, n=n, ms=n * 10)


UNTOLD = {
    "commas": joined(","),
    "tabs": joined("\t"),
    "semicolons and a last one": lambda n, s: joined(";")(n, s) + ";",
    "spaces, padded": named("{:8.3f} {:8.3f} {:8.3f} {:9.3f} {:9.3f} {:9.3f}"),
    "bars": joined(" | "),
    "brackets": lambda n, s: f"[{joined(', ')(n, s)}]",
    "decimal commas": lambda n, s: joined(";")(n, s).replace(".", ","),
    "a word before": lambda n, s: "a/g:\t" + joined("\t")(n, s),
    "PLX-DAQ without header": lambda n, s: "DATA,TIME," + joined(",")(n, s),
    "an empty line after each": lambda n, s: joined(",")(n, s) + "\r\n",
    "empty lines between": lambda n, s: joined(",")(n, s) + "\n" * (1 + n % 3),
    "stray bytes": lambda n, s: joined(",")(n, s) + ("\0" if n % 5 else "\r"),
    "the time of a serial monitor": lambda n, s: "12:59:07.123 -> " + joined(",")(n, s),
    "nine": lambda n, s: joined(",")(n, s) + ",12.5,-3.1,40.2",
    "serial plotter": named("aX:{:.3f},aY:{:.3f},aZ:{:.3f},gX:{:.3f},gY:{:.3f},gZ:{:.3f}"),
    "words": named(
        "Accel X: {:.3f} Y: {:.3f} Z: {:.3f} | Gyro X: {:.3f} Y: {:.3f} Z: {:.3f}",
    ),
    "equals, and a temperature between": named(
        "AcX = {:.3f} | AcY = {:.3f} | AcZ = {:.3f} | Tmp = 23.{n} | GyX = {:.3f} | GyY = {:.3f}"
        " | GyZ = {:.3f}"
    ),
    "JSON": named(
        '{{"gx":{3:.3f},"gy":{4:.3f},"gz":{5:.3f},"ax":{0:.3f},"ay":{1:.3f},"az":{2:.3f}}}'
    ),
    "JSON in objects": named(
        '{{"acc":{{"x":{:.3f},"y":{:.3f},"z":{:.3f}}},"gyro":[{:.3f},{:.3f},{:.3f}],"ok":true}}'
    ),
    "a sensor's numbers after its name": named(
        "Acc: {:.3f} {:.3f} {:.3f}\tGyr: {:.3f} {:.3f} {:.3f}"
    ),
    "a line for each sensor": named(
        "Acceleration X: {:.3f}, Y: {:.3f}, Z: {:.3f} g\r\n"
        "Rotation X: {:.3f}, Y: {:.3f}, Z: {:.3f} deg/s\r\nTemperature: 36.{n} degC\r\n"
    ),
    "Teleplot": named(">aX:{:.3f}\n>aY:{:.3f}\n>aZ:{:.3f}\n>gX:{:.3f}\n>gY:{:.3f}\n>gZ:{:.3f}"),
}


@pytest.mark.parametrize("write", UNTOLD.values(), ids=UNTOLD.keys())
def test_rows_without_a_clock_are_recorded_as_they_were_sent(write: Write) -> None:
    heard = hear(lines(write))
    assert np.array_equal(heard.values, MOTION)
    assert heard.bursts == [SAMPLES]  # one continuous stream
    assert "times are those of arrival" in heard.not_guaranteed
    assert heard.decoder.rate_hz() == RATE_HZ


TIMED = {
    "ms without a name": (lambda n, s: f"{5000 + n * 10},{plain(n, s)}", ""),
    "us after the others": (
        lambda n, s: f"{plain(n, s)},{n * 10_000}",
        "aX,aY,aZ,gX,gY,gZ,micros",
    ),
    "seconds": (lambda n, s: f"{n / 100:.2f},{plain(n, s)}", "Time (s),ax,ay,az,gx,gy,gz"),
    "a count": (lambda n, s: f"{n},{plain(n, s)}", ""),
    "a count and ms": (lambda n, s: f"{n + 7}\t{n * 10}\t{joined(chr(9))(n, s)}", ""),
    "PLX-DAQ": (
        lambda n, s: f"DATA,TIME,{n * 10},{plain(n, s)}",
        "LABEL,Time,ms,aX,aY,aZ,gX,gY,gZ",
    ),
    "Teleplot with times": (
        named(
            ">aX:{ms}:{:.3f}\n>aY:{ms}:{:.3f}\n>aZ:{ms}:{:.3f}\n"
            ">gX:{ms}:{:.3f}\n>gY:{ms}:{:.3f}\n>gZ:{ms}:{:.3f}"
        ),
        "",
    ),
    "JSON": (
        named(
            '{{"t":{ms},"acc":[{:.3f},{:.3f},{:.3f}],"gyro":[{:.3f},{:.3f},{:.3f}],"mag":[1,2,3]}}'
        ),
        "",
    ),
}


@pytest.mark.parametrize(("write", "header"), TIMED.values(), ids=TIMED.keys())
def test_a_clock_or_a_count_in_the_rows_shows_samples_that_were_lost(
    write: Write, header: str
) -> None:
    pieces = list(lines(write, header=header))
    lost = len(pieces) - 20
    heard = hear(pieces[:lost] + pieces[lost + 3 :])
    part = heard.decoder.track.section(0, 1 << 62)
    assert [gap.missing for gap in part.gaps] == [3]
    assert np.array_equal(np.delete(MOTION, range(SAMPLES - 20, SAMPLES - 17), 0), heard.values)
    assert np.abs(np.diff(part.t_us) - np.diff(part.seq) * 10_000).max() <= 1
    assert heard.decoder.rate_hz() == RATE_HZ
    assert "lost samples cannot" not in heard.not_guaranteed


@pytest.mark.parametrize(
    ("acceleration", "turning", "header", "units"),
    [
        (G, math.radians(1), "", ""),
        (1.0, 1.0, "", ""),
        (G, 1.0, "Acc X [m/s²],Acc Y [m/s²],Acc Z [m/s²],Gyr X [dps],Gyr Y [dps],Gyr Z [dps]", ""),
        (1000.0, 1000.0, "ax_mg,ay_mg,az_mg,gx_mdps,gy_mdps,gz_mdps", ""),
        (16384.0, 131.0, "", "counts 16384, counts 131"),
        (G, math.radians(1), "ax,ay,az,gx,gy,gz", "m/s2, rad/s"),
    ],
)
def test_samples_of_any_unit_are_recorded_in_g_and_degrees(
    acceleration: float, turning: float, header: str, units: str
) -> None:
    sent = MOTION * ([acceleration] * 3 + [turning] * 3)
    sent = np.rint(sent) if acceleration > 10_000 else np.round(sent, 6)
    heard = hear(lines(lambda _n, s: ",".join(f"{v:g}" for v in s), sent, header), units)
    assert np.abs(heard.values - MOTION).max() < 0.01
    assert len(heard.values) == SAMPLES


COUNTS = np.rint(MOTION * ([16384.0] * 3 + [131.0] * 3))


@pytest.mark.parametrize(
    ("sent", "why"),
    [
        (COUNTS, "the unit of its turning cannot be told: as gravity turns, 13"),
        (COUNTS[:, :3] / 3.8, "the unit of its acceleration cannot be told"),
        (np.abs(MOTION[:1] - 0.001).repeat(SAMPLES, 0), "the unit of its turning cannot be told"),
    ],
)
def test_a_unit_that_nothing_tells_is_asked_for(sent: Float64, why: str) -> None:
    heard = hear(lines(joined(","), sent))
    assert not heard.rows
    assert why in heard.decoder.unit_question
    assert heard.decoder.unrecognized.first_lines[0] == joined(",")(0, sent[0])


def test_the_usual_units_of_a_sketch_hold_only_together() -> None:
    """Hardly turned, so that only the acceleration shows its unit."""
    still = MOTION[:1] + np.random.default_rng(1).normal(0, 0.004, (119, 6))
    for acceleration, known in ((1.0, True), (G, False)):
        rows = still * ([acceleration] * 3 + [1] * 3)
        sent = [(n * 10_000, joined(",")(n, row).encode() + b"\r\n") for n, row in enumerate(rows)]
        heard = hear([(0, b"aX,aY,aZ,gX,gY,gZ\r\n"), *sent, (1_200_000, b"\r\n")])
        assert bool(heard.rows) is known
        assert not known or "units are assumed" in heard.not_guaranteed


def test_a_named_unit_that_gravity_contradicts_is_not_believed() -> None:
    heard = hear(lines(plain, MOTION * ([G] * 3 + [1] * 3), "aX(g),aY(g),aZ(g),gX,gY,gZ"))
    assert not heard.rows
    assert "named as g, but gravity is" in heard.decoder.unit_question


@pytest.mark.parametrize(
    ("line", "header", "why"),
    [
        ("1.0,2.5,0.1,0.2", "", "4 numbers without names"),
        ("{n},1,2,3,4,5,6,7,8,9,10,11", "", "12 numbers without names"),
        ("ypr\t0.1\t0.2\t0.3", "", "no acceleration"),
        ("0.1\t0.2\t0.3", "Gyroscope in degrees/second\r\nX\tY\tZ", "no acceleration"),
        ("23.5,1013.2,45.1", "temperature,pressure,humidity", "no acceleration"),
        ("0.1,0.2,0.9,0.1,0.2,0.9", "a1x,a1y,a1z,a2x,a2y,a2z", ""),
    ],
)
def test_other_numbers_are_not_recorded_as_motion(line: str, header: str, why: str) -> None:
    heard = hear(lines(lambda n, _s: line.format(n=n), header=header))
    question = heard.decoder.unrecognized.question
    assert not heard.rows
    assert question is not None
    assert why in question.what


@pytest.mark.parametrize("line", ["", "hello", "Temperature 23.5", "1,2", "x"])
def test_lines_of_something_else_are_quoted(line: str) -> None:
    heard = hear((n * 10_000, line.encode() + b"\r\n") for n in range(400))
    assert heard.decoder.sender is None
    assert heard.decoder.unrecognized.first_lines[:1] == ((line,) if line else ())


def bursts(
    rows: int, count: int, header: str = "", ended: str = "\r\n", clock: bool = False
) -> Iterator[tuple[int, bytes]]:
    """Movements, each after a second of rest, as the tutorial's sketch sends them."""
    us = 0
    for burst in range(count):
        us += 1_000_000
        if header and (burst == 0 or not ended):
            yield us, header.encode() + b"\r\n"
        for n, sample in enumerate(motion(rows)):
            us += 10_000
            yield us, (f"{n * 10}," if clock else "").encode() + plain(n, sample).encode() + b"\r\n"
        yield us, ended.encode()


@pytest.mark.parametrize(
    ("rows", "header", "ended", "clock", "name"),
    [
        (119, "aX,aY,aZ,gX,gY,gZ", "\r\n", False, "tutorial"),
        (119, "", "\r\n", False, "tutorial"),
        (140, "aX,aY,aZ,gX,gY,gZ", "\r\n", False, "tutorial"),
        (40, "", "-,-,-,-,-,-\r\n", False, "tutorial"),
        (100, "timestamp,accX,accY,accZ,gyrX,gyrY,gyrZ", "\r\n", True, "Edge Impulse"),
        (100, "t_ms,ax,ay,az,gx,gy,gz", "", True, "bursts of rows"),
        (240, "t_ms,ax,ay,az,gx,gy,gz", "", True, "bursts of rows"),  # longer than the patience
    ],
)
def test_a_burst_ends_at_a_blank_line_after_many_rows_or_at_a_header(
    rows: int, header: str, ended: str, clock: bool, name: str
) -> None:
    heard = hear(bursts(rows, 3, header, ended, clock))
    assert name in heard.sender
    wanted = [rows, rows, rows, 0] if ended else [rows, rows, rows]
    assert heard.bursts == wanted
    assert np.array_equal(heard.values[rows : 2 * rows], motion(rows))
    assert heard.decoder.rate_hz() == RATE_HZ  # of the rows, without the rests
    times_us = [row.t_us for row in heard.rows]
    assert times_us == sorted(times_us)
    assert times_us[rows] - times_us[rows - 1] > 900_000
    assert heard.decoder.track.totals["lost"] == 0


@pytest.mark.parametrize(("clock", "rate_hz"), [(True, RATE_HZ), (False, 119.0)])
def test_a_burst_that_comes_all_at_once_has_the_rate_of_its_clock(
    clock: bool, rate_hz: float
) -> None:
    pieces = list(bursts(100, 3, "", "\r\n", clock))
    sent = [
        (1_000_000 * (1 + n), b"".join(piece for _, piece in pieces[n * 101 : (n + 1) * 101]))
        for n in range(3)
    ]
    heard = hear(sent)
    assert heard.bursts == [100, 100, 100, 0]
    assert heard.decoder.rate_hz() == rate_hz
    assert ("taken for 119 Hz" in heard.not_guaranteed) is not clock


def test_a_stream_that_pauses_has_the_rate_of_its_rows() -> None:
    paused = [(at + 400_000 * (n // 80), piece) for n, (at, piece) in enumerate(lines(plain))]
    assert hear(paused).decoder.rate_hz() == RATE_HZ


def test_a_header_is_waited_on_however_long_no_movement_comes() -> None:
    heard = hear([(0, b"aX,aY,aZ,gX,gY,gZ\r\n")])
    assert heard.decoder.awaits_rows
    assert heard.decoder.sender is None


def test_a_header_that_is_repeated_between_rows_ends_no_movement() -> None:
    def write(n: int, sample: Float64) -> str:
        return ("aX,aY,aZ,gX,gY,gZ\r\n" if n % 50 == 0 else "") + plain(n, sample)

    heard = hear(lines(write))
    assert heard.bursts == [SAMPLES]
    assert np.array_equal(heard.values, MOTION)


def test_a_damaged_row_is_left_out_and_a_board_that_starts_again_goes_on() -> None:
    def write(n: int, sample: Float64) -> str:
        if n == 290:
            return "2900,0.1,0.2"
        if n == 295:  # a digit of its time was lost
            return f"{n},{plain(n, sample)}"
        return f"{(n - 310) * 10 if n >= 310 else n * 10},{plain(n, sample)}"

    heard = hear(lines(write))
    assert dict(heard.decoder.track.totals) == {"corrupt": 2, "lost": 2, "reboot": 1}
    assert np.array_equal(heard.values, np.delete(MOTION, [290, 295], 0))
    times_us = np.array([row.t_us for row in heard.rows])
    assert np.abs(np.diff(times_us) - 10_000).max() <= 10_000


def test_a_clock_of_microseconds_runs_on_over_its_end() -> None:
    start = (1 << 32) - 1_000_000
    heard = hear(lines(lambda n, s: f"{(start + n * 10_000) % (1 << 32)},{plain(n, s)}"))
    part = heard.decoder.track.section(0, 1 << 62)
    assert set(np.diff(part.t_us)) == {10_000}
    assert not heard.decoder.track.totals["reboot"]


@given(st.lists(st.sampled_from(["\r\n", "\n", "\r", "\n\r"]), min_size=1, max_size=1), st.data())
@settings(max_examples=30)
def test_lines_end_however_a_sketch_ends_them(ends: list[str], data: st.DataObject) -> None:
    text = "".join(f"{n},1,2{ends[0]}" for n in range(8)).encode() + b"8"
    splitter, found, at = LineSplitter(), [], 0
    while at < len(text):
        size = data.draw(st.integers(1, 9))
        found += splitter.feed(text[at : at + size])
        at += size
    assert [line for line in found if line] == [b"%d,1,2" % n for n in range(8)]
    assert not [line for line in found if not line] or ends[0] == "\n\r"


@pytest.mark.parametrize("text", ["", "feet", "g,deg/s,uT", "counts 0", "counts x, deg/s", "deg/s"])
def test_units_that_are_none_are_refused(text: str) -> None:
    with refuses("is not understood", ExitCode.USAGE):
        read_units(text)


def test_units_of_the_option() -> None:
    assert read_units("g") == {Role.ACCELERATION: 1.0}
    assert read_units("counts 16384,counts 131") == {
        Role.ACCELERATION: 1 / 16384,
        Role.TURNING: 1 / 131,
    }
