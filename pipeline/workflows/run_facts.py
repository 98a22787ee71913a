"""Facts of a run from its artifacts: for its report, for conversion and for the list of runs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Set
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from pipeline.config.file import read_settings
from pipeline.config.gesture_settings import GestureConfig, load_gesture_config
from pipeline.core.artifacts import Figure, Float32, Recording, person_of
from pipeline.core.contract import UNITS_PER_SAMPLE_STEP, Contract
from pipeline.core.errors import MismatchError, PipelineError
from pipeline.core.files import load_arrays, load_json
from pipeline.core.forecasts import ForecastScore, HeldOutSeries, forecast_scores
from pipeline.core.run_folder import RunFolder
from pipeline.datasets.bouts import as_heard
from pipeline.datasets.held_out_recordings import HeldOutRecordings
from pipeline.datasets.lint import background_capture
from pipeline.reports.facts import Headline, HeldOutWindows, RunFacts
from pipeline.training.held_out_scores import HeldOutScores
from pipeline.training.metrics import EventScore
from pipeline.training.run_files import evenly_spaced


@dataclass(frozen=True)
class Page:
    """A report page and its main figures, of the compiled C or of the float model.

    Args:
        headline: of gestures.
    """

    html: str
    how: str
    int8: bool
    accuracy: float | None = None
    headline: Headline | None = None

    @classmethod
    def of(cls, html: str, facts: RunFacts) -> Page:
        """A page of a task without accuracy."""
        return cls(html, facts.metrics["split"], facts.converted)


def facts_of(run: RunFolder) -> dict[str, Any]:
    """The fields of RunFacts in reports/facts.py."""
    contract = run.contract()
    settings = load_settings(run)
    flatbuffer = run.flatbuffer_file
    return {
        "run": str(run.path),
        "name": run.name,
        "dataset": data_name(run, settings),
        "contract": contract,
        "contract_hash": contract.hash(),
        "settings": settings,
        "metrics": load_metrics(run),
        "cost": optional_json(run.cost_file, "convert"),
        "image": image_of(run, contract),
        "flatbuffer_bytes": flatbuffer.stat().st_size if flatbuffer.is_file() else None,
    }


def data_name(run: RunFolder, settings: Mapping[str, Any]) -> str:
    """The name of the dataset, and of the snapshot of it that the run learned from."""
    name = Path(settings["data"]["path"]).name
    version = optional_json(run.snapshot_file, "train")
    return name if version is None else f"{name}, snapshot {version['snapshot']}"


def load_settings(run: RunFolder) -> dict[str, Any]:
    """The settings of a run, as its config file has them."""
    return read_settings(run.require(run.config_file, "train"))


def load_metrics(run: RunFolder) -> dict[str, Any]:
    """The content of metrics.json, with the results on the test part."""
    tested = run.tested
    return load_json(tested.require(tested.metrics_file, "train"), "train")


def image_of(run: RunFolder, contract: Contract) -> dict[str, Any] | None:
    """The content of firmware.json, if it is of this model."""
    image = optional_json(run.firmware_file, "deploy")
    return image if image is not None and image["contract_hash"] == contract.hash() else None


def optional_json(file: Path, stage: str) -> dict[str, Any] | None:
    """A JSON file of a stage; None where it is missing."""
    return load_json(file, stage) if file.is_file() else None


@contextmanager
def complete_artifacts(run: RunFolder) -> Iterator[None]:
    """Turn errors from incomplete or edited JSON files of a run into PipelineError."""
    try:
        yield
    except PipelineError:
        raise
    except Exception as error:  # edited numbers cause division by 0, overflow and others
        raise MismatchError(
            f"A file of {run.path} is not complete: {error or type(error).__name__}.",
            "it was edited, or written by another version",
            "convert the run again, or train a new one",
        ) from error


NEEDED = frozenset({"calibration", "test"})
OF_GESTURES = frozenset({"test_targets", "test_names", "test_scores"})


def window_arrays(task: str) -> Set[str]:
    """The names of the arrays in windows.npz that later stages need."""
    return NEEDED | OF_GESTURES if task == "gesture" else NEEDED


def load_windows(run: RunFolder, needed: Set[str]) -> dict[str, NDArray[Any]]:
    """The arrays of windows.npz."""
    return load_arrays(run.require(run.windows_file, "train"), "train", needed)


def held_out_bouts(run: RunFolder, contract: Contract, count: int) -> list[Recording]:
    """Some bouts of the test part of a caption run, as a board's sensor would give them."""
    test = load_windows(run, {"test"})["test"]
    bouts = _in_units(evenly_spaced(test, count), contract)
    return [as_heard(one, contract.samples.rate_hz) for one in bouts]


