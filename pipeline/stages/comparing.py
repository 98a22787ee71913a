"""Runs side by side: what they were made of, how good they are and what they cost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline.artifacts import Figure
from pipeline.contract import Contract
from pipeline.errors import ExitCode, PipelineError
from pipeline.run_folder import RunFolder
from pipeline.stages.gesture_report import accuracies_by_protocol, events_of
from pipeline.stages.robustness import kept_sweep
from pipeline.stages.run_facts import (
    image_of,
    metrics_of,
    optional_json,
    settings_of,
    whole_artefacts,
)
from pipeline.stages.runs import RUNS, open_run
from pipeline.stages.tasks import TASKS


@dataclass(frozen=True)
class RunFacts:
    """None where the stage that finds it out has not been run.

    state: trained, converted or deployed. windows, float_accuracy, int8_accuracy: of the run's
    own held-out part, None where a task has none; figures: what tasks without an accuracy come to
    there; protocols: int8 accuracy over the folds of `gesture evaluate`.
    flash_bytes, ram_bytes: of the whole image; network_…: of the network alone. instructions: of a
    classification, counted on a board; estimated_instructions: at conversion; hops_per_second:
    classifications, None where they come at no rate.
    """

    run: Path
    task: str
    state: str
    data: str
    data_hash: str
    labels: tuple[str, ...]
    model: str
    split: str
    windows: int | None
    float_accuracy: float | None
    figures: tuple[Figure, ...]
    int8_accuracy: float | None
    protocols: Mapping[str, float]
    event_recall: float | None
    event_f1: float | None
    false_alarms_per_hour: float | None
    latency_s: float | None
    rotation_limit_deg: float | None
    model_bytes: int | None
    flash_bytes: int | None
    ram_bytes: int | None
    network_flash_bytes: int | None
    network_ram_bytes: int | None
    instructions: int | None
    estimated_instructions: int | None
    hops_per_second: float | None
    settings: Mapping[str, Any]


@dataclass(frozen=True)
class BrokenRun:
    """A folder in runs/ that cannot be read as a run, and why."""

    run: Path
    fault: str


@dataclass(frozen=True)
class Comparison:
    """differences: settings that are not the same in all runs, key to a value a run; warnings:
    what makes the figures hard to compare."""

    runs: tuple[RunFacts, ...]
    differences: Mapping[str, tuple[Any, ...]]
    warnings: tuple[str, ...]


def list_runs(folder: Path = RUNS) -> list[RunFacts | BrokenRun]:
    """By name; links such as runs/latest are not runs of their own."""
    if not folder.is_dir():
        return []
    paths = sorted(path for path in folder.iterdir() if path.is_dir() and not path.is_symlink())
    found: list[RunFacts | BrokenRun] = []
    for path in paths:
        try:
            found.append(_read(path))
        except PipelineError as error:
            found.append(BrokenRun(path, error.what))
    return found


def compare_runs(paths: Sequence[Path]) -> Comparison:
    """Raises PipelineError where there is only one, or one is missing or cannot be read."""
    if len(paths) < 2:
        raise PipelineError(
            "There is only one run to compare.",
            "a comparison needs two or more",
            "name another run behind it; `gesture runs list` shows what there is",
            ExitCode.USAGE,
        )
    runs = tuple(_read(path) for path in paths)
    return Comparison(runs, _differences(runs), tuple(_warnings(runs)))


def _read(path: Path) -> RunFacts:
    run = open_run(path)
    with whole_artefacts(run):
        return _facts(run)


def _facts(run: RunFolder) -> RunFacts:
    contract = run.contract()
    metrics, settings = metrics_of(run), settings_of(run)
    image = image_of(run, contract) or {}
    cost = optional_json(run.cost_file, "convert") or {}
    evaluation = optional_json(run.evaluation_file, "evaluate")
    sweep = kept_sweep(run, contract.hash())
    flatbuffer = run.flatbuffer_file
    return RunFacts(
        run=run.path,
        task=contract.task,
        state=_state(contract, bool(image)),
        data=Path(settings["data"]["path"]).name,
        data_hash=contract.hashes.data,
        labels=contract.labels,
        model=settings["model"]["kind"],
        split=metrics["split"],
        windows=sum(map(sum, metrics.get("confusion", ()))) or None,
        float_accuracy=metrics.get("accuracy"),
        figures=TASKS[contract.task].figures(run, contract),
        int8_accuracy=_int8_accuracy(run, contract),
        protocols=accuracies_by_protocol(evaluation),
        **_event_facts(events_of(run, evaluation)),
        rotation_limit_deg=None if sweep is None else sweep.rotation_limit_deg,
        model_bytes=flatbuffer.stat().st_size if flatbuffer.is_file() else None,
        flash_bytes=image.get("flash_bytes"),
        ram_bytes=image.get("ram_bytes"),
        instructions=image.get("instructions_per_inference"),
        network_flash_bytes=cost.get("flash_bytes"),
        network_ram_bytes=cost.get("ram_bytes"),
        estimated_instructions=cost.get("instructions"),
        hops_per_second=contract.rate_hz / contract.hop or None,
        settings=_flat(settings),
    )


def _flat(settings: Mapping[str, Any], above: str = "") -> dict[str, Any]:
    """Sections in sections as one level: `fit.epochs`."""
    found = {}
    for key, value in settings.items():
        if isinstance(value, Mapping):
            found.update(_flat(value, f"{above}{key}."))
        else:
            found[f"{above}{key}"] = value
    return found


def _state(contract: Contract, has_image: bool) -> str:
    if contract.quantisation is None:
        return "trained"
    return "deployed" if has_image else "converted"


def _int8_accuracy(run: RunFolder, contract: Contract) -> float | None:
    from pipeline.training.held_out import HeldOutScores

    if contract.quantisation is None or not contract.labels:
        return None
    return HeldOutScores.load(run.require(run.scores_file, "convert")).int8_accuracy


def _event_facts(events: Mapping[str, Any] | None) -> dict[str, Any]:
    gestures = {} if events is None else events["gestures"]
    alarms = {} if events is None else events["unknown"]
    return {
        "event_recall": gestures.get("recall"),
        "event_f1": gestures.get("f1"),
        "false_alarms_per_hour": alarms.get("false_alarms_per_hour"),
        "latency_s": gestures.get("latency_median_s"),
    }


def _differences(runs: Sequence[RunFacts]) -> dict[str, tuple[Any, ...]]:
    keys = sorted({key for run in runs for key in run.settings})
    values = {key: tuple(run.settings.get(key) for run in runs) for key in keys}
    return {key: each for key, each in values.items() if any(one != each[0] for one in each)}


def _warnings(runs: Sequence[RunFacts]) -> list[str]:
    tasks = {run.task for run in runs}
    if len(tasks) > 1:
        return ["the runs are of different tasks: only what they cost can be compared"]
    if len({run.labels for run in runs}) > 1:
        return ["the runs tell apart different labels: their accuracies cannot be compared"]
    if len({run.data_hash for run in runs}) > 1:
        return ["the runs were trained and tested on different data"]
    if len({run.split for run in runs}) > 1:
        found = ": compare what `evaluate` found" if tasks == {"gesture"} else ""
        return [f"the runs hold out different data{found}"]
    return []
