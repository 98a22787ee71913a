"""`gesture predict`, `generate`, `forecast` and `replay`: a run on this computer or on a board."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from pipeline.capture.requests import classify_text, write_text
from pipeline.config.file import load_section
from pipeline.config.forecast_settings import ForecastConfig
from pipeline.config.text_settings import GenerationConfig, SentimentConfig
from pipeline.core.artifacts import Event, Float32, Int32
from pipeline.core.contract import UNITS_PER_SAMPLE_STEP, Contract, Level, Task
from pipeline.core.errors import MismatchError, UsageError
from pipeline.core.forecasts import Float64, span
from pipeline.core.original_names import load_names
from pipeline.core.plurals import counted
from pipeline.core.run_folder import RunFolder
from pipeline.core.tokens import UNKNOWN, Vocabulary, padded
from pipeline.datasets.forecasting import categories_of
from pipeline.datasets.recordings import load_recording
from pipeline.datasets.tables.series import Series, read_series
from pipeline.training.forecast_task import predict_changes
from pipeline.training.run_files import load_network
from pipeline.training.text_task import TextGenerator
from pipeline.twin.text_twin import ONE_E4, TextTwin, temperature_e4_of
from pipeline.workflows.boards import board_that_runs
from pipeline.workflows.generated import run_twin
from pipeline.workflows.run_facts import complete_artifacts, losses
from pipeline.workflows.runs import contract_for, converted_contract, open_run

LONGEST = 100_000  # characters of one command
LONGEST_BY_BOARD = 10_000


@dataclass(frozen=True)
class Judgement:
    """The sentiment of a text.

    Args:
        label: with the highest score.
        scores: by label, 0 to 1.
        unknown: words or characters that are not in the vocabulary.
        left_out: tokens that were cut off.
        int8: whether the scores are those of the compiled C.
        nothing_known: whether no token is in the vocabulary; the scores then mean nothing.
    """

    text: str
    label: str
    scores: dict[str, float]
    level: Level
    tokens: int
    unknown: tuple[str, ...]
    left_out: int
    int8: bool
    nothing_known: bool = False


@dataclass(frozen=True)
class Written:
    """A generated text, and the bits for each character of the network on the test part."""

    prompt: str
    text: str
    temperature: float
    seed: int
    bits_per_character: float
    int8: bool


def predict(path: Path, texts: Sequence[str], port: str | None = None) -> list[Judgement]:
    """Classify texts of one token or more, on a board with this run, or on this computer."""
    run, contract, vocabulary = _open(path, "sentiment", "predict")
    _check_texts(texts, vocabulary)
    converted = contract.quantization is not None
    if converted or port is not None:
        scores = _int8_scores(run, texts, vocabulary.level, port)
    else:
        scores = _float_scores(run, vocabulary, texts)
    labels = load_names(run.path, "train").all_shown("label", contract.labels)
    contract = contract.model_copy(update={"labels": labels})
    return [
        _judgement(text, vocabulary, contract, row, converted)
        for text, row in zip(texts, scores, strict=True)
    ]


def _judgement(
    text: str, vocabulary: Vocabulary, contract: Contract, scores: Float32, int8: bool
) -> Judgement:
    numbers = vocabulary.encode(text)
    tokens = len(numbers)
    return Judgement(
        text=text,
        label=contract.labels[int(np.argmax(scores))],
        scores=dict(zip(contract.labels, map(float, scores), strict=True)),
        level=vocabulary.level,
        tokens=tokens,
        unknown=tuple(vocabulary.unseen(text)),
        left_out=max(0, tokens - contract.window),
        int8=int8,
        nothing_known=tokens > 0 and set(numbers) == {UNKNOWN},
    )


def _int8_scores(run: RunFolder, texts: Sequence[str], level: Level, port: str | None) -> Float32:
    """Scores of the compiled C, float32 [n, labels], 0 to 1."""
    quantization = converted_contract(run).quantization
    assert quantization is not None  # a converted one has it
    if port is None:
        twin = TextTwin(run_twin(run))
        int8 = [twin.sentiment(text) for text in texts]
    else:
        with board_that_runs(run, port) as board:
            int8 = [classify_text(board, text, level) for text in texts]
    steps = np.stack(int8).astype(np.float32) - quantization.output_zero_point
    return steps * np.float32(quantization.output_scale)


def _float_scores(run: RunFolder, vocabulary: Vocabulary, texts: Sequence[str]) -> Float32:
    config = load_section(run.require(run.config_file, "train"), SentimentConfig)
    numbers = [vocabulary.encode(text) for text in texts]
    tokens = padded(numbers, config.text.max_len, config.text.padding, config.text.truncating)
    network = load_network(run.require(run.keras_file, "train"))
    scores: Float32 = network.predict(tokens, verbose=0)
    return scores


def generate(
    path: Path,
    prompt: str,
    length: int,
    temperature: float,
    seed: int,
    port: str | None = None,
) -> Written:
    """Generate text after a prompt.

    Args:
        temperature: 0 always takes the likeliest character.
        port: of a board with this run; None for this computer.
    """
    run, contract, vocabulary = _open(path, "generation", "generate")
    _check_length(length, port)
    temperature = temperature_e4_of(temperature) / ONE_E4  # as fine as on a board
    _check_prompt(prompt, vocabulary)
    converted = contract.quantization is not None
    with complete_artifacts(run):
        bits_per_character = losses(run, contract)[-1].value / math.log(2)
    if port is not None:
        with board_that_runs(run, port) as board:
            text = write_text(board, prompt, length, temperature, seed)
    elif converted:
        text = TextTwin(run_twin(run)).generate(prompt, length, temperature, seed)
    else:
        text = _float_written(run, vocabulary, prompt, length, temperature, seed)
    return Written(prompt, text, temperature, seed, bits_per_character, converted)


def _float_written(
    run: RunFolder, vocabulary: Vocabulary, prompt: str, length: int, temperature: float, seed: int
) -> str:
    config = load_section(run.require(run.config_file, "train"), GenerationConfig)
    network = load_network(run.require(run.keras_file, "train"))
    prompted = vocabulary.encode(prompt).tolist()
    written = TextGenerator(network, config.model).generate(prompted, length, temperature, seed)
    return vocabulary.decode(written)


def _open(path: Path, task: Task, command: str) -> tuple[RunFolder, Contract, Vocabulary]:
    run = open_run(path)
    contract = contract_for(run, task, command)
    facts = contract.vocabulary
    assert facts is not None  # both tasks have one
    return run, contract, Vocabulary.load(run.vocabulary_file, facts.sha256)


def _check_texts(texts: Sequence[str], vocabulary: Vocabulary) -> None:
    for text in texts:
        _check_encoding(text)
        if len(vocabulary.encode(text)) == 0:
            raise UsageError(
                f"There is nothing to classify in {text!r}.",
                f"it has no {vocabulary.level}: the network would only see padding",
                "give a text in quotes",
            )


def _check_encoding(text: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise UsageError(
            f"{text!r} is not UTF-8.",
            f"its byte 0x{ord(text[error.start]) & 0xFF:02x} has another encoding",
            "give the text in UTF-8; `iconv` converts it",
        ) from None


def _check_length(length: int, port: str | None) -> None:
    if not 0 < length <= LONGEST:
        raise UsageError(
            f"{length} characters cannot be generated.",
            f"the limits are 1 and {LONGEST:,}",
            "give another --length",
        )
    if port is not None and length > LONGEST_BY_BOARD:
        raise UsageError(
            f"A board cannot generate {length} characters.",
            f"its limit is {LONGEST_BY_BOARD:,} for one command",
            "give another --length, or leave --port out to generate on this computer",
        )


def _check_prompt(prompt: str, vocabulary: Vocabulary) -> None:
    unseen = vocabulary.unseen(prompt)
    if prompt and not unseen:
        return
    named = ", ".join(map(repr, unseen))
    raise UsageError(
        f"The prompt has characters that are not in the vocabulary: {named}."
        if unseen
        else "The prompt is empty.",
        "the network continues the prompt, with the characters of its training text",
        f"use some of these: {''.join(sorted(vocabulary.entries))!r}",
    )


CHARACTERS, TEMPERATURE, SEED = 200, 1.0, 1


@dataclass(frozen=True)
class Forecast:
    """One forecast; time: in seconds of the board's clock if the series has no dates."""

    channel: str
    unit: str
    steps: int
    time: str
    last: float
    value: float


