"""What a network costs on a board, before it is trained: a job of a second.

The cost of a network hardly depends on its weights. So the network is built, quantized with weights
as they are before training, and compiled, as `gesture convert` does it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from pipeline.compiler import CompiledNetwork, compile_network
from pipeline.config.budget import Budget
from pipeline.config.gesture_settings import GestureConfig
from pipeline.conversion.quantize import quantize
from pipeline.conversion.step import export_step, is_recurrent
from pipeline.core.centres import flash_bytes_of
from pipeline.core.costs import NetworkCost
from pipeline.training.embedding import BACKGROUND_CENTRES
from pipeline.training.fit import quiet_keras
from pipeline.training.models import Head, Source, build
from pipeline.workflows.jobs.job import Job, Outcome, Report

CALIBRATION_WINDOWS = 16
SEED = 1


@dataclass(frozen=True)
class BoardCost:
    """What a network takes of a board.

    Args:
        overruns: by the key of a budget, the share by which its limit is exceeded.
    """

    second_instructions: float
    flash_bytes: int
    ram_bytes: int
    overruns: Mapping[str, float]

    @property
    def figures(self) -> tuple[float, float, float]:
        """What a search makes small."""
        return self.second_instructions, self.flash_bytes, self.ram_bytes


def cost_job(config: GestureConfig, labels: int, name: str) -> Job:
    """The job that computes the cost of a network for so many labels."""
    # What does not change the network is left out, so that it is compiled once.
    network = {key: config.plain()[key] for key in ("task", "data", "window", "model")}
    return Job(f"{__name__}:compile_untrained", network, part=f"{labels} labels", name=name)


def compile_untrained(
    job: Job,
    data: None,  # noqa: ARG001, as every work of a job
    folder: Path,
    report: Report,
) -> Mapping[str, Any]:
    """The work of the job: the costs of the fast and of the compact C, each in a file."""
    report("compiling the untrained network", 0.0)
    config, labels = GestureConfig.model_validate(job.config), int(job.part.split()[0])
    source = Source(config.window.length, len(config.data.channels))
    draft, log = folder / "model", folder / "log"
    keras_file, flatbuffer = draft.with_suffix(".keras"), draft.with_suffix(".tflite")
    quiet_keras(SEED)
    build(config.model, source, Head(labels)).save(keras_file)
    shape = (CALIBRATION_WINDOWS, source.window, source.channels)
    windows = np.random.default_rng(SEED).normal(size=shape).astype(np.float32)
    make = export_step if is_recurrent(keras_file) else quantize
    make(keras_file, windows, flatbuffer, log)
    for compact in (False, True):
        network = _compiled(flatbuffer.read_bytes(), config, compact)
        _with_centres(network, labels).save(_file(folder, compact))
    for made in (keras_file, flatbuffer, log):
        made.unlink(missing_ok=True)
    return {}


def board_cost(done: Outcome, config: GestureConfig, budget: Budget) -> BoardCost:
    """The cost of the C that `gesture convert` takes: the compact one where only that fits."""
    assert done.folder is not None  # it has not failed
    hops_a_second = config.data.rate_hz / config.window.hop
    limits = budget.at(hops_a_second)
    fast, compact = (NetworkCost.load(_file(done.folder, small)) for small in (False, True))
    fits_compact_only = limits.overruns(fast) and not limits.overruns(compact)
    cost = compact if fits_compact_only else fast
    return BoardCost(
        round(cost.instructions * hops_a_second),
        cost.flash_bytes,
        cost.ram_bytes,
        {key: used / limit - 1 for key, (used, limit) in limits.used(cost).items() if used > limit},
    )


def _file(folder: Path, compact: bool) -> Path:
    return folder / ("compact.json" if compact else "fast.json")


def _compiled(flatbuffer: bytes, config: GestureConfig, compact: bool) -> CompiledNetwork:
    streams = config.window.mode == "streaming"
    return compile_network(
        flatbuffer,
        compact=compact,
        hop=config.window.hop,
        window=config.window.length,
        keep_state=streams,
        keep_features=not streams,
    )


def _with_centres(network: CompiledNetwork, labels: int) -> NetworkCost:
    """With the most that centres of people and of learned gestures take."""
    features = sum(part.count for part in network.features)
    centres = flash_bytes_of(features, labels - 1 + BACKGROUND_CENTRES) if features else 0
    return network.cost.with_centres(centres)
