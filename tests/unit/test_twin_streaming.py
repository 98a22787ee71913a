"""A model that is fed a hop at a time gives what one that is fed windows does."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from pipeline.twin.library import Twin
from tests.tiny_model import CONTRACT, SELFTEST_CRC, WINDOW, swings, write_sources

pytestmark = pytest.mark.usefixtures("host_compiler")
HOPS = (5, 8, 1, WINDOW)  # a window is no whole number of hops of 8


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
