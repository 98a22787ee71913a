"""A deployed board is asked for texts, and they must be those of the twin."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from pipeline.boards.supervisor import start
from pipeline.core.contract import Level
from pipeline.core.errors import ExitCode
from pipeline.core.run_folder import RunFolder
from pipeline.core.tokens import Vocabulary
from pipeline.workflows.deploy import prove_translation
from tests.firmware.building import link_native
from tests.noted import note_all
from tests.refusals import refuses
from tests.toy_text import translator

pytestmark = pytest.mark.usefixtures("host_compiler", "toy_code")


def run_of(level: Level, folder: Path) -> RunFolder:
    """As `gesture convert` leaves it, as far as a translation needs it."""
    run, toy = RunFolder(folder), translator(level)
    vocabulary = Vocabulary(level, toy.table.entries)
    vocabulary.save(run.vocabulary_file)
    assert toy.contract.vocabulary is not None
    facts = toy.contract.vocabulary.model_copy(update={"sha256": vocabulary.sha256()})
    contract = toy.contract.model_copy(update={"vocabulary": facts})
    contract.save(run.contract_file)
    replace(toy, contract=contract).write_sources(run.sources)
    assert toy.table.encoder is not None
    np.savez(run.embedding_file, rows=toy.table.embedding, encoder_rows=toy.table.encoder)
    note_all(run)
    return run


def board_of(run: RunFolder, folder: Path, old: str = "", new: str = "") -> Path:
    """A native board with the run's C, in the encoder `new` in place of `old`."""
    shutil.copytree(run.sources, folder)
    encoder = folder / "encoder_network.c"
    encoder.write_text(encoder.read_text("utf-8").replace(old, new), "utf-8")
    return link_native(folder / "native", folder)


@pytest.mark.parametrize("level", ["characters", "words"])
def test_a_board_that_reads_texts_otherwise_is_found_out(tmp_path: Path, level: Level) -> None:
    run = run_of(level, tmp_path / "run")
    with start("native", board_of(run, tmp_path / "same"), fast=True) as running:
        prove_translation(run, running.port, lambda _: None)
    other = board_of(run, tmp_path / "other", "state * 31", "state * 37")
    with (
        start("native", other, fast=True) as running,
        refuses("became .*, expected", ExitCode.MISMATCH),
    ):
        prove_translation(run, running.port, lambda _: None)
