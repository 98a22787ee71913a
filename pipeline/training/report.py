"""report.html: one file that tells a newcomer how good a model is, and how that is known."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from pipeline.artifacts import Float32, RunFolder, atomic_write
from pipeline.training.evaluate import Metrics
from pipeline.training.fit import Epoch
from pipeline.training.pictures import confusion_picture, learning_picture, signal_picture

TEMPLATE = Path(__file__).with_name("report.html.jinja")
MISTAKES_SHOWN = 8


@dataclass(frozen=True)
class Mistake:
    """A held-out window that was called something else; samples: [T, channels], in units."""

    name: str
    true: str
    called: str
    samples: Float32


@dataclass(frozen=True)
class Report:
    """What the page is made of. provenance: name to hash, seed or version."""

    title: str
    labels: tuple[str, ...]
    channels: tuple[str, ...]
    rate_hz: float
    split: str
    metrics: Metrics
    epochs: tuple[Epoch, ...]
    mistakes: tuple[Mistake, ...]
    parameters: int
    provenance: Mapping[str, str]
    settings: Mapping[str, Any]


def write_report(report: Report, run: RunFolder) -> None:
    """Write confusion_matrix.png and report.html, which needs no other file."""
    import jinja2

    confusion = confusion_picture(report.metrics.confusion, report.labels)
    with atomic_write(run.path / "confusion_matrix.png") as unfinished:
        unfinished.write_bytes(confusion)
    shown = [
        (mistake, _inline(signal_picture(mistake.samples, report.channels, report.rate_hz)))
        for mistake in report.mistakes[:MISTAKES_SHOWN]
    ]
    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined)
    page = environment.from_string(TEMPLATE.read_text(encoding="utf-8")).render(
        report=report,
        run=run.name,
        windows=int(report.metrics.confusion.sum()),
        wrong=len(report.mistakes),
        confusion=_inline(confusion),
        learning=_inline(learning_picture(report.epochs)),
        mistakes=shown,
        settings=yaml.safe_dump(dict(report.settings), sort_keys=False),
    )
    with atomic_write(run.report_file) as unfinished:
        unfinished.write_text(page, encoding="utf-8")


def _inline(png: bytes) -> str:
    return "data:image/png;base64," + base64.b64encode(png).decode()
