"""An encoder and a decoder learn to write one text for another."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipeline.config.translation_settings import TranslationConfig
from pipeline.core.pairs import END, PairDataset, before
from pipeline.core.run_folder import RunFolder
from pipeline.core.tokens import UNKNOWN
from pipeline.datasets.translation import translation_dataset
from pipeline.training.encoder_decoder import BeamSearch, Translator
from pipeline.training.fit import quiet_keras
from pipeline.training.own_tokens import with_own_tokens
from pipeline.training.pairs_task import build_network
from pipeline.training.translation_metrics import score_translations
from pipeline.training.translation_task import source_of, train_translation
from tests.unit.test_text_pairs import config_of

pytestmark = pytest.mark.xdist_group("tensorflow")

NETWORK = ("text.embedding=12", "text.max_len=6", "text.max_written=5")
NETWORKS = {
    "gru": (),
    "two lstms": ("model.decoder.kind=lstm", "model.decoder.units=[9, 7]"),
    "attention": ("model.attention=true", "model.bidirectional=true"),
    "lstm reads": ("model.encoder={kind: lstm, units: [11]}", "model.attention=true"),
    "conv1d reads": (
        "model.encoder={kind: conv1d, convolutions: [{filters: 8, kernel: 3}]}",
        "text.max_len=8",
    ),
    "convolutions before a gru": (
        "model.encoder={kind: conv_gru, convolutions: [{filters: 8, kernel: 3, pool: 2}]}",
        "text.max_len=8",
        "model.attention=true",
    ),
}


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Words of four letters, and the same backwards."""
    letters = np.random.default_rng(3).choice(list("abcde"), (900, 4))
    words = sorted({"".join(row) for row in letters})
    file = tmp_path_factory.mktemp("pairs") / "backwards.tsv"
    file.write_text("".join(f"{word}\t{word[::-1]}\n" for word in words), "utf-8")
    return file


def dataset_of(table: Path, *settings: str) -> tuple[PairDataset, TranslationConfig]:
    config = config_of(table, *NETWORK, *settings)
    return translation_dataset(config), config


def network_of(config: TranslationConfig, dataset: PairDataset) -> Any:
    size = dataset.vocabulary.size
    return build_network(config, source_of(config, size), size)


def test_words_are_written_backwards(table: Path, tmp_path: Path) -> None:
    """Some of the tokens before are its own in training, and it learns from those too."""
    settings = ("fit.epochs=60", "fit.learning_rate=0.02", "fit.own_tokens=0.25")
    dataset, config = dataset_of(table, *settings, "fit.batch_size=32")
    trained = train_translation(dataset, config, RunFolder(tmp_path / "run"), lambda _: None)
    figures = {figure.name: figure.value for figure in trained.figures}
    assert figures["exact match"] > 0.9
    assert "BLEU" not in figures, "of single words it is 0, however good they are"
    assert figures["perplexity"] < 1.2


@pytest.mark.parametrize("name", NETWORKS)
def test_steps_give_what_was_trained(table: Path, name: str) -> None:
    """A token at a time, the network gives the probabilities that its training is judged by."""
    dataset, config = dataset_of(table, *NETWORKS[name])
    quiet_keras(1)
    model = network_of(config, dataset)
    sources, targets = dataset.sources["test"][:7], dataset.targets["test"][:7]
    logits = np.asarray(model([sources, before(targets)]))
    translator = Translator(model, config.model)
    encoded, states = translator._repeated(sources, 1), translator._first_states(7)
    for step in range(targets.shape[1]):
        likelihoods, states = translator._after(before(targets)[:, step], states, encoded)
        expected = logits[:, step] - np.log(np.exp(logits[:, step]).sum(axis=1, keepdims=True))
        assert np.isneginf(likelihoods[:, UNKNOWN]).all()
        known = np.arange(likelihoods.shape[1]) != UNKNOWN
        np.testing.assert_allclose(likelihoods[:, known], expected[:, known], atol=1e-4)


@pytest.mark.parametrize("share", [0.0, 1.0])
def test_in_training_a_share_of_the_tokens_before_are_its_own(table: Path, share: float) -> None:
    dataset, config = dataset_of(table)
    quiet_keras(1)
    network = network_of(config, dataset)
    model = with_own_tokens(network, share)
    right = before(dataset.targets["test"][:7])
    sources = dataset.sources["test"][:7]
    logits = np.asarray(network([sources, right]))
    own = right.copy()
    own[:, 1:] = logits.argmax(axis=2)[:, :-1]
    assert (own != right).any()
    np.testing.assert_array_equal(model([sources, right]), logits)
    for layer in network.layers:
        layer.rate = 0.0  # of dropout
    given = own if share else right
    trained = np.asarray(model([sources, right], training=True))
    np.testing.assert_allclose(trained, network([sources, given]), atol=1e-5)


def test_padding_does_not_change_a_translation(table: Path) -> None:
    dataset, config = dataset_of(table)
    quiet_keras(1)
    translator = Translator(network_of(config, dataset), config.model)
    short = dataset.sources["test"][:5].copy()
    short[:, 3:] = 0
    context = translator._repeated(short, 1)[0]
    short[:, 3] = 2
    assert not np.allclose(context, translator._repeated(short, 1)[0])


class Chances:
    """Probabilities of the next token by what was written: `ab` is likelier than `cd`, but `c` is
    likelier than `a` as a first token."""

    A, B, C, D, SIZE = 2, 3, 4, 5, 6
    AFTER = {  # noqa: RUF012, it is not changed
        END: {A: 0.4, C: 0.6},
        A: {B: 1.0},
        B: {END: 1.0},
        C: {D: 0.5, B: 0.5},
        D: {END: 1.0},
    }

    def __call__(self, last: np.ndarray) -> np.ndarray:
        rows = np.full((len(last), self.SIZE), 1e-9, np.float32)
        for row, token in zip(rows, last.tolist(), strict=True):
            for following, chance in self.AFTER[token].items():
                row[following] = chance
        return np.log(rows)


@pytest.mark.parametrize(("beam", "expected"), [(1, [4, 3]), (3, [2, 3])])
def test_a_beam_finds_what_one_step_at_a_time_misses(beam: int, expected: list[int]) -> None:
    search, last = BeamSearch(2, beam), np.full(2 * beam, END, np.int32)
    for _ in range(4):
        _, last = search.go_on(Chances()(last))
    assert search.is_over
    assert search.best() == [expected, expected]


def test_a_text_with_several_translations_is_right_with_each() -> None:
    from pipeline.core.pairs import Pair

    pairs = [Pair("ten", "10"), Pair("ten", "X"), Pair("two", "2")]
    score = score_translations(pairs, ["X", "X", "II"])
    assert score.right == (True, True, False)
    assert score.exact == pytest.approx(2 / 3)
