"""Models of text whose answers can be worked out by hand, as `gesture convert` would leave them,
and what the firmware makes of text, written from its definition."""

from __future__ import annotations

import math
import shutil
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from pipeline.conversion.contract_source import contract_source
from pipeline.conversion.text_source import TextTable, text_source
from pipeline.core.artifacts import Int8, Int32
from pipeline.core.contract import (
    Channel,
    Contract,
    Encoder,
    Hashes,
    Level,
    Quantization,
    Samples,
    Scaling,
    VocabularyFacts,
)
from pipeline.core.files import save_text_files
from pipeline.core.words import WITHOUT_SPACES, separators, small_letter

FIXTURES = Path(__file__).parent / "fixtures"
CHANNELS = 3
End = Literal["pre", "post"]

ALPHABET = ("e", " ", "t", "a", "\n", '"', "\\", "é", "€", "🙂", "\t", "?", "Z", "\x7f")
LATIN = ("the", "a", "film", "it's", "10", "filmed", "fil", "'", "good", "bad", "x" * 64, "zz")
WORDS = (*LATIN, "été", "œuvre", "straße", "οδοσ", "да", "ж" * 32, "東", "京", "नमस्ते", "ไ", "𐐨𐐪")
LOGIT_SCALE = 0.07
SCORES = Quantization(
    input_scale=1 / 64, input_zero_point=0, output_scale=1 / 256, output_zero_point=-128
)
LOGITS = SCORES.model_copy(update={"output_scale": LOGIT_SCALE, "output_zero_point": 5})
CONTEXT = SCORES.model_copy(update={"output_scale": 1 / 128, "output_zero_point": -3})


def contract_of(
    task: Literal["sentiment", "generation"],
    size: int,
    window: int,
    padding: End = "pre",
    truncating: End = "pre",
) -> Contract:
    generates = task == "generation"
    facts = VocabularyFacts(
        level="characters" if generates else "words",
        letters=None if generates else "unicode",
        size=size,
        padding=padding,
        truncating=truncating,
        sha256="3" * 64,
    )
    return Contract(
        task=task,
        channels=tuple(Channel(name=f"e{index}", unit="") for index in range(CHANNELS)),
        rate_hz=0,
        window=window,
        hop=1 if generates else window,
        mode="streaming" if generates else "window",
        streaming=generates,
        labels=() if generates else ("negative", "positive"),
        scaling=Scaling(mean=(0.0,) * CHANNELS, std=(1.0,) * CHANNELS),
        vocabulary=facts,
        quantization=LOGITS if generates else SCORES,
        hashes=Hashes(data="0" * 64, config="1" * 64, model="2" * 64),
    )


@dataclass(frozen=True)
class Toy:
    """A contract, its table, and the folder of its network."""

    contract: Contract
    table: TextTable
    network: Path

    def write_sources(self, folder: Path) -> Path:
        folder.mkdir(parents=True, exist_ok=True)
        networks = [self.network, *([FIXTURES / "toy_encoder"] if self.contract.encoder else [])]
        for file in (file for network in networks for file in network.iterdir()):
            shutil.copy(file, folder)
        texts = {**contract_source(self.contract, 0), **text_source(self.contract, self.table)}
        save_text_files(folder, texts)
        return folder


def _table(entries: tuple[str, ...]) -> TextTable:
    rows = np.random.default_rng(5).integers(-3, 4, (len(entries) + 2, CHANNELS))
    return TextTable(entries, rows.astype(np.int8))


def classifier(window: int = 4, padding: End = "pre", truncating: End = "pre") -> Toy:
    table = _table(WORDS)
    contract = contract_of("sentiment", len(WORDS) + 2, window, padding, truncating)
    return Toy(contract, table, FIXTURES / "toy_classifier")


def writer(entries: tuple[str, ...] = ALPHABET) -> Toy:
    contract = contract_of("generation", len(entries) + 2, 6)
    return Toy(contract, _table(entries), FIXTURES / "toy_writer")


READING, FEATURES = 2, 4  # channels of the toy's encoder, and of its context


