"""Evaluation protocols: the splits that each one stands for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pipeline.config.gesture_settings import GestureConfig, SplitConfig
from pipeline.core.artifacts import Recording
from pipeline.core.errors import PipelineError, UsageError
from pipeline.datasets.intervals import takes_of_each
from pipeline.datasets.splits import (
    choose_by,
    count_folds,
    split_parts,
    split_recordings,
    split_units,
)
from pipeline.datasets.windows import LEAKY, LEAKY_FOLDS, recorded_only, usable_recordings

UNSEEN = "unseen"
PROTOCOLS = {
    "lopo": "leave one person out",
    "session": "leave one session out",
    "kfold": "k folds by take, session or person, as in split.by; the default is take",
    UNSEEN: "leave one gesture out of training, split as in split.by: is it called something?",
    LEAKY: "windows at random: pieces of one take on both sides, so the figure is too high",
}
FEWEST_FOR_UNSEEN = 3
FLATTERING = ("window", "windows", "random", "holdout")


def check_protocol(name: str) -> str:
    """Check the name of a protocol; a split over windows has only the name `leaky`."""
    if name in PROTOCOLS:
        return name
    why = "the name is misspelt"
    if name in FLATTERING:
        why = "a random split over windows puts pieces of one take on both sides and flatters"
    raise UsageError(
        f"There is no protocol `{name}`.",
        why,
        f"use one of: {', '.join(PROTOCOLS)}; only `{LEAKY}` splits over windows",
    )


def check_comparable(protocols: Sequence[str], option: str) -> None:
    """Refuse protocols on which classifiers are not compared; option: that compares them."""
    for protocol in (LEAKY, UNSEEN):
        if protocol in protocols:
            raise UsageError(
                f"{option} does not fit the protocol `{protocol}`.",
                "its accuracy says nothing about new takes of known gestures",
                "use lopo, session or kfold",
            )


def honest_protocol(recordings: Sequence[Recording], config: GestureConfig) -> str:
    """The protocol for a dataset: lopo where enough persons made every gesture, else kfold."""
    usable = recorded_only(usable_recordings(recordings, config))
    return "lopo" if choose_by(usable, config.data.background) == "person" else "kfold"


def protocol_folds(
    recordings: Sequence[Recording], config: GestureConfig, protocol: str
) -> list[GestureConfig]:
    """The config of each fold of a protocol; PipelineError if one cannot be made."""
    if check_protocol(protocol) == UNSEEN:
        return _without_each_gesture(recordings, config)
    base = _split(config.split, protocol)
    if base.by == LEAKY:
        if config.window.mode == "streaming":
            raise UsageError(
                f"The protocol `{LEAKY}` does not fit window.mode: streaming.",
                "it splits windows at random, and a stream has none",
                "use another protocol, or window.mode: window",
            )
        folds = base.folds or LEAKY_FOLDS
        splits = [base.model_copy(update={"fold": fold}) for fold in range(folds)]
    else:
        usable = recorded_only(usable_recordings(recordings, config))
        units = split_units(usable, config.model_copy(update={"split": base})).units
        folds = count_folds(units, base, config.data.background)
        splits = [base.model_copy(update={"fold": fold}) for fold in range(folds)]
        for split in splits:
            split_recordings(units, split, config.data.background)
    return [config.model_copy(update={"split": split}) for split in splits]


def _without_each_gesture(
    recordings: Sequence[Recording], config: GestureConfig
) -> list[GestureConfig]:
    usable = recorded_only(usable_recordings(recordings, config))
    background = config.data.background
    takes = (takes_of_each(recording, background) for recording in usable)
    gestures = sorted(set().union(*takes) - {background})
    if len(gestures) < FEWEST_FOR_UNSEEN:
        raise PipelineError(
            f"There are too few gestures to leave one out: {len(gestures)}.",
            "the others would not be a choice",
            f"record {FEWEST_FOR_UNSEEN} gestures or more, or use another protocol",
        )
    chosen = []
    for gesture in gestures:
        others = tuple(label for label in gestures if label != gesture)
        data = config.data.model_copy(update={"labels": others})
        one = config.model_copy(update={"data": data})
        rest = recorded_only(usable_recordings(recordings, one))
        split_parts(rest, one)
        chosen.append(one)
    return chosen


def _split(split: SplitConfig, protocol: str) -> SplitConfig:
    changes: dict[str, Any] = {"fold": 0}
    if protocol == LEAKY:
        changes["by"] = LEAKY
    elif protocol == "kfold":
        changes["by"] = "take" if split.by in (None, LEAKY) else split.by
    else:
        changes.update(by="person" if protocol == "lopo" else "session", folds=None)
    return split.model_copy(update=changes)
