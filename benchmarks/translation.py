"""Encoders and decoders: `python -m benchmarks.translation [PART ...]`, all where none.

dates: what configs/translation_dates.yaml makes of dates that it never saw, and that a board, the
twin and the reference agree on each token. multi30k: BLEU on English captions in German; an hour.
Runs are kept in build/sequence.
"""

from __future__ import annotations

import time
from collections.abc import Sequence

import numpy as np

from benchmarks.datasets import RECORDINGS, dataset, trained
from benchmarks.results_file import Row, record_parts, row
from benchmarks.sequence import FOLDER
from pipeline.boards.supervisor import start
from pipeline.capture.client import BoardClient
from pipeline.capture.ports import open_port
from pipeline.capture.requests import translate_text
from pipeline.conversion.oracle import SteppedReference
from pipeline.core.artifacts import Int8, Int32
from pipeline.core.contract import Contract
from pipeline.core.costs import NetworkCost, cycles_of_instructions, seconds_of_cycles
from pipeline.core.pairs import Pair, before
from pipeline.core.run_folder import RunFolder
from pipeline.core.tokens import UNKNOWN, Vocabulary
from pipeline.datasets.dates import FIRST, LANGUAGES, LAST, date_pairs
from pipeline.training.translation_metrics import score_translations
from pipeline.twin.text_twin import TextTwin
from pipeline.workflows import convert, deploy
from pipeline.workflows.generated import (
    compiled,
    load_table,
    reference_contexts,
    run_twin,
)
from pipeline.workflows.run_facts import load_metrics, load_windows

COMMAND = "python -m benchmarks.translation"
# A relative of each family in training: Germanic, North Germanic, Romance, Slavic.
OTHER_LANGUAGES = ("af", "nb", "gl", "sk")
ANSWERS, OF_OTHER_LANGUAGES = 10_000, 2_000
SEED = 11  # of the texts that are asked


def main() -> None:
    record_parts("sequence", {"dates": dates, "multi30k": multi30k})


def dates() -> list[Row]:
    """Dates that were held out, on the twin, by the reference, and on the virtual board."""
    settings = [f"data.path={dataset('dates')}"]
    run = trained("translation_dates", settings, FOLDER / "translation_dates")
    if run.contract().quantization is None:
        convert.convert(run.path, None, print)
    twin = TextTwin(run_twin(run))
    test = [Pair(*texts) for texts in load_windows(run, {"test_texts"})["test_texts"].tolist()]
    command = f"{COMMAND} dates"
    return [
        _exact(run, twin, test, command),
        _exact_of_other_languages(twin, command),
        *_on_a_board(run, twin, [pair.source for pair in test], command),
        _time(run, test, twin, command),
    ]


def _exact(run: RunFolder, twin: TextTwin, test: Sequence[Pair], command: str) -> Row:
    share = score_translations(test, _translated(twin, test)).exact
    exact = load_metrics(run)["exact_match"]
    note = f"int8; float {exact:.4f}; {len(test):,} texts in {len(LANGUAGES)} languages, of days "
    return row(
        "dates exact match", round(share, 4), "", command, f"{note}not trained on", ">= 0.98"
    )


def _translated(twin: TextTwin, pairs: Sequence[Pair]) -> list[str]:
    return [twin.translate(pair.source, 0.0, 1) for pair in pairs]


def _exact_of_other_languages(twin: TextTwin, command: str) -> Row:
    random = np.random.default_rng(SEED)
    days = random.integers(0, (LAST - FIRST).days, OF_OTHER_LANGUAGES).tolist()
    pairs = list(date_pairs(OTHER_LANGUAGES, days, random))
    score = score_translations(pairs, _translated(twin, pairs))
    note = f"{', '.join(OTHER_LANGUAGES)}: languages that no training text is in; int8"
    name = "dates exact match on languages held out"
    return row(name, round(score.exact, 4), "", command, note, ">= 0.98")


