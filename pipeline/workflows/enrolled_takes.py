"""What a run's compiled C recognizes of takes, before and after a person is enrolled."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pipeline.config.gesture_settings import load_gesture_config
from pipeline.conversion.golden import to_int8
from pipeline.core.artifacts import Float32, Int8, Int64, Recording
from pipeline.core.centres import Centres, person_centres
from pipeline.core.contract import Contract
from pipeline.core.enrolment import EnrolledCentre, Enrolment
from pipeline.core.errors import UsageError
from pipeline.core.run_folder import RunFolder
from pipeline.core.shares import Share
from pipeline.datasets.windows import make_middles_dataset
from pipeline.training.training_data import scale
from pipeline.twin.library import Twin
from pipeline.workflows.run_facts import load_windows, window_arrays


@dataclass(frozen=True)
class Takes:
    """A window in the middle of each take.

    Args:
        inputs: int8 [n, window * channels], as the network is given them.
        targets: int64 [n], their classes.
    """

    inputs: Int8
    targets: Int64


def takes_of(recordings: Sequence[Recording], run: RunFolder, contract: Contract) -> Takes:
    """The takes of gestures that the model knows; USAGE if there are none."""
    config = load_gesture_config(run.require(run.config_file, "train"))
    data = config.data.model_copy(update={"labels": None})  # a person need not know all of them
    known = [one for one in recordings if one.label in contract.gestures or one.intervals]
    if not known:
        raise UsageError(
            f"There is no take of {', '.join(contract.gestures)}.",
            "these are the gestures of the model",
            "record them: `gesture capture --mode guided`",
        )
    middles = make_middles_dataset(known, config.model_copy(update={"data": data}))
    windows, numbers = middles.part("all")
    labels = [middles.labels[number] for number in numbers]
    rows = np.flatnonzero([label in contract.gestures for label in labels])
    targets = np.array([contract.labels.index(labels[row]) for row in rows], np.int64)
    return Takes(_inputs(windows[rows], contract), targets)


def earlier_takes(run: RunFolder, contract: Contract) -> Takes:
    """The test windows of a run, of the people it was trained for."""
    tested = run.tested.contract()
    arrays = load_windows(run.tested, window_arrays("gesture"))
    mean, std = np.array(tested.scaling.mean), np.array(tested.scaling.std)
    windows = (arrays["test"] * std + mean).astype(np.float32)
    places = np.array([contract.labels.index(label) for label in tested.labels], np.int64)
    return Takes(_inputs(windows, contract), places[arrays["test_targets"]])


def _inputs(windows: Float32, contract: Contract) -> Int8:
    assert contract.quantization is not None
    scaled = to_int8(scale(windows, contract.scaling), contract.quantization)
    return scaled.reshape(len(windows), -1)


def network_stays(takes: Takes, begun: Enrolment, before: Share, after: Share) -> bool:
    """Whether the network alone should go on deciding for a person: centres are no better.

    Of one take of a gesture nothing can be said. Where a board has learned gestures, or ways of
    everybody, it does not decide alone.

    Args:
        takes: of the person.
        begun: the enrolment without them.
        before: recognized by the network alone.
        after: recognized by the centres of the other takes.
    """
    fewest = np.unique(takes.targets, return_counts=True)[1].min()
    is_alone = not begun.learned and all(centre.owner for centre in begun.centres)
    return bool(fewest > 1 and is_alone and after.right <= before.right)


@dataclass(frozen=True)
class Recognizer:
    """The compiled C of a run, and the centres in it."""

    twin: Twin
    centres: Centres

    def centres_of(self, takes: Takes) -> tuple[EnrolledCentre, ...]:
        """The centres of a person with these takes."""
        points = self.twin.embed(takes.inputs)
        return self._of_points(points, takes.targets)

    def _of_points(self, points: Int8, targets: Int64) -> tuple[EnrolledCentre, ...]:
        return person_centres(points, targets, self.centres.centres, self.centres.classes)

    def by_network(self, takes: Takes) -> Share:
        """How many takes the network alone recognizes."""
        return _right(self.twin.invoke(takes.inputs), takes.targets)

    def enrolled(self, takes: Takes, enrolment: Enrolment) -> Share:
        """How many takes are recognized by an enrolment."""
        if not enrolment.is_active:
            return self.by_network(takes)
        points = self.twin.embed(takes.inputs)
        return _right(self._scores(points, enrolment), takes.targets)

    def left_out(self, takes: Takes, enrolment: Enrolment, person: str) -> Share:
        """How many of a person's takes are recognized by their other takes."""
        points = self.twin.embed(takes.inputs)
        right = 0
        for row in range(len(points)):
            others = np.arange(len(points)) != row
            own = self._of_points(points[others], takes.targets[others])
            scores = self._scores(points[[row]], enrolment.with_person(person, own))
            right += _right(scores, takes.targets[[row]]).right
        return Share(right, len(points))

    def _scores(self, points: Int8, enrolment: Enrolment) -> Int8:
        self.twin.enrol(enrolment.to_bytes(), enrolment.learned)
        try:
            return self.twin.score_embedded(points)
        finally:
            self.twin.enrol(None)


def _right(scores: Int8, targets: Int64) -> Share:
    return Share(int(np.sum(scores.argmax(axis=1) == targets)), len(targets))
