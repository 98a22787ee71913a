"""What the firmware makes of text and how it draws, against definitions in tests/toy_text.py; what
a converted run generates."""

from __future__ import annotations

import ctypes
import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from pipeline.core.contract import Level
from pipeline.core.errors import ExitCode, PipelineError
from pipeline.core.files import save_json
from pipeline.core.run_folder import RunFolder
from pipeline.core.tokens import Vocabulary, padded
from pipeline.datasets.bouts import as_heard
from pipeline.twin.library import Twin, pointer
from pipeline.twin.text_twin import TextTwin
from pipeline.workflows.predict import generate
from tests.noted import note_all
from tests.refusals import refuses
from tests.toy_text import (
    ALPHABET,
    LOGIT_SCALE,
    RATE_HZ,
    WINDOW,
    WORDS,
    Sampler,
    Toy,
    ToyNetwork,
    classified,
    classifier,
    context_of,
    context_of_samples,
    describer,
    logit_step,
    tokens_of,
    translated,
    translator,
    window_of,
    writer,
    written_about,
)

pytestmark = [
    pytest.mark.usefixtures("host_compiler", "toy_code"),
    pytest.mark.xdist_group("toy-texts"),
]

few = settings(max_examples=150, deadline=None)
ODD = ("IT'S", "Film!", "é", "", "\n", "x" * 65, "it\u2019s", "東京x京", "e\u0301te\u0301")
texts = st.lists(
    st.one_of(
        st.sampled_from([*WORDS, *map(str.upper, WORDS), *ODD, "ж" * 33, "❤\ufe0f"]), st.text()
    ),
    max_size=12,
).flatmap(lambda words: st.sampled_from([between.join(words) for between in (" ", "", "\u3002")]))


def twin_of(toy: Toy, folder: Path) -> TextTwin:
    return TextTwin(Twin(toy.write_sources(folder / "model"), folder))


@pytest.fixture(scope="module")
def classifier_twin(tmp_path_factory: pytest.TempPathFactory) -> TextTwin:
    return twin_of(classifier(), tmp_path_factory.mktemp("classifier"))


@pytest.fixture(scope="module")
def writer_twin(toy_writer: Twin) -> TextTwin:
    return TextTwin(toy_writer)


@few
@given(texts)
def test_words_are_found_in_any_text(classifier_twin, text):
    found = classifier_twin.tokens(text).tolist()
    assert (
        found == tokens_of(text, classifier()) == Vocabulary("words", WORDS).encode(text).tolist()
    )


@few
@given(st.one_of(st.text(), st.lists(st.sampled_from(ALPHABET)).map("".join)))
def test_characters_are_those_of_unicode(writer_twin, text):
    learned = Vocabulary("characters", ALPHABET).encode(text).tolist()
    assert writer_twin.tokens(text).tolist() == tokens_of(text, writer()) == learned


@pytest.mark.parametrize(
    "content", [b"\xc3film", b"film\xff", b"\xe6\x9d\xe6\x9d\xb1", b"a\xf0\x9f film", b"\xbffilm"]
)
def test_what_is_no_utf8_separates_words(classifier_twin, content):
    tokens = np.empty(9, np.uint16)
    count = classifier_twin._library.twin_tokenise(content, pointer(tokens))
    expected = tokens_of(content.decode("utf-8", "replace"), classifier())
    assert tokens[:count].tolist() == expected


def test_every_word_is_found_among_many_that_begin_alike(tmp_path):
    letters = "ab'9"
    pairs = [a + b for a in letters for b in letters]
    words = (*letters, *pairs, *(pair + c for pair in pairs for c in letters))
    toy = classifier()
    facts = toy.contract.vocabulary.model_copy(update={"size": len(words) + 2})
    contract = toy.contract.model_copy(update={"vocabulary": facts})
    rows = np.zeros((len(words) + 2, 3), np.int8)
    many = Toy(contract, type(toy.table)(words, rows), toy.network)
    found = twin_of(many, tmp_path).tokens(" ".join(words))
    assert found.tolist() == list(range(2, len(words) + 2))


@pytest.mark.parametrize(("padding", "truncating"), [("pre", "post"), ("post", "pre")])
def test_a_text_is_padded_or_cut_at_the_end_that_the_contract_says(tmp_path, padding, truncating):
    toy = classifier(4, padding, truncating)
    twin = twin_of(toy, tmp_path)
    for count in range(10):
        text = " ".join(WORDS[(3 * count + place) % len(WORDS)] for place in range(count))
        (learned,) = padded([Vocabulary("words", WORDS).encode(text)], 4, padding, truncating)
        assert learned.tolist() == window_of(tokens_of(text, toy), toy)
        assert twin.sentiment(text).tolist() == classified(text, toy)


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


LEVELS: tuple[Level, ...] = ("characters", "words")


