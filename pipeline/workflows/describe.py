"""`gesture caption` and `gesture ask`: a recording, or features, in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from pipeline.config.caption_settings import CaptionConfig
from pipeline.config.file import load_section
from pipeline.core.artifacts import Float32
from pipeline.core.contract import Contract
from pipeline.core.errors import PipelineError, UsageError
from pipeline.core.subwords import load_vocabulary
from pipeline.core.tokens import padded
from pipeline.datasets.bout_words import as_sentence
from pipeline.datasets.bouts import as_bout
from pipeline.datasets.captions import at_the_end
from pipeline.datasets.feature_files import read_features
from pipeline.datasets.recordings import load_recording
from pipeline.training.encoder_decoder import Translator
from pipeline.training.run_files import load_network
from pipeline.training.training_data import scale
from pipeline.workflows.runs import contract_for, open_run


@dataclass(frozen=True)
class Caption:
    """What a network wrote about a file.

    Args:
        read_s: how much of it was read: its last seconds; 0 of features, which have no time.
        left_out_s: what came before.
    """

    file: Path
    text: str
    read_s: float
    left_out_s: float


def caption(path: Path, files: Sequence[Path], beam: int | None = None) -> list[Caption]:
    """Describe files: recordings, or `.npy` features where the run was trained with such.

    Args:
        path: the run.
        files: what is described.
        beam: width of the beam search; None for that of the config.

    Raises:
        PipelineError: a file does not fit the run.
    """
    run = open_run(path)
    contract = contract_for(run, "caption", "caption")
    assert contract.vocabulary is not None  # every caption run has one
    vocabulary = load_vocabulary(run.vocabulary_file, contract.vocabulary)
    config = load_section(run.require(run.config_file, "train"), CaptionConfig)
    sources = [source_of(file, contract) for file in files]
    translator = Translator(load_network(run.require(run.keras_file, "train")), config.model)
    captions = []
    for file, source in zip(files, sources, strict=True):
        (words,) = translator.translate(source.inputs, beam or config.decoding.beam)
        text = vocabulary.decode(words)
        text = as_sentence(text) if contract.rate_hz else text
        captions.append(Caption(file, text, source.read_s, source.left_out_s))
    return captions


@dataclass(frozen=True)
class Answer:
    """The answer to a question about a recording; read_s and left_out_s as of a Caption.

    Args:
        probability: of this answer, 0 to 1.
        unknown: words of the question that the network does not know.
    """

    file: Path
    question: str
    answer: str
    probability: float
    unknown: tuple[str, ...]
    read_s: float
    left_out_s: float


def ask(path: Path, file: Path, question: str) -> Answer:
    """Answer a question about a recording.

    Args:
        path: the run.
        file: the recording.
        question: in words.

    Raises:
        PipelineError: the recording does not fit the run, or the question has no words or too many.
    """
    run = open_run(path)
    contract = contract_for(run, "question", "ask")
    assert contract.vocabulary is not None  # every question run has one
    vocabulary = load_vocabulary(run.vocabulary_file, contract.vocabulary)
    network = load_network(run.require(run.keras_file, "train"))
    words, longest = vocabulary.encode(question), network.inputs[1].shape[2]
    _require_words(question, len(words), longest)
    source = source_of(file, contract)
    tokens = padded([words], longest, "post", "post")[None]  # of one question about one bout
    probabilities = network.predict_on_batch((source.inputs, tokens))[0, 0]
    likeliest = int(np.argmax(probabilities))
    return Answer(
        file,
        question,
        contract.labels[likeliest],
        float(probabilities[likeliest]),
        tuple(vocabulary.unseen(question)),
        source.read_s,
        source.left_out_s,
    )


def _require_words(question: str, count: int, longest: int) -> None:
    if not count:
        raise UsageError(
            f"There is no question in {question!r}.", "it has no words", "ask: which came first?"
        )
    if count > longest:
        raise UsageError(
            f"The question has {count} words; the network reads {longest}.",
            "the longest question of its training has as many",
            'ask one of those that `gesture ask --help` lists, such as "which came first?"',
        )


@dataclass(frozen=True)
class MotionSource:
    """What a network is given of a file.

    Args:
        inputs: float32 [1, T, channels], scaled.
        read_s: seconds of the recording in them.
        left_out_s: seconds before them.
    """

    inputs: Float32
    read_s: float
    left_out_s: float


def source_of(file: Path, contract: Contract) -> MotionSource:
    """Read a file for a run: the last seconds of a recording, or features."""
    length, rate_hz = contract.window, contract.rate_hz
    if not rate_hz:
        features = read_features(file)
        _require_width(file, features, contract)
        return MotionSource(scale(at_the_end(features, length)[None], contract.scaling), 0, 0)
    recording = load_recording(file)
    names = [channel.name for channel in contract.channels]
    samples = as_bout(recording, names, rate_hz, length)
    read_s = min(recording.seconds, length / rate_hz)
    inputs = scale(samples[None], contract.scaling)
    return MotionSource(inputs, round(read_s, 3), round(recording.seconds - read_s, 3))


def _require_width(file: Path, features: Float32, contract: Contract) -> None:
    width = len(contract.channels)
    if features.shape[1] != width:
        raise PipelineError(
            f"{file} has {features.shape[1]} features, and the run was trained with {width}.",
            "they are possibly of another network",
            "compute them as those of the training were computed",
        )
