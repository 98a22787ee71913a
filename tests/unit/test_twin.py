"""The twin gives what the board gives, over windows and a hop at a time."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from pipeline.capture.link_statistics import smoothing_of
from pipeline.core.artifacts import Recording
from pipeline.core.contract import Contract, DecisionPolicy, fixed_point_scaling
from pipeline.core.errors import ExitCode
from pipeline.twin.library import Twin
from tests.refusals import refuses
from tests.tiny_model import (
    CONTRACT,
    HOP,
    PERIOD_US,
    SELFTEST_CRC,
    WINDOW,
    network_output,
    swings,
    write_sources,
)

pytestmark = pytest.mark.usefixtures("host_compiler")


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_sources(tmp_path_factory.mktemp("model"))


@pytest.fixture(scope="module")
def twin(sources: Path, tmp_path_factory: pytest.TempPathFactory) -> Twin:
    return Twin(sources, tmp_path_factory.mktemp("twin"))


def test_the_twin_is_the_contracts(twin):
    assert twin.contract_hash == CONTRACT.hash()
    assert (twin.labels, twin.window, twin.hop) == (CONTRACT.labels, WINDOW, HOP)
    assert twin.selftest_crc() == SELFTEST_CRC


def test_invoke_runs_the_network(twin):
    inputs = np.random.default_rng(3).integers(-128, 128, (50, WINDOW * 6)).astype(np.int8)
    assert np.array_equal(twin.invoke(inputs), [network_output(row) for row in inputs])
    with pytest.raises(ValueError, match="inputs are"):
        twin.invoke(inputs[:, :-1])


def test_quantize_is_the_contracts_fixed_point(twin):
    edges = [[-(2**31)] * 6, [2**31 - 1] * 6, [0] * 6, [1000, -1000, 7, 8, -7, -8]]
    random = np.random.default_rng(4).integers(-300_000, 300_000, (500, 6))
    values = np.concatenate([edges, random]).astype(np.int32)
    scaling = fixed_point_scaling(CONTRACT)
    expected = [
        [
            min(max((int(v) * m + o) >> scaling.shift, -128), 127)
            for v, m, o in zip(row, scaling.multipliers, scaling.offsets, strict=True)
        ]
        for row in values
    ]
    assert twin.quantize(values).tolist() == expected


def test_replay_gives_every_window_its_input_scores_and_time(twin):
    recording = swings(6)
    replay = twin.replay(recording)
    starts = range(0, len(recording) - WINDOW + 1, HOP)
    quantized = twin.quantize(recording.thousandths)
    windows = [quantized[start : start + WINDOW].ravel() for start in starts]
    assert np.array_equal(replay.inputs, windows)
    assert np.array_equal(replay.scores, twin.invoke(replay.inputs))
    ends = [start + WINDOW - 1 for start in starts]
    assert replay.scores_t_us.tolist() == recording.t_us[ends].tolist()


def test_events_follow_the_policy_and_every_replay_starts_again(twin):
    first, second = twin.replay(swings(9)).events, twin.replay(swings(9)).events
    assert [event.label for event in first] == ["up", "down", "up", "down"]
    assert first == second
    assert all(0.8 <= event.score <= 1 for event in first)


def test_deciding_again_by_the_contracts_policy_gives_the_same_events(twin):
    replay = twin.replay(swings(40))
    assert twin.decide(CONTRACT.decision, replay.scores, replay.scores_t_us) == replay.events
    assert len(replay.events) > 10


def test_another_policy_decides_as_a_board_with_it_would(twin, tmp_path):
    """The policy is compiled into a second twin, which hears the samples themselves."""
    policy = DecisionPolicy(
        smoothing_windows=5,
        thresholds=(0.2, 0.99, 0.4),
        release=0.1,
        refractory_s=1.7,
        background=None,
    )
    sources = write_sources(tmp_path / "model", contract=replace_policy(policy))
    other = Twin(sources, tmp_path / "build").replay(swings(40))
    decided = twin.decide(policy, other.scores, other.scores_t_us)
    assert decided == other.events
    assert {event.label for event in decided} == {"idle", "down"}
    assert decided != twin.replay(swings(40)).events


def replace_policy(policy: DecisionPolicy) -> Contract:
    return CONTRACT.model_copy(update={"decision": policy})


def test_scores_of_another_model_are_refused(twin):
    with pytest.raises(ValueError, match="scores are"):
        twin.decide(CONTRACT.decision, np.zeros((3, 2), np.int8), np.arange(3))


@pytest.mark.parametrize("rate_hz", [200.0, 104.0, 90.0])
def test_a_recording_at_another_rate_gives_the_same_events(twin, rate_hz):
    played = at_rate(swings(12), rate_hz)
    expected, found = twin.replay(swings(12)).events, twin.replay(played).events
    assert [event.label for event in found] == [event.label for event in expected]
    for event, known in zip(found, expected, strict=True):
        assert abs(event.t_us - known.t_us) <= 2 * HOP * PERIOD_US


def test_a_recording_at_a_rate_that_is_far_off_says_nothing(twin):
    assert twin.replay(at_rate(swings(12), 50.0)).events == []


def test_missing_samples_are_not_taken_for_another_rate(twin):
    recording = swings(12)
    kept = np.arange(len(recording)) % 20 > 0
    holes = only(recording, np.flatnonzero(kept))
    expected = twin.quantize(holes.thousandths)[-WINDOW:].ravel()
    replay = twin.replay(holes)
    assert len(replay.inputs) == (kept.sum() - WINDOW) // HOP + 1
    assert np.array_equal(replay.inputs[-1], expected)


def test_as_many_samples_as_a_hop_may_be_lost_within_a_window(twin):
    whole = swings(12)
    joined = only(whole, np.r_[:250, 250 + HOP : len(whole)])
    assert len(twin.replay(joined).inputs) == (len(joined) - WINDOW) // HOP + 1


def test_no_window_and_no_decision_spans_a_hole(twin):
    """Two movements with nothing between them are what each is alone, however the second goes on
    from where the first was cut."""
    whole = swings(40)
    for first, second in ((250, 250 + HOP + 1), (1150, 1500)):
        kept = np.r_[:first, second : len(whole)]
        found = twin.replay(only(whole, kept))
        parts = [twin.replay(only(whole, part)) for part in (kept[:first], kept[first:])]
        assert np.array_equal(found.inputs, np.concatenate([part.inputs for part in parts]))
        assert np.array_equal(found.scores, np.concatenate([part.scores for part in parts]))
        assert found.events == [*parts[0].events, *parts[1].events]
        decided = twin.decide(CONTRACT.decision, found.scores, found.scores_t_us)
        assert decided == found.events
        assert all(part.events for part in parts)


def only(recording: Recording, kept: np.ndarray[tuple[int, ...], np.dtype[np.int64]]) -> Recording:
    return replace(
        recording,
        samples=recording.samples[kept],
        seq=recording.seq[kept],
        t_us=recording.t_us[kept],
    )


def at_rate(recording: Recording, rate_hz: float) -> Recording:
    """The same movement as a sensor of another rate would have given it."""
    n = round(len(recording) / recording.rate_hz * rate_hz)
    t_us = np.rint(np.arange(n) * 1e6 / rate_hz).astype(np.int64)
    columns = [np.interp(t_us, recording.t_us, column) for column in recording.samples.T]
    samples = np.round(np.stack(columns, axis=1), 3).astype(np.float32)
    return replace(
        recording, samples=samples, seq=np.arange(n, dtype=np.int64), t_us=t_us, rate_hz=rate_hz
    )


def test_a_recording_shorter_than_a_window_says_nothing(twin):
    replay = twin.replay(swings(0.19))
    assert (len(replay.scores), replay.events) == (0, [])


def test_it_is_built_once_and_again_when_a_source_changes(sources, tmp_path):
    changed = shutil.copytree(sources, tmp_path / "model")
    build = tmp_path / "build"
    Twin(changed, build)
    (library,) = build.iterdir()
    built_at = library.stat().st_mtime_ns
    Twin(changed, build)
    assert library.stat().st_mtime_ns == built_at
    network = changed / "model_network.c"
    network.write_text(network.read_text().replace("kept - 128", "kept - 127"))
    assert Twin(changed, build).selftest_crc() != SELFTEST_CRC
    assert len(list(build.iterdir())) == 2


def test_a_missing_compiler_is_reported(sources, tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", "")
    with refuses("no C compiler", ExitCode.NO_TOOL):
        Twin(sources, tmp_path)


def test_sources_that_do_not_compile_leave_nothing_behind(sources, tmp_path):
    broken = shutil.copytree(sources, tmp_path / "model")
    (broken / "model_network.c").write_text("this is not C\n")
    with refuses("does not compile", why="model_network.c"):
        Twin(broken, tmp_path / "build")
    assert list((tmp_path / "build").iterdir()) == []


def test_the_score_that_is_shown_is_the_one_the_board_calls_by(twin):
    """The marks of the live view stand where the C has its sums."""
    replay = twin.replay(swings(12))
    constants = {"smoothing_windows": "2", "background": "0", "fire_sums": "510,408,408"}
    shown = smoothing_of(constants, WINDOW / CONTRACT.rate_hz)
    assert shown.thresholds == (None, 0.8, 0.8)
    at = {}
    for t_us, scores in zip(replay.scores_t_us.tolist(), replay.scores, strict=True):
        shown.add(t_us, scores)
        at[t_us] = shown.scores
    assert len(replay.events) > 2
    for event in replay.events:
        place = CONTRACT.labels.index(event.label)
        assert at[event.t_us][place] == pytest.approx(event.score, abs=0.001)
        assert at[event.t_us][place] >= shown.thresholds[place]


def test_a_pause_longer_than_a_window_begins_again():
    shown = smoothing_of(
        {"smoothing_windows": "3", "background": "255", "fire_sums": "765"}, window_s=1.0
    )
    assert shown.scores == ()
    full = np.full(1, 127, np.int8)
    for t_us in (10, 20, 30):
        shown.add(t_us, full)
    assert shown.scores == (1.0,)
    for t_us in (1_000_031, 5):  # too late, and a clock that went back
        shown.add(t_us, full)
        assert shown.scores == (pytest.approx(1 / 3),)
    assert shown.thresholds == (1.0,)


@pytest.mark.parametrize(
    "constants",
    [
        {},
        {"smoothing_windows": "2", "background": "0"},
        {"smoothing_windows": "0", "background": "0", "fire_sums": "1"},
        {"smoothing_windows": "2", "background": "x", "fire_sums": "1"},
        {"smoothing_windows": "2", "background": "0", "fire_sums": ""},
    ],
)
def test_what_a_board_does_not_say_is_not_shown(constants):
    assert smoothing_of(constants, 1.0) is None


HOPS = (8, 1, WINDOW)  # a window is no whole number of hops of 8


@pytest.fixture(scope="module", params=HOPS)
def twins(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> list[Twin]:
    """Fed windows, and fed hops."""
    folder = tmp_path_factory.mktemp("twins")
    contract = CONTRACT.model_copy(update={"hop": request.param})
    return [
        Twin(
            write_sources(
                folder / str(streaming),
                contract=contract.model_copy(update={"streaming": streaming}),
            ),
            folder,
        )
        for streaming in (False, True)
    ]


def test_each_is_fed_what_its_contract_says(twins):
    windowed, streaming = twins
    assert (windowed.feed, streaming.feed) == (WINDOW, streaming.hop)


def test_a_replay_gives_the_same_scores_times_inputs_and_events(twins):
    for seconds in (0.19, 0.2, 9):
        expected, found = (twin.replay(swings(seconds)) for twin in twins)
        assert np.array_equal(found.scores, expected.scores)
        assert np.array_equal(found.scores_t_us, expected.scores_t_us)
        assert np.array_equal(found.inputs, expected.inputs)
        assert found.events == expected.events
    assert found.events


def test_windows_alone_and_the_self_test_are_the_same(twins):
    inputs = np.random.default_rng(3).integers(-128, 128, (50, WINDOW * 6)).astype(np.int8)
    expected, found = (twin.invoke(inputs) for twin in twins)
    assert np.array_equal(found, expected)
    assert [twin.selftest_crc() for twin in twins] == [SELFTEST_CRC] * 2


def test_what_was_seen_before_a_reset_is_forgotten(twins):
    _, streaming = twins
    first = streaming.replay(swings(3))
    streaming.invoke(first.inputs[:3])
    again = streaming.replay(swings(3))
    assert np.array_equal(first.scores, again.scores)


def test_the_state_starts_again_after_a_hole(twins):
    for twin in twins:
        before, after = swings(3), swings(5, start_us=60_000_000, seed=2)
        joined = replace(
            before,
            samples=np.concatenate([before.samples, after.samples]),
            seq=np.concatenate([before.seq, after.seq + 6000]),
            t_us=np.concatenate([before.t_us, after.t_us]),
        )
        expected = [twin.replay(part).scores for part in (before, after)]
        assert np.array_equal(twin.replay(joined).scores, np.concatenate(expected))


def test_samples_are_quantized_alike(twins):
    values = np.random.default_rng(4).integers(-300_000, 300_000, (100, 6)).astype(np.int32)
    assert np.array_equal(*(twin.quantize(values) for twin in twins))
