"""Settings of `task: caption` and `task: question`: words about motion."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, field_validator

from pipeline.config.gesture_settings import (
    BOARD_CHANNELS,
    LONGEST_WINDOW_S,
    MOST_LABELS,
    BoardChannels,
    Rest,
)
from pipeline.config.sections import (
    MOST_SAMPLES,
    ConvGruConfig,
    ConvolutionConfig,
    Dropout,
    FitConfig,
    Section,
    Seed,
    TaskConfig,
    TrainedModelConfig,
    Width,
)
from pipeline.config.text_settings import MOST_CHANNELS
from pipeline.config.translation_settings import (
    DecodingConfig,
    EncoderDecoderConfig,
    EncoderDecoderFitConfig,
)

MOST_REPEATS = 3
MOST_PARTS = 3  # so a bout has nine takes at most, and each number has a word
MOST_BOUTS = 100_000
MOTION_ENCODER = ConvGruConfig(
    kind="conv_gru",
    convolutions=(
        ConvolutionConfig(filters=24, kernel=9, pool=4),
        ConvolutionConfig(filters=32, kernel=5, pool=4),
    ),
    units=(64,),
    dropout=0.1,
)


class MotionDataConfig(Section):
    """The takes of gestures of which bouts are made."""

    path: Path = Field(description="folder of recordings that import, capture or simulate made")
    channels: BoardChannels = Field(
        BOARD_CHANNELS,
        min_length=1,
        max_length=len(BOARD_CHANNELS),
        description="channels of the recordings that are read: these, or the first of them",
    )
    rate_hz: float | None = Field(
        None,
        ge=1,
        le=10_000,
        description="sampling rate of the model; recordings at another rate are brought to it; "
        "null: the usual rate of the recordings",
    )
    labels: tuple[str, ...] | None = Field(
        None, min_length=2, max_length=MOST_LABELS, description="gestures to use; null: all"
    )
    background: str = Field("idle", description="label of recordings without a gesture")


class CaptionDataConfig(MotionDataConfig):
    """What is described."""

    path: Path = Field(
        description="folder of recordings that import, capture or simulate made, of which bouts "
        "are made; or a folder with captions.tsv and a .npy file for each thing that it describes"
    )


Tempo = Annotated[float, Field(gt=0.1, lt=10)]


class BoutConfig(Section):
    """Bouts: gestures of one person one after the other, which are put together from takes."""

    seconds: float = Field(
        16.0,
        gt=0,
        le=LONGEST_WINDOW_S,
        description="length of a bout with the rests around it: so much of a recording is read",
    )
    parts: int = Field(
        MOST_PARTS, gt=0, le=MOST_PARTS, description="most parts of a bout; each has one gesture"
    )
    repeats: int = Field(
        MOST_REPEATS, gt=0, le=MOST_REPEATS, description="most times of the gesture of a part"
    )
    quick: Tempo = Field(0.5, description="time of a quick gesture, in times of the take")
    slow: Tempo = Field(2.0, description="time of a slow gesture, in times of the take")
    rest_s: tuple[Rest, Rest] = Field(
        (0.3, 0.8), description="shortest and longest rest between two gestures, in seconds"
    )
    training: int = Field(3000, gt=0, le=MOST_BOUTS, description="bouts to learn from")
    testing: int = Field(
        400, gt=0, le=MOST_BOUTS, description="bouts for the test, and as many for validation"
    )
    seed: Seed = 1

    @field_validator("slow")
    @classmethod
    def _can_be_told_apart(cls, slow: float, others: Any) -> float:
        quick = others.data.get("quick", 0.5)
        if not quick < 1 < slow:
            raise ValueError(f"quick, {quick:g}, must be below 1, and slow, {slow:g}, above it")
        return slow

    @field_validator("rest_s")
    @classmethod
    def _shortest_first(cls, rest_s: tuple[float, float]) -> tuple[float, float]:
        if rest_s[0] > rest_s[1]:
            raise ValueError(f"the first rest, {rest_s[0]:g} s, must be the shortest")
        return rest_s


class PeopleSplitConfig(Section):
    """The split: by person with three or more of them, else by take."""

    test: float = Field(
        0.25, gt=0, le=0.5, description="share of the people, else of the takes, for the test"
    )
    validation: float = Field(
        0.15,
        gt=0,
        le=0.4,
        description="share of the people, else of the takes, for early stopping",
    )
    seed: Seed = 1


class CaptionTextConfig(Section):
    """The words of captions."""

    max_words: int = Field(
        8_000,
        gt=2,
        lt=2**16,
        description="size of the vocabulary: the most frequent words of the training part",
    )
    max_written: int = Field(
        24, gt=0, le=MOST_SAMPLES, description="largest number of words of a caption"
    )
    embedding: int = Field(
        32, gt=0, le=MOST_CHANNELS, description="size of the embedding of a word"
    )


class CaptionerConfig(EncoderDecoderConfig):
    """An encoder of samples, or of features, with the decoder that writes about them."""

    encoder: TrainedModelConfig = Field(
        MOTION_ENCODER,
        description="the network that reads, as `model` of `task: gesture`; for one vector of "
        "features: kind dense",
    )
    attention: bool = Field(
        True,
        description="the decoder looks at all states of the encoder (additive attention, Bahdanau "
        "et al. 2015)",
    )
    convolutions: Path | None = Field(
        None,
        description="a run of `task: gesture`: the encoder takes its convolutions and keeps them "
        "as they are; null: it learns its own",
    )


class CaptionConfig(TaskConfig):
    """A config of `task: caption`."""

    task: Literal["caption"] = Field("caption", description="which task")
    data: CaptionDataConfig
    bouts: BoutConfig = BoutConfig()
    text: CaptionTextConfig = CaptionTextConfig()
    split: PeopleSplitConfig = PeopleSplitConfig()
    model: CaptionerConfig = CaptionerConfig()
    decoding: DecodingConfig = DecodingConfig()
    fit: EncoderDecoderFitConfig = EncoderDecoderFitConfig()


class QuestionTextConfig(Section):
    """How the network reads a question."""

    embedding: int = Field(
        16, gt=0, le=MOST_CHANNELS, description="size of the embedding of a word"
    )
    units: Width = Field(64, description="units of the layer that reads the words")
    joined: Width = Field(128, description="units of the layer over question and motion together")
    dropout: Dropout = 0.1


class QuestionConfig(TaskConfig):
    """A config of `task: question`."""

    task: Literal["question"] = Field("question", description="which task")
    data: MotionDataConfig
    bouts: BoutConfig = BoutConfig()
    text: QuestionTextConfig = QuestionTextConfig()
    split: PeopleSplitConfig = PeopleSplitConfig()
    model: TrainedModelConfig = Field(
        MOTION_ENCODER, description="the network that reads the motion, as in `task: gesture`"
    )
    fit: FitConfig = FitConfig()
