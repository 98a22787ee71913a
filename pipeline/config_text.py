"""What a config of `task: sentiment` or `task: generation` may set."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, field_validator

from pipeline.config_fit import FitConfig, LabelFitConfig, TaskConfig
from pipeline.config_models import ModelConfig, RecurrentConfig, Section

NETWORK = "as of gestures, but that downsample is 1 where it is not given"
MOST_CHANNELS = 255  # of a board's network
MOST_OUTPUTS = 254
MOST_LABELS = 60  # so that a board's answer to a text, with all their scores, fits a line
LABEL = re.compile(r"[A-Za-z0-9_-]{1,32}")
WRITING = ("simple_rnn", "gru", "lstm")  # networks whose state stands for all they have read


def _a_step_a_token(content: Any) -> Any:
    """Samples come so fast that some are merged; tokens do not."""
    merges = isinstance(content, dict) and content.get("kind") in (*WRITING, "tcn")
    return {"downsample": 1, **content} if merges else content


TextModelConfig = Annotated[ModelConfig, BeforeValidator(_a_step_a_token)]


class SentimentDataConfig(Section):
    path: Path = Field(
        description="folder with train.jsonl, and val.jsonl and test.jsonl where there are such; "
        "or .jsonl.gz"
    )
    labels: tuple[str, ...] = Field(
        ("negative", "positive"),
        min_length=2,
        max_length=MOST_LABELS,
        description="what a text is; 0, 1, … in the files",
    )

    @field_validator("labels")
    @classmethod
    def _a_board_says_them(cls, labels: tuple[str, ...]) -> tuple[str, ...]:
        strange = [label for label in labels if not LABEL.fullmatch(label)]
        if strange:
            raise ValueError(
                f"{strange[0]!a} is no word that a board says: 1 to 32 letters (a-z, A-Z), digits, "
                "_ and -"
            )
        if len(set(labels)) < len(labels):
            raise ValueError("one of them is there twice")
        return labels


class SentimentTextConfig(Section):
    level: Literal["words", "characters"] = Field("words", description="what a token is")
    max_words: int = Field(
        10_000,
        gt=2,
        lt=2**16,
        description="tokens that are told apart, the most frequent in the training part, with one "
        "for padding and one for all others",
    )
    max_len: int = Field(256, gt=0, lt=2**16, description="tokens of a text that are looked at")
    padding: Literal["pre", "post"] = Field(
        "pre", description="the end at which a short text is filled up"
    )
    truncating: Literal["pre", "post"] = Field(
        "pre", description="the end at which a long text is cut"
    )
    embedding: int = Field(
        32,
        gt=0,
        le=MOST_CHANNELS,
        description="numbers that stand for a token, learned; a board's channels",
    )


class TextSplitConfig(Section):
    """Of what has no file of its own."""

    test: float = Field(0.2, gt=0, le=0.5, description="share of train.jsonl; where no test.jsonl")
    validation: float = Field(
        0.1,
        gt=0,
        le=0.5,
        description="share of train.jsonl, for early stopping; where no val.jsonl",
    )
    seed: int = Field(1, description="the same seed gives the same result")

    @field_validator("validation")
    @classmethod
    def _some_is_left(cls, validation: float, others: Any) -> float:
        if validation + others.data.get("test", 0) > 0.8:
            raise ValueError("with split.test leaves less than a fifth to learn from")
        return validation


class SentimentFitConfig(LabelFitConfig):
    epochs: int = Field(4, gt=0, description="passes over the training part")
    clip_norm: float | None = Field(
        1.0, gt=0, description="longest step of the gradients, for long sequences; null: any"
    )
    label_smoothing: float = Field(0.0, ge=0, lt=1, description="keeps scores from certainty")


class SentimentConfig(TaskConfig):
    task: Literal["sentiment"] = Field("sentiment", description="what is learned")
    data: SentimentDataConfig
    text: SentimentTextConfig = SentimentTextConfig()
    split: TextSplitConfig = TextSplitConfig()
    model: TextModelConfig = Field(
        RecurrentConfig(kind="gru", downsample=1, units=(32,), dropout=0.5), description=NETWORK
    )
    fit: SentimentFitConfig = SentimentFitConfig()


class GenerationDataConfig(Section):
    path: Path = Field(description="a text file, or a folder with one .txt")


class GenerationTextConfig(Section):
    length: int = Field(100, gt=1, lt=2**16, description="characters of a sequence to learn from")
    stateful: bool = Field(
        False,
        description="true: a sequence goes on where the one before it ended, and the network "
        "remembers; false: each begins anew, in any order",
    )
    max_characters: int | None = Field(
        None,
        gt=2,
        le=MOST_OUTPUTS,
        description="as max_words; null: all that the training part has",
    )
    embedding: int = Field(
        32, gt=0, le=MOST_CHANNELS, description="numbers that stand for a character, learned"
    )


class GenerationSplitConfig(Section):
    validation: float = Field(
        0.1, gt=0, le=0.5, description="share of the text, its end, that is never learned from"
    )


class GenerationFitConfig(FitConfig):
    epochs: int = Field(15, gt=0, description="passes over the training part")
    learning_rate: float = Field(0.004, gt=0, description="at the start; falls to 0")
    clip_norm: float | None = Field(
        1.0, gt=0, description="longest step of the gradients, for long sequences; null: any"
    )


class GenerationConfig(TaskConfig):
    task: Literal["generation"] = Field("generation", description="what is learned")
    data: GenerationDataConfig
    text: GenerationTextConfig = GenerationTextConfig()
    split: GenerationSplitConfig = GenerationSplitConfig()
    model: TextModelConfig = Field(
        RecurrentConfig(kind="gru", downsample=1, units=(128,), dropout=0.1),
        description=f"{', '.join(WRITING)}: {NETWORK}",
    )
    fit: GenerationFitConfig = GenerationFitConfig()

    @field_validator("model")
    @classmethod
    def _answers_at_every_step(cls, model: ModelConfig) -> ModelConfig:
        if not isinstance(model, RecurrentConfig):
            raise ValueError(
                f"{model.kind} cannot write: it has no state that stands for all it has read; "
                f"generation is for {', '.join(WRITING)}"
            )
        if model.downsample != 1:
            raise ValueError("model.downsample merges characters; generation needs 1")
        return model
