from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from pipeline.artifacts import Gap
from pipeline.capture.client import BoardClient
from pipeline.capture.monitor import Seen, watch
from pipeline.capture.protocol import Sample
from pipeline.capture.recorder import SEQ_WRAP, Take, make_recording, unwrap

TAKE = Take("punch", "anna")


class Line:
    """A byte stream that was written beforehand, in pieces."""

    device = "a line"

    def __init__(self, *pieces: bytes) -> None:
        self._pieces = list(pieces)

    def read(self) -> bytes:
        return self._pieces.pop(0) if self._pieces else b""

    def write(self, data: bytes) -> None:
        raise AssertionError(f"nothing should be sent, not {data!r}")


def samples(*seq: int) -> list[Sample]:
    return [Sample(n, n * 8403, (n, -n, 0, 1, -1, 2)) for n in seq]


@given(st.integers(0, SEQ_WRAP - 1), st.sets(st.integers(0, 60), min_size=1))
def test_gaps_are_where_the_count_jumps_also_across_its_wrap(start, present):
    places = sorted(present)
    sent = [Sample((start + place) % SEQ_WRAP, 0, (place,) * 6) for place in places]
    recording = make_recording(sent, TAKE, 119.0, "x")
    assert np.array_equal(recording.seq - recording.seq[0], np.array(places) - places[0])
    filled = {
        places[gap.index - 1] + 1 + lost for gap in recording.gaps for lost in range(gap.missing)
    }
    assert filled == set(range(places[0], places[-1] + 1)) - present


def test_a_recording_keeps_every_value_to_the_thousandth():
    recording = make_recording(samples(5, 6, 9), TAKE, 119.0, "virtual")
    assert recording.thousandths.tolist() == [list(s.values) for s in samples(5, 6, 9)]
    assert recording.gaps == (Gap(index=2, missing=2),)
    assert recording.t_us.tolist() == [5 * 8403, 6 * 8403, 9 * 8403]
    assert (recording.label, recording.person, recording.board) == ("punch", "anna", "virtual")


def test_the_count_goes_on_growing_over_its_end():
    assert unwrap([SEQ_WRAP - 1, 0, 1]).tolist() == [SEQ_WRAP - 1, SEQ_WRAP, SEQ_WRAP + 1]


def test_the_monitor_shows_events_notes_and_damage_but_no_samples():
    line = Line(
        b"hello board=x\n1,2,0.0", b"00,bad\nevent 12 punch 0.914\nwarn sensor-", b"stopped\n"
    )
    hello, damaged, event, stopped = watch(BoardClient(line), limit_s=0.05)
    assert hello == Seen(note="hello board=x")
    assert damaged.note.endswith("1,2,0.000,bad")
    assert event.event is not None
    assert event.event.label == "punch"
    assert stopped.sensor_stopped
