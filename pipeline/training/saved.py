"""A network that was trained before."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pipeline.errors import ExitCode, PipelineError
from pipeline.training.fit import quiet_keras

ANY_SEED = 1  # nothing is drawn from it


def load_network(keras_file: Path) -> Any:
    """The Keras model of a run. Raises PipelineError where the file is no such model."""
    keras = quiet_keras(ANY_SEED)
    try:
        return keras.models.load_model(keras_file, compile=False)
    except (OSError, ValueError, KeyError) as error:
        raise PipelineError(
            f"{keras_file} cannot be loaded: {' '.join(str(error).split())[:200]}.",
            "it was cut short, or saved by another version of Keras",
            "train the run again",
            ExitCode.MISMATCH,
        ) from None
