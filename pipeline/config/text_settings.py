"""Settings of `task: sentiment` and `task: generation`."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, field_validator

from pipeline.config.sections import (
    MOST_SAMPLES,
    ClipNorm,
    Epochs,
    FitConfig,
    LabelFitConfig,
    LearningRate,
    ModelConfig,
    RecurrentConfig,
    Section,
    Seed,
    TaskConfig,
    TrainedModelConfig,
    Vectors,
)

NETWORK = "the same keys as in `task: gesture`, but the default of downsample is 1"
MOST_CHANNELS = 255  # of a board's network
MOST_OUTPUTS = 254
MOST_LABELS = 60  # a board's answer with all scores must fit a line
LABEL = re.compile(r"[A-Za-z0-9_-]{1,32}")
GENERATING = ("simple_rnn", "gru", "lstm")  # networks whose state holds all of the past


def _without_downsampling(content: Any) -> Any:
    """The default of other tasks averages samples; tokens cannot be averaged."""
    has_it = isinstance(content, dict) and content.get("kind") in (*GENERATING, "tcn")
    return {"downsample": 1, **content} if has_it else content


TextModelConfig = Annotated[TrainedModelConfig, BeforeValidator(_without_downsampling)]


class SentimentDataConfig(Section):
    """The texts and their labels."""

    path: Path = Field(
        description="a table (CSV, TSV, JSON lines), a folder with train, possibly also val and "
        "test as tables, or with a folder of .txt files for each label"
    )
    text: str | None = Field(
        None, description="column of the texts; null: the one with the longest words"
    )
    label: str | None = Field(
        None, description="column of the labels; null: the one with few different words"
    )
    labels: tuple[str, ...] | None = Field(
        None,
        min_length=2,
        max_length=MOST_LABELS,
        description="the labels in the files, or names of the labels 0, 1, … in them; null: those "
        "that are there",
    )

    @field_validator("labels")
    @classmethod
    def _each_is_another(cls, labels: tuple[str, ...] | None) -> tuple[str, ...] | None:
        if labels is not None and len(set(labels)) < len(labels):
            raise ValueError("one of them is there twice")
        return labels


class SentimentTextConfig(Section):
    """How texts become tokens."""

    level: Literal["words", "characters"] = Field("words", description="what a token is")
    max_words: int = Field(
        10_000,
        gt=2,
        lt=2**16,
        description="size of the vocabulary: the most frequent tokens of the training part, with "
        "one number for padding and one for all others",
    )
    max_len: int = Field(
        256, gt=0, le=MOST_SAMPLES, description="tokens of a text that the network reads"
    )
    padding: Literal["pre", "post"] = Field(
        "pre", description="the end at which a short text is padded"
    )
    truncating: Literal["pre", "post"] = Field(
        "pre", description="the end at which a long text is cut"
    )
    embedding: int = Field(
        32,
        gt=0,
        le=MOST_CHANNELS,
        description="size of the embedding of a token",
    )
    vectors: Vectors = None


class TextSplitConfig(Section):
    """The split of the training texts, for parts that have no file."""

    test: float = Field(
        0.2, gt=0, le=0.5, description="share of the texts, if there is no file for testing"
    )
    validation: float = Field(
        0.1,
        gt=0,
        le=0.5,
        description="share of the texts for early stopping, if there is no file for validation",
    )
    seed: Seed = 1

    @field_validator("validation")
    @classmethod
    def _some_is_left(cls, validation: float, others: Any) -> float:
        if validation + others.data.get("test", 0) > 0.8:
            raise ValueError("with split.test leaves less than a fifth for training")
        return validation


class SentimentFitConfig(LabelFitConfig):
    """How a sentiment network is fitted."""

    epochs: Epochs = 4
    clip_norm: ClipNorm = 1.0
    label_smoothing: float = Field(
        0.0, ge=0, lt=1, description="label smoothing: scores do not become 0 or 1"
    )


class SentimentConfig(TaskConfig):
    """A config of `task: sentiment`."""

    task: Literal["sentiment"] = Field("sentiment", description="which task")
    data: SentimentDataConfig
    text: SentimentTextConfig = SentimentTextConfig()
    split: TextSplitConfig = TextSplitConfig()
    model: TextModelConfig = Field(
        RecurrentConfig(kind="gru", downsample=1, units=(32,), dropout=0.5), description=NETWORK
    )
    fit: SentimentFitConfig = SentimentFitConfig()


class GenerationDataConfig(Section):
    """The text."""

    path: Path = Field(description="a text file, or a folder with one .txt")


class GenerationTextConfig(Section):
    """How the text becomes sequences."""

    length: int = Field(100, gt=1, le=MOST_SAMPLES, description="characters of a training sequence")
    stateful: bool = Field(
        False,
        description="true: a sequence continues the one before it, with the state of the network; "
        "false: each sequence starts with a zero state, in any order",
    )
    max_characters: int | None = Field(
        None,
        gt=2,
        le=MOST_OUTPUTS,
        description="size of the vocabulary, as max_words; null: all characters of training",
    )
    embedding: int = Field(
        32, gt=0, le=MOST_CHANNELS, description="size of the embedding of a character"
    )
    vectors: Vectors = None


class GenerationSplitConfig(Section):
    """The split of the text by position."""

    validation: float = Field(
        0.1, gt=0, le=0.5, description="share of the text, its end, that is not trained on"
    )


class GenerationFitConfig(FitConfig):
    """How a generating network is fitted."""

    epochs: Epochs = 15
    learning_rate: LearningRate = 0.004
    clip_norm: ClipNorm = 1.0


class GenerationConfig(TaskConfig):
    """A config of `task: generation`."""

    task: Literal["generation"] = Field("generation", description="which task")
    data: GenerationDataConfig
    text: GenerationTextConfig = GenerationTextConfig()
    split: GenerationSplitConfig = GenerationSplitConfig()
    model: TextModelConfig = Field(
        RecurrentConfig(kind="gru", downsample=1, units=(128,), dropout=0.1),
        description=f"{', '.join(GENERATING)}: {NETWORK}",
    )
    fit: GenerationFitConfig = GenerationFitConfig()

    @field_validator("model")
    @classmethod
    def _has_an_output_at_every_step(cls, model: ModelConfig) -> ModelConfig:
        if not isinstance(model, RecurrentConfig):
            raise ValueError(
                f"{model.kind} cannot generate text: it has no state that holds all of the past; "
                f"use {', '.join(GENERATING)}"
            )
        if model.downsample != 1:
            raise ValueError("model.downsample averages characters; generation needs 1")
        return model
