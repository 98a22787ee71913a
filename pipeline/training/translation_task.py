"""The task of translation: texts in, other texts out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from pipeline.config.translation_settings import TranslationConfig
from pipeline.core.artifacts import Figure, Int32
from pipeline.core.contract import Channel, Contract, Encoder, Hashes, Scaling, VocabularyFacts
from pipeline.core.files import save_arrays, save_json
from pipeline.core.pairs import (
    SOURCE_EMBEDDING,
    TARGET_EMBEDDING,
    Pair,
    PairDataset,
    before,
    until_end,
    written_weights,
)
from pipeline.core.run_folder import RunFolder
from pipeline.training.checkpoints import Checkpointing
from pipeline.training.encoder_decoder import Translator, build
from pipeline.training.fit import Epoch, Fitted, fit
from pipeline.training.run_files import (
    CALIBRATION_WINDOWS,
    Trained,
    evenly_spaced,
    finish,
    save_model,
    training_record,
)
from pipeline.training.text_task import from_logits, log_softmax, read_vectors, with_vectors
from pipeline.training.training_data import FitData, TrainingTask
from pipeline.training.translation_metrics import TranslationScore, score_translations

SAMPLES = 10  # translations that the report shows
AT_ONCE = 128  # texts that are translated together


def train_translation(
    dataset: PairDataset,
    config: TranslationConfig,
    run: RunFolder,
    on_epoch: Callable[[Epoch], None],
) -> Trained:
    """Train an encoder and a decoder, and leave the run folder complete for conversion.

    contract.json is written last: a run with a contract counts as trained.
    """
    checkpointing = Checkpointing(run, config, dataset.fingerprint)
    fitted = fit(_task(dataset, config), config.fit, on_epoch, checkpointing)
    sources, targets = dataset.sources["test"], dataset.targets["test"]
    translated = _translated(fitted.model, config, dataset)
    score = score_translations(dataset.pairs, translated)
    loss = _loss(fitted.model, sources, targets)
    save_model(run, fitted)
    dataset.vocabulary.save(run.vocabulary_file)
    _save_tokens(run, dataset)
    save_json(run.metrics_file, _metrics(dataset, fitted, score, loss, translated))
    finish(run, _contract(dataset, config))
    return Trained(
        run.path,
        None,
        len(sources),
        dataset.split_note,
        run.report_file,
        figures=(
            Figure("exact match", score.exact, "of the texts"),
            *((Figure("BLEU", score.bleu, ""),) if score.bleu is not None else ()),
            Figure("perplexity", float(np.exp(loss)), "a token"),
        ),
        fitted=dataset.note,
    )


def _task(dataset: PairDataset, config: TranslationConfig) -> TrainingTask:
    """The test part is not in it."""
    return TrainingTask(
        build_model=lambda: with_vectors(
            build(config, dataset.vocabulary.size),
            dataset.vocabulary,
            read_vectors(config.text.vectors),
            [SOURCE_EMBEDDING, TARGET_EMBEDDING],
        ),
        training=_fit_data(dataset, "train"),
        validation=_fit_data(dataset, "validation"),
        loss=from_logits,
    )


def _fit_data(dataset: PairDataset, part: str) -> FitData:
    targets = dataset.targets[part]
    return FitData((dataset.sources[part], before(targets)), targets, written_weights(targets))


def _loss(model: Any, sources: Int32, targets: Int32) -> float:
    """Cross-entropy in nats a token that is written, with END."""
    weights, total = written_weights(targets), 0.0
    for start in range(0, len(sources), AT_ONCE):
        part = slice(start, start + AT_ONCE)
        logits = model.predict_on_batch((sources[part], before(targets[part])))
        likelihoods = np.take_along_axis(log_softmax(logits), targets[part][..., None], axis=2)
        total -= float((likelihoods[..., 0] * weights[part]).sum())
    return total / float(weights.sum())


def _translated(model: Any, config: TranslationConfig, dataset: PairDataset) -> list[str]:
    """The translations of the test part."""
    translator, sources = Translator(model, config), dataset.sources["test"]
    tokens = [
        numbers
        for start in range(0, len(sources), AT_ONCE)
        for numbers in translator.translate(sources[start : start + AT_ONCE], config.decoding.beam)
    ]
    return [dataset.vocabulary.decode(numbers) for numbers in tokens]


def _save_tokens(run: RunFolder, dataset: PairDataset) -> None:
    """Write windows.npz: tokens, int32 [n, S] and [n, T], and the texts of the test, [n, 2]."""
    chosen = evenly_spaced(np.arange(len(dataset.sources["train"])), CALIBRATION_WINDOWS)
    save_arrays(
        run.windows_file,
        calibration=dataset.sources["train"][chosen],
        calibration_targets=dataset.targets["train"][chosen],
        test=dataset.sources["test"],
        test_targets=dataset.targets["test"],
        test_texts=np.array(dataset.pairs),
    )


def _metrics(
    dataset: PairDataset,
    fitted: Fitted,
    score: TranslationScore,
    loss: float,
    translated: Sequence[str],
) -> dict[str, Any]:
    """The content of metrics.json."""
    return {
        **training_record(fitted, dataset.split_note),
        "vocabulary": dataset.vocabulary.size,
        "exact_match": score.exact,
        "bleu": score.bleu,
        "loss": loss,
        "perplexity": float(np.exp(loss)),
        "pairs": len(dataset.pairs),
        "samples": _samples(dataset.pairs, translated, score.right),
        "weakness": _no_better_than_one_answer(dataset, score),
    }


def _samples(
    pairs: Sequence[Pair], translated: Sequence[str], right: Sequence[bool]
) -> list[dict[str, str]]:
    """Some that differ from what was expected, then some that do not."""
    is_right = np.array(right)
    chosen = [evenly_spaced(np.flatnonzero(~is_right), SAMPLES // 2)]
    chosen.append(evenly_spaced(np.flatnonzero(is_right), SAMPLES - len(chosen[0])))
    return [
        {"source": pairs[at].source, "target": pairs[at].target, "translation": translated[at]}
        for at in np.concatenate(chosen).tolist()
    ]


def _no_better_than_one_answer(dataset: PairDataset, score: TranslationScore) -> str:
    """A sentence if the most frequent translation of training is right as often; else empty."""
    rows, counts = np.unique(dataset.targets["train"], axis=0, return_counts=True)
    frequent = until_end(rows[counts.argmax()].tolist())
    answer = dataset.vocabulary.decode(frequent)
    right = np.mean([pair.target == answer for pair in dataset.pairs])
    if score.exact > right or (score.bleu or 0.0) > 1.0:
        return ""
    return (
        "The model is no better than none: always answering with the most frequent translation, "
        f"{answer!r}, is right for {right:.1%} of the texts."
    )


def _contract(dataset: PairDataset, config: TranslationConfig) -> Contract:
    """The inputs of the decoder are the columns of its embedding, and the context."""
    text, context = config.text, config.model.context
    vectors = read_vectors(text.vectors)
    names = [f"e{i}" for i in range(text.embedding)] + [f"c{i}" for i in range(context)]
    return Contract(
        task=config.task,
        channels=tuple(Channel(name=name, unit="") for name in names),
        rate_hz=0.0,
        window=text.max_written,
        hop=1,
        mode="streaming",
        labels=(),
        scaling=Scaling(mean=(0.0,) * len(names), std=(1.0,) * len(names)),
        vocabulary=VocabularyFacts(
            level=dataset.vocabulary.level,
            letters="unicode" if dataset.vocabulary.level == "words" else None,
            size=dataset.vocabulary.size,
            padding="post",
            truncating="post",
            sha256=dataset.vocabulary.sha256(),
            vectors=None if vectors is None else vectors.facts,
        ),
        encoder=Encoder(channels=text.embedding, features=context),
        hashes=Hashes(data=dataset.fingerprint, config=config.hash()),
    )
