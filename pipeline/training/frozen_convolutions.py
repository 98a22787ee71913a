"""Convolutions that a network takes from a trained one and keeps as they are.

What recognises gestures need not be learned again from captions, which are fewer (as image
captioning takes over the network of a classifier; Vinyals et al. 2015, arXiv:1411.4555).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from pipeline.core.contract import Channel, Contract
from pipeline.core.errors import UsageError
from pipeline.core.files import why_missing
from pipeline.core.run_folder import RunFolder
from pipeline.training.run_files import load_network

KEY = "model.convolutions"
RATE_TOLERANCE = 0.02  # as between recordings of one training


@dataclass(frozen=True)
class FrozenConvolutions:
    """The weights of convolutions by the names of their layers, and the contract of their run."""

    run: Path
    contract: Contract
    weights: Mapping[str, list[NDArray[Any]]]

    def require_inputs(self, channels: tuple[Channel, ...], rate_hz: float) -> None:
        """Check that they were trained on such samples.

        Raises:
            UsageError: they read other channels, or samples at another rate.
        """
        own = self.contract
        if own.channels != channels or abs(own.rate_hz / rate_hz - 1) > RATE_TOLERANCE:
            raise UsageError(
                f"The convolutions of {self.run} read {_said(own.channels, own.rate_hz)}; here are "
                f"{_said(channels, rate_hz)}.",
                "what they learned is about those samples",
                "bring the recordings to their rate with data.rate_hz, name the same "
                f"data.channels, or take another run in {KEY}",
            )

    def put_into(self, network: Any) -> Any:
        """The network with these convolutions, which training leaves as they are.

        Raises:
            UsageError: its convolutions have another shape.
        """
        own = {layer.name: layer for layer in network.layers if _is_convolution(layer)}
        shapes = {name: _shapes(layer.get_weights()) for name, layer in own.items()}
        if shapes != {name: _shapes(weights) for name, weights in self.weights.items()}:
            raise UsageError(
                f"The encoder has other convolutions than {self.run}.",
                "their number, filters, kernels or kinds differ",
                f"copy model.convolutions of {self.run / 'config.yaml'} to model.encoder",
            )
        for name, layer in own.items():
            layer.set_weights(self.weights[name])
            layer.trainable = False
        return network


def load_convolutions(path: Path) -> FrozenConvolutions:
    """Those of a run.

    Raises:
        UsageError: it is no run of gestures, or has no convolutions.
    """
    if not path.is_dir():
        raise UsageError(
            f"There is no run at {path}.",
            why_missing(path, "folder", "the path is misspelt, or relative to another folder"),
            f"name a run of a conv1d, ds_conv1d or conv_gru in {KEY}",
        )
    run = RunFolder(path)
    contract = run.contract()
    network = load_network(run.require(run.keras_file, "train"))
    weights = {
        layer.name: layer.get_weights() for layer in network.layers if _is_convolution(layer)
    }
    if contract.task != "gesture" or not weights:
        raise UsageError(
            f"{path} has no convolutions of gestures.",
            f"it is a run of the task {contract.task}"
            if contract.task != "gesture"
            else "its network is of another kind",
            f"name a run of a conv1d, ds_conv1d or conv_gru in {KEY}",
        )
    return FrozenConvolutions(path, contract, weights)


def _is_convolution(layer: Any) -> bool:
    return re.fullmatch(r"conv\d+", layer.name) is not None


def _shapes(weights: list[NDArray[Any]]) -> list[tuple[int, ...]]:
    return [array.shape for array in weights]


def _said(channels: tuple[Channel, ...], rate_hz: float) -> str:
    return f"{', '.join(channel.name for channel in channels)} at {rate_hz:g} Hz"
