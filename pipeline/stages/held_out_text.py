"""How well a run that writes knows the text that was held out."""

from __future__ import annotations

import numpy as np

from pipeline.artifacts import Figure
from pipeline.contract import Contract
from pipeline.run_folder import RunFolder
from pipeline.stages.reporting import read_json


def int8_loss(run: RunFolder, contract: Contract) -> float | None:
    """Nats a character, by the compiled C; None where the run is not converted."""
    if contract.quantisation is None:
        return None
    with np.load(run.require(run.scores_file, "convert")) as arrays:
        return -float(arrays["likelihoods"].mean())


def losses(run: RunFolder, contract: Contract) -> tuple[Figure, ...]:
    """Of the float network and, where the run is converted, of the compiled C behind it."""
    by_float = read_json(run.require(run.metrics_file, "train"))["loss"]
    found = {"loss": by_float, "int8 loss": int8_loss(run, contract)}
    told = ((name, loss) for name, loss in found.items() if loss is not None)
    return tuple(Figure(name, loss, "nats a character") for name, loss in told)
