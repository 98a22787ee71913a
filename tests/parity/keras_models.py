"""Networks of every supported kind, converted to int8 and some to other types, in a process that
the converter may end."""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np

from pipeline.config.sections import ConvolutionalConfig, RocketConfig, TcnConfig
from pipeline.training import models

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")


def gesture(layers):
    yield layers.Input((112, 6), batch_size=1)
    yield layers.Conv1D(16, 5, activation="relu")
    yield layers.MaxPooling1D(2)
    yield layers.Conv1D(32, 5, activation="relu")
    yield layers.MaxPooling1D(2)
    yield layers.GlobalAveragePooling1D()
    yield layers.Dense(6, activation="softmax")


def strides_and_dilations(layers):
    yield layers.Input((50, 5), batch_size=1)
    yield layers.Conv1D(7, 4, strides=2, padding="same", activation="relu6")
    yield layers.Conv1D(10, 3, dilation_rate=3, padding="same")
    yield layers.AveragePooling1D(3, padding="same")
    yield layers.Conv1D(6, 3, dilation_rate=2, activation="relu")
    yield layers.MaxPooling1D(3, strides=1)
    yield layers.Flatten()
    yield layers.Dense(9, activation="relu")
    yield layers.Dense(3)


def causal(layers):
    yield layers.Input((40, 3), batch_size=1)
    yield layers.Conv1D(8, 3, padding="causal", activation="relu")
    yield layers.Conv1D(8, 3, padding="causal", dilation_rate=2, activation="tanh")
    yield layers.ZeroPadding1D((1, 2))
    yield layers.MaxPooling1D(3)
    yield layers.Conv1D(5, 2, activation="sigmoid")
    yield layers.Flatten()
    yield layers.Dense(5, activation="sigmoid")


def wand(layers):
    yield layers.Input((64, 3, 1), batch_size=1)
    yield layers.Conv2D(8, (4, 3), padding="same", activation="relu")
    yield layers.MaxPooling2D((3, 3))
    yield layers.Conv2D(16, (4, 1), padding="same", activation="relu")
    yield layers.MaxPooling2D((3, 1), padding="same")
    yield layers.Flatten()
    yield layers.Dense(16, activation="relu")
    yield layers.Dense(4, activation="softmax")


def picture(layers):
    yield layers.Input((11, 9, 4), batch_size=1)
    yield layers.Conv2D(6, (3, 2), strides=(2, 1), padding="same", use_bias=False)
    yield layers.BatchNormalization()
    yield layers.ReLU(6)
    yield layers.Conv2D(4, 3, dilation_rate=(1, 2), padding="same", groups=2)
    yield layers.AveragePooling2D((2, 3))
    yield layers.GlobalAveragePooling2D()
    yield layers.Softmax()


def separable(layers):
    yield layers.Input((32, 6), batch_size=1)
    yield layers.SeparableConv1D(8, 3, padding="same", activation="relu")
    yield layers.DepthwiseConv1D(5, strides=2, depth_multiplier=2)
    yield layers.Conv1D(12, 1, activation="relu6")
    yield layers.Reshape((14, 4, 3))
    yield layers.DepthwiseConv2D(3, padding="same", activation="relu")
    yield layers.GlobalAveragePooling2D()
    yield layers.Dense(5, activation="softmax")


def dense(layers):
    yield layers.Input((714,), batch_size=1)
    yield layers.Dense(50, activation="relu")
    yield layers.Dense(15, activation="tanh")
    yield layers.Dense(2, activation="softmax")


def dense_rows(layers):
    yield layers.Input((12, 5), batch_size=1)
    yield layers.Dense(7, activation="relu")
    yield layers.Dense(4)
    yield layers.Softmax()


def dilated(layers):
    """The network of the default configuration."""
    yield layers.Input((112, 6), batch_size=1)
    yield layers.Conv1D(16, 9, activation="relu", name="conv1")
    yield layers.MaxPooling1D(2, name="pool1")
    yield layers.Conv1D(24, 5, dilation_rate=2, activation="relu", name="conv2")
    yield layers.Conv1D(32, 5, dilation_rate=4, activation="relu", name="conv3")
    yield layers.Conv1D(32, 5, dilation_rate=4, activation="relu", name="conv4")
    yield layers.GlobalAveragePooling1D(name="average")
    yield layers.Dense(6, activation="softmax", name="probabilities")


def flattened(layers):
    """Streams up to the dense layer, which sees all columns."""
    yield layers.Input((64, 3), batch_size=1)
    yield layers.SeparableConv1D(10, 5, activation="relu", name="separable")
    yield layers.AveragePooling1D(3, name="pool")
    yield layers.Conv1D(9, 3, activation="tanh", name="conv")
    yield layers.Flatten(name="flat")
    yield layers.Dense(4, activation="softmax", name="probabilities")


def padded(layers):
    yield layers.Input((64, 3), batch_size=1)
    yield layers.Conv1D(8, 5, activation="relu", name="first")
    yield layers.Conv1D(8, 3, padding="same", activation="relu", name="second")
    yield layers.GlobalAveragePooling1D(name="average")
    yield layers.Dense(4, activation="softmax", name="probabilities")


