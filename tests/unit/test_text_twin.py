"""What the firmware makes of text, against its definition in tests/toy_text.py, and what training
makes of it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.core.errors import PipelineError
from pipeline.core.tokens import Vocabulary, padded
from pipeline.twin.library import Twin
from pipeline.twin.text_twin import TextTwin
from tests.toy_text import (
    ALPHABET,
    LOGIT_SCALE,
    WORDS,
    Sampler,
    Toy,
    ToyNetwork,
    judge,
    judged,
    logit_step,
    tokens_of,
    window_of,
    writer,
)

pytestmark = [pytest.mark.usefixtures("host_compiler"), pytest.mark.xdist_group("toy-texts")]
few = settings(max_examples=150, deadline=None)
ENDS = ("pre", "post")
texts = st.lists(
    st.one_of(st.sampled_from([*WORDS, "IT'S", "Film!", "é", "", "\n", "x" * 65]), st.text()),
    max_size=12,
).map(" ".join)


def twin_of(toy: Toy, folder: Path) -> TextTwin:
    return TextTwin(Twin(toy.write_sources(folder / "model"), folder))


@pytest.fixture(scope="module")
def judge_twin(tmp_path_factory: pytest.TempPathFactory) -> TextTwin:
    return twin_of(judge(), tmp_path_factory.mktemp("judge"))


@pytest.fixture(scope="module")
def writer_twin(toy_writer: Twin) -> TextTwin:
    return TextTwin(toy_writer)


@few
@given(texts)
def test_words_are_found_in_any_text(judge_twin, text):
    found = judge_twin.tokens(text).tolist()
    assert found == tokens_of(text, judge()) == Vocabulary("words", WORDS).encode(text).tolist()


@few
@given(st.one_of(st.text(), st.lists(st.sampled_from(ALPHABET)).map("".join)))
def test_characters_are_those_of_unicode(writer_twin, text):
    learned = Vocabulary("characters", ALPHABET).encode(text).tolist()
    assert writer_twin.tokens(text).tolist() == tokens_of(text, writer()) == learned


def test_every_word_is_found_among_many_that_begin_alike(tmp_path):
    letters = "ab'9"
    pairs = [a + b for a in letters for b in letters]
    words = (*letters, *pairs, *(pair + c for pair in pairs for c in letters))
    toy = judge()
    facts = toy.contract.vocabulary.model_copy(update={"size": len(words) + 2})
    contract = toy.contract.model_copy(update={"vocabulary": facts})
    rows = np.zeros((len(words) + 2, 3), np.int8)
    many = Toy(contract, type(toy.table)(words, rows), toy.network)
    found = twin_of(many, tmp_path).tokens(" ".join(words))
    assert found.tolist() == list(range(2, len(words) + 2))


@pytest.mark.parametrize("padding", ENDS)
@pytest.mark.parametrize("truncating", ENDS)
def test_a_text_is_padded_or_cut_at_the_end_that_the_contract_says(tmp_path, padding, truncating):
    toy = judge(4, padding, truncating)
    twin = twin_of(toy, tmp_path)
    for count in range(10):
        text = " ".join(WORDS[(3 * count + place) % len(WORDS)] for place in range(count))
        (learned,) = padded([Vocabulary("words", WORDS).encode(text)], 4, padding, truncating)
        assert learned.tolist() == window_of(tokens_of(text, toy), toy)
        assert twin.sentiment(text).tolist() == judged(text, toy)


def test_rows_of_the_embedding_are_what_tokens_become(writer_twin):
    tokens = np.array([[0, 1, 2], [13, 14, 15]], np.int32)
    assert np.array_equal(writer_twin.embed(tokens), writer().table.embedding[tokens])


def written_by_hand(prompt: str, count: int, temperature_e4: int, seed: int) -> str:
    toy = writer()
    network, rows = ToyNetwork(len(ALPHABET) + 2), toy.table.embedding
    sampler = Sampler(logit_step(LOGIT_SCALE), temperature_e4, seed)
    for token in tokens_of(prompt, toy):
        logits = network.step(rows[token])
    text = ""
    for _ in range(count):
        token = 2 + sampler.draw(logits[2:])
        text += ALPHABET[token - 2]
        logits = network.step(rows[token])
    return text


@few
@given(
    st.lists(st.sampled_from(ALPHABET), min_size=1, max_size=6).map("".join),
    st.integers(0, 60),
    st.one_of(st.just(0), st.integers(1, 50_000)),
    st.integers(0, 2**32 - 1),
)
def test_what_is_written_is_what_the_integers_say(writer_twin, prompt, count, temperature_e4, seed):
    found = writer_twin.generate(prompt, count, temperature_e4 / 10_000, seed)
    assert found == written_by_hand(prompt, count, temperature_e4, seed)


def test_the_lowest_temperature_writes_what_is_likeliest(writer_twin):
    likeliest = writer_twin.generate("ate", 500, 0, 1)
    assert writer_twin.generate("ate", 500, 1e-4, 2) == likeliest
    assert writer_twin.generate("ate", 500, 1.0, 2) != likeliest


@pytest.mark.parametrize("prompt", ["tea, b", "a\0", ""])
def test_nothing_is_written_after_what_was_never_seen(writer_twin, prompt):
    with pytest.raises(ValueError, match="no text can be generated"):
        writer_twin.generate(prompt, 5, 1, 1)


@pytest.mark.parametrize("temperature", [-1, 0.00001, 5.1, float("nan"), float("inf")])
def test_a_temperature_that_is_none_is_refused(writer_twin, temperature):
    with pytest.raises(PipelineError, match="temperature"):
        writer_twin.generate("a", 5, temperature, 1)
