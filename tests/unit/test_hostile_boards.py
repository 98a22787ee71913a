"""A board may say anything, for ever: every wait ends, and no number is believed unseen."""

from __future__ import annotations

import os
import pty
from dataclasses import astuple, replace
from itertools import pairwise
from math import isfinite
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.capture import client as client_module
from pipeline.capture import feedback as pull_module
from pipeline.capture.client import READY_TIMEOUT_S, BoardClient
from pipeline.capture.feedback import (
    FALSE_ALARM,
    HISTORY_SAMPLES,
    LIMIT_S,
    PULL_LINES,
    false_alarm,
    feedback_recording,
    missed_gesture,
    pull_samples,
)
from pipeline.capture.link_statistics import LinkStatistics, MonitorEntry, monitor_entry
from pipeline.capture.protocol import (
    LATEST_US,
    BoardInfo,
    Message,
    Sample,
    board_info,
    event_of,
    network_output_of,
    past_of,
)
from pipeline.capture.segmentation import CaptureInfo
from pipeline.capture.stream_decoder import StreamDecoder
from pipeline.cli.keyboard import Keyboard
from pipeline.core.artifacts import Recording
from pipeline.core.errors import PipelineError
from pipeline.datasets.recordings import save_recording
from tests.fixtures.board_lines import (
    INFO,
    RATE_HZ,
    WRAP,
    Clock,
    KeepingBoard,
    SayingBoard,
    past_line,
    sample_line,
)
from tests.refusals import refuses

FLOODS = (
    b"ok\n" * 50,
    b"err unknown-command\n" * 50,
    b"ok lines=16\n",
    b"hello board=x\n" * 9,
    b"event 1 up 0.9\n" * 50,
    sample_line(1) * 50,
    b"\xff" * 4096,
    b"ok " + b"a " * 1000 + b"\n",
    INFO.replace(b"100.000", b"nan"),
    b"",
)
UNASKED = tuple(said for said in FLOODS if said and not said.startswith((b"ok", b"err")))
NUMBERS = ("nan", "inf", "-inf", "-1", "1e308", "9" * 400, "1e10", "", "x", "0x10", "1_0")


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """What waits read it; past 200 s of it a test fails."""
    clock = Clock()
    for module in (client_module, pull_module):
        monkeypatch.setattr(module, "time", clock)
    return clock


@pytest.mark.parametrize("said", FLOODS, ids=range(len(FLOODS)))
def test_waiting_for_a_board_ends_whatever_it_says(clock: Clock, said: bytes) -> None:
    with pytest.raises(PipelineError):
        BoardClient(SayingBoard(clock, said)).wait_ready()
    assert clock.now_s < 2 * READY_TIMEOUT_S


@pytest.mark.parametrize(
    "said", [*FLOODS, past_line(7) * 16 + b"ok lines=16\n"], ids=range(len(FLOODS) + 1)
)
def test_pulling_ends_whatever_a_board_says(clock: Clock, said: bytes) -> None:
    try:
        samples = pull_samples(BoardClient(SayingBoard(clock, said)))
    except PipelineError:
        samples = []
    assert len(samples) <= 1
    assert clock.now_s < LIMIT_S + 10


@pytest.mark.parametrize("said", UNASKED, ids=range(len(UNASKED)))
def test_what_is_kept_while_an_answer_is_waited_for_has_a_bound(
    clock: Clock, said: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client_module, "PENDING_BYTES", 50_000)
    client = BoardClient(SayingBoard(clock, said + b"\n", read_s=1e-4))
    with refuses(what="sends too much"):
        client.command("info", timeout_s=20.0)
    assert len(client.take_pending("event")) <= 50_000 / client_module.LINE_BYTES


@pytest.mark.parametrize(
    ("way_s", "busy_s"),
    [(0.001, 0), (0.065, 0), (0.25, 0), *((0.01, hundredth / 100) for hundredth in range(1, 12))],
)
def test_a_slow_line_to_a_board_that_goes_on_measuring_is_pulled_whole(
    clock: Clock, way_s: float, busy_s: float
) -> None:
    samples = pull_samples(BoardClient(KeepingBoard(clock, way_s, busy_s=busy_s)))
    assert HISTORY_SAMPLES - PULL_LINES <= len(samples) <= 2 * HISTORY_SAMPLES
    assert all(later.seq == earlier.seq + 1 for earlier, later in pairwise(samples))
    assert clock.now_s < LIMIT_S