@dataclass(frozen=True)
class Forecasts:
    """The forecasts after the last row of a file, by a board, the compiled C or the float model.

    Args:
        note: what was found out about the file.
    """

    run: Path
    file: Path
    by: str
    last_time: str
    forecasts: tuple[Forecast, ...]
    note: str = ""


def forecast(path: Path, file: Path, port: str | None = None) -> Forecasts:
    """Forecast what comes after the last row of a series, on a board, or on this computer."""
    run = open_run(path)
    contract = contract_for(run, "forecast", "forecast")
    config = load_section(run.require(run.config_file, "train"), ForecastConfig)
    series = read_series(file, config.data)
    _check_series(series, contract)
    rows = series.thousandths(categories_of(contract, config))[-contract.window :]
    values, by = _values(run, contract, rows, port)
    forecasts = _forecasts(contract, series, rows, values)
    return Forecasts(run.path, file, by, series.time(-1), forecasts, series.note)


def _values(
    run: RunFolder, contract: Contract, rows: Int32, port: str | None
) -> tuple[Float64, str]:
    if port is not None:
        return _by_board(run, contract, rows, port), f"the board at {port}"
    if contract.quantization is None:
        return _by_keras(run, contract, rows), "the float network, not converted yet"
    values = run_twin(run).forecast(rows)[-1] / UNITS_PER_SAMPLE_STEP
    return values, "the firmware's C on this computer"


