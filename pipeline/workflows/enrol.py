"""`gesture enrol`: a few takes of a person become centres of their own, without a new model."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pipeline.capture.recorder import CaptureView
from pipeline.capture.requests import read_enrolment, send_enrolment
from pipeline.core.artifacts import Recording
from pipeline.core.contract import Contract
from pipeline.core.enrolment import SIZE, Enrolment, check_name, is_name
from pipeline.core.errors import ExitCode, MismatchError, PipelineError, UsageError
from pipeline.core.files import atomic_write
from pipeline.core.original_names import OriginalNames, load_names
from pipeline.core.plurals import counted
from pipeline.core.progress import OnStep
from pipeline.core.project import DATA
from pipeline.core.run_folder import RunFolder, note
from pipeline.core.shares import Share
from pipeline.datasets.recordings import load_from_dataset, load_recordings
from pipeline.workflows.boards import board_that_runs
from pipeline.workflows.capture import Captured, CaptureOptions, capture
from pipeline.workflows.enrolled_takes import Recognizer, earlier_takes, network_stays, takes_of
from pipeline.workflows.generated import run_centres, run_twin
from pipeline.workflows.runs import (
    contract_for,
    converted_contract,
    find_run,
    locked_run,
    open_run,
    require_unchanged,
)
from pipeline.workflows.typed_names import typed_names

TAKES = 3  # of each gesture
DATASET = "enrolled"  # of takes that are captured for it


@dataclass(frozen=True)
class Enrolled:
    """A person who was enrolled, and what that changes.

    Args:
        run: the run folder.
        takes: how many of each gesture.
        before: of the person's takes, recognized by the network alone.
        after: by centres of the other takes, each take left out once.
        network_stays: it recognizes the person as well, so it goes on deciding.
        others_before: of the run's test windows, by the network alone.
        others_after: while the person is the one to be recognized.
        people: everybody who is enrolled.
        file: what a board is sent.
        dataset: where the takes are.
        sent: whether a board has it now.
        names: of people and gestures, as they were written.
    """

    run: Path
    person: str
    takes: dict[str, int]
    before: Share
    after: Share
    network_stays: bool
    others_before: Share
    others_after: Share
    people: tuple[str, ...]
    file: Path
    dataset: Path
    sent: bool
    names: OriginalNames


@dataclass(frozen=True)
class People:
    """Who is enrolled.

    Args:
        person: who is recognized; None: nobody in particular.
        people: names, with the gestures that each has centres of.
        learned: gestures that the board has learned.
        ways: gestures of the model that the board has learned another way of, for everybody.
        names: of people and gestures, as they were written.
    """

    person: str | None
    people: dict[str, tuple[str, ...]]
    learned: tuple[str, ...]
    ways: tuple[str, ...]
    names: OriginalNames


def enrol_from_dataset(
    path: Path, person: str, dataset: Path, port: str | None, on_step: OnStep
) -> Enrolled:
    """Enrol a person with the takes of a data set.

    Args:
        path: of a converted run.
        person: a name in the data set, as people write it; any where all takes are of one person.
        dataset: folder of recordings.
        port: of a board with this run, which is sent the enrolment; None for none.
        on_step: is told what is being done.

    Raises:
        PipelineError: the run or the data set cannot be used, or there is no place left.
    """
    in_dataset = load_names(dataset).known("person", person)
    run = _opened(path)
    _model_of(run)
    recordings = _of_person(load_recordings(dataset), in_dataset, dataset)
    if in_dataset != recordings[0].person:
        on_step(f"all takes in {dataset} are of {recordings[0].person}; they count as {person}'s")
    name = in_dataset if is_name(in_dataset) else _typed_person(person, on_step)
    _find_board(run, port, on_step)
    return _enrol(path, name, recordings, dataset, port, on_step)


def enrol_from_board(
    path: Path, person: str, port: str, takes: int, view: CaptureView, on_step: OnStep
) -> Enrolled:
    """Enrol a person with takes that are captured now; they stay in data/enrolled.

    Args:
        path: of a converted run.
        person: a name.
        port: of a board with this run.
        takes: of each gesture.
        view: shows the capture.
        on_step: is told what is being done after it.

    Raises:
        PipelineError: NO_BOARD, MISMATCH, or as enrol_from_dataset.
    """
    run = _opened(path)
    contract = _model_of(run)
    person = _typed_person(person, view.report)
    _find_board(run, port, view.report)
    captured = capture(_capture_options(contract, person, port, takes), view)
    if captured.interrupted:
        raise _interrupted(run, person, captured)
    recordings = [load_from_dataset(file) for file in captured.files]
    return _enrol(path, person, recordings, captured.dataset, port, on_step)


def remove(path: Path, person: str, port: str | None, on_step: OnStep) -> People:
    """Remove a person and their centres, also from a board where `port` names one."""
    _find_board(_opened(path), port, on_step)
    with locked_run(path, "enrol") as run:
        contract = _model_of(run)
        name = _names_of(run).known("person", person)
        enrolment = _begun(run, contract, port, on_step).without_person(name)
        _keep(run, enrolment, port, on_step, removed=name)
    return _people_of(enrolment, contract, _names_of(run))


def people(path: Path, port: str | None, on_step: OnStep) -> People:
    """Who is enrolled in a run, or on the board at `port`."""
    run = open_run(path)
    contract = _model_of(run)
    _find_board(run, port, on_step)
    kept = _of_run(run, contract, on_step) if port is None else _of_board(run, contract, port)
    return _people_of(kept or _empty(contract), contract, _names_of(run))


def _opened(path: Path) -> RunFolder:
    """Where nothing but the enrolment is missing or changed, it is made again."""
    run = find_run(path)
    require_unchanged(run, remakes="enrol")
    return run


def _typed_person(person: str, on_step: OnStep) -> str:
    """A name that a board can keep for what somebody typed."""
    with typed_names(DATA / DATASET, on_step) as names:
        return check_name(names.typed("person", person))


def _find_board(run: RunFolder, port: str | None, on_step: OnStep) -> None:
    """Before anybody waits or moves; one that is being started still needs the run."""
    if port is not None:
        with board_that_runs(run, port, on_step):
            pass


def _names_of(run: RunFolder, dataset: Path = DATA / DATASET) -> OriginalNames:
    return load_names(DATA / DATASET) | load_names(dataset) | load_names(run.path)


def _enrol(
    path: Path,
    person: str,
    recordings: Sequence[Recording],
    dataset: Path,
    port: str | None,
    on_step: OnStep,
) -> Enrolled:
    with locked_run(path, "enrol") as run:
        contract = _model_of(run)
        takes = takes_of(recordings, run, contract)
        on_step("compiling the run's C for this computer")
        recognizer = _recognizer(run, contract)
        on_step(f"recognizing {counted(len(takes.targets), 'take')}, each left out once")
        begun = _begun(run, contract, port, on_step)
        before, after = recognizer.by_network(takes), recognizer.left_out(takes, begun, person)
        stays = network_stays(takes, begun, before, after)
        enrolment = begun.with_person(person, () if stays else recognizer.centres_of(takes))
        on_step("recognizing the takes of earlier people")
        others = earlier_takes(run, contract)
        counts = Counter(contract.labels[target] for target in takes.targets)
        enrolled = Enrolled(
            run=run.path,
            person=person,
            takes=dict(counts),
            before=before,
            after=after,
            network_stays=stays,
            others_before=recognizer.by_network(others),
            others_after=recognizer.enrolled(others, enrolment),
            people=enrolment.people,
            file=run.enrolment_file,
            dataset=dataset,
            sent=port is not None,
            names=_names_of(run, dataset),
        )
        _keep(run, enrolment, port, on_step)
    return enrolled


def _recognizer(run: RunFolder, contract: Contract) -> Recognizer:
    centres = run_centres(run, contract)
    if centres is None:
        raise _without_embedding(run)
    return Recognizer(run_twin(run), centres)


def _begun(run: RunFolder, contract: Contract, port: str | None, on_step: OnStep) -> Enrolment:
    """The enrolment to change: of the board, else of the run, else an empty one.

    A board may have learned gestures, which the run knows nothing of.
    """
    found = None if port is None else _of_board(run, contract, port)
    return found or _of_run(run, contract, on_step) or _empty(contract)


def _of_board(run: RunFolder, contract: Contract, port: str) -> Enrolment | None:
    with board_that_runs(run, port) as board:
        return _readable(read_enrolment(board, SIZE), contract)


def _of_run(run: RunFolder, contract: Contract, on_step: OnStep) -> Enrolment | None:
    file = run.enrolment_file
    if not file.is_file():
        return None
    enrolment = _readable(file.read_bytes(), contract)
    if enrolment is None:
        on_step(f"{file} is of the model before its last conversion: enrol everybody again")
    return enrolment


def _empty(contract: Contract) -> Enrolment:
    return Enrolment(contract.hash(), len(contract.labels))


def _readable(content: bytes, contract: Contract) -> Enrolment | None:
    """None for one of the model as it was before its last conversion, or of a new board."""
    try:
        return Enrolment.from_bytes(content, contract.hash(), len(contract.labels))
    except MismatchError:
        return None


def _keep(
    run: RunFolder,
    enrolment: Enrolment,
    port: str | None,
    on_step: OnStep,
    removed: str | None = None,
) -> None:
    """First on the board: where it refuses, the run keeps what the board has."""
    before = _of_run(run, run.contract(), lambda _: None)
    lost = {*(before.people if before else ())} - {*enrolment.people, removed}
    if lost:
        names = ", ".join(_names_of(run).all_shown("person", sorted(map(str, lost))))
        on_step(f"not on the board, so no longer in the run; enrol them again: {names}")
    if port is not None:
        with board_that_runs(run, port) as board:
            send_enrolment(board, enrolment.to_bytes())
    with atomic_write(run.enrolment_file) as unfinished:
        unfinished.write_bytes(enrolment.to_bytes())
    note(run, "enrol")


def _people_of(enrolment: Enrolment, contract: Contract, names: OriginalNames) -> People:
    labels = (*contract.labels, *enrolment.learned)
    gestures = {
        person: tuple(labels[one.class_index] for one in enrolment.centres if one.owner == person)
        for person in enrolment.people
    }
    ways = {labels[one.class_index] for one in enrolment.centres if one.owner is None}
    own = tuple(sorted(ways - {*enrolment.learned}))
    return People(enrolment.person, gestures, enrolment.learned, own, names)


def _of_person(recordings: Sequence[Recording], person: str, dataset: Path) -> list[Recording]:
    """The recordings of a person; all of them where they are of one."""
    names = sorted({recording.person for recording in recordings})
    if person not in names and len(names) > 1:
        raise UsageError(
            f"{dataset} has no recording of {person}.",
            f"these people are in it: {', '.join(names)}",
            "give one of these names, or a data set of one person",
        )
    return [one for one in recordings if one.person == person or len(names) == 1]


def _capture_options(contract: Contract, person: str, port: str, takes: int) -> CaptureOptions:
    gestures = contract.gestures
    return CaptureOptions(
        labels=gestures,
        person=person,
        dataset=DATASET,
        mode="guided" if len(gestures) > 1 else "motion",
        count=takes,
        new_label=True,
        ports=(port,),
    )


def _model_of(run: RunFolder) -> Contract:
    contract_for(run, "gesture", "enrol")
    if not run.embedding_features_file.is_file():
        raise _without_embedding(run)
    return converted_contract(run)


def _without_embedding(run: RunFolder) -> PipelineError:
    return UsageError(
        f"Nobody can be enrolled in {run.path}.",
        "its network carries on a state, does not end in a dense layer, or was trained before "
        "there was `gesture enrol`",
        "train a new run, with `window.mode: window`",
    )


def _interrupted(run: RunFolder, person: str, captured: Captured) -> PipelineError:
    words = ("enrol", run.path, "--person", person, "--dataset", captured.dataset)
    takes = len(captured.files)
    kept = (
        f"takes so far: {takes}, kept; `gesture {shlex.join(map(str, words))}` makes do with them"
    )
    return PipelineError(
        f"The capture was stopped, and {person} is not enrolled.",
        "Ctrl-C was pressed",
        kept if takes else "there is no take yet: begin again with the same command",
        ExitCode.INTERRUPTED,
    )