def _on_a_board(run: RunFolder, twin: TextTwin, texts: Sequence[str], command: str) -> list[Row]:
    """The flash of the firmware, and how many tokens differ in ANSWERS of them."""
    image = deploy.build_only("virtual", run.path)
    asked = [texts[at % len(texts)] for at in range(ANSWERS)]
    by_twin = [twin.translate(text, 0.0, 1) for text in asked]
    with start("virtual", image.path, fast=True) as running, open_port(running.port) as port:
        board = BoardClient(port)
        board.wait_ready()
        by_board = [translate_text(board, text, 0.0, 1) for text in asked]
    differing = sum(map(differences, by_board, by_twin))
    different = sorted(set(asked))
    rows = load_table(run, run.contract()).encoder
    assert rows is not None  # of a translation
    inputs = [rows[twin.tokens(text)] for text in different]
    answers = [twin.translate(text, 0.0, 1) for text in different]
    differing += unlike_reference(run, inputs, answers)
    note = f"{ANSWERS:,} answers of QEMU and of the twin, and each token of the twin's as the "
    return [
        row(
            "dates unequal tokens",
            differing,
            "tokens",
            command,
            f"{note}likeliest by the integers that define the cells",
            "== 0",
        ),
        row(
            "dates flash",
            image.flash_bytes,
            "B",
            command,
            "the whole firmware of the virtual board, with both networks and the vocabulary",
            "< 200000",
        ),
    ]


def differences(one: str, other: str) -> int:
    """Characters of two texts that differ."""
    length = max(len(one), len(other))
    pairs = zip(one.ljust(length, "\0"), other.ljust(length, "\0"), strict=True)
    return sum(first != second for first, second in pairs)


def unlike_reference(run: RunFolder, inputs: Sequence[Int8], answers: Sequence[str]) -> int:
    """Tokens of answers that are not the likeliest ones of the reference after those before.

    inputs: what the encoder reads for each answer, int8 [n, channels].
    """
    contract = run.contract()
    log = run.build / "reference.log"
    table = load_table(run, contract)
    contexts = reference_contexts(contract, run.encoder_file, inputs, log)
    written = _tokens(run, contract, answers)
    step = run.flatbuffer_file.read_bytes()
    network = compiled(step, contract)
    assert network.recurrence is not None  # a decoder has cells
    reference = SteppedReference.of(step, network.recurrence, log)
    steps = np.repeat(contexts[:, None], written.shape[1], axis=1)
    rows = np.concatenate([table.embedding[before(written)], steps], axis=2)
    logits = reference.scores(rows, 1).astype(np.int16)
    logits[:, :, UNKNOWN] = -999
    begun = np.cumsum(before(written) == 0, axis=1) == 1  # with the end after the last token
    unlike = (logits.argmax(axis=2) != written) & begun
    return int(unlike.sum())


def _tokens(run: RunFolder, contract: Contract, texts: Sequence[str]) -> Int32:
    """int32 [n, T], with the end after each text."""
    assert contract.vocabulary is not None  # it writes words of one
    vocabulary = Vocabulary.load(run.vocabulary_file, contract.vocabulary.sha256)
    rows = np.zeros((len(texts), contract.window), np.int32)
    for line, text in zip(rows, texts, strict=True):
        numbers = vocabulary.encode(text)
        line[: len(numbers)] = numbers
    return rows


def _time(run: RunFolder, test: Sequence[Pair], twin: TextTwin, command: str) -> Row:
    """The longest answer, by the slowest of what the chip may need for an instruction."""
    cost = NetworkCost.load(run.cost_file)
    read = max(len(twin.tokens(pair.source)) for pair in test)
    written = run.contract().window
    instructions = read * cost.encoder_instructions + written * cost.instructions
    bounds = seconds_of_cycles(cycles_of_instructions(instructions))
    note = f"{read} tokens read and {written} written, {instructions:,} instructions estimated at "
    return row(
        "dates longest answer",
        round(bounds.upper, 3),
        "s",
        command,
        f"{note}conversion; {bounds.lower:.3f} s at best, on an nRF52840",
        "<= 1",
    )


def multi30k() -> list[Row]:
    """BLEU on test_2016_flickr of configs/translation_multi30k.yaml."""
    settings = [f"data.path={RECORDINGS / 'text' / 'multi30k'}"]
    started = time.monotonic()
    run = trained("translation_multi30k", settings, FOLDER / "translation_multi30k")
    minutes = (time.monotonic() - started) / 60
    metrics = load_metrics(run)
    note = (
        f"English to German, test_2016_flickr, sacrebleu with case and signs, beam 5; "
        f"{len(metrics['epochs'])} epochs; {minutes:.0f} minutes on one thread"
    )
    bleu = round(metrics["bleu"], 1)
    return [row("multi30k BLEU", bleu, "", f"{COMMAND} multi30k", note, ">= 30")]


if __name__ == "__main__":
    main()
