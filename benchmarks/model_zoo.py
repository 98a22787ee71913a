"""Networks of many sizes and kinds, to see what inference costs where: three families.

`growth`: a Conv1D network, longer, wider or deeper, 20,000 to 2 million multiplications.
`kernels`: every kernel of firmware/lib/nn in several shapes, `recurrent`: its cells.

Run as a child, as models: `python -m benchmarks.model_zoo FAMILY FOLDER`.
"""

from __future__ import annotations

import functools
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from benchmarks.models import SEED, convert, step_of

LENGTHS = (32, 64, 128, 256, 512, 1024, 2048)
WIDTHS = (4, 8, 16, 32, 64, 80)
DEPTHS = (1, 2, 4, 8, 12)


def gesture(layers: Any, steps: int, width: int, depth: int) -> Iterator[Any]:
    """Conv1D layers with ReLU, a pool after the first and the last."""
    yield layers.Input((steps, 6), batch_size=1)
    for number in range(depth):
        yield layers.Conv1D(width, 5, activation="relu", bias_initializer="random_normal")
        if number in (0, depth - 1):
            yield layers.MaxPooling1D(2)
    yield layers.GlobalAveragePooling1D()
    yield layers.Dense(4, activation="softmax")


def growth(keras: Any) -> Iterator[tuple[str, Any]]:
    """Networks that grow in length, width and depth."""
    sizes = {f"length-{steps}": (steps, 16, 2) for steps in LENGTHS}
    sizes |= {f"channels-{width}": (128, width, 2) for width in WIDTHS}
    sizes |= {f"depth-{depth}": (128, 16, depth) for depth in DEPTHS}
    for name, size in sizes.items():
        yield name, keras.Sequential(list(gesture(keras.layers, *size)))


def kernels(keras: Any) -> Iterator[tuple[str, Any]]:
    """Networks that use all kernels, in three sizes."""
    for stack in (plain, separable, mobile, ringing, wand, picture, dense, flat):
        for size in (1, 2, 5):
            yield f"{stack.__name__}-{size}", keras.Sequential(list(stack(keras.layers, size)))
    for size in (1, 2, 5):
        yield f"residual-{size}", residual(keras, size)


def plain(layers: Any, size: int) -> Iterator[Any]:
    """Conv1D layers that are not followed by ReLU and a pool of two."""
    yield layers.Input((48 * size, 3), batch_size=1)
    yield layers.Conv1D(6 * size, 9, activation="relu")
    yield layers.Conv1D(8 * size, 3, dilation_rate=2)
    yield layers.MaxPooling1D(3)
    yield layers.Conv1D(5 * size, 4, padding="same", activation="tanh")
    yield layers.Conv1D(4 * size, 1, activation="relu")
    yield layers.MaxPooling1D(2)
    yield layers.Conv1D(4 * size, 3, dilation_rate=2, activation="relu")
    yield layers.GlobalAveragePooling1D()


def separable(layers: Any, size: int) -> Iterator[Any]:
    """Depthwise and pointwise convolutions."""
    yield layers.Input((32 * size, 6), batch_size=1)
    yield layers.DepthwiseConv1D(5, activation="relu")
    yield layers.Conv1D(8 * size, 1, activation="relu")
    yield layers.DepthwiseConv1D(3, padding="same", strides=2)
    yield layers.AveragePooling1D(2)
    yield layers.ZeroPadding1D((1, 2))
    yield layers.DepthwiseConv1D(7)
    yield layers.MaxPooling1D(3, strides=1)
    yield layers.Activation("sigmoid")


def mobile(layers: Any, size: int) -> Iterator[Any]:
    """Every convolution with ReLU and a pool of two."""
    yield layers.Input((40 * size, 4), batch_size=1)
    yield layers.SeparableConv1D(4 * size, 3, activation="relu")
    yield layers.MaxPooling1D(2)
    yield layers.Conv1D(12, 1, activation="relu")
    yield layers.MaxPooling1D(2)
    yield layers.SeparableConv1D(8 * size, 3, activation="relu")
    yield layers.MaxPooling1D(2)
    yield layers.GlobalAveragePooling1D()


