"""Networks of text from a corpus to a board: they read and write there as the reference says."""

from __future__ import annotations

import json
import shutil
import time
from pathlib import Path

import numpy as np
import pytest

from pipeline.boards.supervisor import start
from pipeline.capture.client import BoardClient
from pipeline.capture.ports import open_port
from pipeline.capture.protocol import Sample
from pipeline.capture.requests import classify_text, write_text
from pipeline.conversion.oracle import SteppedReference
from pipeline.core.artifacts import Int8
from pipeline.core.costs import NetworkCost
from pipeline.core.errors import ExitCode
from pipeline.core.run_folder import RunFolder
from pipeline.core.tokens import Vocabulary
from pipeline.twin.library import Twin
from pipeline.twin.text_twin import TextTwin
from pipeline.workflows.generated import KNOWN, compiled, load_table, require_generated
from tests.cli.commands import gesture
from tests.noted import note_all
from tests.refusals import refuses
from tests.tiny_model import swings
from tests.toy_text import Sampler, logit_step

pytestmark = pytest.mark.xdist_group("texts")

GOOD, BAD = ("lovely film", "a joy, I loved it"), ("dull film", "it bored me, I hated it")
LONG = 10_000  # characters: long enough for some samples
LIMIT_S = 300.0
SONG = "The ant ate a tea.\nNo ant at ten — none!\n"


def converted(name: str, config: str, work: Path) -> RunFolder:
    folder = work / "runs" / name
    file = work / f"{name}.yaml"
    file.write_text(config)
    for words in (("train", file, "--run", folder), ("convert", folder)):
        gesture(*words, "--json", cwd=work)
    return RunFolder(folder)


@pytest.fixture(scope="module")
def writer(work: Path, host_compiler: None) -> RunFolder:
    (work / "song.txt").write_text(SONG * 20)
    config = (
        f"{{task: generation, data: {{path: {work / 'song.txt'}}}, fit: {{epochs: 3}}, "
        "text: {length: 25, embedding: 6}, model: {kind: gru, units: [14, 9]}}"
    )
    return converted("writer", config, work)


def rare_words(number: int) -> str:
    """Enough of them that the vocabulary takes more than the network."""
    return " ".join(f"{number}{letter}" for letter in "abcdefghijklmnopqrst")


@pytest.fixture(scope="module")
def classifier(work: Path, host_compiler: None) -> RunFolder:
    folder = work / "opinions"
    folder.mkdir()
    lines = [
        json.dumps({"label": label, "text": f"{rare_words(number)} {text}"})
        for number in range(30)
        for label, texts in enumerate((BAD, GOOD))
        for text in texts
    ]
    (folder / "train.jsonl").write_text("\n".join(lines))
    config = (
        f"{{task: sentiment, data: {{path: {folder}}}, fit: {{epochs: 3}}, "
        "text: {max_len: 9, embedding: 5}, model: {kind: gru, units: [11]}}"
    )
    return converted("classifier", config, work)


def twin_of(run: RunFolder) -> TextTwin:
    return TextTwin(Twin(run.sources, run.build))


def reference_of(run: RunFolder) -> SteppedReference:
    step = run.flatbuffer_file.read_bytes()
    network = compiled(step, run.contract())
    assert network.recurrence is not None
    return SteppedReference.of(step, network.recurrence, run.build / "reference.log")


def vocabulary_of(run: RunFolder) -> Vocabulary:
    facts = run.contract().vocabulary
    assert facts is not None
    return Vocabulary.load(run.vocabulary_file, facts.sha256)


def written_by_reference(run: RunFolder, text: str, temperature: float, seed: int) -> str:
    """What the integers of the cells and of the sampler make of the characters so far, each of
    which is taken from `text`: a network that has to write it gives itself away at once."""
    contract, vocabulary = run.contract(), vocabulary_of(run)
    assert contract.quantization is not None
    tokens = vocabulary.encode(text)
    rows: Int8 = load_table(run, contract).embedding[tokens]
    logits = reference_of(run).scores(rows[np.newaxis], 1)[0]
    sampler = Sampler(
        logit_step(contract.quantization.output_scale), round(temperature * 1e4), seed
    )
    drawn = [2 + sampler.draw(step[2:].tolist()) for step in logits]
    return vocabulary.decode(drawn)


@pytest.mark.parametrize("temperature", [0, 0.0001, 0.7, 5])
def test_the_twin_writes_what_the_reference_of_the_cells_and_the_sampler_does(writer, temperature):
    prompt, count, seed = "T", 120, 99
    text = twin_of(writer).generate(prompt, count, temperature, seed)
    assert len(text) == count
    assert written_by_reference(writer, prompt + text[:-1], temperature, seed) == text