def held_out_windows(run: RunFolder, contract: Contract) -> HeldOutWindows:
    """The test windows with scores: of the compiled C if converted, else of the float model."""
    arrays = load_windows(run, NEEDED | OF_GESTURES)
    int8 = _int8_scores(run, contract)
    return HeldOutWindows(
        windows=_in_units(arrays["test"], contract),
        targets=arrays["test_targets"],
        names=tuple(arrays["test_names"].tolist()),
        scores=arrays["test_scores"] if int8 is None else int8,
    )


def _in_units(scaled: Float32, contract: Contract) -> Float32:
    scaling = contract.samples.scaling
    mean, std = np.array(scaling.mean), np.array(scaling.std)
    windows: Float32 = (scaled * std + mean).astype(np.float32)
    return windows


def _int8_scores(run: RunFolder, contract: Contract) -> Float32 | None:
    """Dequantized scores of the compiled C, float32 [n, K], 0 to 1; None without conversion."""
    if contract.quantization is None:
        return None
    held_out = HeldOutScores.load(run.require(run.scores_file, "convert"))
    steps = held_out.int8_scores.astype(np.float32) - contract.quantization.output_zero_point
    return steps * np.float32(contract.quantization.output_scale)


def load_forecasts(run: RunFolder) -> HeldOutSeries:
    """The test part with forecasts: of the compiled C if converted, else of the float model."""
    series = load_float_forecasts(run)
    if run.contract().quantization is None:
        return series
    file = run.require(run.scores_file, "convert")
    thousandths = load_arrays(file, "convert", {"thousandths"})["thousandths"]
    return replace(series, forecast=thousandths / UNITS_PER_SAMPLE_STEP)


def series_scores(series: HeldOutSeries) -> tuple[ForecastScore, ...]:
    """The errors of the forecasts of the test part."""
    return forecast_scores(series.dataset, series.dataset.origins["test"], series.forecast)


def _errors(run: RunFolder, _contract: Contract) -> tuple[Figure, ...]:
    from pipeline.training.forecast_task import error_figures

    return error_figures(series_scores(load_forecasts(run)))


def load_float_forecasts(run: RunFolder) -> HeldOutSeries:
    """The test part with the forecasts of the float model."""
    return HeldOutSeries.load(run.require(run.series_file, "train"))


def int8_accuracy(run: RunFolder, contract: Contract) -> float | None:
    """The accuracy of the compiled C; None without conversion, and for tasks without labels."""
    if contract.quantization is None or not contract.labels:
        return None
    tested = run.tested
    return HeldOutScores.load(tested.require(tested.scores_file, "convert")).int8_accuracy


def int8_loss(run: RunFolder, contract: Contract) -> float | None:
    """The loss of the compiled C in nats for each character; None without conversion."""
    if contract.quantization is None:
        return None
    file = run.require(run.scores_file, "convert")
    return -float(load_arrays(file, "convert", {"likelihoods"})["likelihoods"].mean())


def losses(run: RunFolder, contract: Contract) -> tuple[Figure, ...]:
    """The loss of the float model and, if converted, that of the compiled C."""
    float_loss, compiled_loss = load_metrics(run)["loss"], int8_loss(run, contract)
    losses = {"loss": float_loss, "int8 loss": compiled_loss}
    known = ((name, loss) for name, loss in losses.items() if loss is not None)
    return tuple(Figure(name, loss, "nats a character") for name, loss in known)


