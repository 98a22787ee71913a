"""A config as a run uses it: names of people are found, and seconds are samples of the data."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any, TypeVar

from pipeline.config.gesture_settings import DataConfig, GestureConfig
from pipeline.config.sections import TaskConfig
from pipeline.core.files import save_json
from pipeline.core.original_names import load_names
from pipeline.core.run_folder import RunFolder
from pipeline.datasets.recordings import find_dataset, load_recordings
from pipeline.datasets.snapshots import snapshot_like
from pipeline.training.models import nearest_window, total_stride

Config = TypeVar("Config", bound=TaskConfig)


def with_dataset(config: Config) -> tuple[Config, str]:
    """The config with the path of its dataset, which may be a name in data/.

    Returns:
        The config, and which dataset was taken where two could be meant.
    """
    data: Any = config.data  # type: ignore[attr-defined]  # every task has this section
    place = find_dataset(data.path)
    found = data.model_copy(update={"path": place.path})
    return config.model_copy(update={"data": found}), place.said


def with_names(config: GestureConfig) -> GestureConfig:
    """The config with the ASCII names of its labels."""
    names = load_names(config.data.path)
    data, unknown = config.data, config.unknown

    def known(labels: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(names.known("label", label) for label in labels)

    changed: dict[str, Any] = {"background": names.known("label", data.background)}
    if data.labels is not None:
        changed["labels"] = known(data.labels)
    return config.model_copy(
        update={
            "data": data.model_copy(update=changed),
            "unknown": unknown.model_copy(update={"labels": known(unknown.labels)}),
        }
    )


def keep_snapshot(config: TaskConfig, run: RunFolder) -> str:
    """A run knows the snapshot that its data are equal to; returns which, for people."""
    path: Path = config.data.path  # type: ignore[attr-defined]  # as above
    name = snapshot_like(path if path.is_dir() else path.parent)
    if name is None:
        return ""
    save_json(run.snapshot_file, {"snapshot": name})
    return f"The data are those of the snapshot {name}."


def keep_names(config: GestureConfig, run: RunFolder) -> None:
    """A run has the names of its dataset, since it may be read without it."""
    names = load_names(config.data.path)
    if names.texts:
        names.save(run.path)


def in_samples(config: GestureConfig) -> tuple[GestureConfig, str]:
    """A config whose window and hop are in samples, and what they are, for people.

    Where `data.rate_hz` is not set, it becomes the usual rate of the recordings. A hop is whole
    strides of the network, and a window leaves no remainder in its pooling.

    Returns:
        The same config, if nothing in it is in seconds; the text is empty at the usual rate then.

    Raises:
        PipelineError: there are no recordings.
    """
    if not config.window.in_seconds:
        usual_hz = DataConfig.model_fields["rate_hz"].default
        return config, "" if config.data.rate_hz == usual_hz else _said(config)
    rate_hz = _rate_hz(config)
    length, hop = _length_and_hop(config, rate_hz)
    content: dict[str, Any] = config.plain()
    content["data"]["rate_hz"] = rate_hz
    content["window"].update(length=length, hop=hop)
    fitted = GestureConfig.model_validate(content)
    return fitted, _said(fitted)


def _said(config: GestureConfig) -> str:
    length, hop, rate_hz = config.window.length, config.window.hop, config.data.rate_hz
    return (
        f"A window is {length} samples ({length / rate_hz:.2f} s), a hop {hop} "
        f"({hop / rate_hz:.3f} s), at {rate_hz:g} Hz."
    )


def _rate_hz(config: GestureConfig) -> float:
    if "rate_hz" in config.data.model_fields_set:
        return config.data.rate_hz
    rates = Counter(recording.rate_hz for recording in load_recordings(config.data.path))
    return max(rates, key=lambda rate_hz: (rates[rate_hz], rate_hz))


def _length_and_hop(config: GestureConfig, rate_hz: float) -> tuple[int, int]:
    window, stride = config.window, total_stride(config.model)
    length, hop = window.length, window.hop
    if window.hop_s is not None:
        hop = stride * max(1, round(window.hop_s * rate_hz / stride))
    if window.length_s is not None:
        wished = window.length_s * rate_hz
        if window.mode == "streaming":  # a window is whole hops
            wished = hop * max(1, round(wished / hop))
        length = nearest_window(config.model, wished)
    return length, hop
