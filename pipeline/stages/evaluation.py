"""A config judged over folds: a model trained, converted and asked, fold by fold.

`evaluations/<name>-<hash>/<protocol>/fold-<n>` is the run folder of a fold. The hash is of what
decides the figures, so that the same command takes up the folds that are done, and another
config, other data or another version starts anew.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline import __version__
from pipeline.artifacts import Recording
from pipeline.config_gestures import GestureConfig, load_gesture_config
from pipeline.files import load_json, save_json
from pipeline.run_folder import RunFolder
from pipeline.stages.deciding import Events, Outcome, Unseen, outcome, unseen
from pipeline.stages.gestures import train_on
from pipeline.stages.learning import convert
from pipeline.stages.reporting import write_report
from pipeline.stages.run_facts import optional_json
from pipeline.stages.runs import contract_for, open_run

if TYPE_CHECKING:
    from pipeline.training.pooling import PersonScore, Pooled

OnStep = Callable[[str], None]

EVALUATIONS = Path("evaluations")
DONE = "fold.json"  # the last file of a fold


@dataclass(frozen=True)
class FoldScore:
    """test: names of the recordings held out; train_s: training alone, when it was trained;
    how: what decides; called: the events of its recordings."""

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
    """Shares of all test windows of all folds; int8 is the compiled C, as a board runs it."""

    protocol: str
    what: str
    windows: int
    float_accuracy: float
    int8_accuracy: float
    int8_balanced_accuracy: float
    people: tuple[PersonScore, ...]
    folds: tuple[FoldScore, ...]
    called: Outcome
    unseen: tuple[Unseen, ...]  # where gestures were left out
    labels: tuple[str, ...]
    confusion: tuple[tuple[int, ...], ...]  # int8, [true][called]


@dataclass(frozen=True)
class Evaluation:
    folder: Path
    config: str  # SHA-256 of the effective settings
    data: str  # SHA-256 of the recordings
    protocols: tuple[ProtocolScore, ...]


def evaluate(
    config_or_run: Path,
    settings: Sequence[str],
    protocols: Sequence[str],
    on_step: OnStep,
    folder: Path = EVALUATIONS,
) -> Evaluation:
    """Judge by each of `protocols`, or the honest one that fits; folds that are done are kept.

    folder: where the evaluation gets a folder of its own.
    Raises PipelineError for a protocol that the data do not allow before anything is trained.
    """
    from pipeline.datasets.protocols import honest_protocol, protocol_folds
    from pipeline.datasets.recordings import fingerprint, load_recordings

    config, name = _config_of(config_or_run, settings)
    recordings = load_recordings(config.data.path)
    chosen = protocols or (honest_protocol(recordings, config),)
    folds = {protocol: protocol_folds(recordings, config, protocol) for protocol in chosen}
    data = fingerprint(recordings)
    place = folder / f"{name}-{_key(config, data)}"
    file = place / "evaluation.json"
    earlier = optional_json(file, "evaluate")
    scores = tuple(
        _judge(protocol, configs, recordings, place / protocol, on_step)
        for protocol, configs in folds.items()
    )
    evaluation = Evaluation(place, config.hash(), data, scores)
    content = json.loads(json.dumps(asdict(evaluation), default=str))
    content["protocols"] = _with_earlier(content["protocols"], earlier)
    save_json(file, content)
    if config_or_run.is_dir() and not settings:
        run = open_run(config_or_run)
        save_json(run.evaluation_file, content)
        write_report(run)
    return evaluation


def _with_earlier(
    protocols: Sequence[dict[str, Any]], earlier: dict[str, Any] | None
) -> list[dict[str, Any]]:
    """Beside them those that an earlier evaluation of the same found, in the usual order."""
    from pipeline.datasets.protocols import PROTOCOLS

    found = {score["protocol"]: score for score in (earlier or {}).get("protocols", ())}
    found |= {score["protocol"]: score for score in protocols}
    return [found[protocol] for protocol in PROTOCOLS if protocol in found]


def _config_of(config_or_run: Path, settings: Sequence[str]) -> tuple[GestureConfig, str]:
    """The settings to evaluate, and a name for the evaluation."""
    if config_or_run.is_dir():
        run = open_run(config_or_run)
        contract_for(run, "gesture", "evaluate")
        file = run.require(run.config_file, "train")
        return load_gesture_config(file, settings), run.name
    return load_gesture_config(config_or_run, settings), config_or_run.stem


def _key(config: GestureConfig, data: str) -> str:
    return hashlib.sha256(f"{config.hash()} {data} {__version__}".encode()).hexdigest()[:8]


def _judge(
    protocol: str,
    configs: Sequence[GestureConfig],
    recordings: Sequence[Recording],
    place: Path,
    on_step: OnStep,
) -> ProtocolScore:
    from pipeline.training.held_out import HeldOutScores
    from pipeline.training.pooling import pool

    folds = []
    for number, config in enumerate(configs):
        run = RunFolder(place / f"fold-{number}")
        told = f"{protocol}, fold {number + 1} of {len(configs)}"
        folds.append(_fold(run, config, recordings, told, on_step))
    scores = [HeldOutScores.load(RunFolder(fold.run).scores_file) for fold in folds]
    pooled = pool(scores, {recording.name: recording.person for recording in recordings})
    events = [Events.load(RunFolder(fold.run).events_file) for fold in folds]
    left_out = [set(pooled.labels) - set(score.labels) for score in scores]
    strange = [
        unseen(label, one) for labels, one in zip(left_out, events, strict=True) for label in labels
    ]
    return _score(protocol, pooled, folds, outcome(events), tuple(strange))


def _fold(
    run: RunFolder,
    config: GestureConfig,
    recordings: Sequence[Recording],
    told: str,
    on_step: OnStep,
) -> FoldScore:
    """Train, convert, and note that it is done; a fold that was cut short is begun anew."""
    done = run.path / DONE
    if done.is_file():
        on_step(f"{told}: done before")
    else:
        shutil.rmtree(run.path, ignore_errors=True)
        save_json(done, _found(run, config, recordings, lambda step: on_step(f"{told}: {step}")))
    kept = load_json(done, "evaluate")
    return FoldScore(
        run=run.path,
        test=tuple(kept["test"]),
        windows=kept["windows"],
        float_accuracy=kept["float"],
        int8_accuracy=kept["int8"],
        train_s=kept["train_s"],
        how=kept["how"],
        called=outcome([Events.load(run.events_file)]),
    )


def _found(
    run: RunFolder, config: GestureConfig, recordings: Sequence[Recording], on_step: OnStep
) -> dict[str, Any]:
    """What is kept of a fold, once it is trained and converted."""
    on_step("training")
    started = time.monotonic()
    trained = train_on(recordings, config, run, lambda _: None)
    train_s = round(time.monotonic() - started, 1)
    converted = convert(run.path, None, on_step)
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
    strange: tuple[Unseen, ...],
) -> ProtocolScore:
    from pipeline.datasets.protocols import PROTOCOLS

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
        unseen=strange,
        labels=pooled.labels,
        confusion=tuple(tuple(row) for row in pooled.int8_metrics.confusion.tolist()),
    )
