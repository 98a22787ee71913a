"""What any run tells of itself, read from what its stages have left so far."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline.config_file import read_settings
from pipeline.contract import Contract
from pipeline.errors import ExitCode, PipelineError
from pipeline.files import load_json
from pipeline.reports.facts import RunFacts
from pipeline.run_folder import RunFolder


@dataclass(frozen=True)
class Page:
    """A report, and what it leads with. how: what was held out; int8: whether it is the compiled
    C's answer, or the float model's; accuracy: of gestures."""

    html: str
    how: str
    int8: bool
    accuracy: float | None = None

    @classmethod
    def of(cls, html: str, facts: RunFacts) -> Page:
        """For a task that has no more to lead with."""
        return cls(html, facts.metrics["split"], facts.converted)


def facts_of(run: RunFolder) -> dict[str, Any]:
    """The fields of reports/facts.py's RunFacts. Raises PipelineError where an artefact is missing
    or cannot be read."""
    contract = run.contract()
    settings = settings_of(run)
    flatbuffer = run.flatbuffer_file
    return {
        "run": str(run.path),
        "name": run.name,
        "dataset": Path(settings["data"]["path"]).name,
        "contract": contract,
        "contract_hash": contract.hash(),
        "settings": settings,
        "metrics": metrics_of(run),
        "cost": optional_json(run.cost_file, "convert"),
        "image": image_of(run, contract),
        "flatbuffer_bytes": flatbuffer.stat().st_size if flatbuffer.is_file() else None,
    }


def settings_of(run: RunFolder) -> dict[str, Any]:
    return read_settings(run.require(run.config_file, "train"))


def metrics_of(run: RunFolder) -> dict[str, Any]:
    return load_json(run.require(run.metrics_file, "train"), "train")


def image_of(run: RunFolder, contract: Contract) -> dict[str, Any] | None:
    """firmware.json, where it is of this very model."""
    image = optional_json(run.firmware_file, "deploy")
    return image if image is not None and image["contract_hash"] == contract.hash() else None


def optional_json(file: Path, stage: str) -> dict[str, Any] | None:
    return load_json(file, stage) if file.is_file() else None


@contextmanager
def whole_artefacts(run: RunFolder) -> Iterator[None]:
    """Raises PipelineError (MISMATCH) where JSON of the run lacks what is looked up in it."""
    try:
        yield
    except (KeyError, TypeError, AttributeError) as error:
        raise PipelineError(
            f"A file of {run.path} does not have what it should: {error}.",
            "it was edited, or written by another version",
            "convert the run again, or train it anew",
            ExitCode.MISMATCH,
        ) from error
