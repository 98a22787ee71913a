"""Decision tuning of a converted run, and its events on the held-out recordings.

The twin plays the recordings as streams.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from pipeline.config.gesture_settings import GestureConfig, load_gesture_config
from pipeline.core.artifacts import Recording
from pipeline.core.contract import DecisionPolicy
from pipeline.core.files import load_json, reading, save_json
from pipeline.core.run_folder import RunFolder
from pipeline.datasets.held_out_recordings import HeldOutRecordings
from pipeline.datasets.labels import is_continuous
from pipeline.datasets.streams import join_takes
from pipeline.datasets.synthetic_negatives import synthetic_negatives, synthetic_rest
from pipeline.training.decision_tuning import (
    Choice,
    ScoredStream,
    choose_policy,
    validation_takes,
    why_default_policy,
)
from pipeline.training.events import MatchedEvents, match_events
from pipeline.training.metrics import EventScore, score_events
from pipeline.twin.library import Twin

VALIDATION_SEED, TEST_SEED = 1, 2
REPEATS = 3  # how often validation takes are joined, each time in another order
VALIDATION_S = 3600.0
TEST_S = 3600.0


@dataclass(frozen=True)
class Events:
    """The events of the compiled C on held-out recordings.

    Args:
        gestures: of streams of the test part.
        rest: of an hour of rest, made of the test part; every event is a false alarm.
        unknown: of an hour of synthetic negatives; every event is a false alarm.
        unseen: of streams of gestures that were not in the training.
        everyday: of recorded everyday motion; every event is a false alarm.
    """

    gestures: tuple[MatchedEvents, ...]
    rest: tuple[MatchedEvents, ...]
    unknown: tuple[MatchedEvents, ...]
    unseen: tuple[MatchedEvents, ...]
    everyday: tuple[MatchedEvents, ...] = ()

    @classmethod
    def load(cls, path: Path) -> Events:
        """Read events.json."""
        with reading(path, "convert"):
            streams = load_json(path, "convert")["streams"].items()
            return cls(
                **{name: tuple(MatchedEvents(**one) for one in part) for name, part in streams}
            )


@dataclass(frozen=True)
class Unseen:
    """How many takes of a gesture that was left out of training were called something."""

    label: str
    takes: int
    called: int


@dataclass(frozen=True)
class Outcome:
    """Event metrics of folds together: of test parts, rest, negatives and everyday motion."""

    gestures: EventScore
    rest: EventScore
    unknown: EventScore
    everyday: EventScore


def outcome(folds: Sequence[Events]) -> Outcome:
    """Event metrics of all folds together."""
    parts = ("gestures", "rest", "unknown", "everyday")
    return Outcome(
        *(
            score_events([stream for fold in folds for stream in getattr(fold, name)])
            for name in parts
        )
    )


def unseen(label: str, events: Events) -> Unseen:
    """How often takes of a gesture that was left out of training were called something."""
    called = [names for stream in events.unseen for names in stream.called]
    return Unseen(label, len(called), sum(map(bool, called)))


def tune(run: RunFolder, twin: Twin) -> Choice:
    """Tune the decision policy of a run; few validation recordings give the default policy."""
    config = load_gesture_config(run.config_file)
    held_out = HeldOutRecordings.load(run.require(run.recordings_file, "train"))
    validation, background = held_out.validation, config.data.background
    takes = validation_takes(validation, twin.labels, background)
    reason = why_default_policy(config, takes, twin.labels)
    if reason:
        return Choice(config.default_policy(twin.labels), reason)
    streams = _streams(validation, config, VALIDATION_SEED, REPEATS)
    kinds = (synthetic_rest, synthetic_negatives) if config.unknown.share else (synthetic_rest,)
    made = [make(validation, background, VALIDATION_S, VALIDATION_SEED) for make in kinds]
    scored = [_scored(one, twin) for one in streams]
    quiet = [_scored(one, twin) for one in (*made, *held_out.everyday_validation)]
    return choose_policy(scored, quiet, takes.total(), config, twin.labels, twin.decide)


def match_test_events(run: RunFolder, twin: Twin, choice: Choice, file: Path) -> Events:
    """Play the test part to the twin, match its events, and save them in `file`."""
    config = load_gesture_config(run.config_file)
    held_out = HeldOutRecordings.load(run.require(run.recordings_file, "train"))
    background = config.data.background
    parts: dict[str, list[Recording]] = {
        "gestures": _streams(held_out.test, config, TEST_SEED, 1),
        "rest": [],
        "unknown": [],
        "unseen": _streams(held_out.unseen, config, TEST_SEED, 1),
        "everyday": list(held_out.everyday_test),
    }
    if held_out.test and choice.policy.background is not None:
        parts["rest"] = [synthetic_rest(held_out.test, background, TEST_S, TEST_SEED)]
        parts["unknown"] = [synthetic_negatives(held_out.test, background, TEST_S, TEST_SEED)]
    matched = {
        name: tuple(_matched(stream, twin, choice.policy) for stream in streams)
        for name, streams in parts.items()
    }
    events = Events(**matched)
    save_json(file, {"choice": _plain(choice), "streams": asdict(events)})
    return events


def _plain(choice: Choice) -> dict[str, Any]:
    return {**asdict(choice), "policy": choice.policy.model_dump(mode="json")}


def _streams(
    recordings: Sequence[Recording], config: GestureConfig, seed: int, repeats: int
) -> list[Recording]:
    """Continuous recordings, and all takes joined to a stream, `repeats` times."""
    streams = [recording for recording in recordings if is_continuous(recording, config)]
    takes = [take for take in recordings if not is_continuous(take, config)]
    takes = [take for take in takes if take.label != config.data.background]
    if takes:
        seeds = range(seed, seed + repeats)
        streams += [join_takes(_shuffled(takes, s), config.window.rest_s, s) for s in seeds]
    return streams


def _shuffled(takes: Sequence[Recording], seed: int) -> list[Recording]:
    return [takes[index] for index in np.random.default_rng(seed).permutation(len(takes))]


def _scored(stream: Recording, twin: Twin) -> ScoredStream:
    replay = twin.replay(stream)
    return ScoredStream(stream, replay.scores, replay.scores_t_us)


def _matched(stream: Recording, twin: Twin, policy: DecisionPolicy) -> MatchedEvents:
    gestures = [label for label in twin.labels if label != policy.background]
    replay = twin.replay(stream)
    events = twin.decide(policy, replay.scores, replay.scores_t_us)
    return match_events(events, stream, gestures)