def ringing(layers: Any, size: int) -> Iterator[Any]:
    """What streams other than a gesture network does; no ReLU, five channels at the end."""
    yield layers.Input((32 + 32 * size, 4), batch_size=1)
    yield layers.Conv1D(4 * size, 3)
    yield layers.DepthwiseConv1D(5, activation="relu")
    yield layers.Conv1D(5, 1 + size, dilation_rate=2)
    yield layers.GlobalAveragePooling1D()
    yield layers.Dense(3, activation="softmax")


def wand(layers: Any, size: int) -> Iterator[Any]:
    """Few columns."""
    yield layers.Input((36 * size, 3, 1), batch_size=1)
    yield layers.Conv2D(4 * size, (3, 3), padding="same", activation="relu")
    yield layers.MaxPooling2D((2, 3))
    yield layers.Conv2D(6 * size, (3, 1), padding="same", activation="relu")
    yield layers.MaxPooling2D((3, 1), padding="same")
    yield layers.Conv2D(8, (2, 1), groups=2)


def picture(layers: Any, size: int) -> Iterator[Any]:
    """Convolutions over two axes."""
    yield layers.Input((12 * size, 9, 2), batch_size=1)
    yield layers.Conv2D(4 * size, (4, 3), padding="same", activation="relu")
    yield layers.MaxPooling2D((2, 3))
    yield layers.Conv2D(6 * size, (3, 2), padding="same")
    yield layers.AveragePooling2D((2, 1))
    yield layers.DepthwiseConv2D(2, padding="same", activation="relu")
    yield layers.GlobalAveragePooling2D()
    yield layers.Softmax()


def dense(layers: Any, size: int) -> Iterator[Any]:
    """Dense layers."""
    yield layers.Input((150 * size,), batch_size=1)
    yield layers.Dense(12 * size, activation="relu", bias_initializer="random_normal")
    yield layers.Dense(7 * size, activation="tanh")
    yield layers.Dense(2 * size, activation="softmax")


def flat(layers: Any, size: int) -> Iterator[Any]:
    """No layer with weights before the head."""
    yield layers.Input((16 * size, 3), batch_size=1)
    yield layers.Flatten()


def residual(keras: Any, size: int) -> Any:
    """An addition around a convolution."""
    source = keras.Input((24 * size, 4), batch_size=1)
    branch = keras.layers.Conv1D(4, 3, padding="same", activation="relu")(source)
    return keras.Model(source, keras.layers.Add()([branch, source]))


def recurrent(keras: Any) -> Iterator[tuple[str, Any]]:
    """One step of each; the second cell takes the first one's state."""
    layers = keras.layers
    before = functools.partial(layers.GRU, reset_after=False)
    for channels, width in ((3, 4), (6, 8), (6, 16), (12, 24), (6, 40), (20, 64)):
        for name, cell in (
            ("simple_rnn", layers.SimpleRNN),
            ("gru", layers.GRU),
            ("gru_reset_before", before),
            ("lstm", layers.LSTM),
        ):
            stack = [cell(width, return_sequences=True), cell(width // 2), layers.Dense(3)]
            yield f"{name}-{width}", keras.Sequential([keras.Input((8, channels)), *stack])


FAMILIES: dict[str, Callable[[Any], Iterator[tuple[str, Any]]]] = {
    "growth": growth,
    "kernels": kernels,
    "recurrent": recurrent,
}


def main(family: str, folder: Path) -> None:
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    import keras

    keras.utils.set_random_seed(SEED)
    for name, network in FAMILIES[family](keras):
        content = step_of(network) if family == "recurrent" else convert(network)
        (folder / f"{name}.tflite").write_bytes(content)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
