"""What the board does with sensors at other rates, with losses, and with hosts that are slow."""

from __future__ import annotations

import fcntl
import math
import shutil
import struct
import termios
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path

import pytest

from tests.firmware.building import FIRMWARE, MODEL, link_virtual
from tests.firmware.talking import ENDED, LIMIT_S, MAGIC, RECORD, fast_replay, qemu_command, start

WANTED_HZ = 119.0
HOP = 4
RESAMPLED_LATE = 10  # samples by which they come after their time
DROPPED = 1 << 63
PIPE_BYTES = 4096


def sensor_file(
    path: Path,
    rate_hz: float,
    rows: Sequence[Sequence[int]],
    *,
    nominal_hz: float | None = None,
    stream_hz: float = 0,
    dropped: frozenset[int] = frozenset(),
) -> Path:
    """The emulated sensor's memory, see firmware/boards/emulated_imu/emulated_imu.h."""
    nominal_millihz = round(1000 * (nominal_hz or rate_hz))
    period_us = round(1e9 / nominal_millihz)
    header = (MAGIC, 1, len(rows), period_us, ENDED, round(1000 * stream_hz), nominal_millihz, 0)
    records = [
        RECORD.pack(round(i * 1e6 / rate_hz) | (DROPPED if i in dropped else 0), *row)
        for i, row in enumerate(rows)
    ]
    path.write_bytes(struct.pack("<8I", *header) + b"".join(records))
    return path


def swinging(rate_hz: float, seconds: float) -> list[list[int]]:
    """ax goes smoothly to one side and to the other, twelve seconds a round, with rests."""
    rows = []
    for i in range(round(rate_hz * seconds)):
        wave = math.sin(2 * math.pi * i / rate_hz / 12)
        rows.append([round(1500 * wave**3), 5, -5, 7, -7, 0])
    return rows


Board = Callable[..., list[str]]


@pytest.fixture
def all_said(sanitized_native: Path, tmp_path: Path) -> Board:
    """Everything the native board says to a sensor's recording, with commands before it."""

    def run(rate_hz: float, rows: Sequence[Sequence[int]], *commands: str, **more: object):
        imu = sensor_file(tmp_path / "imu", rate_hz, rows, **more)  # type: ignore[arg-type]
        with (
            held(imu) as let_go,
            start([str(sanitized_native)], GESTURE_IMU_FILE=str(imu), GESTURE_FAST="1") as board,
        ):
            for command in commands:
                assert board.ask(command) == "ok"
            let_go()
            return [*board.until("warn sensor-stopped"), board.ask("info")]

    return run


@contextmanager
def held(imu: Path) -> Iterator[Callable[[], None]]:
    """The file as one whose samples have not come yet, and what lets them come."""
    content = imu.read_bytes()
    with imu.open("r+b", buffering=0) as memory:

        def write(at: int, value: bytes) -> None:
            memory.seek(at)
            memory.write(value)

        def let_go() -> None:
            write(16, content[16:20])
            write(8, content[8:12])

        write(8, bytes(4))
        write(16, bytes(4))
        yield let_go


def events(lines: Sequence[str]) -> list[tuple[str, int]]:
    found = [line.split() for line in lines if line.startswith("event")]
    return [(label, int(t_us)) for _, t_us, label, _ in found]


def samples(lines: Sequence[str]) -> list[tuple[int, int]]:
    return [tuple(map(int, line.split(",")[:2])) for line in lines if line[0].isdigit()]


def fields(lines: Sequence[str]) -> dict[str, str]:
    return dict(word.split("=", 1) for word in lines[-1].split()[1:])


@pytest.mark.parametrize("rate_hz", [200.0, 104.0, 116.0, 238.0])
def test_a_model_gives_the_same_events_from_a_sensor_at_another_rate(all_said, rate_hz):
    expected = events(all_said(WANTED_HZ, swinging(WANTED_HZ, 36)))
    said = all_said(rate_hz, swinging(rate_hz, 36))
    assert [label for label, _ in expected] == ["right", "left"] * 3
    assert [label for label, _ in events(said)] == [label for label, _ in expected]
    hop_us = HOP * 1e6 / WANTED_HZ
    for (_, found_us), (_, expected_us) in zip(events(said), expected, strict=True):
        assert abs(found_us - expected_us) <= 2 * hop_us
    assert fields(said)["pace"] == "resampled"


def test_a_sensor_that_is_slower_than_it_says_is_resampled_once_that_is_known(all_said):
    said = all_said(113.0, swinging(113.0, 36), nominal_hz=119.0)
    assert [label for label, _ in events(said)] == ["right", "left"] * 3
    shown = fields(said)
    assert (shown["pace"], shown["nominal_hz"]) == ("resampled", "119.000")
    assert float(shown["sensor_hz"]) == pytest.approx(113, rel=0.002)


