"""A run's folder: where each stage leaves what the next one needs."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from pipeline.contract import Contract
from pipeline.errors import PipelineError


@dataclass(frozen=True)
class RunFolder:
    """`runs/<name>`: all that is known of one model, a file an artefact."""

    path: Path

    @property
    def name(self) -> str:
        """Also of `.`, which has none of its own."""
        return self.path.resolve().name

    @property
    def contract_file(self) -> Path:
        return self.path / "contract.json"

    @property
    def keras_file(self) -> Path:
        return self.path / "model.keras"

    @property
    def config_file(self) -> Path:
        return self.path / "config.yaml"

    @property
    def metrics_file(self) -> Path:
        return self.path / "metrics.json"

    @property
    def splits_file(self) -> Path:
        return self.path / "splits.json"

    @property
    def training(self) -> Path:
        """What is kept of a training as it goes."""
        return self.path / "training"

    @property
    def checkpoint_file(self) -> Path:
        """Where a training that was broken off goes on; gone once it is done."""
        return self.training / "checkpoint.npz"

    @property
    def epochs_file(self) -> Path:
        return self.training / "epochs.csv"

    @property
    def vocabulary_file(self) -> Path:
        """The words or characters of a text model, in the order of their numbers."""
        return self.path / "vocabulary.json"

    @property
    def windows_file(self) -> Path:
        """Scaled windows: `calibration` (training) and `test` parts, with `test_targets`,
        `test_names` of recordings and the float model's `test_scores`."""
        return self.path / "windows.npz"

    @property
    def embedding_file(self) -> Path:
        """`rows` int8 [tokens, channels]: what the network of a text model is given for a token."""
        return self.path / "embedding.npz"

    @property
    def scores_file(self) -> Path:
        """What the compiled C says to the test part (training/held_out.py), left by conversion."""
        return self.path / "scores.npz"

    @property
    def recordings_file(self) -> Path:
        """Held-out recordings (datasets/held_out.py) that choose how the run decides, and judge."""
        return self.path / "recordings.npz"

    @property
    def events_file(self) -> Path:
        """What became of the gestures in those recordings, left by conversion."""
        return self.path / "events.json"

    @property
    def evaluation_file(self) -> Path:
        return self.path / "evaluation.json"

    @property
    def series_file(self) -> Path:
        """Of forecasts: the held-out rows, and what the float model forecast (forecasts.py)."""
        return self.path / "series.npz"

    @property
    def robustness_file(self) -> Path:
        return self.path / "robustness.json"

    @property
    def report_file(self) -> Path:
        return self.path / "report.html"

    @property
    def flatbuffer_file(self) -> Path:
        return self.path / "model.tflite"

    @property
    def sequence_file(self) -> Path:
        """LSTMs over a window, for an interpreter elsewhere; other networks have none."""
        return self.path / "model_lstm.tflite"

    @property
    def cost_file(self) -> Path:
        """What each layer costs, as known at conversion."""
        return self.path / "cost.json"

    @property
    def golden_file(self) -> Path:
        return self.path / "golden.npz"

    @property
    def sources(self) -> Path:
        """Generated C, the folder a firmware build takes its model from."""
        return self.path / "firmware"

    @property
    def firmware_file(self) -> Path:
        return self.path / "firmware.json"

    @property
    def build(self) -> Path:
        """Objects, logs and the twin: may be deleted at any time."""
        return self.path / "build"

    def contract(self) -> Contract:
        return Contract.load(self.contract_file)

    def require(self, file: Path, stage: str) -> Path:
        """`file`, or the error that names the stage that should have left it."""
        if not file.is_file():
            raise PipelineError(
                f"{file} is missing.",
                f"`gesture {stage}` has not been run on {self.path}, or did not finish",
                f"run `gesture {stage}` first",
            )
        return file