def test_the_twin_classifies_as_the_reference_of_the_cells(classifier):
    contract, vocabulary = classifier.contract(), vocabulary_of(classifier)
    texts = [*GOOD, *BAD, "", "nothing that is known", " ".join([*GOOD, *BAD] * 5)]
    tokens = [vocabulary.encode(text)[-contract.window :] for text in texts]
    filled = np.stack([np.pad(one, (contract.window - len(one), 0)) for one in tokens])
    rows = load_table(classifier, contract).embedding[filled]
    expected = reference_of(classifier).scores(rows, contract.window)[:, 0]
    twin = twin_of(classifier)
    assert [twin.sentiment(text).tolist() for text in texts] == expected.tolist()


def test_the_firmwares_tokens_are_the_vocabularys(classifier, writer):
    for run, texts in (
        (classifier, (*GOOD, "IT'S Lovely\u00e9film", "")),
        (writer, (SONG, "xyz", "")),
    ):
        twin, vocabulary = twin_of(run), vocabulary_of(run)
        for text in texts:
            assert twin.tokens(text).tolist() == vocabulary.encode(text).tolist()


@pytest.mark.usefixtures("qemu")
def test_a_board_writes_what_the_twin_does_while_it_samples(writer, work):
    deployed = gesture("deploy", writer.path, "--board", "virtual", "--json", cwd=work)
    image = Path(json.loads(deployed.out)["image"]["path"])
    words = ("generate", writer.path, "--prompt", "T", "--length", "40", "--json")
    with start("virtual", image, swings(60), fast=False) as running:
        with open_port(running.port) as port:
            board = BoardClient(port)
            board.wait_ready()
            board.switch("stream", on=True)
            list(board.items(0))  # what came before
            texts, seqs = set[str](), list[int]()
            deadline = time.monotonic() + LIMIT_S
            while len(seqs) < 3 and time.monotonic() < deadline:  # until some came meanwhile
                texts.add(write_text(board, "\u2014 no", LONG, 0.8, 7))
                seqs += [item.seq for item in board.items(0) if isinstance(item, Sample)]
            board.switch("stream", on=False)
        by_board = gesture(*words, "--port", running.port, cwd=work)
    assert by_board.json == gesture(*words, cwd=work).json
    assert len(seqs) >= 3
    assert seqs == list(range(seqs[0], seqs[0] + len(seqs)))
    assert texts == {twin_of(writer).generate("\u2014 no", LONG, 0.8, 7)}


@pytest.mark.usefixtures("qemu")
def test_a_board_classifies_a_sentence_and_a_text_longer_than_a_line(classifier, writer, work):
    deployed = gesture("deploy", classifier.path, "--board", "virtual", "--json", cwd=work)
    image = Path(json.loads(deployed.out)["image"]["path"])
    texts = ["A joy! I loved it.", "dull\u2026", "", " ".join([*GOOD, "x" * 300, *BAD] * 20)]
    twin = twin_of(classifier)
    with start("virtual", image, fast=True) as running:
        with open_port(running.port) as port:
            board = BoardClient(port)
            board.wait_ready()
            for text in texts:
                found = classify_text(board, text, "words")
                assert found.tolist() == twin.sentiment(text).tolist()
        by_board, by_twin = (
            gesture("predict", classifier.path, *texts[:2], *where, "--json", cwd=work)
            for where in (("--port", running.port), ())
        )
        other = gesture(
            "generate",
            writer.path,
            "--prompt",
            "T",
            "--port",
            running.port,
            cwd=work,
            code=ExitCode.MISMATCH,
        )
    assert by_board.json == by_twin.json
    assert "gesture deploy RUN" in other.said


def test_a_damaged_run_is_reported(writer, tmp_path):
    run = tmp_path / "run"
    shutil.copytree(writer.path, run)
    for file, words in (("scores.npz", ("report",)), ("embedding.npz", ("verify",))):
        whole = (run / file).read_bytes()
        (run / file).write_bytes(whole[: len(whole) // 2])
        note_all(run)
        ended = gesture(*words, "run", cwd=tmp_path, code=ExitCode.MISMATCH)
        assert f"{file} cannot be read" in ended.said


def test_its_c_can_be_generated_again(classifier, tmp_path):
    """A stranger's run is taken at nobody's word; test_reproducing.py builds its image again."""
    stranger = RunFolder(shutil.copytree(classifier.path, tmp_path / "stranger"))
    require_generated(stranger)
    assert (stranger.build / KNOWN).is_file()
    with next(stranger.sources.glob("*.c")).open("a") as source:
        source.write("\n")
    with refuses(Path(source.name).name, ExitCode.MISMATCH):
        require_generated(stranger)


def test_a_vocabulary_without_room_is_refused_with_what_to_lower(classifier, work):
    cost = NetworkCost.load(classifier.cost_file)
    budget = work / "small.yaml"
    budget.write_text(f"flash_bytes: {cost.flash_bytes - cost.text_bytes}")  # the rest of it fits
    refused = gesture(
        "convert", classifier.path, "--budget", budget, cwd=work, code=ExitCode.FAILED
    )
    assert f"flash_bytes {cost.flash_bytes:,} of" in refused.said
    assert f"the vocabulary and its embedding take most: {cost.text_bytes:,} bytes" in refused.said
    assert "lower `text.max_words` or `text.embedding`" in refused.said
