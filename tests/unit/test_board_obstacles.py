"""What no board can do of an encoder and a decoder is said with what to change."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from pipeline.config.budget import Budget
from pipeline.core.contract import Contract
from pipeline.core.costs import LayerCost, NetworkCost
from pipeline.core.errors import ExitCode
from pipeline.core.run_folder import RunFolder
from pipeline.workflows.board_obstacles import (
    board_note,
    contract_on_boards,
    require_encoder_of_boards,
    require_quick_encoder,
)
from pipeline.workflows.train import load_task_config
from tests.conftest import PROJECT
from tests.refusals import refuses
from tests.toy_text import describer, translator

TASKS = {"caption": describer().contract, "translation": translator("words").contract}
LAYER = LayerCost("conv1", "CONV_2D", (1, 8), 1000, 25_000_000, 500, 700, 64)
COST = NetworkCost((LAYER,), 25_000_000, 100, 1000, 500, 900, 128)


def run_with(folder: Path, task: str, model: str, text: str = "{}") -> RunFolder:
    run = RunFolder(folder)
    run.config_file.write_text(
        f"{{task: {task}, data: {{path: data}}, model: {model}, text: {text}}}"
    )
    return run


def features(contract: Contract) -> Contract:
    assert contract.encoder is not None
    samples = contract.samples.model_copy(update={"rate_hz": 0.0})
    return contract.model_copy(
        update={"encoder": contract.encoder.model_copy(update={"samples": samples})}
    )


def wordy(contract: Contract) -> Contract:
    assert contract.vocabulary is not None
    facts = contract.vocabulary.model_copy(update={"size": 255})
    return contract.model_copy(update={"vocabulary": facts})


@pytest.mark.parametrize(
    ("task", "model", "text", "said", "remedy"),
    [
        ("caption", "{attention: true}", "{}", "has attention", "model.attention=false"),
        (
            "caption",
            "{attention: false, bidirectional: true}",
            "{}",
            "reads from both ends",
            "model.bidirectional=false",
        ),
        (
            "translation",
            "{encoder: {kind: conv1d}}",
            "{}",
            "its encoder is a conv1d, which needs whole windows",
            "an encoder simple_rnn, gru or lstm",
        ),
        (
            "translation",
            "{}",
            "{level: subwords}",
            "pieces of words",
            "text.level=characters or words",
        ),
    ],
)
def test_settings_that_no_board_can_run_are_refused(
    tmp_path: Path, task: str, model: str, text: str, said: str, remedy: str
) -> None:
    run = run_with(tmp_path, task, model, text)
    with refuses(code=ExitCode.USAGE, what=said, next_step=remedy):
        require_encoder_of_boards(run, TASKS[task])


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ("translation_multi30k", "attention"),
        ("question_bouts", "reads all seconds at once"),
        ("sketch_kanji", ""),
        ("translation_dates", ""),
        ("caption_board", ""),
        ("sentiment_gru", ""),
    ],
)
def test_before_training_it_is_said_whether_a_board_can_run_it(config: str, said: str) -> None:
    note = board_note(load_task_config(PROJECT / "configs" / f"{config}.yaml"))
    assert said in note
    assert bool(note) == bool(said)


@pytest.mark.parametrize(
    ("config", "setting", "said"),
    [
        ("sentiment_gru", "text.max_words=40000", "takes 1,280,000 bytes of flash"),
        ("translation_dates", "text.max_tokens=65000", "bytes of flash"),
        ("translation_dates", "text.level=subwords", "pieces of words"),
        ("caption_board", "model.bidirectional=true", "reads from both ends"),
        ("sketch_kanji", "data.max_points=1500", "moves"),
    ],
)
def test_what_does_not_fit_a_board_is_said_before_training(
    config: str, setting: str, said: str
) -> None:
    note = board_note(load_task_config(PROJECT / "configs" / f"{config}.yaml", [setting]))
    assert said in note
    assert "For a board train with" in note


@pytest.mark.parametrize("task", TASKS)
def test_what_a_board_can_run_passes(tmp_path: Path, task: str) -> None:
    run = run_with(tmp_path, task, "{attention: false}")
    require_encoder_of_boards(run, TASKS[task])
    assert board_note(load_task_config(run.config_file)) == ""


def test_captions_of_features_or_of_many_words_are_refused(tmp_path: Path) -> None:
    run, contract = run_with(tmp_path, "caption", "{attention: false}"), TASKS["caption"]
    with refuses(code=ExitCode.USAGE, what="it reads features"):
        require_encoder_of_boards(run, features(contract))
    with refuses(code=ExitCode.USAGE, what="255 words", next_step="text.max_words=254"):
        require_encoder_of_boards(run, wordy(contract))


@pytest.mark.parametrize(
    ("task", "said"), [("question", "run for question"), ("caption", "attention")]
)
def test_deploying_what_cannot_be_converted_is_refused_at_once(
    tmp_path: Path, task: str, said: str
) -> None:
    run = run_with(tmp_path, task, "{attention: true}")
    contract = TASKS["caption"].model_copy(update={"task": task, "quantization": None})
    contract.save(run.contract_file)
    with refuses(code=ExitCode.USAGE, what=said, next_step="works without conversion"):
        contract_on_boards(run)


def test_deploying_what_can_be_converted_asks_for_that(tmp_path: Path) -> None:
    run = run_with(tmp_path, "caption", "{attention: false}")
    TASKS["caption"].model_copy(update={"quantization": None}).save(run.contract_file)
    with refuses(what="has not been converted", next_step="gesture convert"):
        contract_on_boards(run)


def test_an_encoder_that_a_board_would_stop_for_is_refused() -> None:
    require_quick_encoder(replace(COST, instructions=20_000_000))
    with refuses(what="25,000,000 instructions", why="`conv1`", next_step="bouts.seconds"):
        require_quick_encoder(COST)


@pytest.mark.parametrize(("key", "limit"), [("flash_bytes", 20_000), ("ram_bytes", 3000)])
def test_a_budget_names_the_encoder_that_takes_most(key: str, limit: int) -> None:
    encoder = replace(COST, flash_bytes=30_000, ram_bytes=2000)
    cost = COST.with_encoder(encoder, kernel_bytes=50, kept_bytes=2400)
    assert (cost.encoder_bytes, cost.flash_bytes) == (29_950, 30_950)
    assert (cost.encoder_ram_bytes, cost.ram_bytes) == (4400, 5300)
    with refuses(what=key, why="its encoder takes most", next_step="model.encoder"):
        Budget.model_validate({key: limit}).require_fit(cost)
