"""The whole chain, as a person walks it: recordings in, gestures called out by the board."""

from __future__ import annotations

import json
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from pipeline.boards.supervisor import start
from pipeline.capture.client import BoardClient
from pipeline.capture.ports import open_port
from pipeline.capture.protocol import Item, Message, event_of, is_sensor_stopped, network_output_of
from pipeline.conversion.oracle import run_oracle
from pipeline.core.artifacts import Event, Recording
from pipeline.core.errors import ExitCode
from pipeline.core.run_folder import RunFolder
from pipeline.datasets.recordings import load_recording
from pipeline.training.events import match_events
from pipeline.training.metrics import score_events
from pipeline.twin.library import Twin
from pipeline.workflows import run_facts
from tests.cli.commands import GESTURE, PROJECT, gesture

CONFIG = PROJECT / "configs" / "gesture_conv1d.yaml"
REPLAY_LIMIT_S = 120.0
RIGHT = 0.9
OTHERS = 3  # of more than 20 events
FOLD = ("--set", "split.by=take", "--set", "split.folds=5", "--set", "split.fold=0")
# Less training is enough for what is asked here.
LESS = (
    *("--set", "augment.passes=3"),
    *("--set", "fit.epochs=5"),
    *("--set", "fit.learning_rate=0.004"),
)
# What is asked is whether gestures are called, not what a limit of false alarms costs.
LOUD = ("--set", "decision.false_alarms_per_hour=20")


