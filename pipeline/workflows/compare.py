"""`gesture runs`: lists, compares and deletes runs."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline.core.artifacts import Figure
from pipeline.core.contract import Contract
from pipeline.core.errors import PipelineError, UsageError
from pipeline.core.files import PART, is_part
from pipeline.core.locks import LOCK, Lock
from pipeline.core.original_names import load_names
from pipeline.core.run_folder import RunFolder
from pipeline.workflows.report import accuracies_by_protocol, events_of, saved_sweep
from pipeline.workflows.run_facts import (
    complete_artifacts,
    data_name,
    figures_of,
    image_of,
    int8_accuracy,
    load_metrics,
    load_settings,
    optional_json,
)
from pipeline.workflows.runs import LATEST, RUNS, find_run, open_run


@dataclass(frozen=True)
class RunSummary:
    """The figures of a run. A figure is None before the stage that computes it.

    Attributes:
        state: trained, converted or deployed.
        float_accuracy: on the held-out windows, as int8_accuracy.
        figures: on the held-out data, for tasks without an accuracy.
        event_takes: gestures that event_recall is of.
        protocols: int8 accuracy over the folds of `gesture evaluate`.
        flash_bytes: of the whole image, as ram_bytes.
        network_flash_bytes: of the network alone, as network_ram_bytes.
        hops_per_second: classifications per second; None without a fixed rate.
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
    event_takes: int | None
    event_f1: float | None
    false_alarms_per_hour: float | None
    false_alarms_per_hour_at_rest: float | None
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
    """A folder in runs/ that is no readable run, and the reason."""

    run: Path
    fault: str


@dataclass(frozen=True)
class Comparison:
    """The result of a comparison; warnings: why the figures cannot be compared directly."""

    runs: tuple[RunSummary, ...]
    differences: Mapping[str, tuple[Any, ...]]
    warnings: tuple[str, ...]


def list_runs(folder: Path = RUNS) -> list[RunSummary | BrokenRun]:
    """All runs by name, without links such as runs/latest."""
    if not folder.is_dir():
        return []
    folders = (path for path in folder.iterdir() if path.is_dir() and not is_part(path))
    paths = sorted(path for path in folders if not path.is_symlink())
    found: list[RunSummary | BrokenRun] = []
    for path in paths:
        try:
            found.append(_read(path))
        except PipelineError as error:
            found.append(BrokenRun(path, error.what))
    return found


def compare_runs(paths: Sequence[Path]) -> Comparison:
    """Compare two or more runs."""
    if len(paths) < 2:
        raise UsageError(
            "There is only one run to compare.",
            "a comparison needs two or more",
            "name another run behind it; `gesture runs list` shows what there is",
        )
    runs = tuple(_read(path) for path in paths)
    return Comparison(runs, _differences(runs), tuple(_warnings(runs)))


def _read(path: Path) -> RunSummary:
    run = open_run(path)
    with complete_artifacts(run):
        return _facts(run)


