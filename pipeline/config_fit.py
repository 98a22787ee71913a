"""How any network is fitted, and what the configs of all tasks have in common."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import yaml
from pydantic import Field

from pipeline.config_models import Section
from pipeline.files import save_text


class FitConfig(Section):
    epochs: int = Field(20, gt=0, description="passes over the training part")
    batch_size: int = Field(64, gt=0, description="sequences a step")
    learning_rate: float = Field(0.003, gt=0, description="at the start; falls to 0")
    clip_norm: float | None = Field(
        None, gt=0, description="longest step of the gradients, for long sequences; null: any"
    )
    patience: int = Field(12, gt=0, description="epochs without a better validation loss")
    tensorboard: bool = Field(False, description="write logs for TensorBoard into the run too")
    seed: int = Field(1, description="the same seed gives the same result")


class LabelFitConfig(FitConfig):
    """Of tasks that learn which of some labels it is."""

    label_smoothing: float = Field(0.05, ge=0, lt=1, description="keeps scores from certainty")
    class_weights: bool = Field(True, description="rare classes weigh more")


class TaskConfig(Section):
    """A config file: what is learned, from what, and how. `data.path` says where the data lie."""

    task: str
    fit: FitConfig = FitConfig()

    def hash(self) -> str:
        """SHA-256 of the effective values but for where the data lie: they have their own."""
        content = self.plain()
        del content["data"]["path"]
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()

    def plain(self) -> dict[str, Any]:
        content: dict[str, Any] = self.model_dump(mode="json")
        return content

    def save(self, path: Path) -> None:
        save_text(path, yaml.safe_dump(self.plain(), sort_keys=False))