class OverlookingBoard(KeepingBoard):
    """Overlooks the third of several commands that come at once, the first time."""

    has_overlooked = False

    def write(self, data: bytes) -> None:
        lines = data.splitlines(keepends=True)
        if len(lines) > 2 and not self.has_overlooked:
            self.has_overlooked = True
            del lines[2]
        super().write(b"".join(lines))


def test_an_answer_that_is_lost_is_asked_for_again(clock: Clock) -> None:
    board = OverlookingBoard(clock, 0.02)
    samples = pull_samples(BoardClient(board))
    assert board.has_overlooked
    assert len(samples) >= HISTORY_SAMPLES - PULL_LINES
    assert all(later.seq == earlier.seq + 1 for earlier, later in pairwise(samples))
    assert clock.now_s < LIMIT_S


def test_samples_that_a_board_never_had_are_no_reason_to_ask_for_ever(clock: Clock) -> None:
    samples = pull_samples(BoardClient(KeepingBoard(clock, 0.065, lost=lambda n: n % 7 == 0)))
    assert len(samples) > 800
    assert all(sample.seq % 7 for sample in samples)


@pytest.mark.parametrize("past_wrap", [-900, -20, -2, 0, 1, 5, 600, 1020])
def test_pulling_goes_on_across_the_wrap_of_the_sample_number(clock: Clock, past_wrap: int) -> None:
    samples = pull_samples(BoardClient(KeepingBoard(clock, 0.02, begun=WRAP + past_wrap)))
    newest = WRAP + past_wrap + clock.now_s * RATE_HZ
    assert len(samples) >= HISTORY_SAMPLES - PULL_LINES
    assert all(later.seq == earlier.seq + 1 for earlier, later in pairwise(samples))
    assert newest - samples[-1].seq < 2 * PULL_LINES or samples[-1].seq < WRAP
    assert len(false_alarm(samples, 2.5, None)) > 2 * RATE_HZ


INFO_BOARD = board_info(Message("ok", tuple(INFO.decode().split()[1:])))


def kept(*lost: int) -> list[Sample]:
    """10 s, in which the board turns for the last second."""
    turning = (0, 0, 1000, 300_000, 0, 0)
    return [
        Sample(n, n * 10_000, turning if n >= 900 else (0, 0, 1000, 0, 0, 0))
        for n in range(1000)
        if n not in lost
    ]


def test_a_gap_leaves_the_longest_part_of_what_was_wrong() -> None:
    assert [s.seq for s in false_alarm(kept(998), 2.0, None)] == list(range(799, 998))
    assert len(missed_gesture(kept(998))) > 90
    assert len(false_alarm(kept(), 2.0, 5_000_000)) == 201
    with pytest.raises(PipelineError, match="too little for training"):
        false_alarm(kept(*range(0, 1000, 10)), 2.0, None)


def test_what_is_pulled_from_a_board_without_a_rate_can_be_read_again() -> None:
    part = false_alarm(kept(), 2.0, None)
    saved = feedback_recording(
        part, FALSE_ALARM, "idle", INFO_BOARD, CaptureInfo("me", "1"), "a port"
    )
    assert INFO_BOARD.stream_hz == 0
    assert saved.rate_hz == pytest.approx(100)


@pytest.mark.parametrize("stream_hz", [1e-9, 1.0, 40.0, 250.0, 100_000.0])
def test_a_rate_that_the_samples_do_not_have_is_not_written(stream_hz: float) -> None:
    info = replace(INFO_BOARD, stream_hz=stream_hz)
    part = false_alarm(kept(), 2.0, None)
    saved = feedback_recording(part, FALSE_ALARM, "idle", info, CaptureInfo("me", "1"), "a port")
    assert saved.rate_hz == pytest.approx(100)
    decoder = StreamDecoder()
    decoder.feed(INFO.replace(b"stream_hz=0.000", b"stream_hz=%f" % stream_hz), 0)
    for n in range(100):
        decoder.feed(sample_line(n), n * 10_000)
    assert decoder.rate_hz() == 100
    assert feedback_recording(
        part, FALSE_ALARM, "idle", replace(info, stream_hz=119.0), CaptureInfo("me", "1"), ""
    ).rate_hz == 119  # fmt: skip


