"""Pairs in training: an encoder and a decoder are fitted, and judged on the test part."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, TypeAlias

import numpy as np

from pipeline.config.caption_settings import CaptionConfig
from pipeline.config.translation_settings import TranslationConfig
from pipeline.core.artifacts import Figure, Float32, Int32
from pipeline.core.contract import (
    Channel,
    Contract,
    Encoder,
    Hashes,
    Scaling,
    VectorsFacts,
    VocabularyFacts,
)
from pipeline.core.files import save_arrays, save_json
from pipeline.core.pairs import Pair, PairDataset, before, until_end, written_weights
from pipeline.core.run_folder import RunFolder
from pipeline.core.subwords import Subwords
from pipeline.core.tokens import Vocabulary
from pipeline.training.checkpoints import Checkpointing
from pipeline.training.encoder_decoder import Translator, Written, build, skips_padding
from pipeline.training.fit import Epoch, Fitted, fit
from pipeline.training.models import Source
from pipeline.training.own_tokens import with_own_tokens
from pipeline.training.run_files import (
    CALIBRATION_WINDOWS,
    Trained,
    evenly_spaced,
    finish,
    save_model,
    training_record,
)
from pipeline.training.text_task import from_logits, log_softmax
from pipeline.training.training_data import FitData, TrainingTask
from pipeline.training.translation_metrics import TranslationScore, score_translations

SAMPLES = 10  # texts that the report shows
AT_ONCE = 128  # texts that are written together
PairsConfig: TypeAlias = TranslationConfig | CaptionConfig
BuildModel: TypeAlias = Callable[[bool], Any]


def train_pairs(
    dataset: PairDataset,
    config: PairsConfig,
    build_model: BuildModel,
    contract: Contract,
    run: RunFolder,
    on_epoch: Callable[[Epoch], None],
) -> Trained:
    """Train an encoder and a decoder, and leave the run folder complete.

    contract.json is written last: a run with a contract counts as trained.

    Args:
        dataset: its sources are as the network is given them.
        config: the settings.
        build_model: builds the network, see build_network, of any length where it is given True;
            it is called after Keras is seeded.
        contract: of the task.
        run: the run folder.
        on_epoch: called after each epoch.
    """
    checkpointing = Checkpointing(run, config, dataset.fingerprint)
    fitted = fit(_task(dataset, config, build_model), config.fit, on_epoch, checkpointing)
    sources, targets = dataset.sources["test"], dataset.targets["test"]
    written = _written(fitted.model, config, dataset)
    score = score_translations(dataset.pairs, written)
    loss = _loss(fitted.model, sources, targets)
    save_model(run, fitted)
    dataset.vocabulary.save(run.vocabulary_file)
    save_json(run.metrics_file, _metrics(dataset, fitted, score, loss, written))
    finish(run, contract)
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


def build_network(
    config: PairsConfig, source: Source, vocabulary: int, any_length: bool = False
) -> Any:
    """The network of a config, that writes a vocabulary of this size; see `build`."""
    text = config.text
    written = Written(vocabulary, text.max_written, text.embedding)
    return build(config.model, source, written, any_length)


def save_pairs(run: RunFolder, dataset: PairDataset) -> None:
    """Write windows.npz for conversion: sources and tokens of targets, and the texts of the test.

    The sources are as the network is given them; the texts are [n, 2].
    """
    chosen = evenly_spaced(np.arange(len(dataset.sources["train"])), CALIBRATION_WINDOWS)
    save_arrays(
        run.windows_file,
        calibration=dataset.sources["train"][chosen],
        calibration_targets=dataset.targets["train"][chosen],
        test=dataset.sources["test"],
        test_targets=dataset.targets["test"],
        test_texts=np.array(dataset.pairs),
    )


def pairs_contract(
    dataset: PairDataset,
    config: PairsConfig,
    encoder: Encoder,
    vectors: VectorsFacts | None = None,
) -> Contract:
    """The contract: the inputs of the decoder are the columns of its embedding, and the context."""
    text = config.text
    names = [f"e{i}" for i in range(text.embedding)] + [f"c{i}" for i in range(encoder.features)]
    return Contract(
        task=config.task,
        channels=tuple(Channel(name=name, unit="") for name in names),
        rate_hz=0.0,
        window=text.max_written,
        hop=1,
        mode="streaming",
        labels=(),
        scaling=Scaling(mean=(0.0,) * len(names), std=(1.0,) * len(names)),
        vocabulary=vocabulary_facts(dataset.vocabulary, vectors),
        encoder=encoder,
        hashes=Hashes(data=dataset.fingerprint, config=config.hash()),
    )


def vocabulary_facts(
    vocabulary: Vocabulary | Subwords, vectors: VectorsFacts | None = None
) -> VocabularyFacts:
    """The facts of a contract about a vocabulary."""
    return VocabularyFacts(
        level=vocabulary.level,
        letters="unicode" if vocabulary.level == "words" else None,
        size=vocabulary.size,
        padding="post",
        truncating="post",
        sha256=vocabulary.sha256(),
        vectors=vectors,
    )


def _task(dataset: PairDataset, config: PairsConfig, build_model: BuildModel) -> TrainingTask:
    """The test part is not in it."""
    padded = dataset.sources["train"].ndim == 2 and skips_padding(config.model)

    def training_model(model: Any) -> Any:
        fitted = build_model(True) if padded else model
        fitted.set_weights(model.get_weights())
        share = config.fit.own_tokens
        return with_own_tokens(fitted, share) if share else fitted

    return TrainingTask(
        build_model=lambda: build_model(False),
        training=replace(_fit_data(dataset, "train"), padded=padded),
        validation=_fit_data(dataset, "validation"),
        loss=from_logits,
        training_model=training_model,
    )


def _fit_data(dataset: PairDataset, part: str) -> FitData:
    targets = dataset.targets[part]
    return FitData((dataset.sources[part], before(targets)), targets, written_weights(targets))


def _loss(model: Any, sources: Int32 | Float32, targets: Int32) -> float:
    """Cross-entropy in nats a token that is written, with END."""
    weights, total = written_weights(targets), 0.0
    for start in range(0, len(sources), AT_ONCE):
        part = slice(start, start + AT_ONCE)
        logits = model.predict_on_batch((sources[part], before(targets[part])))
        likelihoods = np.take_along_axis(log_softmax(logits), targets[part][..., None], axis=2)
        total -= float((likelihoods[..., 0] * weights[part]).sum())
    return total / float(weights.sum())


def _written(model: Any, config: PairsConfig, dataset: PairDataset) -> list[str]:
    """What the network writes of the test part."""
    translator, sources = Translator(model, config.model), dataset.sources["test"]
    tokens = [
        numbers
        for start in range(0, len(sources), AT_ONCE)
        for numbers in translator.translate(sources[start : start + AT_ONCE], config.decoding.beam)
    ]
    return [dataset.vocabulary.decode(numbers) for numbers in tokens]


def _metrics(
    dataset: PairDataset,
    fitted: Fitted,
    score: TranslationScore,
    loss: float,
    written: Sequence[str],
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
        "samples": _samples(dataset.pairs, written, score.right),
        "weakness": _no_better_than_one_answer(dataset, score),
    }


def _samples(
    pairs: Sequence[Pair], written: Sequence[str], right: Sequence[bool]
) -> list[dict[str, str]]:
    """Some that differ from what was expected, then some that do not."""
    is_right = np.array(right)
    chosen = [evenly_spaced(np.flatnonzero(~is_right), SAMPLES // 2)]
    chosen.append(evenly_spaced(np.flatnonzero(is_right), SAMPLES - len(chosen[0])))
    return [
        {"source": pairs[at].source, "target": pairs[at].target, "translation": written[at]}
        for at in np.concatenate(chosen).tolist()
    ]


def _no_better_than_one_answer(dataset: PairDataset, score: TranslationScore) -> str:
    """A sentence if the most frequent text of training is right as often; else empty."""
    rows, counts = np.unique(dataset.targets["train"], axis=0, return_counts=True)
    frequent = until_end(rows[counts.argmax()].tolist())
    answer = dataset.vocabulary.decode(frequent)
    right = np.mean([pair.target == answer for pair in dataset.pairs])
    if score.exact > right or (score.bleu or 0.0) > 1.0:
        return ""
    return (
        "The model is no better than none: always answering with the most frequent text of "
        f"training, {answer!r}, is right for {right:.1%} of the test."
    )
