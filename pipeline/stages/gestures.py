"""What is particular to gestures: recordings in, and scores that become events."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from pipeline.artifacts import Int8, Recording
from pipeline.config_gestures import GestureConfig
from pipeline.contract import Contract
from pipeline.run_folder import RunFolder
from pipeline.stages.settling import Decided, Proven, Settled

if TYPE_CHECKING:
    from pipeline.stages.deciding import Events
    from pipeline.training.fit import Epoch
    from pipeline.training.held_out import HeldOutScores
    from pipeline.training.policy import Choice
    from pipeline.training.run_files import Trained
    from pipeline.twin import Twin


def train_gestures(
    config: GestureConfig, folder: RunFolder, on_epoch: Callable[[Epoch], None]
) -> Trained:
    from pipeline.datasets.recordings import load_recordings

    return train_on(load_recordings(config.data.path), config, folder, on_epoch)


def train_on(
    recordings: Sequence[Recording],
    config: GestureConfig,
    folder: RunFolder,
    on_epoch: Callable[[Epoch], None],
) -> Trained:
    from pipeline.datasets.held_out import held_out
    from pipeline.datasets.windows import make_dataset
    from pipeline.training.gestures import train_gestures as fit
    from pipeline.training.models import check_hop, check_window

    check_window(config.model, config.window.length)
    check_hop(config.model, config.window.hop)
    dataset = make_dataset(recordings, config)
    held_out(recordings, config).save(folder.recordings_file)
    return fit(dataset, config, folder, on_epoch)


def settle_gestures(proven: Proven) -> Settled:
    """Choose how the scores of the compiled C become events, and call what was held out."""
    from pipeline.stages import deciding

    run, draft, twin = proven.run, proven.draft, proven.twin
    scores = _held_out(proven.contract, proven.windows, twin)
    proven.on_step("choosing how scores become events")
    choice = deciding.choose(run, twin)
    proven.on_step("calling the gestures that were held out")
    decided = _decided(choice, deciding.judge_events(run, twin, choice, draft.events_file))
    scores.save(draft.scores_file)
    contract = proven.contract.model_copy(update={"decision": choice.policy})
    return Settled(contract, scores.int8_accuracy, decided)


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


def _decided(choice: Choice, events: Events) -> Decided:
    from pipeline.training.event_score import score_events

    called = map(score_events, (events.gestures, events.unknown))
    return Decided(choice.policy, choice.how, *called)