def int8_exact(run: RunFolder, contract: Contract) -> float | None:
    """The share of test texts that the compiled C writes exactly; None without conversion."""
    if contract.quantization is None:
        return None
    file = run.require(run.scores_file, "convert")
    return float(load_arrays(file, "convert", {"right"})["right"].mean())


def translation_figures(run: RunFolder, contract: Contract) -> tuple[Figure, ...]:
    """The results of a translation or caption run on its test part."""
    metrics, int8 = load_metrics(run), int8_exact(run, contract)
    figures = {
        "exact match": metrics["exact_match"],
        "int8 exact match": int8,
        "BLEU": metrics["bleu"],
        "perplexity": metrics["perplexity"],
    }
    return tuple(Figure(name, value, "") for name, value in figures.items() if value is not None)


def int8_nats(run: RunFolder, contract: Contract) -> float | None:
    """How unlikely drawings are to the compiled C, in nats a point; None without conversion."""
    if contract.quantization is None:
        return None
    file = run.require(run.scores_file, "convert")
    return float(load_arrays(file, "convert", {"nats_a_point"})["nats_a_point"])


def sketch_figures(run: RunFolder, contract: Contract) -> tuple[Figure, ...]:
    """The results of a run that draws on its test part."""
    figures = {
        "negative log-likelihood": load_metrics(run)["nats_a_point"],
        "int8 negative log-likelihood": int8_nats(run, contract),
    }
    known = ((name, nats) for name, nats in figures.items() if nats is not None)
    return tuple(Figure(name, nats, "nats a point") for name, nats in known)


def figures_of(run: RunFolder, contract: Contract) -> tuple[Figure, ...]:
    """The results of a run on its test part, for tasks without accuracy."""
    figures = {
        "generation": losses,
        "forecast": _errors,
        "translation": translation_figures,
        "caption": translation_figures,
        "sketch": sketch_figures,
    }.get(contract.task)
    return () if figures is None else figures(run, contract)


MOST_ALARMS_AT_REST = 10.0  # an hour; docs/recognition.md has the same figure


def background_note(run: RunFolder, rest: EventScore | None = None) -> str:
    """A note where no background is recorded, or gestures are called at rest; else empty."""
    config = load_gesture_config(run.config_file)
    background = config.data.background
    alarms = 0.0 if rest is None or not rest.hours else rest.false_alarms_per_hour
    are_many = alarms > MOST_ALARMS_AT_REST
    many = f"{alarms:.0f} false alarms an hour at rest are many: " if are_many else ""
    is_recorded = _is_background_recorded(run, config)
    if is_recorded and not many:
        return ""
    command = f"`{background_capture(config.data.path, background)}`"
    if not is_recorded:
        return (
            f"{many}nothing is recorded as `{background}`, so the board may call gestures where "
            f"there are none; record some minutes of it: {command}"
        )
    return f"{many}record more `{background}`, then train again: {command}"


def _is_background_recorded(run: RunFolder, config: GestureConfig) -> bool:
    """Between marked gestures there is background too."""
    held_out = HeldOutRecordings.load(run.tested.recordings_file)
    if any(recording.intervals for recording in (*held_out.validation, *held_out.test)):
        return True
    wanted = {config.data.background, *config.unknown.labels}
    return not wanted.isdisjoint(_labels(load_json(run.tested.splits_file, "train").values()))


def people_of(
    run: RunFolder, contract: Contract, *parts: Literal["train", "validation"]
) -> set[str]:
    """Who is in these parts of the split, in all where none is named."""
    splits = load_json(run.tested.splits_file, "train")
    names = [name for part in parts or ("train", "validation", "test") for name in splits[part]]
    labels = contract.gestures
    of_gestures = [name for name in names if name.partition("/")[0] in labels]
    return {person_of(name) for name in of_gestures or names}


def _labels(parts: Iterable[object]) -> set[str]:
    names = [name for part in parts if isinstance(part, list) for name in part]
    return {name.partition("/")[0] for name in names}