def translator(level: Level, window: int = 9) -> Toy:
    """Its rows have CHANNELS values, its encoder's READING."""
    entries = WORDS if level == "words" else ALPHABET
    size = len(entries) + 2
    made = contract_of("generation", size, window)
    assert made.vocabulary is not None
    letters = "unicode" if level == "words" else None
    changes = {
        "task": "translation",
        "channels": tuple(
            Channel(name=f"e{index}", unit="") for index in range(CHANNELS + FEATURES)
        ),
        "scaling": Scaling(mean=(0.0,) * (CHANNELS + FEATURES), std=(1.0,) * (CHANNELS + FEATURES)),
        "vocabulary": made.vocabulary.model_copy(update={"level": level, "letters": letters}),
        "encoder": Encoder(
            channels=READING, features=FEATURES, quantization=CONTEXT, sha256="4" * 64
        ),
    }
    rows = np.random.default_rng(6).integers(-3, 4, (size, READING)).astype(np.int8)
    table = TextTable(entries, _table(entries).embedding, rows)
    return Toy(made.model_copy(update=changes), table, FIXTURES / "toy_writer")


RATE_HZ, WINDOW, FEED = 119.0, 12, 4  # of the samples that a toy describes


def describer() -> Toy:
    """As `translator`; its encoder reads the first four axes, FEED samples at a time."""
    toy = translator("words")
    assert toy.contract.encoder is not None
    axes = ("ax", "ay", "az", "gx")
    samples = Samples(
        channels=tuple(Channel(name=name, unit="g") for name in axes),
        rate_hz=RATE_HZ,
        window=WINDOW,
        scaling=Scaling(mean=MEAN, std=(1.0,) * len(axes)),
    )
    encoder = toy.contract.encoder.model_copy(
        update={"channels": len(axes), "samples": samples, "feed": FEED}
    )
    contract = toy.contract.model_copy(update={"task": "caption", "encoder": encoder})
    return Toy(contract, TextTable(toy.table.entries, toy.table.embedding), toy.network)


MEAN = (0.0, 0.125, -0.25, 1.0)


def tokens_of(text: str, toy: Toy) -> list[int]:
    facts = toy.contract.vocabulary
    assert facts is not None
    text = unicodedata.normalize("NFC", text)
    found = list(text) if facts.level == "characters" else list(_words(text))
    numbers = {entry: number for number, entry in enumerate(toy.table.entries, start=2)}
    return [numbers.get(token, 1) for token in found]


def _words(text: str) -> Iterator[str]:
    """A letter at a time: letters, marks and digits are of words, in some scripts are one."""
    word = ""
    for letter in map(small_letter, text):
        if _is_alone(letter) or not _is_of_word(letter):
            yield from filter(None, (word, letter if _is_alone(letter) else ""))
            word = ""
        else:
            word += letter
    yield from filter(None, (word,))


def _is_alone(letter: str) -> bool:
    return any(first <= ord(letter) <= last for first, last in WITHOUT_SPACES)


def _is_of_word(letter: str) -> bool:
    if letter.isascii():
        return letter.isalnum() or letter == "'"
    if ord(letter) > 0xFFFF:
        return not 0x1F000 <= ord(letter) < 0x20000 and ord(letter) < 0xE0000
    kind = unicodedata.category(letter)
    if kind in ("Cn", "Co"):  # unknown ones are as what is around them
        return not any(first <= ord(letter) <= last for first, last in separators())
    return kind[0] in "LMN" and not 0xFE00 <= ord(letter) <= 0xFE0F


def window_of(tokens: list[int], toy: Toy) -> list[int]:
    """Padded, or cut, to the contract's window."""
    facts, length = toy.contract.vocabulary, toy.contract.window
    assert facts is not None
    kept = tokens[-length:] if facts.truncating == "pre" else tokens[:length]
    padding = [0] * (length - len(kept))
    return padding + kept if facts.padding == "pre" else kept + padding


def classified(text: str, toy: Toy) -> list[int]:
    """The two outputs of toy_classifier."""
    first = toy.table.embedding[window_of(tokens_of(text, toy), toy), 0].astype(int)
    total = int(np.clip((first * np.arange(1, len(first) + 1)).sum(), -128, 127))
    return [total, -1 - total]


