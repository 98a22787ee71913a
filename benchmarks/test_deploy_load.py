"""The load of a board: the product's loop on QEMU with each sensor's driver, and the sum of it."""

from __future__ import annotations

import pytest

from benchmarks.deploy_load import ASSUMED, SENSORS, Inference, Loop, load_parts, loop
from benchmarks.instruction_counts import KINDS, Mix, build_plugin
from pipeline.core.costs import Bounds
from tests.tiny_model import CONTRACT, write_sources

# Clocks of a transfer: nine a byte, with address, register and address again; start, start, stop.
LSM9DS1_STATUS, LSM9DS1_VECTOR = (3 + 1) * 9 + 3, (3 + 6) * 9 + 3
BMI270_LENGTH, BMI270_FRAME = (3 + 2) * 9 + 3, (3 + 13) * 9 + 3


@pytest.fixture(scope="module")
def loops(
    qemu: None, host_compiler: None, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Loop]:
    work = tmp_path_factory.mktemp("load")
    plugin, model = build_plugin(work), write_sources(work / "model")
    return {sensor: loop(work, plugin, model, sensor) for sensor in SENSORS}


@pytest.mark.parametrize("sensor", SENSORS)
def test_each_sensor_gives_its_samples_and_each_becomes_a_line(loops, sensor: str) -> None:
    counts = loops[sensor].counts
    assert counts["samples"] == pytest.approx(SENSORS[sensor] / 1000, rel=0.01)
    assert counts["lines"] == pytest.approx(119, rel=0.05)  # and what the model calls
    assert 30 < counts["bytes"] / counts["lines"] < 110
    assert counts["packets"] >= counts["bytes"] / 63


def test_the_bus_is_busy_for_what_is_read(loops) -> None:
    lsm, bmi = loops["LSM9DS1"].counts, loops["BMI270"].counts
    vectors = 2 * lsm["samples"]
    expected = vectors * LSM9DS1_VECTOR + (lsm["transfers"] - vectors) * LSM9DS1_STATUS
    assert lsm["clocks"] == pytest.approx(expected, rel=0.002)
    frames = bmi["samples"]
    expected = frames * BMI270_FRAME + (bmi["transfers"] - frames) * BMI270_LENGTH
    assert bmi["clocks"] == pytest.approx(expected, rel=0.002)


@pytest.mark.parametrize("sensor", SENSORS)
def test_what_the_board_does_otherwise_is_not_counted_as_ours(loops, sensor: str) -> None:
    """The emulated part computes for longer than a sample takes us; its work is not in it."""
    a_sample = loops[sensor].poll.instructions / 119
    assert 1_000 < a_sample < 20_000


def mix(cycles: Bounds) -> Mix:
    return Mix(dict.fromkeys(KINDS, 1), 0, cycles, Bounds(0, 0), 0, 0)


def test_shares_are_of_64_million_cycles_a_second() -> None:
    counts = dict.fromkeys(("times", "polls", "clocks", "transfers", "packets", "idles"), 0.0)
    busy = {**counts, "clocks": 20_000.0, "transfers": 100.0, "idles": 800.0, "packets": 119.0}
    contract = CONTRACT.model_copy(update={"rate_hz": 100.0, "hop": 10})
    inference = Inference(mix(Bounds(64_000, 640_000)), 7, contract)
    parts = load_parts(Loop(mix(Bounds(640_000, 1_280_000)), busy), inference)
    assert parts["inference"] == Bounds(pytest.approx(0.01), pytest.approx(0.1))
    assert parts["our loop"] == Bounds(pytest.approx(0.01), pytest.approx(0.02))
    calls = ASSUMED["an I2C call"].times(200 / 64e6)
    bus = 20_000 / 400e3  # at which the processor waits
    assert parts["I2C"].lower == pytest.approx(bus + calls.lower)
    assert parts["I2C"].upper == pytest.approx(bus + calls.upper)
    assert parts["sleeping and waking"].upper == pytest.approx(
        800 * ASSUMED["a sleep"].upper / 64e6
    )
    idle = load_parts(Loop(mix(Bounds(0, 0)), counts), inference)
    assert parts["USB"].lower - idle["USB"].lower == pytest.approx(
        119 * ASSUMED["a USB packet"].lower / 64e6
    )
