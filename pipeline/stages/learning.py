"""From recordings to a network in C that is proven, and what that C says to a recording."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from pipeline.artifacts import (
    Event,
    Int8,
    Recording,
    RunFolder,
    atomic_write,
    save_text_files,
)
from pipeline.budget import Budget, load_budget
from pipeline.config import TrainConfig, load_train_config
from pipeline.contract import Contract, DecisionPolicy
from pipeline.costs import NetworkCost
from pipeline.stages.reporting import write_report
from pipeline.stages.run_windows import load_windows
from pipeline.stages.runs import converted_contract, named_run, new_run, open_run, point_latest_at

if TYPE_CHECKING:
    from pipeline.compiler import CompiledNetwork
    from pipeline.stages.deciding import Events
    from pipeline.training.event_score import EventScore
    from pipeline.training.fit import Epoch
    from pipeline.training.held_out import HeldOutScores
    from pipeline.training.policy import Choice
    from pipeline.training.train import Trained
    from pipeline.twin import Twin

OnStep = Callable[[str], None]


@dataclass(frozen=True)
class Decided:
    """A policy, how it was come by, and its events: of the test part, and of unknown motion."""

    policy: DecisionPolicy
    how: str
    events: EventScore
    unknown: EventScore


@dataclass(frozen=True)
class Converted:
    """vectors: how many were compared byte for byte with the reference; obstacle: why the network
    does not stream, None where it does; variant: `fast`, or `compact` and why; cost: of a
    classification, without the firmware around it."""

    run: Path
    contract_hash: str
    vectors: int
    reference: str
    int8_accuracy: float
    flatbuffer_bytes: int
    hop: int
    obstacle: str | None
    variant: str
    cost: NetworkCost
    decided: Decided


def train(
    config_file: Path, settings: Sequence[str], run: Path | None, on_epoch: Callable[[Epoch], None]
) -> Trained:
    """Fit a model; the run folder has everything that convert needs, and the report."""
    config = load_train_config(config_file, settings)
    folder = named_run(run) if run is not None else new_run(config_file.stem)
    from pipeline.datasets.recordings import load_recordings

    trained = train_on(load_recordings(config.data.path), config, folder, on_epoch)
    point_latest_at(folder)
    return trained


def train_on(
    recordings: Sequence[Recording],
    config: TrainConfig,
    folder: RunFolder,
    on_epoch: Callable[[Epoch], None],
) -> Trained:
    from pipeline.datasets.held_out import held_out
    from pipeline.datasets.windows import make_dataset
    from pipeline.training.train import train as fit

    dataset = make_dataset(recordings, config)
    held_out(recordings, config).save(folder.recordings_file)
    trained = fit(dataset, config, folder, on_epoch)
    write_report(folder)
    return trained


def convert(path: Path, budget_file: Path | None, on_step: OnStep) -> Converted:
    """Quantise, compile to C, and prove the C equal to its reference before any of it counts."""
    from pipeline.conversion import contract_source, golden
    from pipeline.conversion.supported import require_supported
    from pipeline.stages import deciding, quantising
    from pipeline.twin import Twin

    run = open_run(path)
    require_supported(run.require(run.keras_file, "train"))
    budget = Budget() if budget_file is None else load_budget(budget_file)
    windows = load_windows(run)
    draft = RunFolder(run.build / "converted")
    log = run.build / "convert.log"
    on_step("quantising to int8")
    quantising.quantise(run, windows["calibration"], draft.flatbuffer_file, log)
    on_step("compiling to C")
    flatbuffer = draft.flatbuffer_file.read_bytes()
    trained = run.contract()
    network, variant = _fitting(flatbuffer, trained, budget)
    contract = trained.converted(network.quantisation, flatbuffer, network.obstacle is None)
    on_step("asking for the reference")
    answer = quantising.reference(draft.flatbuffer_file, network, log)
    vectors, crc = golden.make_golden(answer, network.quantisation, windows["test"])
    constants = contract_source.contract_source(contract, crc)
    save_text_files(draft.sources, {**network.sources, **constants})
    on_step(f"comparing {len(vectors.inputs)} vectors, byte for byte")
    twin = Twin(draft.sources, run.build)
    golden.compare_outputs(vectors, twin.invoke(vectors.inputs), "the compiled C")
    scores = _held_out(contract, windows, twin)
    on_step("choosing how scores become events")
    choice = deciding.choose(run, twin)
    contract = contract.model_copy(update={"decision": choice.policy})
    save_text_files(draft.sources, contract_source.contract_source(contract, crc))
    on_step("calling the gestures that were held out")
    decided = _decided(choice, deciding.judge_events(run, twin, choice, draft.events_file))
    vectors.save(draft.golden_file)
    scores.save(draft.scores_file)
    network.cost.save(draft.cost_file)
    _publish(run, draft, contract)
    write_report(run)
    return Converted(
        run=run.path,
        contract_hash=contract.hash(),
        vectors=len(vectors.inputs),
        reference=quantising.name_of_reference(network),
        int8_accuracy=scores.int8_accuracy,
        flatbuffer_bytes=len(flatbuffer),
        hop=contract.hop,
        obstacle=network.obstacle,
        variant=variant,
        cost=network.cost,
        decided=decided,
    )


def replay(path: Path, file: Path) -> list[Event]:
    """What a board with this run would call out, given the recording `file`."""
    from pipeline.datasets.recordings import load_recording
    from pipeline.twin import Twin

    run = open_run(path)
    converted_contract(run)
    twin = Twin(run.sources, run.build)
    return twin.replay(load_recording(file)).events


def _fitting(flatbuffer: bytes, contract: Contract, budget: Budget) -> tuple[CompiledNetwork, str]:
    """The network, compact only where it must be, and in words which of the two it is."""
    from pipeline.stages.quantising import compiled

    fast = compiled(flatbuffer, contract)
    overruns = budget.overruns(fast.cost)
    if not overruns:
        return fast, "fast"
    compact = compiled(flatbuffer, contract, compact=True)
    if budget.overruns(compact.cost):
        budget.require_fit(fast.cost)
    return compact, f"compact: the fast one would take {', '.join(overruns.values())}"


def _held_out(contract: Contract, windows: dict[str, NDArray[Any]], twin: Twin) -> HeldOutScores:
    from pipeline.training.held_out import HeldOutScores

    return HeldOutScores(
        labels=contract.labels,
        names=tuple(windows["test_names"].tolist()),
        targets=windows["test_targets"],
        float_scores=windows["test_scores"],
        int8_scores=_int8_scores(contract, windows, twin),
    )


def _int8_scores(contract: Contract, windows: dict[str, NDArray[Any]], twin: Twin) -> Int8:
    """Of the held-out windows: each alone, or where a stream has come to their end."""
    from pipeline.conversion.golden import quantise

    if contract.quantisation is None:
        raise ValueError("the contract has no quantisation yet")
    if contract.mode == "window":
        test = quantise(windows["test"], contract.quantisation)
        return twin.invoke(test.reshape(len(test), -1))
    inputs = quantise(windows["stream_inputs"], contract.quantisation)  # [n, T, C]
    begins = np.flatnonzero(windows["stream_begins"])
    streams = np.split(inputs, begins[1:])
    heard = [twin.stream(stream.reshape(-1, stream.shape[2])) for stream in streams]
    scores = np.concatenate(heard).reshape(len(inputs), inputs.shape[1] // twin.feed, -1)
    rows, hops = windows["stream_places"].T
    found: Int8 = scores[rows, hops]
    return found


def _publish(run: RunFolder, draft: RunFolder, contract: Contract) -> None:
    """The contract is written last: it is what makes the run count as converted."""
    from pipeline.conversion.c_array import c_array

    flatbuffer = draft.flatbuffer_file.read_bytes()
    with atomic_write(run.flatbuffer_file) as unfinished:
        unfinished.write_bytes(flatbuffer)
    save_text_files(run.path, c_array(flatbuffer))
    texts = {source.name: source.read_text("utf-8") for source in draft.sources.iterdir()}
    save_text_files(run.sources, texts)
    for file in (
        draft.golden_file,
        draft.scores_file,
        draft.cost_file,
        draft.events_file,
    ):
        with atomic_write(run.path / file.name) as unfinished:
            unfinished.write_bytes(file.read_bytes())
    contract.save(run.contract_file)


def _decided(choice: Choice, events: Events) -> Decided:
    from pipeline.training.event_score import score_events

    called = map(score_events, (events.gestures, events.unknown))
    return Decided(choice.policy, choice.how, *called)