def _facts(run: RunFolder) -> RunSummary:
    contract = run.contract()
    metrics, settings = load_metrics(run), load_settings(run)
    image = image_of(run, contract) or {}
    cost = optional_json(run.cost_file, "convert") or {}
    evaluation = optional_json(run.evaluation_file, "evaluate")
    sweep = saved_sweep(run, contract.hash())
    flatbuffer = run.flatbuffer_file
    return RunSummary(
        run=run.path,
        task=contract.task,
        state=_state(contract, bool(image)),
        data=data_name(run, settings),
        data_hash=contract.hashes.data,
        labels=load_names(run.path, "train").all_shown("label", contract.labels),
        model=_network_of(settings["model"]),
        split=metrics["split"],
        windows=sum(map(sum, metrics.get("confusion", ()))) or None,
        float_accuracy=metrics.get("accuracy"),
        figures=figures_of(run, contract),
        int8_accuracy=int8_accuracy(run, contract),
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


def _network_of(model: Mapping[str, Any]) -> str:
    """The kind of a network; of an encoder and a decoder both."""
    parts = (model[part]["kind"] for part in ("encoder", "decoder") if part in model)
    return model["kind"] if "kind" in model else " and ".join(parts)


def _flat(settings: Mapping[str, Any], above: str = "") -> dict[str, Any]:
    found = {}
    for key, value in settings.items():
        if isinstance(value, Mapping):
            found.update(_flat(value, f"{above}{key}."))
        else:
            found[f"{above}{key}"] = value
    return found


def _state(contract: Contract, has_image: bool) -> str:
    if contract.quantization is None:
        return "trained"
    return "deployed" if has_image else "converted"


def _event_facts(events: Mapping[str, Any] | None) -> dict[str, Any]:
    gestures = {} if events is None else events["gestures"]
    return {
        "event_recall": gestures.get("recall"),
        "event_takes": gestures.get("takes"),
        "event_f1": gestures.get("f1"),
        "false_alarms_per_hour": _false_alarms(events, "unknown"),
        "false_alarms_per_hour_at_rest": _false_alarms(events, "rest"),
        "latency_s": gestures.get("latency_median_s"),
    }


def _false_alarms(events: Mapping[str, Any] | None, part: str) -> float | None:
    if events is None or not events[part]["hours"]:
        return None
    rate: float = events[part]["false_alarms_per_hour"]
    return rate


def _differences(runs: Sequence[RunSummary]) -> dict[str, tuple[Any, ...]]:
    keys = sorted({key for run in runs for key in run.settings})
    values = {key: tuple(run.settings.get(key) for run in runs) for key in keys}
    return {key: each for key, each in values.items() if any(one != each[0] for one in each)}


def _warnings(runs: Sequence[RunSummary]) -> list[str]:
    tasks = {run.task for run in runs}
    if len(tasks) > 1:
        return ["the runs are of different tasks: only what they cost can be compared"]
    if len({run.labels for run in runs}) > 1:
        return ["the runs have different labels: their accuracies cannot be compared"]
    if len({run.data_hash for run in runs}) > 1:
        return ["the runs were trained and tested on different data"]
    if len({run.split for run in runs}) > 1:
        found = ": compare what `evaluate` found" if tasks == {"gesture"} else ""
        return [f"the runs hold out different data{found}"]
    return []


GOING = f".deleted{PART}"  # suffix of a run during its deletion


def deletable_runs(paths: Sequence[Path]) -> list[RunFolder]:
    """Find runs to delete, each once; USAGE for a folder that is no run."""
    runs = {run.path.resolve(): run for run in map(find_run, paths)}
    for run in runs.values():
        if not _is_run(run):
            raise UsageError(
                f"{run.path} is no run.",
                "it lacks the files of `gesture train`; possibly it belongs to something else",
                "`gesture runs list` shows the runs; delete other folders by hand",
            )
    return list(runs.values())


def delete_runs(runs: Sequence[RunFolder]) -> None:
    """Delete runs with their build folders; none if one of them is being written."""
    with ExitStack() as locked:
        for run in runs:
            locked.enter_context(Lock(run.path, "runs delete"))
        for run in runs:
            place = run.path.resolve()
            shutil.rmtree(run.build, ignore_errors=True)
            if LATEST.is_symlink() and LATEST.resolve() == place:
                LATEST.unlink()
            for left in place.parent.glob(f".*{GOING}"):
                shutil.rmtree(left, ignore_errors=True)
            going = place.with_name(f".{place.name}{GOING}")
            place.rename(going)  # first, so that an interrupted deletion leaves no partial run
            shutil.rmtree(going)


def _is_run(run: RunFolder) -> bool:
    """Whether it is a run, also of a training that was killed at its start."""
    names = {path.name for path in run.path.iterdir()}
    begun = {run.config_file.name, run.training.name, LOCK}
    return run.config_file.is_file() and (run.contract_file.is_file() or names <= begun)