def _by_board(run: RunFolder, contract: Contract, rows: Int32, port: str) -> Float64:
    """A whole window decides the forecast, so earlier rows of the board do not matter."""
    with board_that_runs(run, port) as board:
        thousandths = board.forecast(rows.tolist(), len(contract.horizons))
    return np.array(thousandths) / UNITS_PER_SAMPLE_STEP


def _by_keras(run: RunFolder, contract: Contract, rows: Int32) -> Float64:
    window: Float32 = (rows / UNITS_PER_SAMPLE_STEP).astype(np.float32)
    changes = predict_changes(
        load_network(run.require(run.keras_file, "train")), contract, window[None]
    )
    values: Float64 = _last(contract, rows) + changes[0]
    return values


def _last(contract: Contract, rows: Int32) -> Float64:
    names = [channel.name for channel in contract.channels]
    columns = [names.index(horizon.channel) for horizon in contract.horizons]
    return rows[-1, columns] / UNITS_PER_SAMPLE_STEP


def _forecasts(
    contract: Contract, series: Series, rows: Int32, values: Float64
) -> tuple[Forecast, ...]:
    units = {channel.name: channel.unit for channel in contract.channels}
    each = zip(contract.horizons, _last(contract, rows).tolist(), values.tolist(), strict=True)
    return tuple(
        Forecast(
            channel=horizon.channel,
            unit=units[horizon.channel],
            steps=horizon.steps,
            time=series.time(-1, horizon.steps),
            last=last,
            value=round(value, 3),
        )
        for horizon, last, value in each
    )


def _check_series(series: Series, contract: Contract) -> None:
    if len(series) < contract.window:
        raise UsageError(
            f"{series.path} has {counted(len(series), 'row')}, and the run needs "
            f"{contract.window}.",
            "that is the window.length of its training",
            "give a longer series, or train a run with a smaller window.length",
        )
    period_s = 1 / contract.rate_hz
    if abs(series.step_s - period_s) > 0.05 * period_s:
        raise MismatchError(
            f"{series.path} has a row every {span(series.step_s)}, the run was trained on one "
            f"every {span(period_s)}.",
            "the forecasts would be for other times",
            "give a series with the same period, or train a run on this one",
        )


def replay(path: Path, file: Path) -> list[Event]:
    """The events that a board with this run would call on a recording."""
    run = open_run(path)
    contract_for(run, "gesture", "replay")
    converted_contract(run)
    return run_twin(run).replay(load_recording(file)).events
