"""How a converted run decides, and what that comes to: streams of held-out recordings, heard by
the twin.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.artifacts import Recording
from pipeline.config_gestures import GestureConfig, load_gesture_config
from pipeline.contract import DecisionPolicy
from pipeline.files import load_json, reading, save_json
from pipeline.run_folder import RunFolder
from pipeline.twin import Twin

if TYPE_CHECKING:
    from pipeline.training.event_score import EventScore
    from pipeline.training.events import Calls
    from pipeline.training.policy import Choice, Heard

VALIDATION_SEED, TEST_SEED = 1, 2
REPEATS = 3  # validation takes are joined so often, each time in another order and with other rests
VALIDATION_S = 3600.0
TEST_S = 3600.0


@dataclass(frozen=True)
class Events:
    """What the C calls out, of recordings that were held out.

    gestures: streams of the test part. rest, unknown: an hour each, made of the test part, in
    which every event is a false alarm. unseen: streams of gestures the model does not know.
    """

    gestures: tuple[Calls, ...]
    rest: tuple[Calls, ...]
    unknown: tuple[Calls, ...]
    unseen: tuple[Calls, ...]

    @classmethod
    def load(cls, path: Path) -> Events:
        from pipeline.training.events import Calls

        with reading(path, "convert"):
            streams = load_json(path, "convert")["streams"].items()
            return cls(**{name: tuple(Calls(**one) for one in part) for name, part in streams})


@dataclass(frozen=True)
class Unseen:
    """label: a gesture that was left out of training; called: takes of it that were called."""

    label: str
    takes: int
    called: int


@dataclass(frozen=True)
class Outcome:
    """Events of folds taken together: of the test parts, of rest and of unknown motion."""

    gestures: EventScore
    rest: EventScore
    unknown: EventScore


def outcome(folds: Sequence[Events]) -> Outcome:
    from pipeline.training.event_score import score_events

    parts = ("gestures", "rest", "unknown")
    return Outcome(
        *(score_events([call for fold in folds for call in getattr(fold, name)]) for name in parts)
    )


def unseen(label: str, events: Events) -> Unseen:
    called = [names for calls in events.unseen for names in calls.called]
    return Unseen(label, len(called), sum(map(bool, called)))


def choose(run: RunFolder, twin: Twin) -> Choice:
    """The policy for the run, by its validation recordings; the usual one where they are few."""
    from pipeline.datasets.held_out import HeldOutRecordings
    from pipeline.datasets.unknown import rest_motion, unknown_motion
    from pipeline.training import policy

    config = load_gesture_config(run.config_file)
    held = HeldOutRecordings.load(run.require(run.recordings_file, "train")).validation
    reason = policy.why_not_chosen(config, held, twin.labels)
    if reason:
        return policy.Choice(policy.usual_policy(config, twin.labels), reason)
    background = config.data.background
    made = unknown_motion if config.unknown.share else rest_motion
    streams = _streams(held, config, VALIDATION_SEED, REPEATS)
    unknown = made(held, background, VALIDATION_S, VALIDATION_SEED)
    heard = [_heard(stream, twin) for stream in streams]
    return policy.choose_policy(heard, _heard(unknown, twin), config, twin.labels, twin.decide)


def judge_events(run: RunFolder, twin: Twin, choice: Choice, file: Path) -> Events:
    """Play the test part to the twin, and keep what became of it in `file`."""
    from pipeline.datasets.held_out import HeldOutRecordings
    from pipeline.datasets.unknown import rest_motion, unknown_motion

    config = load_gesture_config(run.config_file)
    held = HeldOutRecordings.load(run.require(run.recordings_file, "train"))
    background = config.data.background
    parts: dict[str, list[Recording]] = {
        "gestures": _streams(held.test, config, TEST_SEED, 1),
        "rest": [],
        "unknown": [],
        "unseen": _streams(held.unseen, config, TEST_SEED, 1),
    }
    if held.test and choice.policy.background is not None:
        parts["rest"] = [rest_motion(held.test, background, TEST_S, TEST_SEED)]
        parts["unknown"] = [unknown_motion(held.test, background, TEST_S, TEST_SEED)]
    judged = {
        name: tuple(_judged(stream, twin, choice.policy) for stream in streams)
        for name, streams in parts.items()
    }
    events = Events(**judged)
    save_json(file, {"choice": _plain(choice), "streams": asdict(events)})
    return events


def _plain(choice: Choice) -> dict[str, Any]:
    return {**asdict(choice), "policy": choice.policy.model_dump(mode="json")}


def _streams(
    recordings: Sequence[Recording], config: GestureConfig, seed: int, repeats: int
) -> list[Recording]:
    """Continuous recordings as they are, takes joined `repeats` times."""
    from pipeline.datasets.streams import join_takes
    from pipeline.datasets.usable import is_continuous

    streams = [recording for recording in recordings if is_continuous(recording, config)]
    takes = [take for take in recordings if not is_continuous(take, config)]
    takes = [take for take in takes if take.label != config.data.background]
    if takes:
        seeds = range(seed, seed + repeats)
        streams += [join_takes(_shuffled(takes, s), config.window.rest_s, s) for s in seeds]
    return streams


def _shuffled(takes: Sequence[Recording], seed: int) -> list[Recording]:
    import numpy as np

    return [takes[index] for index in np.random.default_rng(seed).permutation(len(takes))]


def _heard(stream: Recording, twin: Twin) -> Heard:
    from pipeline.training.policy import Heard

    replay = twin.replay(stream)
    return Heard(stream, replay.scores, replay.scores_t_us)


def _judged(stream: Recording, twin: Twin, policy: DecisionPolicy) -> Calls:
    from pipeline.training.events import judge

    gestures = [label for label in twin.labels if label != policy.background]
    replay = twin.replay(stream)
    events = twin.decide(policy, replay.scores, replay.scores_t_us)
    return judge(events, stream, gestures)