STACKS = (
    *(gesture, strides_and_dilations, causal, wand, picture, separable, dense, dense_rows),
    *(dilated, flattened, padded),
)


def residual(keras):
    layers = keras.layers
    source = keras.Input((30, 4), batch_size=1)
    x = layers.Conv1D(8, 3, padding="same", activation="relu")(source)
    y = layers.Conv1D(8, 3, padding="same")(x)
    z = layers.ReLU()(layers.Add()([x, y]))
    z = layers.Add()([z, layers.Conv1D(8, 1)(source)])
    z = layers.Add()([z, layers.Activation("sigmoid")(y)])
    z = layers.Add()([layers.AveragePooling1D(2)(z), layers.MaxPooling1D(2)(z)])
    return keras.Model(source, layers.Dense(3)(layers.GlobalAveragePooling1D()(z)))


def of_the_zoo(settings):
    """As `gesture train` builds it."""
    from pipeline.conversion.quantize_child import with_batch_of_one

    source = models.Source(models.nearest_window(settings, 112), 6)
    network = models.build(settings, source, models.Head(5))
    return with_batch_of_one(network)


def tcn(keras):
    return of_the_zoo(TcnConfig(kind="tcn"))


def ds_conv1d(keras):
    return of_the_zoo(ConvolutionalConfig(kind="ds_conv1d"))


def rocket(keras):
    return of_the_zoo(RocketConfig(kind="rocket", kernels=12, dilations=(1, 3)))


def mixed(layers):
    """What a converter makes of int16 beside convolutions and dense layers."""
    yield layers.Input((9, 8, 5), batch_size=1)
    yield layers.ZeroPadding2D(1)
    yield layers.Conv2D(6, 3, strides=2, dilation_rate=1, use_bias=False)
    yield layers.LeakyReLU()
    yield layers.Conv2DTranspose(5, 3, strides=2)
    yield layers.Cropping2D(1)
    yield layers.Permute((2, 1, 3))
    yield layers.DepthwiseConv2D((3, 2), depth_multiplier=2, padding="same", activation="relu6")
    yield layers.AveragePooling2D(2)
    yield layers.Reshape((-1, 10))
    yield layers.LSTM(4, unroll=True)
    yield layers.Dense(3, activation="softmax")


def build(keras, stack):
    keras.utils.set_random_seed(7)
    plain = stack in (*STACKS, mixed)
    model = keras.Sequential(list(stack(keras.layers))) if plain else stack(keras)
    noise = np.random.default_rng(7)
    for weights in model.weights:
        if "bias" in weights.path or "beta" in weights.path:
            weights.assign(noise.normal(0, 0.3, weights.shape))
        if stack is ds_conv1d and weights.path.endswith("kernel"):
            weights.assign(2 * weights)  # three more such layers hardly let a sample through
    return model


def convert(tensorflow, model, kind="INT8", ends="int8"):
    """kind: of the OpsSet, or the type of weights that stay floats otherwise."""

    def samples():
        noise = np.random.default_rng(5)
        for _ in range(10):
            yield [noise.normal(0, 2, model.input_shape).astype(np.float32)]

    converter = tensorflow.lite.TFLiteConverter.from_keras_model(model)
    converter.optimizations = [tensorflow.lite.Optimize.DEFAULT]
    if kind == "float16":
        converter.target_spec.supported_types = [tensorflow.float16]
    elif kind != "dynamic":
        converter.representative_dataset = samples
        converter.target_spec.supported_ops = [getattr(tensorflow.lite.OpsSet, OPS[kind])]
    ends = getattr(tensorflow, ends)
    converter.inference_input_type = converter.inference_output_type = ends
    return converter.convert()


def kernel_layers(model):
    """The names of the layers that have weights to multiply with."""
    weights = [(layer.name, variable.path) for layer in model.layers for variable in layer.weights]
    return sorted({name for name, path in weights if path.endswith("kernel")})


GRAPHS = (residual, tcn, ds_conv1d, rocket)
OPS = {
    "INT8": "TFLITE_BUILTINS_INT8",
    "16x8": "EXPERIMENTAL_TFLITE_BUILTINS_ACTIVATIONS_INT16_WEIGHTS_INT8",
}
# Not to int8: a network, its kind and ends.
OTHERS = {
    "mixed_16x8": (mixed, "16x8", "float32"),
    "residual_16x8": (residual, "16x8", "int16"),
    "gesture_float16": (gesture, "float16", "float32"),
    "dense_dynamic": (dense, "dynamic", "float32"),
}
NAMES = tuple(stack.__name__ for stack in (*STACKS, *GRAPHS))


def main(folder: Path) -> None:
    import keras
    import tensorflow

    for stack in (*STACKS, *GRAPHS):
        path = folder / f"{stack.__name__}.tflite"
        model = build(keras, stack)
        path.with_suffix(".json").write_text(json.dumps(kernel_layers(model)))
        path.write_bytes(convert(tensorflow, model))
    for name, (stack, kind, ends) in OTHERS.items():
        converted = convert(tensorflow, build(keras, stack), kind, ends)
        (folder / f"{name}.tflite").write_bytes(converted)
