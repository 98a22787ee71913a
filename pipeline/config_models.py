"""The networks a config may ask for: a class of settings each, kept apart by `kind`.

pipeline/training/models.py builds them. A kind has only the settings it uses.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeAlias, get_args

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PositiveInt


class Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


Dropout = Annotated[
    float, Field(ge=0, lt=1, description="share of what the last layer is given left out, to learn")
]
Units = Annotated[
    tuple[PositiveInt, ...], Field(min_length=1, description="of each layer, in order")
]
Downsample = Annotated[
    int, Field(gt=0, description="samples that are averaged into one step before the network")
]


class ConvolutionConfig(Section):
    """A convolution over time, with `pool` neighbouring columns merged after it."""

    filters: int = Field(gt=0)
    kernel: int = Field(5, gt=0)
    dilation: int = Field(1, gt=0)
    pool: int = Field(1, gt=0)


Convolutions = Annotated[
    tuple[ConvolutionConfig, ...],
    Field(min_length=1, description="in order; dilation lets a late one see most of a window"),
]


class DenseConfig(Section):
    """Sees all samples at once, each at its place: the tutorial's."""

    kind: Literal["dense"]
    units: Units = (50, 15)
    dropout: Dropout = 0.2


class ConvolutionalConfig(Section):
    kind: Literal["conv1d", "ds_conv1d"] = Field("conv1d", description="which network")
    convolutions: Convolutions = (
        ConvolutionConfig(filters=16, kernel=9, pool=2),
        ConvolutionConfig(filters=24, dilation=2),
        ConvolutionConfig(filters=32, dilation=4),
        ConvolutionConfig(filters=32, dilation=4),
    )
    dropout: Dropout = 0.4


class TcnConfig(Section):
    kind: Literal["tcn"]
    downsample: Downsample = 2
    filters: tuple[PositiveInt, ...] = Field(
        (16, 24, 32), min_length=1, description="of each block; dilation doubles from one to next"
    )
    kernel: int = Field(4, gt=1, description="taps of each of a block's two convolutions")
    dropout: Dropout = 0.4


class RecurrentConfig(Section):
    kind: Literal["simple_rnn", "gru", "lstm"]
    downsample: Downsample = 4
    units: Units = (24,)
    dropout: Dropout = 0.3


class ConvGruConfig(Section):
    kind: Literal["conv_gru"]
    convolutions: Convolutions = (ConvolutionConfig(filters=16, kernel=9, pool=4),)
    units: Units = (24,)
    dropout: Dropout = 0.3


def _of_the_first_kind(content: Any) -> Any:
    is_open = isinstance(content, dict) and "kind" not in content
    return {"kind": "conv1d", **content} if is_open else content


_Any: TypeAlias = DenseConfig | ConvolutionalConfig | TcnConfig | RecurrentConfig | ConvGruConfig
ModelConfig: TypeAlias = Annotated[
    _Any, Field(discriminator="kind"), BeforeValidator(_of_the_first_kind)
]
SECTIONS: tuple[type[Section], ...] = get_args(_Any)
WITH_STATE = ("simple_rnn", "gru", "lstm", "conv_gru")

# What Keras lets one choose of a recurrent layer and a config does not, whatever the task. Most of
# it a board could not compute; pipeline/conversion/supported.py refuses that in models of others.
_FIXED = {
    "activation": "a board's cells compute tanh",
    "recurrent_activation": "a board's gates compute the sigmoid",
    "reset_after": "a GRU is made with reset_after=True, as Keras has it by default",
    "use_bias": "a cell is made with a bias",
    "go_backwards": "a board computes steps in the order they come",
    "bidirectional": "a board computes each step as it comes, and knows of none after it",
    "masking": "a board computes every step, that of padding too",
    "return_sequences": "all layers but the last do; give `units` one number a layer",
    "stateful": "what keeps the state is window.mode of gestures, and text.stateful of generation",
    "unroll": "it changes no result",
    "recurrent_dropout": "`dropout` is what there is",
}


def why_no_setting(kind: str, key: str) -> str | None:
    """Why a network of this kind does not take `key`; None where no network knows it."""
    if key in _FIXED:
        return f"cannot be set: {_FIXED[key]}"
    if not any(key in section.model_fields for section in SECTIONS):
        return None
    own = list(settings_of(kind).model_fields)[1:]
    return f"not a setting of {kind}, which has {', '.join(own)}"


def settings_of(kind: str) -> type[Section]:
    return next(section for section in SECTIONS if kind in kinds_of(section))


def kinds_of(section: type[Section]) -> tuple[str, ...]:
    """The names of the networks that have these settings."""
    return get_args(section.model_fields["kind"].annotation)
