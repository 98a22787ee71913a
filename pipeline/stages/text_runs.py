"""What is particular to text: reviews and books in, and what the compiled C makes of the rest."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from pipeline.artifacts import Figure
from pipeline.config_text import GenerationConfig, SentimentConfig
from pipeline.files import save_arrays
from pipeline.run_folder import RunFolder
from pipeline.stages.settling import Proven, Settled
from pipeline.text_twin import TextTwin

if TYPE_CHECKING:
    from pipeline.training.fit import Epoch
    from pipeline.training.run_files import Trained


def train_sentiment(
    config: SentimentConfig, folder: RunFolder, on_epoch: Callable[[Epoch], None]
) -> Trained:
    from pipeline.datasets.text import sentiment_dataset
    from pipeline.training.sentiment import train_sentiment as fit

    return fit(sentiment_dataset(config), config, folder, on_epoch)


def train_generation(
    config: GenerationConfig, folder: RunFolder, on_epoch: Callable[[Epoch], None]
) -> Trained:
    from pipeline.datasets.characters import generation_dataset
    from pipeline.training.generation import train_generation as fit

    return fit(generation_dataset(config), config, folder, on_epoch)


def settle_sentiment(proven: Proven) -> Settled:
    """Judge the texts that were held out."""
    from pipeline.training.held_out import HeldOutScores

    proven.on_step("judging the texts that were held out")
    windows = proven.windows
    inputs = TextTwin(proven.twin).embed(windows["test"])  # int8 [n, T, channels]
    scores = HeldOutScores(
        labels=proven.contract.labels,
        names=(),
        targets=windows["test_targets"],
        float_scores=windows["test_scores"],
        int8_scores=proven.twin.invoke(inputs.reshape(len(inputs), -1)),
    )
    scores.save(proven.draft.scores_file)
    return Settled(proven.contract, scores.int8_accuracy)


def settle_generation(proven: Proven) -> Settled:
    """Read the text that was held out, in one go."""
    from pipeline.training.sampling import log_softmax

    proven.on_step("reading the text that was held out")
    quantisation = proven.contract.quantisation
    assert quantisation is not None  # it has been proven
    tokens, targets = (proven.windows[name].ravel() for name in ("test", "test_targets"))
    logits = proven.twin.stream(TextTwin(proven.twin).embed(tokens))  # int8 [n, vocabulary]
    scaled = logits.astype(np.float32) * np.float32(quantisation.output_scale)
    likelihoods = log_softmax(scaled)[np.arange(len(targets)), targets].astype(np.float32)
    save_arrays(proven.draft.scores_file, likelihoods=likelihoods)
    loss = Figure("int8 loss", -float(likelihoods.mean()), "nats a character")
    return Settled(proven.contract, figures=(loss,))