@pytest.mark.parametrize(("rate_hz", "nominal_hz"), [(60.0, 60.0), (60.0, 119.0), (2000.0, 119.0)])
def test_a_rate_that_is_off_is_reported_and_nothing_is_classified(all_said, rate_hz, nominal_hz):
    rows = [[1016, 0, 0, 0, 0, 0]] * round(4 * rate_hz)
    said = all_said(rate_hz, rows, "stream on", "scores on", nominal_hz=nominal_hz)
    shown = next(i for i, line in enumerate(said) if line.startswith("warn rate-off"))
    assert said[shown].endswith(" wanted_hz=119.000")
    assert float(said[shown].split("measured_hz=")[1].split()[0]) == pytest.approx(
        rate_hz, rel=0.01
    )
    assert sum(line.startswith("warn rate-off") for line in said) == 1
    assert not [line for line in said[shown:] if line.startswith(("event", "score"))]
    assert len(samples(said)) == len(rows)  # what is captured is not held back
    assert fields(said)["pace"] == "off"


def test_who_asks_for_events_is_reported_again_that_the_rate_is_off(sanitized_native, tmp_path):
    imu = sensor_file(tmp_path / "imu", 60, [[0] * 6] * 400)
    with start([str(sanitized_native)], GESTURE_IMU_FILE=str(imu), GESTURE_FAST="1") as board:
        board.until("warn sensor-stopped")
        assert board.ask("classify on") == "ok"
        assert board.line().startswith("warn rate-off measured_hz=60.000 wanted_hz=119.000")


def score_times(lines: Sequence[str]) -> list[int]:
    return [int(line.split()[1]) for line in lines if line.startswith("score")]


def test_no_window_spans_a_hole(all_said):
    rows = swinging(WANTED_HZ, 12)
    lost = frozenset(range(500, 500 + HOP + 1))
    said = all_said(WANTED_HZ, rows, "scores on", dropped=lost)
    assert [line for line in said if line.startswith("warn hole")] == [f"warn hole seq={501 + HOP}"]
    window = int(fields(said)["window"])
    last_us, first_us = (round(i * 1e6 / WANTED_HZ) for i in (499, 500 + HOP + window))
    times = score_times(said)
    assert [t_us for t_us in times if last_us < t_us < first_us] == []
    assert first_us in times


def test_fewer_lost_samples_than_a_hop_are_passed_over(all_said):
    lost = frozenset(range(500, 500 + HOP))
    said = all_said(WANTED_HZ, swinging(WANTED_HZ, 12), "scores on", dropped=lost)
    assert not [line for line in said if line.startswith("warn hole")]
    hop_us = HOP * 1e6 / WANTED_HZ
    assert max(b - a for a, b in pairwise(score_times(said))) < 2.5 * hop_us


def test_what_is_asked_for_afterwards_begins_after_the_hole(sanitized_native, tmp_path):
    rows, lost = swinging(WANTED_HZ, 6), frozenset(range(300, 350))
    imu = sensor_file(tmp_path / "imu", WANTED_HZ, rows, dropped=lost)
    with start([str(sanitized_native)], GESTURE_IMU_FILE=str(imu), GESTURE_FAST="1") as board:
        board.until("warn sensor-stopped")
        board.send("pull 0")
        kept = [line for line in board.until("ok") if line.startswith("past")]
    assert [int(line.split()[1].split(",")[0]) for line in kept] == list(range(350, 366))


def test_a_sensor_of_200_hz_can_be_captured_at_119(all_said):
    rows = swinging(200, 20)
    said = all_said(200, rows, "stream on", stream_hz=119)
    found = samples(said)
    assert found[0] == (0, 0)
    assert [t_us for _, t_us in found] == [round(seq * 1e6 / 119) for seq, _ in found]
    assert [seq for seq, _ in found] == list(range(len(found)))
    assert len(found) == pytest.approx(20 * 119 - RESAMPLED_LATE, abs=2)
    shown = fields(said)
    assert (shown["stream_hz"], shown["nominal_hz"]) == ("119.000", "200.000")
    assert float(shown["measured_hz"]) == pytest.approx(119, rel=1e-3)
    assert shown["pace"] == "direct"


def test_a_stream_that_is_brought_to_its_rate_needs_nothing_more_for_the_model(all_said):
    said = all_said(113, swinging(113, 36), "stream on", nominal_hz=119, stream_hz=119)
    shown = fields(said)
    assert (shown["pace"], shown["nominal_hz"]) == ("direct", "119.000")
    assert float(shown["measured_hz"]) == pytest.approx(119, rel=1e-3)
    assert float(shown["sensor_hz"]) == pytest.approx(113, rel=1e-3)
    assert [label for label, _ in events(said)] == ["right", "left"] * 3
    assert {t_us for _, t_us in events(said)} <= {t_us for _, t_us in samples(said)}