@pytest.fixture(scope="module")
def translator_twins(tmp_path_factory: pytest.TempPathFactory) -> dict[Level, TextTwin]:
    folder = tmp_path_factory.mktemp("translator")
    return {level: twin_of(translator(level), folder / level) for level in LEVELS}


@few
@given(
    st.sampled_from(LEVELS),
    texts,
    st.one_of(st.just(0), st.integers(1, 50_000)),
    st.integers(0, 2**32 - 1),
)
def test_a_translation_is_what_the_integers_say(
    translator_twins, level, text, temperature_e4, seed
):
    toy, twin = translator(level), translator_twins[level]
    assume(tokens_of(text, toy))
    expected = translated(text, toy, temperature_e4, seed)
    vocabulary = Vocabulary(level, toy.table.entries)
    found = twin.translate(text, temperature_e4 / 10_000, seed)
    assert found == vocabulary.decode(expected)


def test_a_translation_ends_by_itself_or_at_its_longest(translator_twins) -> None:
    toy = translator("characters")
    counts = {len(translator_twins["characters"].translate("tea", 5, seed)) for seed in range(200)}
    assert min(counts) < 3
    assert max(counts) == toy.contract.window


@pytest.mark.parametrize(("level", "text"), [("characters", ""), ("words", ""), ("words", "... !")])
def test_what_has_no_token_is_not_translated(translator_twins, level, text):
    with pytest.raises(ValueError, match="nothing to translate"):
        translator_twins[level].translate(text, 1, 1)
    with pytest.raises(ValueError, match="nothing to translate"):
        translator_twins[level].context(text)


def test_a_context_is_of_the_whole_text(translator_twins):
    toy, twin = translator("characters"), translator_twins["characters"]
    assert twin.context("tea").tolist() == context_of("tea", toy).tolist()
    assert twin.context("eta").tolist() != twin.context("tea").tolist()


@pytest.fixture(scope="module")
def describer_twin(tmp_path_factory: pytest.TempPathFactory) -> TextTwin:
    return twin_of(describer(), tmp_path_factory.mktemp("describer"))


motion = st.lists(
    st.lists(st.integers(-4000, 4000), min_size=6, max_size=6), min_size=1, max_size=3 * WINDOW
).map(lambda rows: as_heard(np.array(rows, np.float32) / 1000, RATE_HZ))


@few
@given(motion, st.one_of(st.just(0), st.integers(1, 50_000)), st.integers(0, 2**32 - 1))
def test_a_caption_is_what_the_integers_say(describer_twin, recording, temperature_e4, seed):
    """Of the last samples, or of all of them and a rest before."""
    toy = describer()
    context = context_of_samples(recording.thousandths)
    expected = written_about(context, toy, temperature_e4, seed)
    found = describer_twin.describe(recording, temperature_e4 / 10_000, seed)
    assert found == Vocabulary("words", toy.table.entries).decode(expected)
    assert describer_twin.context(None).tolist() == context.tolist()


def test_a_window_is_described_as_the_samples_that_it_is_made_of(describer_twin):
    rows = np.random.default_rng(2).integers(-2000, 2000, (WINDOW, 6)).astype(np.int32)
    window = describer_twin._twin.quantize(rows)
    assert window.shape == (WINDOW, 4)
    assert describer_twin.context(window).tolist() == context_of_samples(rows).tolist()
    with pytest.raises(ValueError, match="samples are"):
        describer_twin.context(window[1:])


def test_before_the_first_sample_there_is_nothing_to_describe(tmp_path):
    twin = twin_of(describer(), tmp_path)
    with pytest.raises(ValueError, match="nothing to translate"):
        twin.translate(None, 0, 1)


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


FLOAT_LOSS, INT8_LOSS = 1.5, 2.0  # nats a character


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    """As `gesture convert` leaves it, as far as writing needs it."""
    run, toy = RunFolder(tmp_path_factory.mktemp("writer")), writer()
    assert toy.contract.vocabulary is not None
    toy.write_sources(run.sources)
    vocabulary = Vocabulary("characters", ALPHABET)
    vocabulary.save(run.vocabulary_file)
    facts = toy.contract.vocabulary.model_copy(update={"sha256": vocabulary.sha256()})
    toy.contract.model_copy(update={"vocabulary": facts}).save(run.contract_file)
    metrics = {"loss": FLOAT_LOSS, "bits_per_character": FLOAT_LOSS / math.log(2)}
    save_json(run.metrics_file, metrics)
    np.savez(run.scores_file, likelihoods=np.full((3, 4), -INT8_LOSS, np.float32))
    note_all(run)
    return run


def test_a_temperature_is_no_finer_than_a_board_can_be_reported(run: RunFolder) -> None:
    written = generate(run.path, "tea", 50, 0.70004, 3)
    twin = TextTwin(Twin(run.sources, run.build))
    assert written.text == twin.generate("tea", 50, 0.7, 3)
    assert written.temperature == 0.7
    assert f"{generate(run.path, 'a', 1, 0.00025, 1).temperature:.4f}" == "0.0002"


