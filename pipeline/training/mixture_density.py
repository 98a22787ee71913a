"""The loss of a drawing: how likely its moves are, and the states of its pen.

The outputs of a network for a step are the parameters of a mixture of M normal distributions in two
dimensions (Bishop 1994; Graves 2013, arXiv:1308.0850), M values each of: weights, means of dx and
of dy, deviations of dx and of dy, correlations; then 3 values for the states of the pen. With an
encoder, 2 * Z values follow, the same for each step: means of its latent values, then logarithms
of their variances.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

from pipeline.config.sketch_settings import SketchModelConfig
from pipeline.core.mixture import LEAST_DEVIATION, MOST_CORRELATION, PARAMETERS, STATES
from pipeline.core.sketches import DOWN, DX, DY, ENDED


class Outputs(NamedTuple):
    """The outputs of a network for steps, [..., M] each, before exp, tanh and softmax.

    Args:
        states: [..., 3].
    """

    weights: Any
    mean_x: Any
    mean_y: Any
    log_x: Any
    log_y: Any
    correlation: Any
    states: Any

    @classmethod
    def of(cls, outputs: Any, mixtures: int) -> Outputs:
        """Split outputs [..., 6 * M + 3 or more]."""
        parts = (outputs[..., at * mixtures : (at + 1) * mixtures] for at in range(PARAMETERS))
        first = PARAMETERS * mixtures
        return cls._make([*parts, outputs[..., first : first + STATES]])


def outputs_of(mixtures: int) -> int:
    """How many outputs a step has, without those of an encoder."""
    return PARAMETERS * mixtures + STATES


def step_nats(steps: Any, outputs: Any, mixtures: int) -> Any:
    """Negative log-likelihoods: of the move until the drawing has ended, of the pen always.

    Args:
        steps: [..., 5], what was drawn.
        outputs: [..., 6 * M + 3 or more].
        mixtures: M.

    Returns:
        A tensor [...], in nats.
    """
    from keras import ops

    split = Outputs.of(outputs, mixtures)
    pen = -ops.sum(steps[..., DOWN:] * ops.log_softmax(split.states), axis=-1)
    return (1 - steps[..., ENDED]) * _move_nats(steps, split) + pen


def _move_nats(steps: Any, split: Outputs) -> Any:
    from keras import ops

    deviation_x, deviation_y = (
        LEAST_DEVIATION + ops.exp(log) for log in (split.log_x, split.log_y)
    )
    correlation = MOST_CORRELATION * ops.tanh(split.correlation)
    x = (steps[..., DX : DX + 1] - split.mean_x) / deviation_x  # [..., M]
    y = (steps[..., DY : DY + 1] - split.mean_y) / deviation_y
    rest = 1 - ops.square(correlation)
    exponent = (ops.square(x) + ops.square(y) - 2 * correlation * x * y) / (2 * rest)
    norm = ops.log(deviation_x * deviation_y) + ops.log(rest) / 2 + math.log(2 * math.pi)
    return -ops.logsumexp(ops.log_softmax(split.weights) - exponent - norm, axis=-1)


def divergence(outputs: Any, config: SketchModelConfig) -> Any:
    """How far the latent values of a batch are from a standard normal distribution.

    Args:
        outputs: [n, T, ...] with means and logarithms of variances at the end.
        config: of the network.

    Returns:
        A scalar: nats a latent value.
    """
    from keras import ops

    first = outputs_of(config.mixtures)
    mean, log_variance = ops.split(outputs[:, 0, first:], 2, axis=-1)  # [n, Z]
    return -ops.mean(1 + log_variance - ops.square(mean) - ops.exp(log_variance)) / 2


def sketch_loss(config: SketchModelConfig) -> Any:
    """A Keras loss of steps [n, T, 5] and outputs [n, T, ...], to [n, T]."""
    from keras import ops
    from keras.losses import Loss

    class SketchLoss(Loss):  # type: ignore[misc]  # Keras has no types
        def call(self, steps: Any, outputs: Any) -> Any:
            nats = step_nats(steps, outputs, config.mixtures)
            if not config.latent:
                return nats
            found = ops.maximum(divergence(outputs, config), config.kl_floor)
            return nats + config.kl_weight * found

    return SketchLoss()