@pytest.fixture(scope="module")
def spells(shared_data: Path, qemu: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with fold 0 of the spells, trained, converted and deployed to QEMU."""
    work = tmp_path_factory.mktemp("spells")
    recordings = shared_data / "gestures" / "spells"
    imported = gesture("data", "import", recordings, "--dataset", "spells", "--json", cwd=work)
    assert sum(entry["takes"] for entry in imported.json["takes"]) == 125
    words = (
        "--set",
        "data.path=data/spells",
        *FOLD,
        *LESS,
        *LOUD,
        "--hold-out",
        "--run",
        "runs/spells",
    )
    for step in (
        ("train", CONFIG, *words),
        ("convert", "runs/spells"),
        ("deploy", "runs/spells", "--board", "virtual"),
        ("data", "stream", "data/spells", "stream.csv", "--run", "runs/spells"),
    ):
        gesture(*step, "--json", cwd=work)
    return work


@pytest.mark.xdist_group("spells")
def test_the_board_calls_what_the_twin_calls_and_is_right(spells: Path) -> None:
    run, stream = spells / "runs" / "spells", load_recording(spells / "stream.csv")
    contract = json.loads((run / "contract.json").read_text("utf-8"))
    image = json.loads((run / "firmware.json").read_text("utf-8"))
    items = played(Path(image["path"]), stream)
    events = [event for event in map(event_of_item, items) if event is not None]

    twin = Twin(run / "firmware", run / "build")
    replay = twin.replay(stream)
    assert events == replay.events

    scores = dict(filter(None, map(scores_of_item, items)))
    wanted = {int(t): i for i, t in enumerate(replay.scores_t_us)}
    assert len(scores) > 0.9 * len(wanted)  # the first pass by before `scores on` arrives
    rows = [wanted[t_us] for t_us in scores]
    oracle = run_oracle(run / "model.tflite", replay.inputs[rows], spells / "oracle.log")
    assert np.array_equal(np.array(list(scores.values())), oracle)

    calls = match_events(events, stream, contract["labels"][:-1])
    assert calls.takes == 25
    assert calls.right >= RIGHT * calls.takes, calls.called


@pytest.mark.xdist_group("spells")
@pytest.mark.parametrize("rate_hz", [200.0, 104.0])
def test_a_sensor_at_another_rate_has_the_same_gestures_called(
    spells: Path, rate_hz: float
) -> None:
    """But for those next to a threshold: it is chosen on scores, which depend on the processor.
    Were the samples not resampled, next to nothing would be called."""
    run, stream = spells / "runs" / "spells", load_recording(spells / "stream.csv")
    image = json.loads((run / "firmware.json").read_text("utf-8"))
    hop_us = 1e6 * json.loads((run / "contract.json").read_text("utf-8"))["hop"] / stream.rate_hz
    twin, other = Twin(run / "firmware", run / "build"), at_rate(stream, rate_hz)
    events = [event for event in map(event_of_item, played(Path(image["path"]), other)) if event]
    assert events == twin.replay(other).events
    expected = twin.replay(stream).events
    assert len(expected) > 20
    assert len(unlike(events, expected, 2 * hop_us)) <= OTHERS
    assert len(unlike(expected, events, 2 * hop_us)) <= OTHERS


def unlike(events: list[Event], others: list[Event], limit_us: float) -> list[Event]:
    """Those without one of the same label at the same time among the others."""
    return [
        event
        for event in events
        if not any(
            event.label == other.label and abs(event.t_us - other.t_us) <= limit_us
            for other in others
        )
    ]


def at_rate(stream: Recording, rate_hz: float) -> Recording:
    """The same movement as a sensor of another rate would have given it: by its spectrum, and
    linearly between points sixteen times as dense, so by another way than the firmware's."""
    dense = 16 * len(stream)
    spectrum = np.fft.rfft(stream.samples.astype(np.float64), axis=0)
    values = 16 * np.fft.irfft(spectrum, dense, axis=0)
    dense_us = np.arange(dense) * 1e6 / stream.rate_hz / 16
    count = np.arange(int(len(stream) * rate_hz / stream.rate_hz))
    t_us = np.rint(count * 1e6 / rate_hz).astype(np.int64)
    samples = np.stack([np.interp(t_us, dense_us, column) for column in values.T], axis=1)
    return replace(
        stream,
        samples=np.round(samples, 3).astype(np.float32),
        seq=count,
        t_us=t_us,
        rate_hz=rate_hz,
        intervals=(),
    )


@pytest.mark.xdist_group("spells")
def test_replay_prints_the_boards_events(spells: Path) -> None:
    printed = gesture("replay", "runs/spells", "stream.csv", "--json", cwd=spells).json["events"]
    with board_started(spells, "--fast") as port:
        seen = monitored(port, spells)
    assert printed
    assert seen == printed


@pytest.mark.xdist_group("spells")
def test_another_contract_on_the_board_is_found_out(spells: Path, converted_run: Path) -> None:
    with board_started(spells, "--fast") as port:
        right = gesture("board", "check", "runs/spells", "--port", port, "--json", cwd=spells)
        wrong = gesture(
            "board", "check", converted_run, "--port", port, cwd=spells, code=ExitCode.MISMATCH
        )
    assert right.json["vectors"] > 0
    assert right.json["contract_hash"] in wrong.said


def played(image: Path, stream: Recording) -> list[Item]:
    """Everything a virtual board says to a stream, until its sensor stops."""
    items: list[Item] = []
    with (
        start("virtual", image, stream, fast=True) as board,
        open_port(board.port) as port,
    ):
        client = BoardClient(port)
        client.switch("scores", True)
        for item in client.items(REPLAY_LIMIT_S):
            items.append(item)
            if isinstance(item, Message) and is_sensor_stopped(item):
                return items
    pytest.fail(f"the recording was not played to its end within {REPLAY_LIMIT_S:g} s")


def event_of_item(item: Item) -> Event | None:
    return event_of(item) if isinstance(item, Message) else None


def scores_of_item(item: Item) -> tuple[int, np.ndarray] | None:  # type: ignore[type-arg]
    return network_output_of(item) if isinstance(item, Message) else None


@contextmanager
def board_started(work: Path, pace: str) -> Iterator[str]:
    """`gesture board start` in another process; its port."""
    words = ["board", "start", "virtual", "--run", "runs/spells", "--imu", "stream.csv", pace]
    with subprocess.Popen(
        [str(GESTURE), *words, "--json"], cwd=work, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        try:
            yield json.loads(process.stdout.readline())["port"]
        finally:
            process.send_signal(signal.SIGINT)
            assert process.wait(REPLAY_LIMIT_S) == ExitCode.INTERRUPTED


def monitored(port: str, work: Path) -> list[object]:
    """The events that `gesture monitor` prints until the recording has ended."""
    events: list[object] = []
    with subprocess.Popen(
        [str(GESTURE), "monitor", "--port", port, "--json"],
        cwd=work,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            seen = json.loads(line)
            if seen["event"]:
                events.append(seen["event"])
            if seen["sensor_stopped"]:
                break
        process.send_signal(signal.SIGINT)
    return events


def test_many_alarms_at_rest_are_not_passed_over(
    converted_run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(converted_run.parent.parent)
    run, quiet = RunFolder(converted_run), score_events([])
    assert run_facts.background_note(run, quiet) == ""
    loud = replace(quiet, hours=1.0, false_alarms_per_hour=194.4)
    assert run_facts.background_note(run, replace(loud, false_alarms_per_hour=10.0)) == ""
    note = run_facts.background_note(run, loud)
    assert note.startswith("194 false alarms an hour at rest are many")
    assert note.endswith("`gesture capture --label idle --mode continuous --dataset sample`")
