"""Every sample in its place, everything that was wrong told, and a board's clock by the host's."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.capture.clock import (
    ClockFit,
    LinearFit,
    board_time_us,
    host_time_us,
    line_below,
    lower_hull,
)
from pipeline.capture.protocol import COUNT_WRAP, Sample
from pipeline.capture.track import Track, TrackSection
from pipeline.core.artifacts import Fault, Gap, HostClock

PERIOD_US = 10_000


def sample(n: int, t_us: int | None = None, start: int = 0) -> Sample:
    t = n * PERIOD_US if t_us is None else t_us
    return Sample((start + n) % COUNT_WRAP, t, (n % 1000, -n % 1000, 0, 1, -1, 2))


def heard(*samples: Sample) -> Track:
    """A track that heard them as fast as they came, and nothing more."""
    track = Track(period_us=PERIOD_US)
    for number, item in enumerate(samples):
        track.add(item, number * PERIOD_US)
    track.finish()
    return track


def all_of(track: Track) -> TrackSection:
    return track.section(track.first_t_us, track.last_t_us)


@given(
    st.integers(0, COUNT_WRAP - 1) | st.integers(COUNT_WRAP - 60, COUNT_WRAP - 1),
    st.sets(st.integers(0, 60), min_size=1),
)
def test_gaps_are_where_the_count_jumps_also_across_its_wrap(start, present):
    places = sorted(present)
    part = all_of(heard(*(sample(place, start=start) for place in places)))
    assert np.array_equal(part.seq - part.seq[0], np.array(places) - places[0])
    assert part.faults == ()
    filled = {places[gap.index - 1] + 1 + lost for gap in part.gaps for lost in range(gap.missing)}
    assert filled == set(range(places[0], places[-1] + 1)) - present


def test_a_stretch_keeps_every_value_to_the_thousandth():
    part = all_of(heard(sample(5), sample(6), sample(9)))
    assert np.rint(part.samples * 1000).astype(int).tolist() == [
        list(sample(n).values) for n in (5, 6, 9)
    ]
    assert part.gaps == (Gap(index=2, missing=2),)
    assert part.t_us.tolist() == [n * PERIOD_US for n in (5, 6, 9)]


def test_a_repeated_sample_is_dropped_and_reported():
    track = heard(sample(1), sample(2), sample(2), sample(3))
    part = all_of(track)
    assert part.seq.tolist() == [1, 2, 3]
    assert part.faults == (Fault("duplicate", 1, 2),)


def test_a_late_sample_is_put_where_it_belongs_and_reported():
    track = heard(sample(1), sample(3), sample(4), sample(2), sample(5))
    part = all_of(track)
    assert part.seq.tolist() == [1, 2, 3, 4, 5]
    assert part.samples[1, 0] == np.float32(0.002)
    assert (part.gaps, part.faults) == ((), (Fault("late", 1, 1),))
    assert track.totals["lost"] == 0


def test_damage_stands_where_it_was():
    track = Track(period_us=PERIOD_US)
    track.mark("corrupt")  # before the first sample nobody misses it
    for item in (sample(1), sample(2)):
        track.add(item, 0)
    track.mark("corrupt")
    track.mark("corrupt")
    track.add(sample(5), 0)
    assert all_of(track).faults == (Fault("corrupt", 2, 2),)
    assert all_of(track).gaps == (Gap(2, 2),)


def test_a_sample_that_cannot_be_there_is_refused():
    strange = (Sample(77_000, 12, (9,) * 6), sample(2, t_us=40 * PERIOD_US), Sample(2, 7, (9,) * 6))
    for wrong in strange:
        track = heard(sample(0), sample(1), wrong, sample(3), sample(4))
        part = all_of(track)
        assert part.seq.tolist() == [0, 1, 3, 4], wrong
        assert part.faults == (Fault("refused", 1, 2),)


def test_a_board_that_starts_again_goes_on_and_is_reported():
    track = Track(period_us=PERIOD_US)
    for n in (500, 501, 502):
        track.add(sample(n), n * PERIOD_US)
    for n in (0, 1, 2):
        track.add(sample(n), (602 + n) * PERIOD_US)  # a second later
    part = all_of(track)
    assert part.t_us.tolist() == [t * PERIOD_US for t in (500, 501, 502, 602, 603, 604)]
    assert part.gaps == (Gap(3, 99),)
    assert part.faults == (Fault("reboot", 1, 3),)


def test_a_late_sample_right_after_a_restart_stands_after_it():
    track = heard(sample(500), sample(501))
    for place, n in enumerate((1, 2, 0, 3)):
        track.add(sample(n), (100 + place) * PERIOD_US)
    part = all_of(track)
    assert np.rint(part.samples[2:, 0] * 1000).astype(int).tolist() == [0, 1, 2, 3]
    assert part.faults == (Fault("reboot", 1, 2), Fault("late", 1, 2))


def test_a_restart_that_looks_like_a_gap_is_reported_by_the_hosts_clock():
    track = Track(period_us=PERIOD_US)
    for n in (100, 101):
        track.add(sample(n), n * PERIOD_US)
    track.after_silence()
    for n in (150, 151):  # it had run for one second, was away for three, and ran for 1.5
        track.add(sample(n), (400 + n) * PERIOD_US)
    part = all_of(track)
    assert part.t_us.tolist() == [t * PERIOD_US for t in (100, 101, 550, 551)]
    assert part.faults == (Fault("reboot", 1, 2),)


def test_a_host_that_reads_late_sees_no_restart():
    track = Track(period_us=PERIOD_US)
    track.add(sample(1), PERIOD_US)
    for n in (2, 3, 500, 501):  # after five seconds: what was kept, then what was not dropped
        track.add(sample(n), 501 * PERIOD_US)
    part = all_of(track)
    assert (part.gaps, part.faults) == ((Gap(3, 496),), ())


def test_a_restart_that_is_announced_needs_no_second_sample():
    track = heard(sample(500), sample(501))
    track.expect_restart()
    assert len(track.add(sample(0), 5_000_000)) == 1
    assert track.totals["reboot"] == 1


@given(st.lists(st.sampled_from(["drop", "twice", "swap", "fine"]), max_size=40))
def test_whatever_happens_on_the_way_no_sample_is_in_a_wrong_place(accidents):
    sent: list[Sample] = []
    for n, accident in enumerate(accidents):
        if accident == "drop":
            continue
        sent.append(sample(n))
        if accident == "twice":
            sent.append(sample(n))
        if accident == "swap" and len(sent) > 1:
            sent[-1], sent[-2] = sent[-2], sent[-1]
    track = heard(*sent)
    if not len(track):
        return
    part = all_of(track)
    first = min(sent[0].seq, int(part.seq[0]))
    assert (np.diff(part.seq) > 0).all()
    for seq, t_us, values in zip(part.seq, part.t_us, part.samples, strict=True):
        expected = sample(int(seq))
        assert t_us == expected.t_us
        assert np.rint(values * 1000).astype(int).tolist() == list(expected.values)
    missing = {s.seq for s in sent if s.seq >= first} - set(part.seq.tolist())
    assert not missing


def added(track: Track, *samples: Sample) -> list[int]:
    """The numbers of the rows that samples add, each heard at its own time."""
    return [row.seq for item in samples for row in track.add(item, item.t_us)]


def test_the_count_wraps_without_a_restart():
    """By one step, by a gap, and where the two samples after a damaged one lie on either side."""
    for places in ((0, 1, 2, 3), (0, 5, 6), (0, 1, 9, 10)):
        track = heard(*(sample(place, start=COUNT_WRAP - 2) for place in places))
        assert all_of(track).faults == ()
        assert (all_of(track).seq - COUNT_WRAP + 2).tolist() == list(places)


def test_a_board_that_restarts_beside_the_wrap_of_its_count_is_seen_to():
    track = heard(sample(1), sample(2))
    for place, seq in enumerate((COUNT_WRAP - 1, 0, 1)):
        track.add(Sample(seq, place * PERIOD_US, (0,) * 6), 10**7 + place * PERIOD_US)
    assert all_of(track).faults == (Fault("reboot", 1, 2),)
    assert len(track) == 5


def test_a_late_sample_is_known_256_samples_back_and_no_further():
    for back, kinds in ((255, {"late"}), (256, {"refused"})):
        track = Track(period_us=PERIOD_US)
        missing = 300 - back
        added(track, *(sample(n) for n in range(301) if n != missing))
        added(track, sample(missing), sample(301))
        assert {fault.kind for fault in all_of(track).faults} == kinds


def test_a_late_sample_whose_time_is_not_between_its_neighbours_is_refused():
    for t_us in (100 * PERIOD_US - 1, 102 * PERIOD_US + 1):
        track = Track(period_us=PERIOD_US)
        added(track, *(sample(n) for n in range(110) if n != 101))
        track.add(sample(101, t_us), 111 * PERIOD_US)
        added(track, sample(110))
        assert track.totals["refused"] == 1
        assert track.totals["late"] == 0


def test_a_repeated_number_with_another_time_or_other_values_is_refused():
    for wrong in (sample(2, t_us=2 * PERIOD_US + 1), Sample(2, 2 * PERIOD_US, (9,) * 6)):
        track = heard(sample(1), sample(2), sample(3), wrong, sample(4))
        assert all_of(track).faults == (Fault("refused", 1, 3),)


def test_a_clock_may_be_a_quarter_of_the_time_and_50_ms_beside_the_count():
    for steps in (1, 8, 100):
        slack_us = steps * PERIOD_US // 4 + 50_000
        for beside_us, is_taken in ((slack_us, True), (slack_us + 1, False)):
            track = Track(period_us=PERIOD_US)
            added(track, sample(0))
            later = sample(steps, t_us=steps * PERIOD_US + beside_us)
            assert bool(added(track, later)) == is_taken


def test_a_silence_shows_a_restart_where_the_hosts_clock_went_on_by_more_than_half_a_second():
    for late_us, is_taken in ((500_000 + 2000, True), (500_000 + 2001, False)):
        track = Track(period_us=PERIOD_US)
        track.add(sample(0), 0)
        track.after_silence()
        passed_us = 200 * PERIOD_US  # of which a thousandth may be drift
        assert bool(track.add(sample(200), passed_us + late_us)) == is_taken


def test_a_restart_takes_at_least_one_period():
    track = Track(period_us=PERIOD_US)
    track.add(sample(5), 1000)
    track.expect_restart()
    (row,) = track.add(sample(0), 1000)
    assert (row.seq, row.t_us) == (6, 6 * PERIOD_US)


def test_a_last_sample_that_nothing_follows_is_kept_where_it_lies_ahead():
    track = Track(period_us=PERIOD_US)
    added(track, sample(1), sample(2))
    assert track.add(sample(4, t_us=90 * PERIOD_US), 0) == []
    assert [row.seq for row in track.finish()] == [4]
    assert track.totals["refused"] == 0
    for number, later in ((3, 1), (4, 200 * PERIOD_US)):
        track.add(sample(number, t_us=later), 0)
        assert track.finish() == []
    assert track.totals["refused"] == 2


def test_damage_after_the_last_sample_belongs_to_a_stretch_to_the_end_only():
    track = heard(sample(1), sample(2), sample(3))
    track.mark("corrupt")
    assert all_of(track).faults == (Fault("corrupt", 1, 3),)
    assert track.section(PERIOD_US, 2 * PERIOD_US).faults == ()
    assert len(track.section(PERIOD_US, 2 * PERIOD_US)) == 2


def test_rates_are_those_of_the_senders_clock():
    track = Track(period_us=PERIOD_US)
    assert (track.newest_rate_hz, track.fitted_rate_hz()) == (0.0, 0.0)
    added(track, *(sample(n) for n in range(300) if n % 7))
    added(track, *(sample(n, t_us=(300 + 2 * (n - 300)) * PERIOD_US) for n in range(300, 400)))
    assert track.newest_rate_hz == 50
    assert (heard(sample(1)).newest_rate_hz, heard(sample(1)).fitted_rate_hz()) == (0.0, 0.0)
    assert round(heard(sample(1), sample(3)).fitted_rate_hz(), 6) == 100
    steady = heard(*(sample(n) for n in range(1000) if n % 7))
    assert steady.newest_rate_hz == 100
    assert round(steady.fitted_rate_hz(), 6) == 100


def test_the_newest_values_are_the_last_ones_in_order():
    track = heard(*(sample(n) for n in range(10)))
    assert track.newest(3) == [sample(n).values for n in (7, 8, 9)]


def test_a_clock_that_stands_while_the_count_goes_on_is_seen():
    track = Track(period_us=PERIOD_US)
    added(track, *(sample(n) for n in range(400)))
    assert not track.clock_is_stuck
    added(track, *(sample(n, t_us=400 * PERIOD_US) for n in range(400, 410)))
    assert not track.clock_is_stuck
    for n in range(410, 720):
        track.add(sample(n, t_us=400 * PERIOD_US), 0)
    assert track.clock_is_stuck
    assert not Track().clock_is_stuck


def test_a_section_of_hours_keeps_every_value():
    track = heard(*(sample(n) for n in range(11_100)))
    part = track.section(track.first_t_us + 50 * PERIOD_US, track.last_t_us)
    assert len(part) == 11_050
    expected = np.array([sample(n).values for n in range(50, 11_100)])
    assert np.array_equal(np.rint(part.samples * 1000).astype(int), expected)


START_US = 1_795_000_000_000_000
WAY_US = 900


def fitted(drift_ppm: float, offset_us: int, seconds: int, seed: int = 1) -> ClockFit:
    """119 Hz over a line with the jitter of a real one: mostly prompt, now and then very late."""
    random, fit = np.random.default_rng(seed), ClockFit()
    for t_us in np.arange(0, seconds * 1_000_000, 8403).tolist():
        late_us = WAY_US + random.exponential(4000) + (random.random() < 0.02) * 80_000
        fit.add(t_us, round(offset_us + t_us * (1 + drift_ppm * 1e-6) + late_us))
    return fit


@pytest.mark.parametrize("drift_ppm", [-120.0, 0.0, 35.0])
def test_offset_and_drift_are_found_below_the_jitter(drift_ppm: float) -> None:
    clock = fitted(drift_ppm, START_US, seconds=120).clock()
    assert clock is not None
    assert clock.drift_ppm == pytest.approx(drift_ppm, abs=5)
    for t_us in (0, 60_000_000, 119_000_000):
        right_us = START_US + t_us * (1 + drift_ppm * 1e-6) + WAY_US
        assert host_time_us(clock, t_us) == pytest.approx(right_us, abs=500)


def test_in_the_first_seconds_there_is_an_offset_and_no_drift() -> None:
    clock = fitted(35.0, START_US, seconds=3).clock()
    assert clock is not None
    assert clock.drift_ppm == 0
    assert clock.offset_us == pytest.approx(START_US + WAY_US, abs=1000)
    assert ClockFit().clock() is None


@given(st.floats(-200, 200), st.integers(0, 10**11))
def test_there_and_back_is_the_same_time(drift_ppm: float, t_us: int) -> None:
    clock = fitted(drift_ppm, START_US, seconds=20).clock()
    assert clock is not None
    assert abs(board_time_us(clock, host_time_us(clock, t_us)) - t_us) <= 1


@given(st.lists(st.tuples(st.integers(0, 1000), st.integers(-1000, 1000)), min_size=2))
def test_no_point_lies_below_the_hull(points: list[tuple[int, int]]) -> None:
    hull = lower_hull(list({x: (x, y) for x, y in sorted(points, reverse=True)}.values()))
    lowest = {x: min(y for at, y in points if at == x) for x, _ in points}
    for x, y in lowest.items():
        assert y >= np.interp(x, *zip(*hull, strict=True)) - 1e-6


def test_the_line_below_is_the_edge_of_the_hull_over_the_middle() -> None:
    assert line_below([(0, 5), (3, 2), (10, 9)]) == LinearFit(4, 3.0, 1.0)
    assert line_below([(0, 5), (6, 2), (10, 9)]) == LinearFit(5, 2.5, -0.5)
    assert line_below([(0, 5), (5, 2), (10, 9)]) == LinearFit(5, 2.0, -0.6)  # the left of two
    assert line_below([(0, 1), (10, 2), (20, 3)]).slope == 0.1
    assert line_below([(0, 0), (3, 3)]).middle == 1


def test_the_earliest_line_of_each_second_counts_and_ten_seconds_give_a_drift() -> None:
    fit = ClockFit()
    for second in range(10):
        clock = fit.clock()
        assert clock is None or clock.drift_ppm == 0
        for late_us in (900, 300 + second, 700):
            t_us = second * 1_000_000 + late_us
            fit.add(t_us, t_us + 5000 + late_us)
    clock = fit.clock()
    assert clock is not None
    assert clock.drift_ppm == pytest.approx(1.0, rel=1e-4)
    assert (clock.offset_us, clock.at_us) == (5304, 4_500_304)
    assert fit.clock() is clock


def test_times_follow_offset_and_drift_from_the_middle_on() -> None:
    clock = HostClock(offset_us=1000, drift_ppm=100.0, at_us=5_000_000)
    assert host_time_us(clock, 5_000_000) == 5_001_000
    assert host_time_us(clock, 15_000_000) == 15_002_000
    assert board_time_us(clock, 15_002_000) == 15_000_000
