"""What a converted run that writes is asked, where a board would be asked the same."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from pipeline.core.errors import ExitCode, PipelineError
from pipeline.core.files import save_json
from pipeline.core.run_folder import RunFolder
from pipeline.core.tokens import Vocabulary
from pipeline.twin.library import Twin
from pipeline.twin.text_twin import TextTwin
from pipeline.workflows.predict import generate
from tests.noted import note_all
from tests.toy_text import ALPHABET, writer

pytestmark = pytest.mark.usefixtures("host_compiler", "toy_code")

FLOAT_LOSS, INT8_LOSS = 1.5, 2.0  # nats a character


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    """As `gesture convert` leaves it, as far as writing needs it."""
    run, toy = RunFolder(tmp_path_factory.mktemp("writer")), writer()
    assert toy.contract.vocabulary is not None
    toy.write_sources(run.sources)
    vocabulary = Vocabulary("characters", ALPHABET)
    vocabulary.save(run.vocabulary_file)
    facts = toy.contract.vocabulary.model_copy(update={"sha256": vocabulary.sha256()})
    toy.contract.model_copy(update={"vocabulary": facts}).save(run.contract_file)
    metrics = {"loss": FLOAT_LOSS, "bits_per_character": FLOAT_LOSS / math.log(2)}
    save_json(run.metrics_file, metrics)
    np.savez(run.scores_file, likelihoods=np.full((3, 4), -INT8_LOSS, np.float32))
    note_all(run)
    return run


def test_a_temperature_is_no_finer_than_a_board_can_be_told(run: RunFolder) -> None:
    written = generate(run.path, "tea", 50, 0.70004, 3)
    twin = TextTwin(Twin(run.sources, run.build))
    assert written.text == twin.generate("tea", 50, 0.7, 3)
    assert written.temperature == 0.7
    assert f"{generate(run.path, 'a', 1, 0.00025, 1).temperature:.4f}" == "0.0002"


def test_a_board_is_not_asked_for_more_than_it_writes(run: RunFolder, tmp_path: Path) -> None:
    with pytest.raises(PipelineError, match="A board cannot generate 10001") as caught:
        generate(run.path, "tea", 10_001, 1, 1, str(tmp_path / "no-port"))
    assert caught.value.exit_code == ExitCode.USAGE
    assert len(generate(run.path, "tea", 10_001, 1, 1).text) == 10_001


def test_the_figure_beside_a_text_is_of_the_network_that_wrote_it(run: RunFolder) -> None:
    written = generate(run.path, "tea", 1, 1, 1)
    assert written.int8
    assert written.bits_per_character == pytest.approx(INT8_LOSS / math.log(2))
