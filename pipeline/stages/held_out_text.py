"""How well a run that writes knows the text that was held out."""

from __future__ import annotations

from pipeline.artifacts import Figure
from pipeline.contract import Contract
from pipeline.files import load_arrays
from pipeline.run_folder import RunFolder
from pipeline.stages.run_facts import metrics_of


def int8_loss(run: RunFolder, contract: Contract) -> float | None:
    """Nats a character, by the compiled C; None where the run is not converted."""
    if contract.quantisation is None:
        return None
    file = run.require(run.scores_file, "convert")
    return -float(load_arrays(file, "convert", {"likelihoods"})["likelihoods"].mean())


def losses(run: RunFolder, contract: Contract) -> tuple[Figure, ...]:
    """Of the float network and, where the run is converted, of the compiled C behind it."""
    by_float = metrics_of(run)["loss"]
    found = {"loss": by_float, "int8 loss": int8_loss(run, contract)}
    told = ((name, loss) for name, loss in found.items() if loss is not None)
    return tuple(Figure(name, loss, "nats a character") for name, loss in told)
