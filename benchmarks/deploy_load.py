"""How busy a Nano 33 BLE Sense is, as far as that can be known without one.

`python -m benchmarks.deploy_load` counts on QEMU what each kind of network executes in an
inference, and what the product's loop executes with either sensor, by class of instruction; turns
that into cycles with Arm's timings; and adds what the processor waits for, or does
in the Arduino core, which is assumed and named in ASSUMED. Every figure has two bounds.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from benchmarks import deploy_soak
from benchmarks.instruction_counts import (
    CACHE_HITS,
    KINDS,
    Mix,
    build_plugin,
    counting,
    mix_of,
    read_counts,
)
from benchmarks.results_file import Row, record, row, show
from pipeline.boards.supervisor import instructions_of_ticks
from pipeline.core.contract import Contract
from pipeline.core.costs import CLOCK_HZ, CYCLES_PER_INSTRUCTION, Bounds, seconds_of_cycles
from pipeline.core.project import PROJECT
from pipeline.core.run_folder import RunFolder
from pipeline.deployment.platformio import build_firmware
from pipeline.workflows import convert, train

COMMAND = "python -m benchmarks.deploy_load"
NETWORK = "model_network_invoke"
KINDS_OF_NETWORK = ("conv1d", "dense", "ds_conv1d", "tcn", "conv_gru", "gru_streaming", "lstm")
SHIPPED = "conv1d"  # in the loop
RUNS = 10
BUILD_TIMEOUT_S = 300.0
MISSES = f"<= {1 - CACHE_HITS.lower:.1f}"
AGREE = "<= 0.01"

LOOP = PROJECT / "benchmarks" / "harness" / "load_main.c"
NANO = PROJECT / "firmware" / "boards" / "nano33ble"  # which parts it has
PARTS = PROJECT / "tests" / "firmware" / "emulated_parts"
MEASURED_S = 20.0  # of the loop, as the harness has it
SENSORS = {"LSM9DS1": 119_000, "BMI270": 200_000}  # rates in thousandths of a hertz
POLL = "measured_poll"
STUBS = (
    *("load_read", "load_bus_write", "load_now_us", "load_write", "load_read_byte"),
    *("load_idle", "load_feed_watchdog"),
)

BUS_HZ = 400e3
# Cycles of what the Arduino core and Mbed OS do, read in their sources (ArduinoCore-mbed 4.5.0) and
# not counted: each is some hundred to some thousand instructions, and the bounds are wide.
ASSUMED = {
    # nrfx_twi in its blocking mode: the processor waits for the bus. A transfer takes two calls,
    # and each sets up the peripheral from scratch (i2c_api.c, `config->update = true`).
    "an I2C call": Bounds(500, 2000),
    # micros() through mbed::Timer, Serial.available(), feeding the watchdog
    "a call of the core": Bounds(50, 600),
    # delay(1): two thread switches, the tick suspended and resumed (MBED_TICKLESS), a timer armed
    "a sleep": Bounds(1500, 8000),
    # send_nb, and the interrupts by which the controller says that it took the packet
    "a USB packet": Bounds(1500, 8000),
    # the controller interrupts at each start of frame (nrf_drv_usbd_start(true))
    "a USB frame": Bounds(200, 1000),
}
USB_FRAMES_HZ = 1000.0
I2C_CALLS = 2


@dataclass(frozen=True)
class Inference:
    """timed: instructions by the board's own timer, with those of the call."""

    mix: Mix
    timed: float
    contract: Contract

    @property
    def rate_hz(self) -> float:
        return self.contract.rate_hz / self.contract.hop

    @property
    def cycles_a_second(self) -> Bounds:
        return self.mix.cycles.times(self.rate_hz)


