"""Sections that all tasks share: networks and fitting.

Each kind of network has a class with only the settings it uses; `kind` says which one.
pipeline/training/models.py builds the networks.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal, TypeAlias, get_args

import yaml
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    model_validator,
)

from pipeline.core.files import save_text

MOST_SAMPLES = 2**16 - 1  # of a window, and of its parts
MOST_LAYERS = 32


class Section(BaseModel):
    """A section of a config. Every number has a range, and every list a largest length."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    @model_validator(mode="before")
    @classmethod
    def _no_number_from_yes(cls, content: Any) -> Any:
        """YAML reads `yes` as true, and Python counts it as 1: as a word it is refused."""
        if not isinstance(content, dict):
            return content
        fields = cls.model_fields
        return {
            key: _without_yes(value)
            if key in fields and _is_of_numbers(fields[key].annotation)
            else value
            for key, value in content.items()
        }


def _without_yes(value: Any) -> Any:
    if isinstance(value, list):
        return [_without_yes(item) for item in value]
    return str(value) if isinstance(value, bool) else value


def _is_of_numbers(annotation: Any) -> bool:
    """Whether a setting is a number, or a list of them."""
    kinds = list(_kinds_in(annotation))
    return any(kind in (int, float) for kind in kinds) and bool not in kinds


def _kinds_in(annotation: Any) -> Iterator[Any]:
    yield annotation
    for part in get_args(annotation):
        yield from _kinds_in(part)


Seed = Annotated[int, Field(ge=0, lt=2**32, description="the same seed gives the same result")]

Dropout = Annotated[
    float,
    Field(
        ge=0,
        lt=1,
        description="share of the inputs of the last layer that are set to 0 in training",
    ),
]
Share = Annotated[float, Field(ge=0, le=1)]
Width = Annotated[int, Field(gt=0, le=1024)]  # of a layer
Units = Annotated[
    tuple[Width, ...],
    Field(min_length=1, max_length=MOST_LAYERS, description="units of each layer, in order"),
]
Downsample = Annotated[
    int,
    Field(
        gt=0,
        le=MOST_SAMPLES,
        description="samples that are averaged into one step before the network",
    ),
]


class ConvolutionConfig(Section):
    """A convolution over time, and a maximum over `pool` steps after it."""

    filters: Width
    kernel: int = Field(5, gt=0, le=255)
    dilation: int = Field(1, gt=0, le=MOST_SAMPLES)
    pool: int = Field(1, gt=0, le=MOST_SAMPLES)


Convolutions = Annotated[
    tuple[ConvolutionConfig, ...],
    Field(
        min_length=1,
        max_length=MOST_LAYERS,
        description="in order; dilation widens the receptive field",
    ),
]


class DenseConfig(Section):
    """Dense layers over all samples of a window: the network of the 2019 Arduino tutorial."""

    kind: Literal["dense"]
    units: Units = (50, 15)
    dropout: Dropout = 0.2


class ConvolutionalConfig(Section):
    """Convolutions and a global average."""

    kind: Literal["conv1d", "ds_conv1d"] = Field("conv1d", description="which network")
    convolutions: Convolutions = (
        ConvolutionConfig(filters=16, kernel=9, pool=2),
        ConvolutionConfig(filters=24, dilation=2),
        ConvolutionConfig(filters=32, dilation=4),
        ConvolutionConfig(filters=32, dilation=4),
    )
    dropout: Dropout = 0.4


class TcnConfig(Section):
    """Residual blocks of dilated causal convolutions."""

    kind: Literal["tcn"]
    downsample: Downsample = 2
    filters: tuple[Width, ...] = Field(
        (16, 24, 32),
        min_length=1,
        max_length=12,
        description="filters of each block; each block has twice the dilation",
    )
    kernel: int = Field(4, gt=1, le=255, description="taps of the two convolutions of a block")
    dropout: Dropout = 0.4


class RocketConfig(Section):
    """Random convolutions that are not trained, and the time for which each responds."""

    kind: Literal["rocket"]
    kernels: Width = Field(204, description="convolutions of each dilation")
    dilations: tuple[Annotated[int, Field(gt=0, le=MOST_SAMPLES)], ...] | None = Field(
        None,
        min_length=1,
        max_length=8,
        description="distances between the nine taps of a convolution, in samples; null: powers of "
        "two, as long as the taps lie within three quarters of the window",
    )
    pool: int = Field(
        8, gt=0, le=MOST_SAMPLES, description="samples of which a board keeps one average"
    )
    worn: Literal["same way", "any way"] = Field(
        "same way",
        description="how the board is held when it is used. same way: as in the recordings, so "
        "which way is down helps to tell gestures apart. any way: it is not looked at",
    )

    def for_window(self, length: int) -> RocketConfig:
        """The same, with dilations for a window of so many samples where there are none."""
        if self.dilations is not None:
            return self
        fitting = [2**power for power in range(8) if 32 * 2**power <= 3 * length] or [1]
        return self.model_copy(update={"dilations": tuple(fitting)})


