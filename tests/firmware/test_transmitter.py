"""Lines to a host that stalls, leaves and comes back: none is cut in silence."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

few = settings(
    max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
LIMIT_US = 50_000
CANCEL = b"\x18"
READS, STALLS, AWAY = "host 1 64 64", "host 1 0 0", "host 0 0 0"


class Piece(NamedTuple):
    sent: bytes
    whole: bool
    t_us: int


Send = Callable[..., list[Piece]]


@pytest.fixture
def send(driver) -> Send:
    """Plays hosts (str) and pieces (bytes); what came of each piece."""

    def run(*steps: str | bytes) -> list[Piece]:
        words = [s if isinstance(s, str) else f"piece {s.hex()}" for s in steps]
        rows = [
            line.rpartition(" ")[0::2]
            for line in driver("transmitter", LIMIT_US, *words).splitlines()
        ]
        parts = [(*left.split(" "), t_us) for left, t_us in rows]
        return [Piece(bytes.fromhex(sent), whole == "1", int(t)) for sent, whole, t in parts]

    return run


def test_a_long_line_goes_out_in_packets(send):
    (piece,) = send("host 1 64 64", b"x" * 250 + b"\n")
    assert piece.whole
    assert len(piece.sent) == 251
    assert piece.t_us <= LIMIT_US


def test_a_host_that_takes_little_at_a_time_gets_its_line_whole(send):
    """As a computer does that is busy with something else: not one packet is late, all are."""
    (piece,) = send("host 1 63 2", b"x" * 240 + b"\n")
    assert piece.whole
    assert piece.t_us > LIMIT_US


def test_a_host_that_takes_next_to_nothing_is_not_waited_for_without_end(send):
    (piece,) = send("host 1 0 1", b"x" * 250 + b"\n")
    assert not piece.whole
    assert piece.t_us <= 4 * LIMIT_US + 1000


def test_a_cut_line_is_marked_before_the_next(send):
    cut, after = send("host 1 5 0", b"event 1 punch 0.9\n", READS, b"event 2 flex 0.8\n")
    assert not cut.whole
    assert cut.sent + after.sent == b"event\x18\nevent 2 flex 0.8\n"


def test_a_cut_line_is_marked_once_the_host_reads_though_nothing_follows(send):
    cut, early, late, later = send(
        "host 1 5 0", b"event 1 punch 0.9\n", "poll", READS, "poll", "poll"
    )
    assert cut.sent + early.sent + late.sent + later.sent == b"event\x18\n"
    assert early.sent == b""


def test_the_rest_of_a_cut_line_is_dropped_piece_by_piece(send):
    pieces = send("host 1 2 0", b"ok board", READS, b" rate", b" end\n", b"ok\n")
    assert b"".join(piece.sent for piece in pieces) == b"ok\x18\nok\n"
    assert [piece.whole for piece in pieces] == [False, False, False, True]


def test_a_host_that_stalls_is_waited_for_once_and_again_once_it_reads(send):
    pieces = send(STALLS, b"one\n", b"two\n", "host 1 2 1", b"three\n", b"four\n")
    assert [piece.t_us for piece in pieces[:2]] == [LIMIT_US, LIMIT_US]
    assert [piece.whole for piece in pieces] == [False, False, True, True]


def test_a_host_that_comes_back_gets_long_answers_whole(send):
    """Also where nobody was there for a long time, or the last host stalled."""
    answer = b"i" * 200 + b"\n"
    pieces = send(AWAY, b"hello\n", STALLS, b"one\n", AWAY, b"two\n", "host 1 64 9", answer)
    assert pieces[-1].whole
    assert pieces[-1].sent == answer


def test_nobody_is_waited_for_where_nobody_listens(send):
    (piece,) = send(AWAY, b"hello\n")
    assert (piece.sent, piece.whole, piece.t_us) == (b"", False, 0)


hosts = st.tuples(st.sampled_from([1, 1, 1, 0]), st.integers(0, 70), st.sampled_from([0, 0, 1, 64]))
# A line is pieces of so many bytes, each of which may find another host than the one before.
lines = st.lists(st.tuples(st.integers(1, 80), st.none() | hosts), min_size=1, max_size=4)


def pieces_of(number: int, lengths: list[int]) -> list[bytes]:
    """The pieces of a line; each says of which line it is."""
    pieces = [b"%d" % number + b"." * length for length in lengths]
    return [*pieces[:-1], pieces[-1] + b"\n"]


@few
@given(plan=st.lists(lines, max_size=20))
def test_no_line_is_cut_in_silence(send, plan):
    """Whatever the host does, what it gets are whole lines in order, and lines marked as cut."""
    steps: list[str | bytes] = [READS]
    written = [pieces_of(i, [length for length, _ in line]) for i, line in enumerate(plan)]
    for line, pieces in zip(plan, written, strict=True):
        for (_, host), piece in zip(line, pieces, strict=True):
            steps += [piece] if host is None else ["host {} {} {}".format(*host), piece]
    *outcomes, last = send(*steps, READS, b"end\n")
    results = iter(outcomes)
    whole = [
        b"".join(pieces)[:-1]
        for pieces in written
        if all([next(results).whole for _ in pieces])  # a list: every result is taken
    ]
    *heard, rest = b"".join(piece.sent for piece in (*outcomes, last)).split(b"\n")
    assert [line for line in heard if CANCEL not in line] == [*whole, b"end"]
    assert rest == b""
