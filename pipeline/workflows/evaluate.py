"""`gesture evaluate`: a model is trained, converted and evaluated for each fold of a protocol.

`evaluations/<name>-<hash>/<protocol>/fold-<n>` is the run folder of a fold. The hash is of all that
decides the figures: the same command continues with the missing folds; another config, other data
or another version starts again.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from pipeline import __version__
from pipeline.config.gesture_settings import GestureConfig, load_gesture_config
from pipeline.core.artifacts import Recording
from pipeline.core.errors import ExitCode, PipelineError
from pipeline.core.files import load_json, require_room, save_json
from pipeline.core.locks import Lock, clear
from pipeline.core.original_names import OriginalNames, load_names
from pipeline.core.progress import OnStep
from pipeline.core.run_folder import RunFolder, as_left, check, note
from pipeline.datasets.everyday import training_recordings
from pipeline.datasets.protocols import PROTOCOLS, honest_protocol, protocol_folds
from pipeline.datasets.recording_file import person_of
from pipeline.datasets.recordings import fingerprint
from pipeline.training.fit import Epoch
from pipeline.training.held_out_scores import HeldOutScores, PersonScore, Pooled, pool_folds
from pipeline.workflows.convert import convert_locked
from pipeline.workflows.decision import Events, Outcome, Unseen, outcome, unseen
from pipeline.workflows.named_config import with_dataset, with_names
from pipeline.workflows.report import write_report
from pipeline.workflows.run_facts import optional_json
from pipeline.workflows.runs import contract_for, find_run, locked_run, require_unchanged
from pipeline.workflows.train import train_on
from pipeline.workflows.window_seconds import in_samples

EVALUATIONS = Path("evaluations")
DONE = "fold.json"  # the last file of a fold
RUN_PATIENCE_S = 60.0  # wait for a conversion of the run: the folds took hours


@dataclass(frozen=True)
class FoldScore:
    """The results of a fold.

    Args:
        test: names of the held-out recordings.
        int8_accuracy: of the compiled C.
        train_s: time of the training alone.
        how: how the decision policy was chosen.
    """

    run: Path
    test: tuple[str, ...]
    windows: int
    float_accuracy: float
    int8_accuracy: float
    train_s: float
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
    on_step: OnStep,
    folder: Path = EVALUATIONS,
    on_progress: OnStep = lambda _: None,
) -> Evaluation:
    """Evaluate a config or a run. Folds that are done are not repeated.

    Args:
        config_or_run: a config file or a run folder.
        protocols: names; empty for the honest one that fits the data.

    Raises:
        PipelineError: the data do not allow a protocol (before any training); or Ctrl-C
            (INTERRUPTED).
    """
    config, name, fitted = config_of(config_or_run, settings)
    recordings = training_recordings(config)
    chosen = protocols or (honest_protocol(recordings, config),)
    folds = {protocol: protocol_folds(recordings, config, protocol) for protocol in chosen}
    data = fingerprint(recordings)
    decisive = f"{config.hash()} {data} {__version__}"
    place = folder / f"{name}-{hashlib.sha256(decisive.encode()).hexdigest()[:8]}"
    require_room(place)
    progress = FoldProgress(sum(map(len, folds.values())), on_progress)
    with Lock(place, "evaluate"), _interruptible(progress):
        scores = tuple(
            _evaluate_protocol(protocol, configs, recordings, place / protocol, on_step, progress)
            for protocol, configs in folds.items()
        )
        names = load_names(config.data.path)
        evaluation = Evaluation(place, config.hash(), data, scores, fitted, names)
        content = _saved(evaluation, place / "evaluation.json")
    if config_or_run.is_dir() and not settings:
        with locked_run(config_or_run, "evaluate", RUN_PATIENCE_S) as run:
            save_json(run.evaluation_file, content)
            note(run, "evaluate")
            write_report(run)
    return evaluation


@contextmanager
def _interruptible(progress: FoldProgress) -> Iterator[None]:
    """Ctrl-C reports how many folds are kept."""
    try:
        yield
    except KeyboardInterrupt:
        raise PipelineError(
            f"The evaluation was stopped; {progress.done} of {progress.folds} folds are kept.",
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


def _evaluate_protocol(
    protocol: str,
    configs: Sequence[GestureConfig],
    recordings: Sequence[Recording],
    place: Path,
    on_step: OnStep,
    progress: FoldProgress,
) -> ProtocolScore:
    folds = []
    for number, config in enumerate(configs):
        run = RunFolder(place / f"fold-{number}")
        name = f"{protocol}, fold {number + 1} of {len(configs)}"
        folds.append(_fold(run, config, recordings, name, on_step, progress))
    scores = [HeldOutScores.load(RunFolder(fold.run).scores_file) for fold in folds]
    pooled = pool_folds(scores, person_of)
    events = [Events.load(RunFolder(fold.run).events_file) for fold in folds]
    left_out = [set(pooled.labels) - set(score.labels) for score in scores]
    left_out_gestures = [
        unseen(label, one) for labels, one in zip(left_out, events, strict=True) for label in labels
    ]
    return _score(protocol, pooled, folds, outcome(events), tuple(left_out_gestures))


def _fold(
    run: RunFolder,
    config: GestureConfig,
    recordings: Sequence[Recording],
    name: str,
    on_step: OnStep,
    progress: FoldProgress,
) -> FoldScore:
    """Train and convert a fold, unless it is done; an interrupted fold starts again."""
    done = run.path / DONE
    if as_left(run, DONE):
        on_step(f"{name}: done before")
        check(run)
        progress.skip()
    else:
        with Lock(run.path, "evaluate"):
            clear(run.path)
            progress.begin(name)
            results = _results(
                run, config, recordings, lambda step: on_step(f"{name}: {step}"), progress.epoch
            )
            save_json(done, results)
            note(run, "evaluate")
            on_step(f"{name}: done{progress.finish()}")
    saved = load_json(done, "evaluate")
    return FoldScore(
        run=run.path,
        test=tuple(saved["test"]),
        windows=saved["windows"],
        float_accuracy=saved["float"],
        int8_accuracy=saved["int8"],
        train_s=saved["train_s"],
        how=saved["how"],
        called=outcome([Events.load(run.events_file)]),
    )


def _results(
    run: RunFolder,
    config: GestureConfig,
    recordings: Sequence[Recording],
    on_step: OnStep,
    on_epoch: Callable[[Epoch], None],
) -> dict[str, Any]:
    on_step("training")
    started = time.monotonic()
    trained = train_on(recordings, config, run, on_epoch)
    train_s = round(time.monotonic() - started, 1)
    converted = convert_locked(run, None, on_step)
    return {
        "float": trained.accuracy,
        "int8": converted.int8_accuracy,
        "how": converted.decided and converted.decided.how,
        "test": load_json(run.splits_file, "train")["test"],
        "train_s": train_s,
        "windows": trained.test_windows,
    }


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


MINUTE_S, HOUR_S = 60, 3600


class FoldProgress:
    """Progress of folds, with an estimate of the time left.

    The estimate comes from the folds of this process; a training that stops early takes less.
    """

    def __init__(
        self,
        folds: int,
        on_progress: Callable[[str], None],
        clock_s: Callable[[], float] = time.monotonic,
    ) -> None:
        """Progress of `folds` folds; on_progress is called with a text for each epoch."""
        self.folds, self.done = folds, 0
        self._on_progress, self._clock_s = on_progress, clock_s
        self._worked, self._worked_s = 0, 0.0  # folds of this process
        self._begun_s, self._name = 0.0, ""

    def skip(self) -> None:
        """A fold was done before."""
        self.done += 1

    def begin(self, name: str) -> None:
        """A fold begins; its name is for people."""
        self._begun_s, self._name = self._clock_s(), name

    def epoch(self, epoch: Epoch) -> None:
        """An epoch of the present fold is done."""
        left = self._left(epoch.number / epoch.of)
        self._on_progress(f"{self._name}: epoch {epoch.number} of at most {epoch.of}{left}")

    def finish(self) -> str:
        """The present fold is done; returns the time left, for people."""
        self._worked_s += self._clock_s() - self._begun_s
        self._worked += 1
        self.done += 1
        self._begun_s = self._clock_s()
        return self._left(0.0)

    def _left(self, share: float) -> str:
        """share: of the present fold that is done, without its conversion."""
        remaining = self.folds - self.done - share
        worked = self._worked + share
        if remaining <= 0 or worked <= 0:
            return ""
        worked_s = self._worked_s + self._clock_s() - self._begun_s
        return f", at most {duration(worked_s / worked * remaining)} left"


def duration(seconds: float) -> str:
    """`40 s`, `3 min`, `2 h 10 min`: rounded up."""
    if seconds < MINUTE_S:
        return f"{max(1, round(seconds))} s"
    if seconds < HOUR_S:
        return f"{-(-seconds // MINUTE_S):.0f} min"
    hours, rest = divmod(-(-seconds // MINUTE_S), MINUTE_S)
    return f"{hours:.0f} h {rest:.0f} min"