@dataclass(frozen=True)
class Loop:
    """A second of the product's loop. counts: of what the harness counted, by name."""

    poll: Mix
    counts: Mapping[str, float]


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="load-") as name:
        work = Path(name)
        plugin = build_plugin(work)
        runs = {kind: _converted(work, kind) for kind in KINDS_OF_NETWORK}
        inferences = {kind: inference(work, plugin, run) for kind, run in runs.items()}
        loops = {name: loop(work, plugin, runs[SHIPPED].sources, name) for name in SENSORS}
    rows = [each for kind in inferences for each in inference_rows(kind, inferences[kind])]
    rows += check_rows(inferences, loops)
    for sensor in SENSORS:
        rows += load_rows(sensor, load_parts(loops[sensor], inferences[SHIPPED]), loops[sensor])
    record("deploy", rows)
    show(rows)


def _converted(work: Path, kind: str) -> RunFolder:
    """A run of a shipped config, hardly trained: what its weights are hardly matters here."""
    run = work / kind
    settings = [f"data.path={PROJECT / 'data' / 'sample'}", "fit.epochs=1"]
    train.train(PROJECT / "configs" / f"gesture_{kind}.yaml", settings, run, lambda _: None)
    convert.convert(run, None, lambda _: None)
    return RunFolder(run)


def inference(work: Path, plugin: Path, run: RunFolder) -> Inference:
    """One inference, or hop, of the firmware that `gesture deploy --board virtual` builds."""
    image = build_firmware(
        "virtual", run.sources, PROJECT, work / "build.log", BUILD_TIMEOUT_S
    ).path
    out = work / "counts.txt"
    with counting(image, plugin, out, (NETWORK,)) as board:
        board.wait_for("hello")
        board.send(f"bench {RUNS}")
        answer = board.wait_for("ok runs=")
    counted = read_counts(image, out, (NETWORK,))
    mix = mix_of(counted.executed[NETWORK]).per(counted.calls[NETWORK])
    timed = instructions_of_ticks(int(answer.split("ticks=")[1]) / RUNS)
    return Inference(mix, timed, run.contract())


def inference_rows(kind: str, inference: Inference) -> list[Row]:
    """Rows of the time and load of an inference."""
    mix, contract = inference.mix, inference.contract
    ms = seconds_of_cycles(mix.cycles).times(1e3)
    load = seconds_of_cycles(inference.cycles_a_second)
    what = f"a hop of {contract.hop} samples" if contract.streaming else "a window"
    kinds = ", ".join(f"{mix.counts[each]:,} {each}" for each in KINDS if mix.counts[each])
    note = (
        f"{what}: {mix.instructions:,} instructions ({kinds}; {mix.taken:,} jumps); "
        f"{_range(ms, 'ms', 2)}, {_range(load.times(100), '%', 1)} of the processor at "
        f"{inference.rate_hz:.1f} a second"
    )
    waits = f"{note}; {round(mix.waits.upper):,} of it wait for the flash"
    name = f"{kind} cycles an inference"
    return [
        row(f"{name}, lower", round(mix.cycles.lower), "cycles", COMMAND, note),
        row(f"{name}, upper", round(mix.cycles.upper), "cycles", COMMAND, waits),
    ]


def check_rows(inferences: Mapping[str, Inference], loops: Mapping[str, Loop]) -> list[Row]:
    """What is taken for granted: by core/costs.py, of cycles, and of the counting."""
    mixes = {kind: each.mix for kind, each in inferences.items()}
    lower = {kind: mix.cycles.lower / mix.instructions for kind, mix in mixes.items()}
    upper = {kind: mix.cycles.upper / mix.instructions for kind, mix in mixes.items()}
    apart = {kind: each.timed / each.mix.instructions - 1 for kind, each in inferences.items()}
    every = {**mixes, **{f"loop with {sensor}": each.poll for sensor, each in loops.items()}}
    missed = {name: mix.missed_lines / mix.fetched_words for name, mix in every.items()}
    limits = CYCLES_PER_INSTRUCTION
    rows = [
        ("cycles an instruction, lower", min(lower.values()), lower, f">= {limits.lower:g}"),
        ("cycles an instruction, upper", max(upper.values()), upper, f"<= {limits.upper:g}"),
        ("fetches that miss a cache of 1 KB", max(missed.values()), missed, MISSES),
        ("instructions timed, more than counted", max(apart.values(), key=abs), apart, AGREE),
    ]
    return [
        row(name, round(value, 4), "", COMMAND, _each(of_kind), bound)
        for name, value, of_kind, bound in rows
    ]


