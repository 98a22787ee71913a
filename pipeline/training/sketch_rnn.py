"""A network that draws: from each move of a pen to the next (Ha and Eck 2017, arXiv:1704.03477).

With an encoder it is variational: the encoder reads a whole drawing from both ends, and what it
makes of it, the latent values with noise, are given to the network with each step.

n: drawings, T: steps, M: normal distributions of a mixture, Z: latent values, u: units.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from pipeline.config.sketch_settings import SketchModelConfig
from pipeline.core.artifacts import Float32
from pipeline.core.mixture import LEAST_DEVIATION, MOST_CORRELATION
from pipeline.core.sketches import DOWN, ENDED, STEP_NAMES
from pipeline.training.mixture_density import Outputs, outputs_of
from pipeline.training.models import recurrent

DECODER, OUTPUTS, MEAN = "decoder", "outputs", "mean"  # names of layers
STEP = len(STEP_NAMES)


def build(config: SketchModelConfig, length: int) -> Any:
    """Build a Keras model for training: each step is predicted from the right ones before it.

    Args:
        config: settings of the network.
        length: steps, T.

    Returns:
        A model from the step before each, float32 [n, T, 5], to outputs float32 [n, T, 6 * M + 3],
        see mixture_density. With an encoder it also takes the drawing, float32 [n, T, 5] with zeros
        after its last move, and the outputs have 2 * Z more.
    """
    from keras import Input, Model, layers

    before = Input((length, STEP), name="before")
    if not config.latent:
        return Model(before, _drawn(config, before))
    drawing = Input((length, STEP), name="drawing")
    statistics, latent = _encoded(config, drawing)  # [n, 2 * Z], [n, Z]
    steps = layers.Concatenate(name="steps")([before, layers.RepeatVector(length)(latent)])
    repeated = layers.RepeatVector(length)(statistics)
    return Model([before, drawing], layers.Concatenate()([_drawn(config, steps), repeated]))


def _drawn(config: SketchModelConfig, steps: Any) -> Any:
    from keras import layers

    hidden = recurrent(config.kind, config.units, steps, every_step=True, name=DECODER)
    dropped = layers.Dropout(config.dropout, name="dropout")(hidden)  # [n, T, u]
    return layers.Dense(outputs_of(config.mixtures), name=OUTPUTS)(dropped)


def _encoded(config: SketchModelConfig, drawing: Any) -> tuple[Any, Any]:
    """The means and log variances of the latent values, and the values: without noise in use."""
    from keras import layers

    known = layers.Masking()(drawing)
    features = recurrent(
        config.kind, config.encoder, known, name="encoder", wrap=layers.Bidirectional
    )
    mean = layers.Dense(config.latent, name=MEAN)(features)  # [n, Z]
    log_variance = layers.Dense(config.latent, name="log_variance")(features)
    deviation = layers.Activation("exponential")(layers.Rescaling(0.5)(log_variance))
    noise = layers.GaussianNoise(1.0)(layers.Rescaling(0.0)(mean))
    latent = layers.Add(name="latent")([mean, layers.Multiply()([deviation, noise])])
    return layers.Concatenate(name="statistics")([mean, log_variance]), latent


class Sketcher:
    """Draws with a trained network, a step at a time, many drawings at once."""

    def __init__(self, model: Any, config: SketchModelConfig) -> None:
        """Of the Keras model that `build` made."""
        import tensorflow as tf

        self._config, self._model = config, model
        self._layers = {layer.name: layer for layer in model.layers}
        self._cells = [self._layers[f"{DECODER}{at + 1}"].cell for at in range(len(config.units))]
        self._step = tf.function(self._stepped, reduce_retracing=True, autograph=False)

    def draw(
        self,
        count: int,
        most: int,
        temperature: float,
        seed: int,
        begun: Float32 | None = None,
    ) -> Float32:
        """Draw until the network ends each drawing.

        Args:
            count: how many drawings, n.
            most: steps after which a drawing is cut, T.
            temperature: above 0; 1 draws as the network has learned, less is more careful.
            seed: the same one gives the same drawings.
            begun: the first steps of all of them, [steps, 5], scaled; None for none.

        Returns:
            float32 [n, at most T, 5], scaled.
        """
        random = np.random.default_rng(seed)
        context = self._context(count, begun, random)
        steps, states = [_pen_put_down(count)], self._first_states(count)
        for step in () if begun is None else begun:
            _, states = self._after(steps[-1], states, context)
            steps.append(np.tile(step, (count, 1)))
        while len(steps) <= most and not steps[-1][:, ENDED].all():
            outputs, states = self._after(steps[-1], states, context)
            chosen = choose(outputs, self._config.mixtures, temperature, random)
            chosen[steps[-1][:, ENDED] == 1] = _ended()
            steps.append(chosen)
        return np.stack(steps[1:], axis=1) if steps[1:] else np.zeros((count, 0, STEP), np.float32)

    def _context(self, count: int, begun: Float32 | None, random: np.random.Generator) -> Float32:
        """Latent values [n, Z]: what the encoder makes of what is begun, or drawn at random."""
        import keras

        if not self._config.latent or begun is None or not len(begun):
            return random.normal(size=(count, self._config.latent)).astype(np.float32)
        drawing = np.zeros((1, *self._model.inputs[1].shape[1:]), np.float32)
        drawing[0, : len(begun)] = begun
        encoder = keras.Model(self._model.inputs[1], self._layers[MEAN].output)
        return np.repeat(encoder(drawing).numpy(), count, axis=0)

    def _first_states(self, rows: int) -> list[list[Float32]]:
        parts = 2 if self._config.kind == "lstm" else 1
        return [[np.zeros((rows, units), np.float32)] * parts for units in self._config.units]

    def _after(self, last: Float32, states: Sequence[Any], context: Float32) -> tuple[Float32, Any]:
        outputs, states = self._step(np.concatenate([last, context], axis=1), states)
        return outputs.numpy(), states

    def _stepped(self, x: Any, states: Sequence[Any]) -> Any:
        """A step of the network as operations of TensorFlow."""
        new = []
        for cell, before in zip(self._cells, states, strict=True):
            x, after = cell(x, before)
            new.append(after)
        return self._layers[OUTPUTS](x), new


def choose(
    outputs: Float32, mixtures: int, temperature: float, random: np.random.Generator
) -> Float32:
    """Draw a step from outputs [n, 6 * M + 3 or more].

    Logarithms of weights and of states are divided by the temperature, and variances multiplied
    by it.

    Returns:
        float32 [n, 5], scaled.
    """
    split = Outputs.of(outputs.astype(np.float64), mixtures)
    rows = np.arange(len(outputs))
    chosen = _drawn_index(split.weights, temperature, random)
    mean_x, mean_y, log_x, log_y, bent = (part[rows, chosen] for part in split[1:6])
    correlation = MOST_CORRELATION * np.tanh(bent)
    x, other = random.normal(size=(2, len(outputs))) * np.sqrt(temperature)
    y = correlation * x + np.sqrt(1 - correlation**2) * other
    step = np.zeros((len(outputs), STEP), np.float32)
    step[:, 0] = mean_x + (LEAST_DEVIATION + np.exp(log_x)) * x
    step[:, 1] = mean_y + (LEAST_DEVIATION + np.exp(log_y)) * y
    step[rows, DOWN + _drawn_index(split.states, temperature, random)] = 1
    step[step[:, ENDED] == 1] = _ended()
    return step


def _drawn_index(logits: Any, temperature: float, random: np.random.Generator) -> Any:
    """An index of each row, drawn with probabilities softmax(logits / temperature)."""
    return np.argmax(logits / temperature + random.gumbel(size=logits.shape), axis=1)


def _pen_put_down(count: int) -> Float32:
    return np.tile(np.eye(STEP, dtype=np.float32)[DOWN], (count, 1))


def _ended() -> Float32:
    step: Float32 = np.eye(STEP, dtype=np.float32)[ENDED]
    return step
