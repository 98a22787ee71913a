"""Settings of `task: translation`: from one sequence of tokens to another."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from pydantic import Field, field_validator, model_validator

from pipeline.config.sections import (
    MOST_SAMPLES,
    WITH_STATE,
    ClipNorm,
    Dropout,
    Epochs,
    FitConfig,
    LearningRate,
    RecurrentConfig,
    Section,
    TaskConfig,
    TrainedModelConfig,
    Units,
    Vectors,
    Width,
)
from pipeline.config.text_settings import MOST_CHANNELS, TextModelConfig, TextSplitConfig


class PairsDataConfig(Section):
    """Texts and their translations."""

    path: Path = Field(
        description="a table of pairs (TSV, CSV, JSON lines), a folder with train, possibly also "
        "val and test as tables, or as two aligned files each, such as train.de and train.en"
    )
    source: str | None = Field(
        None,
        description="what is translated: a column of the table, or the ending of the aligned "
        "files; null: the first column",
    )
    target: str | None = Field(
        None, description="its translation, as `source`; null: the second column"
    )

    @model_validator(mode="after")
    def _both_or_none(self) -> PairsDataConfig:
        if (self.source is None) != (self.target is None):
            raise ValueError("give source and target, or neither of them")
        if self.source is not None and self.source == self.target:
            raise ValueError("source and target are the same")
        return self


class PairsTextConfig(Section):
    """How texts become tokens; both sides have one vocabulary."""

    level: Literal["words", "characters", "subwords"] = Field(
        "characters",
        description="what a token is; subwords are pieces of words, which a board does not know",
    )
    max_tokens: int = Field(
        8_000,
        gt=2,
        lt=2**16,
        description="size of the vocabulary: the most frequent tokens of the training part",
    )
    max_len: int = Field(
        64, gt=0, le=MOST_SAMPLES, description="tokens of a text that are read; the rest is cut"
    )
    max_written: int = Field(
        64, gt=0, le=MOST_SAMPLES, description="largest number of tokens of a translation"
    )
    embedding: int = Field(
        32, gt=0, le=MOST_CHANNELS, description="size of the embedding of a token"
    )
    vectors: Vectors = None


class DecoderConfig(Section):
    """The network that writes: recurrent layers over its last token and the context."""

    kind: Literal["gru", "lstm"] = Field("gru", description="which cell")
    units: Units = (64,)
    dropout: Dropout = 0.1


class EncoderDecoderConfig(Section):
    """An encoder that hands its state to a decoder (Cho et al. 2014, arXiv:1406.1078)."""

    encoder: TrainedModelConfig = Field(
        description="the network that reads: a kind of network with its settings, as `model` of "
        "other tasks",
    )
    bidirectional: bool = Field(
        False,
        description="the encoder reads from both ends; a board cannot, it reads as text comes",
    )
    context: Width = Field(
        64, description="values that the encoder hands to the decoder, with every step"
    )
    decoder: DecoderConfig = Field(
        DecoderConfig(), description="the network that writes: kind gru or lstm, units, dropout"
    )
    attention: bool = Field(
        False,
        description="the decoder looks at all states of the encoder (additive attention, Bahdanau "
        "et al. 2015); a board cannot",
    )

    @model_validator(mode="after")
    def _only_recurrent_encoders_do_it(self) -> EncoderDecoderConfig:
        asked = [key for key in ("attention", "bidirectional") if getattr(self, key)]
        kind = self.encoder.kind
        if asked and kind not in WITH_STATE:
            *others, last = WITH_STATE
            kinds = f"{', '.join(others)} or {last}"
            raise ValueError(f"{asked[0]} needs an encoder {kinds}, not {kind}")
        return self


class TranslatorConfig(EncoderDecoderConfig):
    """An encoder of texts with its decoder."""

    encoder: TextModelConfig = Field(
        RecurrentConfig(kind="gru", downsample=1, units=(64,), dropout=0.1),
        description="the network that reads: a kind of network with its settings, as `model` of "
        "other tasks; a board needs simple_rnn, gru or lstm",
    )

    @field_validator("encoder")
    @classmethod
    def _reads_every_token(cls, encoder: Any) -> Any:
        if getattr(encoder, "downsample", 1) != 1:
            raise ValueError("downsample averages tokens; an encoder of texts needs 1")
        return encoder


class DecodingConfig(Section):
    """How the likeliest text is found."""

    beam: int = Field(
        1,
        gt=0,
        le=64,
        description="width of the beam search on this computer; 1: the likeliest token at each "
        "step, as on a board",
    )


class EncoderDecoderFitConfig(FitConfig):
    """How an encoder and decoder are fitted."""

    epochs: Epochs = 20
    learning_rate: LearningRate = 0.004
    clip_norm: ClipNorm = 1.0
    own_tokens: float = Field(
        0.0,
        ge=0,
        le=1,
        description="share of the tokens before that are the network's own in training, as when it "
        "writes (scheduled sampling, Bengio et al. 2015); 0: all are the right ones",
    )


class TranslationConfig(TaskConfig):
    """A config of `task: translation`."""

    task: Literal["translation"] = Field("translation", description="which task")
    data: PairsDataConfig
    text: PairsTextConfig = PairsTextConfig()
    split: TextSplitConfig = TextSplitConfig()
    model: TranslatorConfig = TranslatorConfig()
    decoding: DecodingConfig = DecodingConfig()
    fit: EncoderDecoderFitConfig = EncoderDecoderFitConfig()
