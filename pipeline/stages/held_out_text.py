"""How well a run that writes knows the text that was held out."""

from __future__ import annotations

import numpy as np

from pipeline.contract import Contract
from pipeline.run_folder import RunFolder
from pipeline.stages.reporting import read_json


def int8_loss(run: RunFolder, contract: Contract) -> float | None:
    """Nats a character, by the compiled C; None where the run is not converted."""
    if contract.quantisation is None:
        return None
    with np.load(run.require(run.scores_file, "convert")) as arrays:
        return -float(arrays["likelihoods"].mean())


def loss_of(run: RunFolder, contract: Contract) -> float:
    """Nats a character: of the compiled C, or of the float network until there is one."""
    by_c = int8_loss(run, contract)
    if by_c is not None:
        return by_c
    loss: float = read_json(run.require(run.metrics_file, "train"))["loss"]
    return loss