def loop(work: Path, plugin: Path, model: Path, sensor: str) -> Loop:
    """What the loop of the product executes with the driver of `sensor`, inferences apart.

    model: the folder with the C sources of a network.
    """
    defines = (f"-DPART={sensor}_PART", f"-DRATE_MILLIHZ={SENSORS[sensor]}", "-DMADE_MAX=64u")
    image = deploy_soak.build(work, model, LOOP, (PARTS, NANO), defines)
    out = work / "counts.txt"
    watched = (POLL, NETWORK, *STUBS)
    with counting(image, plugin, out, watched) as board:
        words = board.wait_for("load").split()[1:]
    found = {name: float(value) for name, value in (word.split("=") for word in words)}
    counted = read_counts(image, out, watched)
    per_second = {name: value / MEASURED_S for name, value in found.items()}
    return Loop(mix_of(counted.executed[POLL]).per(MEASURED_S), per_second)


def load_rows(sensor: str, parts: Mapping[str, Bounds], loop: Loop) -> list[Row]:
    """Rows of the load of the processor, with its parts."""
    total = Bounds(0, 0)
    for part in parts.values():
        total = total.plus(part)
    note = "; ".join(f"{name} {_range(part.times(100), '%', 1)}" for name, part in parts.items())
    rate = f"load at 119 Hz, {sensor}"
    i2c = f"I2C load, {sensor}"
    return [
        row(f"{rate}, lower", round(total.lower, 4), "", COMMAND, note),
        row(f"{rate}, upper", round(total.upper, 4), "", COMMAND, note),
        row(f"{i2c}, lower", round(parts["I2C"].lower, 4), "", COMMAND, _bus_note(loop)),
        row(f"{i2c}, upper", round(parts["I2C"].upper, 4), "", COMMAND, _bus_note(loop)),
    ]


def load_parts(loop: Loop, inference: Inference) -> dict[str, Bounds]:
    """Shares of the processor's time, by what takes them."""
    counts = loop.counts
    calls = counts["times"] + 2 * counts["polls"]
    bus_cycles = counts["clocks"] / BUS_HZ * CLOCK_HZ
    cycles = {
        "inference": inference.cycles_a_second,
        "our loop": loop.poll.cycles,
        "I2C": _assumed("an I2C call", I2C_CALLS * counts["transfers"]).plus(
            Bounds(bus_cycles, bus_cycles)
        ),
        "USB": _assumed("a USB packet", counts["packets"]).plus(
            _assumed("a USB frame", USB_FRAMES_HZ)
        ),
        "sleeping and waking": _assumed("a sleep", counts["idles"]),
        "clock, watchdog and serial port": _assumed("a call of the core", calls),
    }
    return {name: seconds_of_cycles(each) for name, each in cycles.items()}


def _assumed(what: str, times: float) -> Bounds:
    return ASSUMED[what].times(times)


def _bus_note(loop: Loop) -> str:
    counts = loop.counts
    return (
        f"{counts['transfers']:.0f} transfers a second, {counts['clocks']:,.0f} clocks at "
        f"{BUS_HZ / 1e3:.0f} kHz, for {counts['samples']:.0f} samples"
    )


def _range(bounds: Bounds, unit: str, digits: int) -> str:
    return f"{bounds.lower:.{digits}f} to {bounds.upper:.{digits}f} {unit}"


def _each(of_kind: Mapping[str, float]) -> str:
    return ", ".join(f"{kind} {value:.4f}" for kind, value in of_kind.items())


if __name__ == "__main__":
    main()
