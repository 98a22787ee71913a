"""A config whose dataset and labels are named as people name them."""

from __future__ import annotations

from typing import Any, TypeVar

from pipeline.config.gesture_settings import GestureConfig
from pipeline.config.sections import TaskConfig
from pipeline.core.original_names import load_names
from pipeline.core.run_folder import RunFolder
from pipeline.datasets.places import find_dataset

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


def keep_names(config: GestureConfig, run: RunFolder) -> None:
    """A run has the names of its dataset, since it may be read without it."""
    names = load_names(config.data.path)
    if names.texts:
        names.save(run.path)