def test_a_clock_that_runs_backwards_is_reported() -> None:
    samples = [Sample(n, 10_000 * (1000 - n), (0,) * 6) for n in range(1000)]
    for cut in (missed_gesture, lambda found: false_alarm(found, 2.0, None)):
        with pytest.raises(PipelineError, match="clock runs backwards"):
            cut(samples)


@pytest.mark.parametrize("rate_hz", [0.0, -1.0, float("nan"), float("inf")])
def test_a_recording_that_could_not_be_read_again_is_not_written(
    tmp_path: Path, rate_hz: float
) -> None:
    part = false_alarm(kept(), 2.0, None)
    saved = feedback_recording(
        part, FALSE_ALARM, "idle", INFO_BOARD, CaptureInfo("me", "1"), "a port"
    )
    wrong = Recording(**{**saved.__dict__, "rate_hz": rate_hz})
    with pytest.raises(PipelineError, match="no sampling rate"):
        save_recording(wrong, tmp_path / "idle" / "me-1-001.csv")
    assert not list(tmp_path.rglob("*.csv"))


FIELDS = [word.split("=")[0] for word in INFO.decode().split()[1:]]
words = st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=30)
values = st.one_of(st.sampled_from(NUMBERS), st.floats().map(str), st.integers().map(str), words)


@given(st.dictionaries(st.sampled_from(FIELDS), values, min_size=1))
def test_what_a_board_says_of_itself_is_possible_or_refused(said: dict[str, str]) -> None:
    fields = dict(word.split("=") for word in INFO.decode().split()[1:]) | said
    answer = Message("ok", tuple(f"{name}={value}" for name, value in fields.items()))
    try:
        info = board_info(answer)
    except PipelineError:
        return
    numbers = [value for value in astuple(info) if isinstance(value, int | float)]
    assert all(isfinite(number) and 0 <= number <= 2**32 for number in numbers)


@pytest.mark.parametrize("number", NUMBERS)
@pytest.mark.parametrize("name", BoardInfo.__annotations__)
def test_an_absurd_number_in_info_is_refused(name: str, number: str) -> None:
    if BoardInfo.__annotations__[name] == "str" or number == "1_0":
        return
    said = " ".join(
        f"{name}={number}" if word.startswith(f"{name}=") else word
        for word in INFO.decode().split()[1:]
    )
    with pytest.raises(PipelineError):
        board_info(Message("ok", tuple(said.split(" "))))


@given(st.sampled_from(["event", "score", "past"]), st.lists(values, max_size=4))
def test_no_message_says_what_cannot_be(kind: str, said: list[str]) -> None:
    message = Message(kind, tuple(said or ["0"]))
    event, scores = event_of(message), network_output_of(message)
    assert event is None or (0 <= event.t_us < LATEST_US and 0 <= event.score <= 1)
    assert scores is None or 0 <= scores[0] < LATEST_US
    LinkStatistics().add(message, 0)
    monitor_entry(message, ("up",))


@pytest.mark.parametrize("score", ["zzz", "10.5", "nan", "inf", "-0.5", "1e-1"])
def test_an_event_without_a_score_is_a_note(score: str) -> None:
    message = Message("event", ("12", "up", score))
    assert monitor_entry(message, ("up",)) == MonitorEntry(
        note=f"no event of this board's model: {message.text}"
    )


def test_an_event_of_no_label_or_time_is_a_note() -> None:
    far = "9" * 400
    for message in (Message("event", ("12", "zzz", "0.9")), Message("event", (far, "up", "0.9"))):
        entry = monitor_entry(message, ("up",))
        assert entry is not None
        assert entry.event is None


@pytest.mark.parametrize(("n", "t_us"), [(9_999_999_998, 0), (1, 10**19)])
def test_a_sample_no_board_counts_is_none(n: int, t_us: int) -> None:
    kind, *said = past_line(n, t_us).decode().split()
    assert past_of(Message(kind, tuple(said))) is None
    statistics = LinkStatistics()
    statistics.add(Sample(n, t_us, (0,) * 6), 0)
    assert (statistics.received, statistics.damaged) == (0, 1)


def test_a_terminal_that_does_not_control_us_has_no_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    master, terminal = pty.openpty()
    with os.fdopen(terminal) as stdin:
        monkeypatch.setattr("sys.stdin", stdin)
        with Keyboard() as keyboard:
            assert keyboard.pressed() == ""
    monkeypatch.setattr("sys.stdin", stdin)  # closed by now
    with Keyboard() as keyboard:
        assert keyboard.pressed() == ""
    os.close(master)
