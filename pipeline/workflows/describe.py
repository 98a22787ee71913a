"""`gesture caption` and `gesture ask`: a recording, features or a board's samples, in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from pipeline.capture.client import BoardClient
from pipeline.capture.requests import describe_last, describe_recording
from pipeline.config.caption_settings import CaptionConfig
from pipeline.config.file import load_section
from pipeline.core.artifacts import Float32, Int32, Recording
from pipeline.core.contract import Contract
from pipeline.core.errors import PipelineError, UsageError
from pipeline.core.run_folder import RunFolder
from pipeline.core.subwords import Subwords, load_vocabulary
from pipeline.core.tokens import Vocabulary, padded
from pipeline.datasets.bout_words import all_questions, as_sentence
from pipeline.datasets.bouts import as_bout, as_heard
from pipeline.datasets.captions import at_the_end
from pipeline.datasets.feature_files import read_features
from pipeline.datasets.recordings import load_recording
from pipeline.datasets.resampling import has_rate
from pipeline.training.encoder_decoder import Translator
from pipeline.training.run_files import load_network
from pipeline.training.training_data import scale
from pipeline.twin.text_twin import TextTwin
from pipeline.workflows.boards import board_that_runs
from pipeline.workflows.generated import run_twin
from pipeline.workflows.runs import contract_for, open_run


@dataclass(frozen=True)
class Caption:
    """What a network wrote about a file, or a board about what it has heard itself.

    Args:
        file: None of a board's own samples.
        read_s: how much of it was read: its last seconds; 0 of features, which have no time.
        left_out_s: what came before.
        int8: whether the compiled C wrote it.
        note: that its rate is too low, for people; empty where it is not.
    """

    file: Path | None
    text: str
    read_s: float
    left_out_s: float
    int8: bool
    note: str = ""


def caption(
    path: Path, files: Sequence[Path], beam: int | None = None, port: str | None = None
) -> list[Caption]:
    """Describe files: recordings, or `.npy` features where the run was trained with such.

    A converted run answers with the board's own C, unless a beam is asked for: that needs the
    probabilities of the float network.

    Args:
        path: the run.
        files: what is described; none for what a board has heard last.
        beam: width of the beam search; None for that of the config.
        port: of a board with this run; None for this computer.

    Raises:
        PipelineError: a file does not fit the run, or the board has no sample.
    """
    run = open_run(path)
    contract = contract_for(run, "caption", "caption")
    _check(files, beam, port)
    sources = [source_of(file, contract) for file in files]
    if port is not None:
        with board_that_runs(run, port) as board:
            if not files:
                return [_of_last(board, contract)]
            written = [describe_recording(board, source.heard, 0.0, SEED) for source in sources]
    elif contract.quantization is not None and beam is None:
        twin = TextTwin(run_twin(run))
        written = [twin.describe(source.heard, 0.0, SEED) for source in sources]
    else:
        written = _by_float_network(run, contract, sources, beam)
    int8 = port is not None or (contract.quantization is not None and beam is None)
    return [
        Caption(
            file, _sentence(text, contract), source.read_s, source.left_out_s, int8, source.note
        )
        for file, text, source in zip(files, written, sources, strict=True)
    ]


SEED = 1  # of what is drawn: nothing, the likeliest word is taken each time


def _check(files: Sequence[Path], beam: int | None, port: str | None) -> None:
    if port is None and not files:
        raise UsageError(
            "There is nothing to describe.",
            "no file is named, and no board",
            "name a recording; or ask a board about its last seconds: `--port auto`",
        )
    if port is not None and beam is not None:
        raise UsageError(
            "A board cannot search with a beam.",
            "it takes one word at a time, and does not go back",
            "leave --beam out, or leave --port out to describe on this computer",
        )


def _of_last(board: BoardClient, contract: Contract) -> Caption:
    text, samples = describe_last(board, 0.0, SEED)
    read_s = round(samples / contract.samples.rate_hz, 3)
    return Caption(None, _sentence(text, contract), read_s, 0.0, int8=True)


def _by_float_network(
    run: RunFolder, contract: Contract, sources: Sequence[MotionSource], beam: int | None
) -> list[str]:
    assert contract.vocabulary is not None  # every caption run has one
    vocabulary = load_vocabulary(run.vocabulary_file, contract.vocabulary)
    config = load_section(run.require(run.config_file, "train"), CaptionConfig)
    translator = Translator(load_network(run.require(run.keras_file, "train")), config.model)
    written = (
        translator.translate(source.inputs, beam or config.decoding.beam)[0] for source in sources
    )
    return [vocabulary.decode(words) for words in written]


def _sentence(text: str, contract: Contract) -> str:
    return as_sentence(text) if contract.samples.rate_hz else text


@dataclass(frozen=True)
class Answer:
    """The answer to a question about a recording; read_s, left_out_s and note as of a Caption.

    Args:
        probability: of this answer, 0 to 1.
        unknown: words of the question that the network does not know.
        trained: whether training asked this question; the answer to another one is a guess.
    """

    file: Path
    question: str
    answer: str
    probability: float
    unknown: tuple[str, ...]
    trained: bool
    read_s: float
    left_out_s: float
    note: str


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
        _is_trained(words, vocabulary, contract.labels),
        source.read_s,
        source.left_out_s,
        source.note,
    )


def _is_trained(words: Int32, vocabulary: Vocabulary | Subwords, answers: Sequence[str]) -> bool:
    """Whether these are the words of a question of the training; labels are among the answers."""
    asked = (text for text in all_questions(answers) if not vocabulary.unseen(text))
    return any(np.array_equal(vocabulary.encode(text), words) for text in asked)


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
        bout: the same as a board's sensor would give it; None of features.
        note: as of a Caption.
    """

    inputs: Float32
    read_s: float
    left_out_s: float
    bout: Recording | None = None
    note: str = ""

    @property
    def heard(self) -> Recording:
        """The bout, for a board or its C: only a run of motion can be converted."""
        assert self.bout is not None
        return self.bout


def source_of(file: Path, contract: Contract) -> MotionSource:
    """Read a file for a run: the last seconds of a recording, or features."""
    read = contract.samples
    length, rate_hz = read.window, read.rate_hz
    if not rate_hz:
        features = read_features(file)
        _require_width(file, features, len(read.channels))
        return MotionSource(scale(at_the_end(features, length)[None], read.scaling), 0, 0)
    recording = load_recording(file)
    samples = as_bout(recording, [channel.name for channel in read.channels], rate_hz, length)
    read_s = min(recording.seconds, length / rate_hz)
    return MotionSource(
        scale(samples[None], read.scaling),
        round(read_s, 3),
        round(recording.seconds - read_s, 3),
        as_heard(samples, rate_hz),
        _about_rate(recording, rate_hz),
    )


def _about_rate(recording: Recording, rate_hz: float) -> str:
    if has_rate(recording, rate_hz) or recording.rate_hz > rate_hz:
        return ""
    has, reads = f"{recording.rate_hz:g} Hz", f"{rate_hz:g} Hz"
    return f"the recording has {has} and the network reads {reads}: fast motion is missing"


def _require_width(file: Path, features: Float32, width: int) -> None:
    if features.shape[1] != width:
        raise PipelineError(
            f"{file} has {features.shape[1]} features, and the run was trained with {width}.",
            "they are possibly of another network",
            "compute them as those of the training were computed",
        )
