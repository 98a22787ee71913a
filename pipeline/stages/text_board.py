"""A board that judges or writes text: asked, and held against the twin."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from pipeline.artifacts import Int8
from pipeline.contract import Level
from pipeline.errors import ExitCode, PipelineError
from pipeline.run_folder import RunFolder
from pipeline.stages.asked_board import board_that_runs

if TYPE_CHECKING:
    from pipeline.capture.client import BoardClient
    from pipeline.text_twin import TextTwin

CHARACTERS, TEMPERATURE, SEED = 200, 1.0, 1
WORDS = 300  # more than fit a line, with some that no model knows


def judged_by_board(run: RunFolder, texts: Sequence[str], port: str) -> list[Int8]:
    """int8 [labels] of each. Raises PipelineError for a board that runs something else."""
    from pipeline.capture.texts import judge_text

    vocabulary = run.contract().vocabulary
    assert vocabulary is not None  # a model of text has one
    with board_that_runs(run, port) as board:
        return [judge_text(board, text, vocabulary.level) for text in texts]


def written_by_board(
    run: RunFolder, prompt: str, count: int, temperature: float, seed: int, port: str
) -> str:
    """Raises PipelineError for a board that runs something else."""
    from pipeline.capture.texts import write_text

    with board_that_runs(run, port) as board:
        return write_text(board, prompt, count, temperature, seed)


def prove_writing(run: RunFolder, port: str, on_step: Callable[[str], None]) -> None:
    """Raises PipelineError (MISMATCH) where the board writes otherwise than the twin."""
    on_step(f"letting it write {CHARACTERS} characters")
    with board_that_runs(run, port) as client:
        _compare_written(client, _twin(run), _entries(run)[0])


def prove_judging(run: RunFolder, port: str, on_step: Callable[[str], None]) -> None:
    """Raises PipelineError (MISMATCH) where the board judges otherwise than the twin."""
    on_step(f"letting it judge a text of {WORDS} words")
    vocabulary = run.contract().vocabulary
    assert vocabulary is not None  # text has one
    with board_that_runs(run, port) as client:
        _compare_judged(client, _twin(run), _entries(run), vocabulary.level)


def _twin(run: RunFolder) -> TextTwin:
    from pipeline.text_twin import TextTwin
    from pipeline.twin import Twin

    return TextTwin(Twin(run.sources, run.build))


def _entries(run: RunFolder) -> tuple[str, ...]:
    from pipeline.stages.network_input import load_table

    return load_table(run, run.contract()).entries


def _compare_written(client: BoardClient, twin: TextTwin, prompt: str) -> None:
    from pipeline.capture.texts import write_text

    found = write_text(client, prompt, CHARACTERS, TEMPERATURE, SEED)
    expected = twin.generate(prompt, CHARACTERS, TEMPERATURE, SEED)
    if found != expected:
        at = next(
            place for place in range(CHARACTERS) if found[: place + 1] != expected[: place + 1]
        )
        raise _differs(f"character {at} is {found[at : at + 1]!r}, expected {expected[at]!r}")


def _compare_judged(
    client: BoardClient, twin: TextTwin, entries: tuple[str, ...], level: Level
) -> None:
    from pipeline.capture.texts import judge_text

    words = [entries[number * number % len(entries)] for number in range(WORDS)]
    text = ", ".join(
        word.upper() if number % 7 else f"{word}-é" for number, word in enumerate(words)
    )
    found, expected = judge_text(client, text, level), twin.sentiment(text)
    if found.tolist() != expected.tolist():
        raise _differs(f"the scores are {found.tolist()}, expected {expected.tolist()}")


def _differs(difference: str) -> PipelineError:
    return PipelineError(
        f"The board takes a text otherwise than the twin: {difference}.",
        "the image was built from other sources, or by a compiler that broke them",
        "convert and deploy again; if it stays, report it as a fault of the firmware",
        ExitCode.MISMATCH,
    )
