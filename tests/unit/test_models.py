"""The model zoo: what is built is what was asked for, and what no board does is refused by name."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydantic import TypeAdapter

from pipeline.config.gesture_settings import load_gesture_config
from pipeline.config.sections import SECTIONS, ModelConfig, kinds_of
from pipeline.conversion.keras_layers import layers_in
from pipeline.conversion.supported import require_supported
from pipeline.core.errors import ExitCode, PipelineError
from pipeline.training.models import Head, Source, build, check_hop, nearest_window, total_stride
from tests.refusals import refuses

pytestmark = pytest.mark.xdist_group("tensorflow")

KINDS = [kind for section in SECTIONS for kind in kinds_of(section)]
RECURRENT = ("simple_rnn", "gru", "lstm", "conv_gru")


def network(kind: str, **settings: Any) -> ModelConfig:
    return TypeAdapter(ModelConfig).validate_python({"kind": kind, **settings})


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_gives_probabilities_whatever_the_size(kind: str) -> None:
    settings = network(kind)
    for wished, channels, classes in ((112, 6, 5), (200, 3, 2)):
        window = nearest_window(settings, wished)
        assert abs(window - wished) <= total_stride(settings)
        check_hop(settings, 2 * total_stride(settings))
        samples = np.random.default_rng(1).normal(size=(4, window, channels))
        model = build(settings, Source(window, channels), Head(classes))
        scores = model(samples.astype(np.float32)).numpy()
        assert scores.shape == (4, classes)
        np.testing.assert_allclose(scores.sum(axis=1), 1, rtol=1e-5)
        assert len(np.unique(scores[:, 0])) == 4, "the scores do not depend on the samples"


@pytest.mark.parametrize("kind", RECURRENT)
def test_every_number_of_units_is_a_layer_that_hands_on_its_steps(kind: str) -> None:
    model = build(network(kind, units=[7, 5, 3]), Source(112, 6), Head(4))
    stack = [layer for layer in model.layers if hasattr(layer, "return_sequences")]
    assert [(layer.units, layer.return_sequences) for layer in stack] == [
        (7, True),
        (5, True),
        (3, False),
    ]


def test_the_dense_network_is_the_tutorials() -> None:
    model = build(network("dense"), Source(119, 6), Head(2))
    sizes = [tuple(layer.kernel.shape) for layer in model.layers if hasattr(layer, "kernel")]
    assert sizes == [(714, 50), (50, 15), (15, 2)]


@pytest.mark.parametrize("kind", ["tcn", "conv1d", "ds_conv1d"])
def test_a_convolution_never_looks_ahead(kind: str) -> None:
    """The features of a longer window begin with those of a shorter one."""
    import keras

    settings = network(kind)
    short, long = (nearest_window(settings, wished) for wished in (112, 160))
    keras.utils.set_random_seed(3)
    columns = {
        window: keras.Model(model.input, model.get_layer("average").input)
        for window in (short, long)
        for model in [build(settings, Source(window, 6), Head(5))]
    }
    columns[short].set_weights(columns[long].get_weights())
    samples = np.random.default_rng(1).normal(size=(1, long, 6)).astype(np.float32)
    expected = columns[long](samples).numpy()
    found = columns[short](samples[:, :short]).numpy()
    np.testing.assert_allclose(found, expected[:, : found.shape[1]], atol=1e-5)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "config.yaml"
    path.write_text("data: {path: data/sample}\n", "utf-8")
    return path


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        (
            "{kind: gru, convolutions: [{filters: 4}]}",
            "model.convolutions: not a setting of gru, which has downsample, units, dropout",
        ),
        ("{kind: conv1d, units: [4]}", "model.units: not a setting of conv1d, which has conv"),
        ("{units: [4]}", "model.units: not a setting of conv1d"),
        ("{kind: dense, downsample: 2}", "model.downsample: not a setting of dense"),
        ("{kind: lstm, units: []}", "model.units: "),
        ("{kind: lstm, units: [8, 0]}", "model.units.1: "),
        ("{kind: gru, unit: [8]}", "model.unit: unknown key; did you mean `model.units`?"),
        (
            "{kind: transformer}",
            "'dense', 'conv1d', 'ds_conv1d', 'tcn', 'rocket', 'simple_rnn', 'gru'",
        ),
    ],
)
def test_a_setting_that_a_network_does_not_use_is_an_error_that_names_it(
    file: Path, setting: str, words: str
) -> None:
    with refuses(code=ExitCode.USAGE, what=words):
        load_gesture_config(file, [f"model={setting}"])


@pytest.mark.parametrize(
    "option",
    [
        *("activation", "recurrent_activation", "reset_after", "use_bias", "go_backwards"),
        *("bidirectional", "masking", "return_sequences", "stateful", "recurrent_dropout"),
    ],
)
@pytest.mark.parametrize("kind", RECURRENT)
def test_what_keras_lets_choose_of_a_cell_is_refused_in_a_config(
    file: Path, kind: str, option: str
) -> None:
    with refuses(what=f"model.{option}: cannot be set: "):
        load_gesture_config(file, [f"model={{kind: {kind}, {option}: true}}"])


def saved(folder: Path, *stack: Any) -> Path:
    import keras

    model = keras.Sequential([keras.Input((8, 3)), *stack, keras.layers.Dense(2)])
    model.save(folder / "model.keras")
    return folder / "model.keras"


def cells() -> list[str]:
    return ["SimpleRNN", "GRU", "LSTM"]


@pytest.mark.parametrize("cell", cells())
def test_cells_are_supported_with_and_without_a_bias_and_either_way_of_resetting(
    tmp_path: Path, cell: str
) -> None:
    from keras import layers

    layer = getattr(layers, cell)
    training_only = {"dropout": 0.1, "recurrent_dropout": 0.1, "unroll": True, "seed": 3}
    other = {"use_bias": False, **({"reset_after": False} if cell == "GRU" else {})}
    file = saved(tmp_path, layer(4, return_sequences=True, **training_only), layer(3, **other))
    require_supported(file)
    assert [one["class_name"] for one in layers_in(file)].count(cell) == 2  # both were looked at


CHANGES = (
    ("activation", "relu", cells()),
    ("activation", None, cells()),
    ("go_backwards", True, cells()),
    ("stateful", True, cells()),
    ("recurrent_activation", "hard_sigmoid", ["GRU", "LSTM"]),
)


@pytest.mark.parametrize(
    ("cell", "option", "value"),
    [(cell, option, value) for option, value, having in CHANGES for cell in having],
)
def test_an_option_that_changes_a_cells_arithmetic_is_refused_by_name(
    tmp_path: Path, cell: str, option: str, value: Any
) -> None:
    import keras

    source = keras.Input((8, 3), batch_size=1)
    layer = getattr(keras.layers, cell)(4, name="memory", **{option: value})
    keras.Model(source, layer(source)).save(tmp_path / "model.keras")
    with refuses(what=f"layer `memory`: {option}="):
        require_supported(tmp_path / "model.keras")


def masked(layers: Any) -> list[Any]:
    return [layers.Masking(name="gaps"), layers.GRU(4)]


def both_ways(layers: Any) -> list[Any]:
    return [layers.Bidirectional(layers.GRU(4), name="both")]


def other_cell(layers: Any) -> list[Any]:
    return [layers.RNN([layers.GRUCell(4), layers.LSTMCell(3)], name="cells")]


def within(layers: Any) -> list[Any]:
    import keras

    return [keras.Sequential([layers.LSTM(4, activation=None, name="deep")])]


@pytest.mark.parametrize(
    ("stack", "words"),
    [
        (masked, "layer `gaps`: Masking skips steps"),
        (both_ways, "layer `both`: Bidirectional needs samples from the future"),
        (other_cell, "layer `cells`: its cell is not one of SimpleRNN, GRU, LSTM"),
        (within, "layer `deep`: activation="),
    ],
)
def test_what_no_board_steps_is_refused_by_the_layers_name(
    tmp_path: Path, stack: Callable[[Any], list[Any]], words: str
) -> None:
    from keras import layers

    with refuses(what=words):
        require_supported(saved(tmp_path, *stack(layers)))


def test_a_state_that_is_not_zero_at_first_is_refused(tmp_path: Path) -> None:
    import keras
    from keras import layers

    source = keras.Input((8, 3))
    first = layers.Dense(4)(layers.Flatten()(source))
    scores = layers.GRU(4, name="memory")(source, initial_state=first)
    keras.Model(source, scores).save(tmp_path / "model.keras")
    with pytest.raises(PipelineError, match="layer `memory`: initial_state is set"):
        require_supported(tmp_path / "model.keras")


def test_masking_by_an_embedding_is_refused(tmp_path: Path) -> None:
    import keras
    from keras import layers

    source = keras.Input((8,), dtype="int32")
    words = layers.Embedding(9, 4, mask_zero=True, name="words")(source)
    keras.Model(source, layers.LSTM(4)(words)).save(tmp_path / "model.keras")
    with pytest.raises(PipelineError, match="layer `words`: mask_zero=True"):
        require_supported(tmp_path / "model.keras")


def test_all_faults_of_a_model_are_reported_together(tmp_path: Path) -> None:
    from keras import layers

    bad = layers.GRU(4, name="memory", activation="relu", go_backwards=True)
    with pytest.raises(PipelineError) as caught:
        require_supported(saved(tmp_path, layers.Masking(name="gaps"), bad))
    for words in (
        "`gaps`",
        "activation=relu, but a board has tanh",
        "go_backwards=True, but a board has",
    ):
        assert words in caught.value.what


def test_a_file_that_is_no_model(tmp_path: Path) -> None:
    file = tmp_path / "model.keras"
    file.write_bytes(b"PK\x03\x04 cut short")
    with pytest.raises(PipelineError, match="is not a Keras model"):
        require_supported(file)
