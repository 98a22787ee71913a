"""`gesture evaluate`: a model is trained, converted and evaluated for each fold of a protocol.

The folds are jobs, and each leaves a run folder in `build/jobs`. They are kept by all that decides
their figures: the same command continues with the missing folds; another config, other data or
another version starts again.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from pipeline import __version__
from pipeline.config.gesture_settings import GestureConfig, load_gesture_config
from pipeline.core.artifacts import person_of
from pipeline.core.errors import ExitCode, PipelineError
from pipeline.core.files import require_room, save_json
from pipeline.core.locks import Lock
from pipeline.core.original_names import OriginalNames
from pipeline.core.run_folder import RunFolder, note
from pipeline.datasets.protocols import PROTOCOLS, honest_protocol, protocol_folds
from pipeline.training.held_out_scores import HeldOutScores, PersonScore, Pooled, pool_folds
from pipeline.workflows.decision import Events, Outcome, Unseen, outcome, unseen
from pipeline.workflows.fold import GestureData, fold_job
from pipeline.workflows.jobs.job import Outcome as JobOutcome
from pipeline.workflows.jobs.kept import JOBS
from pipeline.workflows.jobs.progress import JobProgress, OnJobStep
from pipeline.workflows.jobs.run import run_jobs
from pipeline.workflows.report import write_report
from pipeline.workflows.resolved_config import in_samples, with_dataset, with_names
from pipeline.workflows.run_facts import optional_json
from pipeline.workflows.runs import contract_for, find_run, locked_run, require_unchanged

EVALUATIONS = Path("evaluations")
PATIENCE_S = 60.0  # wait for another command that writes there: the folds took hours


@dataclass(frozen=True)
class FoldScore:
    """The results of a fold.

    Args:
        test: names of the held-out recordings.
        int8_accuracy: of the compiled C.
        seconds: of the training and the conversion.
        how: how the decision policy was chosen.
    """

    run: Path
    test: tuple[str, ...]
    windows: int
    float_accuracy: float
    int8_accuracy: float
    seconds: float
    how: str
    called: Outcome


@dataclass(frozen=True)
class ProtocolScore:
    """The results of a protocol, over all test windows of all folds.

    Args:
        int8_accuracy: of the compiled C, as a board runs it; like the following results.
        int8_balanced_accuracy: the mean recall.
        people: accuracies of each person.
        called: events of all folds.
        unseen: gestures that were left out of training.
        confusion: [true][predicted].
    """

    protocol: str
    what: str
    windows: int
    float_accuracy: float
    int8_accuracy: float
    int8_balanced_accuracy: float
    people: tuple[PersonScore, ...]
    folds: tuple[FoldScore, ...]
    called: Outcome
    unseen: tuple[Unseen, ...]
    labels: tuple[str, ...]
    confusion: tuple[tuple[int, ...], ...]


@dataclass(frozen=True)
class Evaluation:
    """An evaluation, and the SHA-256 of the settings and of the recordings.

    Args:
        fitted: what a window in seconds is in samples; empty where it was set in samples.
        names: labels and people as they were written.
    """

    folder: Path
    config: str
    data: str
    protocols: tuple[ProtocolScore, ...]
    fitted: str
    names: OriginalNames


def evaluate(
    config_or_run: Path,
    settings: Sequence[str],
    protocols: Sequence[str],
    on_step: OnJobStep,
    folder: Path = EVALUATIONS,
    scheduler: str | None = None,
) -> Evaluation:
    """Evaluate a config or a run. Folds that are done are not repeated.

    Args:
        config_or_run: a config file or a run folder.
        protocols: names; empty for the honest one that fits the data.
        scheduler: where the folds are trained, as in run_jobs; None for this machine.

    Raises:
        PipelineError: the data do not allow a protocol (before any training); or Ctrl-C
            (INTERRUPTED).
    """
    config, name, fitted = config_of(config_or_run, settings)
    data = GestureData.load(config)
    chosen = protocols or (honest_protocol(data.recordings, config),)
    folds = {protocol: protocol_folds(data.recordings, config, protocol) for protocol in chosen}
    fingerprint = data.fingerprint()
    decisive = f"{config.hash()} {fingerprint} {__version__}"
    place = folder / f"{name}-{hashlib.sha256(decisive.encode()).hexdigest()[:8]}"
    require_room(place)
    require_room(JOBS)
    progress = JobProgress(sum(map(len, folds.values())), on_step)
    with interruptible(progress):
        done = train_folds(folds, data, scheduler, progress)
    scores = tuple(_protocol_score(protocol, of_protocol) for protocol, of_protocol in done.items())
    evaluation = Evaluation(place, config.hash(), fingerprint, scores, fitted, data.names)
    with Lock(place, "evaluate", PATIENCE_S):
        content = _saved(evaluation, place / "evaluation.json")
    if config_or_run.is_dir() and not settings:
        with locked_run(config_or_run, "evaluate", PATIENCE_S) as run:
            save_json(run.evaluation_file, content)
            note(run, "evaluate")
            write_report(run)
    return evaluation


@contextmanager
def interruptible(progress: JobProgress) -> Iterator[None]:
    """Ctrl-C reports how many folds are kept."""
    try:
        yield
    except KeyboardInterrupt:
        raise PipelineError(
            f"The evaluation was stopped; {progress.done} of {progress.jobs} folds are kept.",
            "Ctrl-C was pressed",
            "type the same command again to continue",
            ExitCode.INTERRUPTED,
        ) from None


def _saved(evaluation: Evaluation, file: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(json.dumps(asdict(evaluation), default=str))
    earlier = optional_json(file, "evaluate")
    results = {score["protocol"]: score for score in (earlier or {}).get("protocols", ())}
    results |= {score["protocol"]: score for score in content["protocols"]}
    content["protocols"] = [results[protocol] for protocol in PROTOCOLS if protocol in results]
    save_json(file, content)
    return content


def config_of(config_or_run: Path, settings: Sequence[str]) -> tuple[GestureConfig, str, str]:
    """The config of a file or of a run, its name, and what a window in seconds is in samples."""
    if config_or_run.is_dir():
        run = find_run(config_or_run)
        require_unchanged(run, remakes="evaluate")
        contract_for(run, "gesture", "evaluate")
        file = run.require(run.config_file, "train")
        name = run.name
    else:
        file, name = config_or_run, config_or_run.stem
    config, said = with_dataset(load_gesture_config(file, settings))
    config, fitted = in_samples(with_names(config))
    return config, name, " ".join(filter(None, (said, fitted)))


def train_folds(
    folds: Mapping[str, Sequence[GestureConfig]],
    data: GestureData,
    scheduler: str | None,
    progress: JobProgress,
) -> dict[str, list[FoldScore]]:
    """Train, convert and test the configs of folds.

    Args:
        folds: by a name for people, such as the protocol.
        data: of all of them.
        scheduler: as in run_jobs.
        progress: of all jobs.

    Returns:
        By the same names, in the order of the configs.

    Raises:
        PipelineError: of the first fold that failed, when the others are done.
    """
    jobs, fingerprint = {}, data.fingerprint()
    for part, configs in folds.items():
        for number, config in enumerate(configs):
            name = f"{part}, fold {number + 1} of {len(configs)}"
            jobs[part, number] = fold_job(config, fingerprint, name)
    outcomes: dict[str, JobOutcome] = {}
    by_fingerprint = {fingerprint: data}
    with closing(run_jobs(jobs.values(), by_fingerprint, scheduler, progress.event)) as ending:
        for one in ending:
            progress.outcome(one)
            outcomes[one.job.name] = one
    for one in outcomes.values():
        if one.error:
            raise one.error
    return {
        part: [_fold_score(outcomes[jobs[part, number].name]) for number in range(len(configs))]
        for part, configs in folds.items()
    }


def _fold_score(done: JobOutcome) -> FoldScore:
    assert done.folder is not None  # it has not failed
    figures = done.figures
    return FoldScore(
        run=done.folder,
        test=tuple(figures["test"]),
        windows=figures["windows"],
        float_accuracy=figures["float"],
        int8_accuracy=figures["int8"],
        seconds=done.seconds,
        how=figures["how"],
        called=outcome([Events.load(RunFolder(done.folder).events_file)]),
    )


def _protocol_score(protocol: str, folds: Sequence[FoldScore]) -> ProtocolScore:
    scores = [HeldOutScores.load(RunFolder(fold.run).scores_file) for fold in folds]
    pooled = pool_folds(scores, person_of)
    events = [Events.load(RunFolder(fold.run).events_file) for fold in folds]
    left_out = [set(pooled.labels) - set(score.labels) for score in scores]
    left_out_gestures = [
        unseen(label, one) for labels, one in zip(left_out, events, strict=True) for label in labels
    ]
    return _score(protocol, pooled, folds, outcome(events), tuple(left_out_gestures))


def _score(
    protocol: str,
    pooled: Pooled,
    folds: Sequence[FoldScore],
    called: Outcome,
    left_out_gestures: tuple[Unseen, ...],
) -> ProtocolScore:
    return ProtocolScore(
        protocol=protocol,
        what=PROTOCOLS[protocol],
        windows=pooled.windows,
        float_accuracy=pooled.float_metrics.accuracy,
        int8_accuracy=pooled.int8_metrics.accuracy,
        int8_balanced_accuracy=pooled.int8_metrics.balanced_accuracy,
        people=pooled.people,
        folds=tuple(folds),
        called=called,
        unseen=left_out_gestures,
        labels=pooled.labels,
        confusion=tuple(tuple(row) for row in pooled.int8_metrics.confusion.tolist()),
    )
