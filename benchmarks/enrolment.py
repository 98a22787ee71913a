"""What a few takes of a new person change: `python -m benchmarks.enrolment gain`.

One person at a time is left out of a run, which is trained and converted, and then enrolled with
some takes of each gesture, as `gesture enrol` does. Runs are kept in build/recognition/enrolment:
interrupted, the same command goes on after them.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import reduce
from operator import add

import numpy as np

from benchmarks.datasets import FETCHED, ROOT
from benchmarks.open_data import open_dataset
from benchmarks.results_file import Row, record_parts, row
from pipeline.config.gesture_settings import GestureConfig, load_gesture_config
from pipeline.core.artifacts import Int64, Recording
from pipeline.core.contract import Contract
from pipeline.core.enrolment import EnrolledCentre, Enrolment
from pipeline.core.files import save_text
from pipeline.core.run_folder import RunFolder
from pipeline.core.shares import Share
from pipeline.datasets.recordings import load_recordings
from pipeline.datasets.splits import split_recordings
from pipeline.datasets.windows import recorded_only, usable_recordings
from pipeline.workflows import convert, generated
from pipeline.workflows.enrolled_takes import Recognizer, Takes, network_stays, takes_of
from pipeline.workflows.train import train_on

COMMAND = "python -m benchmarks.enrolment gain"
WORK = FETCHED.parent / "enrolment"
TAKES = (1, 3, 5)
TAKES_OF_BOUND = 3
MOST_FOLDS = 5  # of the others' takes, of which one is held out
REPEATS = 5  # choices of the takes to enrol with
FIXED = (  # the network's own policy plays no part
    *("decision.smoothing_windows=8", "decision.threshold=0.6"),
    *("decision.release=0.3", "decision.refractory_s=1.2"),
)


@dataclass(frozen=True)
class Data:
    """most: of how many people each is left out in turn; watch has 20 and trains long."""

    name: str
    network: str
    settings: tuple[str, ...] = ()
    most: int = 8


DATA = (
    Data("utd", "gesture_rocket", ("data.rate_hz=50", "window.hop=8", "window.length=200")),
    Data("punch_flex", "gesture_rocket", ("data.labels=[punch, flex]",)),
    Data("uhh_imu", "uhh_imu"),
    Data("watch", "watch", most=4),
)


@dataclass(frozen=True)
class Enrolled:
    """How many takes are recognized, by the C of a converted run.

    Args:
        network: of the new person, by the network alone.
        after: of the new person, with centres of their own.
        others_network: of people of the training, takes that were held out, by the network alone.
        others_before: the same, by the model's own centres.
        others_after: the same, while the new person is the one to be recognized.
    """

    network: Share
    after: Share
    others_network: Share
    others_before: Share
    others_after: Share

    def __add__(self, other: Enrolled) -> Enrolled:
        pairs = zip(vars(self).values(), vars(other).values(), strict=True)
        return Enrolled(*(Share(a.right + b.right, a.count + b.count) for a, b in pairs))


def share_of(share: Share) -> float:
    """As a fraction."""
    return share.right / share.count


def gain() -> list[Row]:
    """What takes of a new person change, by dataset and over all."""
    of_sets = {data.name: list(_people(data)) for data in DATA}
    pooled = {
        (name, takes): reduce(add, known)
        for name, people in of_sets.items()
        for takes in TAKES
        if (known := [person[takes] for person in people if takes in person])
    }
    rows = [each for key, one in pooled.items() for each in _of_set(*key, one)]
    enrolled = [one for (_, takes), one in pooled.items() if takes == TAKES_OF_BOUND]
    gone = float(np.mean([_errors_gone(one) for one in enrolled]))
    sets = f"{', '.join(of_sets)}; {TAKES_OF_BOUND} takes of each gesture"
    note = (
        f"share of a new person's errors that is gone; mean of {sets}, of the same sitting as "
        "those tested; int8, by the board's own code; the embedding's settings were chosen on "
        "these sets, so another may gain less"
    )
    rows.append(row("enrolment gain", round(gone, 3), "", COMMAND, note, ">= 0.5"))
    return [*rows, *_of_others(enrolled, sets)]


def _of_others(enrolled: Sequence[Enrolled], sets: str) -> Iterator[Row]:
    """Of one set the most that is lost, for all others while the new person is recognized."""
    by_centres, by_network = (
        max(share_of(getattr(one, before)) - share_of(one.others_after) for one in enrolled)
        for before in ("others_before", "others_network")
    )
    note = f"accuracy by centres, without and with those of a new person; the most of {sets}"
    yield row("enrolment others lose", round(by_centres, 4), "", COMMAND, note, "<= 0.02")
    note = f"accuracy by the network alone, less that with centres of another; the most of {sets}"
    yield row("enrolment others lose to the network", round(by_network, 4), "", COMMAND, note)


def _errors_gone(enrolled: Enrolled) -> float:
    before, after = share_of(enrolled.network), share_of(enrolled.after)
    return (after - before) / (1 - before) if before < 1 else 0.0


def _of_set(name: str, takes: int, enrolled: Enrolled) -> Iterator[Row]:
    of_whom = f"{enrolled.after.count // REPEATS} other takes of people left out"
    network, centres, after = (
        share_of(share)
        for share in (enrolled.others_network, enrolled.others_before, enrolled.others_after)
    )
    note = (
        f"int8, by the board's own code; {of_whom}; before {share_of(enrolled.network):.3f} by the "
        f"network; others: network {network:.3f}, centres {centres:.3f}, with these takes "
        f"{after:.3f}"
    )
    value = round(share_of(enrolled.after), 4)
    yield row(f"enrolment {name} after {takes} takes", value, "", COMMAND, note)
    if takes == TAKES_OF_BOUND:
        before = round(share_of(enrolled.network), 4)
        yield row(f"enrolment {name} before", before, "", COMMAND, f"int8; {of_whom}")


def _people(data: Data) -> Iterator[dict[int, Enrolled]]:
    """What takes of each person change, by their number; kept in a file."""
    recordings = load_recordings(open_dataset(data.name))
    config = load_gesture_config(
        ROOT / "configs" / f"{data.network}.yaml",
        [f"data.path={open_dataset(data.name)}", "split.validation=0", *FIXED, *data.settings],
    )
    usable = recorded_only(usable_recordings(recordings, config))
    people = sorted({one.person for one in usable})
    for person in people[: data.most]:
        run = RunFolder(WORK / f"{data.name}-{person}-{config.hash()[:12]}")
        file = run.path / "enrolled.json"
        if not file.is_file():
            others = [one for one in usable if one.person != person]
            _train(others, config, run)
            own = [one for one in usable if one.person == person]
            found = dict(_of_person(run, config, own, others))
            save_text(file, json.dumps({takes: asdict(one) for takes, one in found.items()}))
            print(f"{data.name} {person}: {found}", flush=True)
        content = json.loads(file.read_text())
        yield {
            int(takes): Enrolled(**{name: Share(**share) for name, share in one.items()})
            for takes, one in content.items()
        }


def _train(others: Sequence[Recording], config: GestureConfig, run: RunFolder) -> None:
    """Train and convert a run, unless it is there; it is tested on takes of the same people."""
    if not run.cost_file.is_file():
        run.path.mkdir(parents=True, exist_ok=True)
        train_on(others, _by_take(config, others), run, lambda _: None)
        convert.convert_locked(run, None, lambda _: None)


def _by_take(config: GestureConfig, others: Sequence[Recording]) -> GestureConfig:
    fewest = min(Counter(one.label for one in others).values())
    changes = {"by": "take", "hold_out": True, "folds": min(MOST_FOLDS, fewest)}
    return config.model_copy(update={"split": config.split.model_copy(update=changes)})


def _of_person(
    run: RunFolder, config: GestureConfig, own: Sequence[Recording], others: Sequence[Recording]
) -> Iterator[tuple[int, Enrolled]]:
    contract = run.contract()
    centres = generated.run_centres(run, contract)
    assert centres is not None
    recognizer = Recognizer(generated.run_twin(run), centres)
    takes = takes_of(own, run, contract)
    split = split_recordings(others, _by_take(config, others).split, config.data.background)
    held_out = takes_of([others[index] for index in split.test], run, contract)
    for count in TAKES:
        tries = [_enrolled(recognizer, contract, takes, held_out, count, n) for n in range(REPEATS)]
        found = [one for one in tries if one is not None]
        if found:
            yield count, reduce(add, found)


def _enrolled(
    recognizer: Recognizer, contract: Contract, takes: Takes, others: Takes, count: int, seed: int
) -> Enrolled | None:
    """Enrol with some takes of each gesture that has more; the others are tested."""
    random = np.random.default_rng(seed)
    orders = [
        random.permutation(np.flatnonzero(takes.targets == target))
        for target in np.unique(takes.targets)
    ]
    orders = [order for order in orders if len(order) > count]
    if not orders:
        return None
    known, tested = (
        _rows(takes, np.concatenate([order[part] for order in orders]))
        for part in (slice(count), slice(count, None))
    )
    nobody = Enrolment(contract.hash(), len(contract.labels))
    before, after = recognizer.by_network(known), recognizer.left_out(known, nobody, "new")
    own = () if network_stays(known, nobody, before, after) else recognizer.centres_of(known)
    person = nobody.with_person("new", own)
    own_centre = EnrolledCentre(0, tuple(recognizer.centres.centres[0].tolist()))
    return Enrolled(
        recognizer.by_network(tested),
        recognizer.enrolled(tested, person),
        recognizer.by_network(others),
        recognizer.enrolled(others, nobody.with_person("nobody", (own_centre,))),
        recognizer.enrolled(others, person),
    )


def _rows(takes: Takes, rows: Int64) -> Takes:
    return Takes(takes.inputs[rows], takes.targets[rows])


def main() -> None:
    """Measure the parts that the command line names, and record them."""
    record_parts("recognition", {"gain": gain})


if __name__ == "__main__":
    main()
