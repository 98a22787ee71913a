"""What no board can run, and what to change; said before training, and before conversion."""

from __future__ import annotations

from collections.abc import Mapping

from pipeline.config.caption_settings import CaptionConfig, QuestionConfig
from pipeline.config.file import load_section
from pipeline.config.sections import RecurrentConfig, TaskConfig
from pipeline.config.sketch_settings import SketchConfig
from pipeline.config.text_settings import SentimentConfig
from pipeline.config.translation_settings import EncoderDecoderConfig, TranslationConfig
from pipeline.core.board_profiles import NANO33BLE
from pipeline.core.contract import ON_THIS_COMPUTER, Contract
from pipeline.core.costs import NetworkCost
from pipeline.core.errors import PipelineError, UsageError
from pipeline.core.run_folder import RunFolder
from pipeline.workflows.next_commands import after_training
from pipeline.workflows.runs import converted_contract

READING_INSTRUCTIONS = 20_000_000  # without a pause: 0.4 to 1.4 s
MOST_OUTPUTS = 254  # of a network on a board
MOST_MIXTURES = 30  # their constants fit in a line to the host
MOST_MOVES = 1000  # of a drawing: the self-test of a board holds as many at once


def board_note(config: TaskConfig) -> str:
    """A sentence if no board can run what a config trains; else empty."""
    if isinstance(config, QuestionConfig):
        return f"A run for questions stays on this computer: {ON_THIS_COMPUTER['question']}."
    found = _of_settings(config)
    if not found:
        return ""
    return (
        f"This network stays on this computer: {'; '.join(found)}. For a board train with "
        f"{', '.join(found.values())}."
    )


def _of_settings(config: TaskConfig) -> Mapping[str, str]:
    """Faults that the settings alone show, each with the settings that mend it."""
    if isinstance(config, TranslationConfig):
        text = config.text
        return {**_of_translations(config), **_of_vocabulary(text.max_tokens, text.embedding)}
    if isinstance(config, CaptionConfig):
        return _of_both(config.model)
    if isinstance(config, SketchConfig):
        return _of_drawings(config, config.data.max_points)
    if isinstance(config, SentimentConfig):
        return _of_vocabulary(config.text.max_words, config.text.embedding)
    return {}


def contract_on_boards(run: RunFolder) -> Contract:
    """The contract of a converted run. Of one that cannot be converted, it is said why."""
    if run.contract().quantization is None:
        require_run_of_boards(run)
    return converted_contract(run)


def require_run_of_boards(run: RunFolder) -> None:
    """Refuse a run of a task that no board knows, or of networks that no board can run."""
    _require_task(run)
    contract = run.contract()
    if contract.task == "sketch":
        _require_drawing(run, contract)
    if contract.encoder is not None:
        require_encoder_of_boards(run, contract)


def _require_task(run: RunFolder) -> None:
    contract = run.contract()
    task = contract.task
    if task in ON_THIS_COMPUTER:
        raise UsageError(
            f"{run.path} cannot run on a board: it is a run for {task}.",
            ON_THIS_COMPUTER[task],
            f"`{after_training(run.path, task)[0]}` works without conversion",
        )
    if task == "caption" and contract.encoder is None:
        raise UsageError(
            f"{run.path} cannot be converted: its contract does not say what its encoder reads.",
            "an earlier version trained it, which had no captions on a board",
            f"train it again: `gesture train {run.config_file}`",
        )


def require_encoder_of_boards(run: RunFolder, contract: Contract) -> None:
    """Refuse an encoder and decoder that a board cannot run."""
    if contract.task == "caption":
        found = _of_captions(run, contract)
    else:
        found = _of_translations(load_section(run.config_file, TranslationConfig))
    if found:
        raise UsageError(
            f"{run.path} cannot run on a board: {'; '.join(found)}.",
            "a board reads what comes, and keeps one state of it",
            f"`gesture {'caption' if contract.task == 'caption' else 'translate'}` works without "
            f"conversion; for a board train with {', '.join(found.values())}",
        )


def _require_drawing(run: RunFolder, contract: Contract) -> None:
    found = _of_drawings(load_section(run.config_file, SketchConfig), contract.window - 1)
    if found:
        raise UsageError(
            f"{run.path} cannot run on a board: {'; '.join(found)}.",
            "a board goes on from its last move alone, and keeps little of a drawing",
            "`gesture draw` works without conversion; for a board train with "
            f"{', '.join(found.values())}",
        )


def _of_drawings(config: SketchConfig, moves: int) -> Mapping[str, str]:
    network = config.model
    found = {}
    if network.latent:
        found["an encoder describes whole drawings for it"] = "model.latent=0"
    if network.mixtures > MOST_MIXTURES:
        fault = f"it has mixtures of {network.mixtures}, and a board of {MOST_MIXTURES}"
        found[fault] = f"model.mixtures={MOST_MIXTURES}"
    if moves > MOST_MOVES:
        fault = f"its drawings have up to {moves} moves, those of a board {MOST_MOVES}"
        found[fault] = f"data.max_points={MOST_MOVES}"
    return found


def require_quick_encoder(cost: NetworkCost) -> None:
    """Refuse an encoder that takes longer for what it is given at a time than a board may stop."""
    if cost.instructions <= READING_INSTRUCTIONS:
        return
    slowest = max(cost.layers, key=lambda layer: layer.instructions)
    raise PipelineError(
        f"The encoder takes {cost.instructions:,} instructions without a pause; a board can take "
        f"{READING_INSTRUCTIONS:,}.",
        f"layer `{slowest.name}` takes most, {slowest.instructions:,}, and a board that stops for "
        "1.5 s starts again",
        "give that layer fewer filters or units, pool before it, or lower bouts.seconds or "
        "data.rate_hz, then train again",
    )


def _of_translations(config: TranslationConfig) -> Mapping[str, str]:
    encoder = config.model.encoder
    found = _of_both(config.model)
    if not isinstance(encoder, RecurrentConfig):
        fault = f"its encoder is a {encoder.kind}, which needs whole windows"
        found[fault] = "an encoder simple_rnn, gru or lstm"
    if config.text.level == "subwords":
        fault = "its tokens are pieces of words, which a board does not split"
        found[fault] = "text.level=characters or words"
    return found


def _of_captions(run: RunFolder, contract: Contract) -> Mapping[str, str]:
    vocabulary = contract.vocabulary
    assert vocabulary is not None  # every caption run has one
    found = _of_both(load_section(run.config_file, CaptionConfig).model)
    if not contract.samples.rate_hz:
        found["it reads features, and a board measures motion"] = "recordings of motion"
    if vocabulary.size > MOST_OUTPUTS:
        fault = f"it knows {vocabulary.size} words, and a board {MOST_OUTPUTS}"
        found[fault] = f"text.max_words={MOST_OUTPUTS}"
    return found


def _of_both(network: EncoderDecoderConfig) -> dict[str, str]:
    found = {}
    if network.attention:
        fault = "its decoder has attention: it looks back at every state of the encoder"
        found[fault] = "model.attention=false"
    if network.bidirectional:
        found["its encoder reads from both ends"] = "model.bidirectional=false"
    return found


def _of_vocabulary(tokens: int, embedding: int) -> Mapping[str, str]:
    """An embedding has a byte for each value."""
    if tokens * embedding <= NANO33BLE.flash_bytes:
        return {}
    fault = (
        f"a full vocabulary takes {tokens * embedding:,} bytes of flash, and the board has "
        f"{NANO33BLE.flash_bytes:,}"
    )
    return {fault: "a smaller vocabulary or text.embedding"}