class ToyNetwork:
    """toy_writer's network."""

    def __init__(self, outputs: int) -> None:
        self.state, self._outputs = 0, outputs

    def step(self, row: Int8) -> list[int]:
        for value in row.tolist():
            self.state = (self.state * 31 + (value & 0xFF)) % 2**32
        bytes_ = [self.state * (2 * k + 1) % 2**32 >> 24 for k in range(self._outputs)]
        return [byte - 256 if byte > 127 else byte for byte in bytes_]


def context_of(text: str, toy: Toy) -> Int8:
    """What a text becomes for the toy that writes."""
    assert toy.table.encoder is not None
    return _context_after(toy.table.encoder[token] for token in tokens_of(text, toy))


def context_of_samples(thousandths: Int32) -> Int8:
    """What samples int32 [n, 6] become; before the first one, the hand held still."""
    read = np.vstack([np.repeat(thousandths[:1], WINDOW, axis=0), thousandths])[-WINDOW:, :4]
    inputs = np.floor((read / 1000 - MEAN) / CONTEXT.input_scale + 0.5)
    feeds = np.clip(inputs, -128, 127).astype(np.int8).reshape(WINDOW // FEED, -1)
    return _context_after(feeds)


def _context_after(feeds: Iterable[Int8]) -> Int8:
    """The nearest input, of two the greater one."""
    encoder = ToyNetwork(FEATURES)
    for feed in feeds:
        features = np.array(encoder.step(feed))
    real = (features - CONTEXT.output_zero_point) * CONTEXT.output_scale
    return np.clip(np.floor(real / LOGITS.input_scale + 0.5), -128, 127).astype(np.int8)


def translated(text: str, toy: Toy, temperature_e4: int, seed: int) -> list[int]:
    """The tokens of a translation."""
    return written_about(context_of(text, toy), toy, temperature_e4, seed)


def written_about(context: Int8, toy: Toy, temperature_e4: int, seed: int) -> list[int]:
    """The tokens that a toy writes with this context."""
    network = ToyNetwork(len(toy.table.entries) + 2)
    sampler = Sampler(logit_step(LOGIT_SCALE), temperature_e4, seed)
    written = [0]
    while len(written) <= toy.contract.window:
        row = np.concatenate((toy.table.embedding[written[-1]], context))
        end, _, *others = network.step(row)
        place = sampler.draw([end, *others])
        if place == 0:
            break
        written.append(place + 1)
    return written[1:]


class Sampler:
    """firmware/lib/sampler in Python's integers."""

    def __init__(self, step: int, temperature_e4: int, seed: int) -> None:
        self.halvings_a_step = 26 << 24
        if temperature_e4 > 0:
            self.halvings_a_step = (step * 10_000 + temperature_e4 // 2) // temperature_e4
        self.state = 0
        self.random()
        self.state = (self.state + seed) % 2**64
        self.random()

    def random(self) -> int:
        state = self.state
        self.state = (state * 6364136223846793005 + 1442695040888963407) % 2**64
        mixed, turn = ((state >> 18 ^ state) >> 27) % 2**32, state >> 59
        return (mixed >> turn | mixed << (-turn & 31)) % 2**32

    def weight(self, distance: int) -> int:
        whole, fraction = divmod(distance * self.halvings_a_step, 1 << 24)
        if whole > 24:
            return 0
        y, series = fraction * 744261118 >> 24, 1 << 30
        for term in range(10, 0, -1):
            series = (1 << 30) - (y * series >> 30) // term
        shift = 6 + whole
        return series + (1 << shift - 1) >> shift

    def draw(self, logits: list[int]) -> int:
        largest = max(logits)
        if self.weight(1) == 0:
            return logits.index(largest)
        weights = [self.weight(largest - logit) for logit in logits]
        left = self.random() * sum(weights) >> 32
        for place, weight in enumerate(weights):
            if left < weight:
                return place
            left -= weight
        raise AssertionError("more was drawn than there is")


def logit_step(scale: float) -> int:
    return round(scale * math.log2(math.e) * 2**24)