def test_a_board_is_not_asked_for_more_than_it_writes(run: RunFolder, tmp_path: Path) -> None:
    with refuses("A board cannot generate 10001", ExitCode.USAGE):
        generate(run.path, "tea", 10_001, 1, 1, str(tmp_path / "no-port"))
    assert len(generate(run.path, "tea", 10_001, 1, 1).text) == 10_001


def test_the_figure_beside_a_text_is_of_the_network_that_wrote_it(run: RunFolder) -> None:
    written = generate(run.path, "tea", 1, 1, 1)
    assert written.int8
    assert written.bits_per_character == pytest.approx(INT8_LOSS / math.log(2))


Draw = Callable[[list[int], float, float, int, int], list[int]]
DRAWS = 40_000
# The chi-square that chance passes once in a million times, by degrees of freedom (Wilson and
# Hilferty, PNAS 17, 1931).
NORMAL_OF_A_MILLIONTH = 4.7534


class State(ctypes.Structure):
    """sampler_t."""

    _fields_ = (("state", ctypes.c_uint64), ("halvings_a_step", ctypes.c_uint64))


@pytest.fixture(scope="module")
def draw(toy_writer: Twin) -> Draw:
    """So many draws at a scale of the logits and a temperature, from a seed on."""
    library = toy_writer.library
    library.sampler_draw.restype = ctypes.c_uint16

    def call(logits: list[int], scale: float, temperature: float, seed: int, count: int):
        state, given = State(), np.array(logits, np.int8)
        weights = np.empty(len(logits), np.uint32)
        temperature_e4 = round(temperature * 10_000)
        library.sampler_begin(
            ctypes.byref(state), logit_step(scale), temperature_e4, ctypes.c_uint32(seed)
        )
        asked = (ctypes.byref(state), pointer(given), len(logits), pointer(weights))
        return [library.sampler_draw(*asked) for _ in range(count)]

    return call


@settings(max_examples=300, deadline=None)
@given(
    st.lists(st.integers(-128, 127), min_size=1, max_size=256),
    st.floats(1e-6, 100),
    st.integers(0, 50_000),
    st.integers(0, 2**32 - 1),
)
def test_draws_are_those_of_the_integers(draw, logits, scale, temperature_e4, seed):
    sampler = Sampler(logit_step(scale), temperature_e4, seed)
    found = draw(logits, scale, temperature_e4 / 10_000, seed, 5)
    assert found == [sampler.draw(logits) for _ in range(5)]


def softmax(logits: list[int], scale: float, temperature: float) -> np.ndarray:
    real = np.array(logits) * scale / temperature
    shares = np.exp(real - real.max())
    return shares / shares.sum()


@pytest.mark.parametrize("temperature", [0.2, 0.5, 1.0, 2.0, 5.0])
def test_how_often_each_is_drawn_follows_softmax(draw, temperature):
    noise = np.random.default_rng(7)
    for seed, count in enumerate((2, 10, 65), start=1):
        logits = noise.integers(-128, 128, count).tolist()
        expected = DRAWS * softmax(logits, 0.05, temperature)
        drawn = np.bincount(draw(logits, 0.05, temperature, seed, DRAWS), minlength=count)
        often = expected >= 5
        cells = np.append(expected[often], expected[~often].sum())
        found = np.append(drawn[often], drawn[~often].sum())
        chi_square = ((found - cells) ** 2 / np.maximum(cells, 1)).sum()
        freedom = max(len(cells) - 1, 1)
        part = 2 / (9 * freedom)
        limit = freedom * (1 - part + NORMAL_OF_A_MILLIONTH * part**0.5) ** 3
        assert chi_square < limit


@settings(max_examples=100, deadline=None)
@given(st.lists(st.integers(-128, 127), min_size=1, max_size=100), st.floats(0.001, 1))
def test_at_the_lowest_temperature_and_at_none_the_first_of_the_largest_is_drawn(
    draw, logits, scale
):
    largest = logits.index(max(logits))
    assert set(draw(logits, scale, 0.0, 3, 5)) == {largest}
    if scale >= 0.002:  # else a step of the logits is not yet nothing
        assert set(draw(logits, scale, 1e-4, 3, 5)) == {largest}


def test_at_the_highest_temperature_all_are_drawn_nearly_alike(draw):
    logits = np.linspace(-20, 20, 50).astype(int).tolist()
    drawn = np.bincount(draw(logits, 0.05, 5.0, 9, DRAWS), minlength=50)
    assert drawn.min() > 0.7 * DRAWS / 50
    assert drawn.max() < 1.4 * DRAWS / 50


def test_seeds_draw_differently_and_the_same_seed_alike(draw):
    runs = [tuple(draw([0] * 10, 0.05, 1.0, seed, 100)) for seed in (0, 1, 2, 2**32 - 1, 1)]
    assert len(set(runs)) == 4
    assert runs[1] == runs[4]
