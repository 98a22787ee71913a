"""An encoder and a decoder: one network reads, another writes what follows from it.

The encoder hands its state over as a context, which the decoder is given with each step (Cho et al.
2014, arXiv:1406.1078). So both are networks of one step, which a board runs as any other. With
attention (Bahdanau et al. 2015, arXiv:1409.0473) the decoder also looks at all states of the
encoder; the score is Bahdanau's, and it is computed after the cell, as by Luong et al. (2015,
arXiv:1508.04025), so that all steps of a training are computed at once.

n: sequences, S: tokens or samples that are read, T: tokens that are written, V: the vocabulary, C:
the context, u: units.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from pipeline.config.sections import ConvGruConfig, RecurrentConfig
from pipeline.config.translation_settings import EncoderDecoderConfig
from pipeline.core.artifacts import Float32, Int32
from pipeline.core.pairs import (
    CONTEXT,
    DECODER,
    ENCODER,
    END,
    LOGITS,
    SOURCE_EMBEDDING,
    TARGET_EMBEDDING,
    until_end,
)
from pipeline.core.tokens import PADDING, UNKNOWN
from pipeline.training.models import Source, before_cells, body, cell_of, check_window, recurrent


class Written(NamedTuple):
    """What a decoder writes: at most `length` tokens of a vocabulary, and their embedding."""

    vocabulary: int
    length: int
    embedding: int


def build(
    network: EncoderDecoderConfig, source: Source, text: Written, any_length: bool = False
) -> Any:
    """Build a Keras model for training: each token is predicted from the right ones before it.

    Args:
        network: its settings.
        source: what is read, tokens or samples.
        text: what is written.
        any_length: whether T, and S of tokens, differ from batch to batch.

    Returns:
        A model from int32 [n, S] tokens or float32 [n, S, channels] samples, and int32 [n, T]
        tokens, each the one before it, to logits float32 [n, T, V].
    """
    from keras import Input, Model, layers

    check_window(network.encoder, source.window)
    read, x = _source(network, source, any_length)
    columns, features = _encoded(network, x)
    context = layers.Dense(network.context, activation="tanh", name=CONTEXT)(features)  # [n, C]
    length = None if any_length else text.length
    before = Input((length,), dtype="int32", name="before")  # [n, T]
    written = _embedding(text.vocabulary, text.embedding, TARGET_EMBEDDING)(before)
    steps = _with_each_step(written, context)  # [n, T, embedding + C]
    decoder = network.decoder
    hidden = recurrent(decoder.kind, decoder.units, steps, every_step=True, name=DECODER)
    if network.attention:
        hidden = _attending(decoder.units[-1], hidden, columns)
    dropped = layers.Dropout(decoder.dropout, name="dropout")(hidden)  # [n, T, u]
    logits = layers.Dense(text.vocabulary, name=LOGITS)(dropped)  # [n, T, V]
    return Model([read, before], logits)


def _with_each_step(written: Any, context: Any) -> Any:
    """The context after the columns of each step: [n, T, embedding + C]."""
    from keras import layers, ops

    repeated = ops.expand_dims(context, 1) + ops.zeros_like(written[:, :, :1])
    return layers.Concatenate(name="steps")([written, repeated])


def _source(network: EncoderDecoderConfig, source: Source, any_length: bool) -> tuple[Any, Any]:
    """The input, and what the encoder is given of it: [n, S, channels]."""
    from keras import Input

    if source.vocabulary is None:
        samples = Input((source.window, source.channels), name="source")  # [n, S, channels]
        return samples, samples
    length = None if any_length else source.window
    tokens = Input((length,), dtype="int32", name="source")  # [n, S]
    embedding = _embedding(
        source.vocabulary, source.channels, SOURCE_EMBEDDING, mask_zero=skips_padding(network)
    )
    return tokens, embedding(tokens)


def _embedding(vocabulary: int, size: int, name: str, mask_zero: bool = False) -> Any:
    """With values around 1: with those of Keras, around 0.03, the first epochs learn little."""
    from keras import initializers, layers

    around_one = initializers.RandomNormal(stddev=1.0)
    return layers.Embedding(
        vocabulary, size, embeddings_initializer=around_one, mask_zero=mask_zero, name=name
    )


def skips_padding(network: EncoderDecoderConfig) -> bool:
    """A recurrent encoder skips the padding of tokens: a board reads a text that has none."""
    return isinstance(network.encoder, RecurrentConfig)


def _encoded(config: EncoderDecoderConfig, x: Any) -> tuple[Any, Any]:
    """The states after each column, [n, S', u], where attention needs them, and those at the end.

    Of tokens S' is S; samples may be pooled before.
    """
    from keras import layers

    encoder = config.encoder
    if not isinstance(encoder, (RecurrentConfig, ConvGruConfig)):
        return None, body(encoder, x)
    wrap = layers.Bidirectional if config.bidirectional else lambda layer: layer
    columns, cell = before_cells(encoder, x), cell_of(encoder)
    found = recurrent(cell, encoder.units, columns, config.attention, name=ENCODER, wrap=wrap)
    found = layers.Dropout(encoder.dropout, name=f"{ENCODER}_dropout")(found)
    if not config.attention:
        return None, found
    return found, layers.GlobalAveragePooling1D(name="average")(found)


def _attending(units: int, hidden: Any, columns: Any) -> Any:
    """The states of the decoder with what it sees of the encoder's: [n, T, u]."""
    from keras import layers

    query = layers.Dense(units, use_bias=False, name="query")(hidden)  # [n, T, u]
    key = layers.Dense(units, name="key")(columns)  # [n, S, u]
    seen = layers.AdditiveAttention(name="attention")([query, columns, key])
    both = layers.Concatenate(name="attended")([hidden, seen])
    return layers.Dense(units, activation="tanh", name="attending")(both)


class Translator:
    """Writes with a trained network, one step for each token, many texts at a time."""

    def __init__(self, model: Any, network: EncoderDecoderConfig) -> None:
        """Of the Keras model that `build` made."""
        import keras
        import tensorflow as tf

        self._network, self._most = network, model.output_shape[1]
        self._layers = {layer.name: layer for layer in model.layers}
        self._cells = [self._layers[name].cell for name in self._decoder_names()]
        ends = [CONTEXT, f"{ENCODER}_dropout"] if network.attention else [CONTEXT]
        outputs = {name: self._layers[name].output for name in ends}
        self._encoder = tf.function(
            keras.Model(model.inputs[0], outputs), reduce_retracing=True, autograph=False
        )
        self._step = tf.function(self._stepped, reduce_retracing=True, autograph=False)

    def _decoder_names(self) -> Iterator[str]:
        return (f"{DECODER}{index + 1}" for index in range(len(self._network.decoder.units)))

    def translate(self, sources: Int32 | Float32, beam: int = 1) -> list[list[int]]:
        """The likeliest translations that a beam search finds; a beam of 1 takes each likeliest
        token.

        Args:
            sources: what is read, as in training: int32 [n, S] or float32 [n, S, channels].
            beam: how many beginnings of each translation are kept.

        Returns:
            The tokens of each, without END.
        """
        encoded = self._repeated(sources, beam)
        rows = len(sources) * beam
        states, last = self._first_states(rows), np.full(rows, END, np.int32)
        search = BeamSearch(len(sources), beam)
        for _ in range(self._most):
            likelihoods, states = self._after(last, states, encoded)
            places, last = search.go_on(likelihoods)
            states = [[state[places] for state in cell] for cell in states]
            if search.is_over:
                break
        return search.best()

    def sample(self, sources: Int32, temperature: float, seed: int) -> list[list[int]]:
        """Translations drawn with probabilities softmax(logits / temperature), as `translate`."""
        random = np.random.default_rng(seed)
        encoded, states = self._repeated(sources, 1), self._first_states(len(sources))
        last, written = np.full(len(sources), END, np.int32), []
        for _ in range(self._most):
            likelihoods, states = self._after(last, states, encoded)
            noise = random.gumbel(size=likelihoods.shape)  # as training/text_task.py draws
            last = np.argmax(likelihoods + temperature * noise, axis=1).astype(np.int32)
            written.append(last)
        return [until_end(row) for row in np.stack(written, axis=1).tolist()]

    def _repeated(self, sources: Int32 | Float32, times: int) -> list[Any]:
        """What the encoder gives, each row so many times; and which of its columns are read."""
        encoded = [part.numpy() for part in self._encoder(sources).values()]
        if self._network.attention:
            encoded.append(self._is_read(sources, encoded[1]))
        return [np.repeat(part, times, axis=0) for part in encoded]

    def _is_read(self, sources: Int32 | Float32, columns: Float32) -> Any:
        """Columns without padding, where the encoder skips it: bool [n, columns]."""
        if sources.ndim == 2 and skips_padding(self._network):
            return sources != PADDING
        return np.ones(columns.shape[:2], np.bool_)

    def _first_states(self, rows: int) -> list[list[Float32]]:
        return [
            [np.zeros((rows, units), np.float32)]
            * (2 if self._network.decoder.kind == "lstm" else 1)
            for units in self._network.decoder.units
        ]

    def _after(
        self, last: Int32, states: list[list[Any]], encoded: Sequence[Any]
    ) -> tuple[Float32, list[list[Any]]]:
        """Logarithms of the probability of each next token, float32 [n, V], and new states."""
        likelihoods, new = self._step(last, states, list(encoded))
        found: Float32 = likelihoods.numpy()
        found[:, UNKNOWN] = -np.inf  # it is no text
        return found, [[state.numpy() for state in cell] for cell in new]

    def _stepped(self, last: Any, states: list[list[Any]], encoded: Sequence[Any]) -> Any:
        """A step of the decoder as operations of TensorFlow."""
        import tensorflow as tf

        context, *attended = encoded
        x = tf.concat([self._layers[TARGET_EMBEDDING](last), context], axis=1)
        new = []
        for cell, before in zip(self._cells, states, strict=True):
            x, after = cell(x, before)
            new.append(after)
        if attended:
            x = self._attended(x, *attended)
        return tf.nn.log_softmax(self._layers[LOGITS](x)), new

    def _attended(self, hidden: Any, columns: Any, is_read: Any) -> Any:
        import tensorflow as tf

        named, query = self._layers, hidden[:, None]
        seen = named["attention"](
            [named["query"](query), columns, named["key"](columns)], mask=[None, is_read]
        )
        return named["attending"](tf.concat([query, seen], axis=2))[:, 0]


LENGTH_PENALTY = 0.6  # Wu et al. 2016 (arXiv:1609.08144)
PENALIZED_FROM = 5  # tokens


class BeamSearch:
    """Keeps the likeliest beginnings of translations, `beam` for each of `sentences`."""

    def __init__(self, sentences: int, beam: int) -> None:
        self._beam = beam
        self._sums = np.full((sentences, beam), -np.inf)
        self._sums[:, 0] = 0.0  # at first all beginnings of a sentence are the same
        self._tokens = np.zeros((sentences, beam, 0), np.int32)
        self._ended = np.zeros((sentences, beam), bool)

    @property
    def is_over(self) -> bool:
        """Whether all have ended."""
        return bool(self._ended.all())

    def go_on(self, likelihoods: Float32) -> tuple[Any, Int32]:
        """Add a token to each.

        Args:
            likelihoods: logarithms of the probability of each next token, [sentences * beam, V].

        Returns:
            Which row each one continues, int64 [sentences * beam], and its token, int32.
        """
        sentences, beam = self._sums.shape
        following = likelihoods.reshape(sentences, beam, -1).astype(np.float64)
        following[self._ended] = -np.inf
        following[self._ended, END] = 0.0  # what has ended stays as it is
        sums = (self._sums[:, :, None] + following).reshape(sentences, -1)
        chosen = np.argsort(-self._normed(sums), axis=1, kind="stable")[:, :beam]
        rows = np.arange(sentences)[:, None]
        origins, tokens = np.divmod(chosen, following.shape[2])
        self._sums = sums[rows, chosen]
        self._ended = self._ended[rows, origins] | (tokens == END)
        self._tokens = np.concatenate(
            [self._tokens[rows, origins], tokens[:, :, None].astype(np.int32)], axis=2
        )
        return (rows * beam + origins).ravel(), tokens.astype(np.int32).ravel()

    def _normed(self, sums: Any) -> Any:
        """Sums that can be compared: those of longer texts are lower. [sentences, beam * V]"""
        if self._beam == 1:
            return sums
        lengths = (self._tokens != END).sum(axis=2) + 1  # [sentences, beam]
        norms = ((PENALIZED_FROM + lengths) / (PENALIZED_FROM + 1)) ** LENGTH_PENALTY
        return (sums.reshape(*norms.shape, -1) / norms[:, :, None]).reshape(sums.shape)

    def best(self) -> list[list[int]]:
        """The tokens of the likeliest of each sentence, without END."""
        return [until_end(tokens) for tokens in self._tokens[:, 0].tolist()]