class RecurrentConfig(Section):
    """One or more recurrent layers."""

    kind: Literal["simple_rnn", "gru", "lstm"]
    downsample: Downsample = 4
    units: Units = (24,)
    dropout: Dropout = 0.3


class ConvGruConfig(Section):
    """Convolutions, then GRU layers."""

    kind: Literal["conv_gru"]
    convolutions: Convolutions = (ConvolutionConfig(filters=16, kernel=9, pool=4),)
    units: Units = (24,)
    dropout: Dropout = 0.3


def _with_default_kind(content: Any) -> Any:
    is_open = isinstance(content, dict) and "kind" not in content
    return {"kind": "conv1d", **content} if is_open else content


_Any: TypeAlias = (
    DenseConfig | ConvolutionalConfig | TcnConfig | RocketConfig | RecurrentConfig | ConvGruConfig
)
ModelConfig: TypeAlias = Annotated[
    _Any, Field(discriminator="kind"), BeforeValidator(_with_default_kind)
]


def _not_rocket(model: Any) -> Any:
    if isinstance(model, RocketConfig):
        raise ValueError("rocket is for gestures: its fit takes windows of labelled samples")
    return model


TrainedModelConfig: TypeAlias = Annotated[ModelConfig, AfterValidator(_not_rocket)]
SECTIONS: tuple[type[Section], ...] = get_args(_Any)
WITH_STATE = ("simple_rnn", "gru", "lstm", "conv_gru")

# Options of recurrent layers that Keras has and a config does not. A board cannot compute most of
# them; pipeline/conversion/supported.py refuses them in foreign models.
_FIXED = {
    "activation": "a board's cells compute tanh",
    "recurrent_activation": "a board's gates compute the sigmoid",
    "reset_after": "a GRU has reset_after=True, the default of Keras",
    "use_bias": "a cell has a bias",
    "go_backwards": "a board computes steps in the order they come",
    "bidirectional": "a board computes each step as it comes, without those after it",
    "masking": "a board computes every step, also padding",
    "return_sequences": "all layers but the last do; give `units` one number for each layer",
    "stateful": "use window.mode for gestures, or text.stateful for generation",
    "unroll": "it does not change the result",
    "recurrent_dropout": "use `dropout`",
}


def why_no_setting(kind: str, key: str) -> str | None:
    """Why a kind of network does not have a key; None where no network has it."""
    if key in _FIXED:
        return f"cannot be set: {_FIXED[key]}"
    if not any(key in section.model_fields for section in SECTIONS):
        return None
    own = list(settings_of(kind).model_fields)[1:]
    return f"not a setting of {kind}, which has {', '.join(own)}"


def settings_of(kind: str) -> type[Section]:
    """The class of the settings of a kind of network."""
    return next(section for section in SECTIONS if kind in kinds_of(section))


def kinds_of(section: type[Section]) -> tuple[str, ...]:
    """The kinds of network that have these settings."""
    return get_args(section.model_fields["kind"].annotation)


MOST_EPOCHS = 10_000
Epochs = Annotated[
    int, Field(gt=0, le=MOST_EPOCHS, description="largest number of passes over the training data")
]
LearningRate = Annotated[
    float, Field(ge=1e-9, le=10, description="learning rate at the start; it falls to 0")
]
ClipNorm = Annotated[
    Annotated[float, Field(ge=1e-6, le=1e6)] | None,
    Field(description="largest norm of the gradients, for long sequences; null: no limit"),
]
Patience = Annotated[
    int,
    Field(
        gt=0,
        le=MOST_EPOCHS,
        description="stop after so many epochs without a better validation loss",
    ),
]


class FitConfig(Section):
    """How a network is fitted."""

    epochs: Epochs = 20
    batch_size: int = Field(64, gt=0, le=2**16, description="sequences of a batch")
    learning_rate: LearningRate = 0.003
    clip_norm: ClipNorm = None
    patience: Patience = 12
    tensorboard: bool = Field(False, description="also write logs for TensorBoard into the run")
    seed: Seed = 1


class LabelFitConfig(FitConfig):
    """How a classifier is fitted."""

    label_smoothing: float = Field(
        0.05, ge=0, lt=1, description="label smoothing: scores do not become 0 or 1"
    )
    class_weights: bool = Field(True, description="weigh rare classes more")


Vectors = Annotated[
    Path | None,
    Field(
        description="a file of `gesture runs embedding`: the embedding begins with these vectors; "
        "null: random ones"
    ),
]


class TaskConfig(Section):
    """A config file. `data.path` says where the data are."""

    task: str
    fit: FitConfig = FitConfig()

    def hash(self) -> str:
        """SHA-256 of all values but paths of data and of vectors, which have their own hash."""
        content = self.plain()
        for folder in ("path", "everyday"):
            content["data"].pop(folder, None)
        content.get("text", {}).pop("vectors", None)
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()

    def plain(self) -> dict[str, Any]:
        """All values as JSON has them."""
        return self.model_dump(mode="json")

    def save(self, path: Path) -> None:
        """Write the values as YAML."""
        save_text(path, yaml.safe_dump(self.plain(), sort_keys=False))