def test_a_stream_that_cannot_be_brought_to_its_rate_is_not_classified(all_said):
    rows = [[1016, 0, 0, 0, 0, 0]] * 400
    said = all_said(60, rows, "stream on", nominal_hz=119, stream_hz=119)
    shown = next(i for i, line in enumerate(said) if line.startswith("warn rate-off"))
    assert not [line for line in said[shown:] if line.startswith("event")]
    assert sum(line.startswith("warn rate-off") for line in said) == 1
    assert fields(said)["pace"] == "off"


@pytest.mark.parametrize("stream_hz", [0, 119])
def test_what_the_sensor_dropped_is_reported_before_the_sample_after_it(all_said, stream_hz):
    rate_hz = 200 if stream_hz else WANTED_HZ
    rows = swinging(rate_hz, 10)
    dropped = frozenset({500, 501, 502, 900})
    said = all_said(rate_hz, rows, "stream on", stream_hz=stream_hz, dropped=dropped)
    shown = [i for i, line in enumerate(said) if line.startswith("warn overrun")]
    assert [said[i].split()[2] for i in shown] == ["lost=3", "lost=1"]
    for i in shown:
        seq = int(said[i].split("seq=")[1])
        assert said[i + 1].startswith(f"{seq},")
        assert int(said[i - 1].split(",")[0]) < seq - 1 or stream_hz
    assert fields(said)["overruns"] == "4"
    if not stream_hz:
        missing = set(range(len(rows))) - {seq for seq, _ in samples(said)}
        assert missing == dropped


def test_lines_that_nobody_takes_are_counted_and_samples_go_on(sanitized_native, tmp_path):
    imu = sensor_file(tmp_path / "imu", 1000, swinging(1000, 60))
    give_up_at = time.monotonic() + LIMIT_S
    with start([str(sanitized_native)], GESTURE_IMU_FILE=str(imu)) as board:
        fcntl.fcntl(board.output, fcntl.F_SETPIPE_SZ, PIPE_BYTES)
        assert board.ask("stream on") == "ok"
        said = {"dropped": "0"}
        while said["dropped"] == "0":
            assert time.monotonic() < give_up_at
            wait_until_full(board.output, give_up_at)
            board.until_empty()
            said = fields([board.ask("info")])
    assert said["overruns"] == "0"


def wait_until_full(output: int, give_up_at: float) -> None:
    """Until a board that has a line to send every millisecond has added nothing for a while."""
    unread, unchanged = 0, 0
    while unchanged < 20:
        assert time.monotonic() < give_up_at
        time.sleep(0.01)
        before = unread
        (unread,) = struct.unpack("i", fcntl.ioctl(output, termios.FIONREAD, bytes(4)))
        unchanged = unchanged + 1 if unread == before > 0 else 0


SLOW_INVOKE = """static void invoke(const int8_t *input, int8_t *output) {
  for (volatile int32_t i = 0; i < 100000; i++) {}
"""


@pytest.fixture(scope="module")
def slow_image(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Path:
    """A virtual board whose network takes about ten milliseconds."""
    request.getfixturevalue("qemu")
    folder = tmp_path_factory.mktemp("slow")
    model = shutil.copytree(MODEL, folder / "model")
    source = model / "model_contract.c"
    text = source.read_text()
    invoke = "static void invoke(const int8_t *input, int8_t *output) {\n"
    assert invoke in text
    source.write_text(text.replace(invoke, SLOW_INVOKE))
    return link_virtual(folder / "slow.elf", FIRMWARE / "src" / "main.c", model)


@pytest.mark.parametrize(("share", "loses"), [(0.9, False), (1.3, True)])
def test_long_work_loses_nothing_while_fifo_and_ring_last(slow_image, tmp_path, share, loses):
    """256 samples in the FIFO and 64 in the ring: `share` of both comes
    while the network runs fifty times."""
    with start(qemu_command(slow_image, "-icount", "shift=4,sleep=off")) as board:
        board.until("warn no-sensor")
        ticks = int(board.ask("bench 50").split("ticks=")[1])
    busy_s = ticks / 25e6
    rate_hz = share * (256 + 64) / busy_s
    imu = sensor_file(tmp_path / "imu", rate_hz, [[0] * 6] * 2000)
    with start(qemu_command(slow_image, *fast_replay(imu))) as board:
        board.send(b"classify off\nbench 50\n")
        said = board.until("ok runs")
        said += board.until("warn sensor-stopped")
    assert any(line.startswith("warn overrun") for line in said) == loses
