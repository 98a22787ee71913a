"""What a config names as people do: a dataset, labels, a version of the data."""

from __future__ import annotations

from pathlib import Path
from typing import Any, TypeVar

from pipeline.config.gesture_settings import GestureConfig
from pipeline.config.sections import TaskConfig
from pipeline.core.files import save_json
from pipeline.core.original_names import load_names
from pipeline.core.run_folder import RunFolder
from pipeline.datasets.places import find_dataset
from pipeline.datasets.snapshots import snapshot_like

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
