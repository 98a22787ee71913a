"""A board describes its last samples: what it says must be what the integers say."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from pipeline.boards.supervisor import start as start_board
from pipeline.capture.requests import SAMPLE_RECORD, SAMPLES_A_LINE
from pipeline.core.artifacts import Int32
from pipeline.core.errors import ExitCode
from pipeline.core.run_folder import RunFolder
from pipeline.core.tokens import Vocabulary
from pipeline.workflows.deploy import prove_captions
from tests.firmware.building import FIRMWARE, link_native, link_virtual
from tests.firmware.talking import (
    LIMIT_S,
    PERIOD_US,
    Talk,
    answer_to_constants,
    fast_replay,
    imu_file,
    qemu_command,
    start,
)
from tests.noted import note_all
from tests.refusals import refuses
from tests.toy_text import (
    RATE_HZ,
    WINDOW,
    context_of_samples,
    describer,
    written_about,
)

pytestmark = pytest.mark.usefixtures("host_compiler", "toy_code")

TOY = describer()
VOCABULARY = Vocabulary("words", TOY.table.entries)
SAMPLES = np.random.default_rng(3).integers(-3000, 3000, (60, 6)).astype(np.int32)


def caption_of(samples: Int32, temperature: int, seed: int) -> str:
    context = context_of_samples(samples)
    return VOCABULARY.decode(written_about(context, TOY, 10_000 * temperature, seed))


def captioned(board: Talk, temperature: int, seed: int) -> tuple[str, str]:
    """What the board writes, and its answer."""
    board.send(f"caption {temperature} {seed}")
    *lines, answer = board.until("ok", "err")
    parts = [line.removeprefix("text ") for line in lines if line.startswith("text ")]
    return json.loads(f'"{"".join(parts)}"'), answer


def inject(board: Talk, samples: Int32, first: int) -> None:
    """Samples of the host, from the number `first` on."""
    records = np.zeros(len(samples), SAMPLE_RECORD)
    records["t_us"] = (np.arange(len(samples)) + first) * PERIOD_US
    records["value"] = samples
    for at in range(0, len(records), SAMPLES_A_LINE):
        sent = records[at : at + SAMPLES_A_LINE].tobytes().hex()
        assert board.ask(f"sample {sent}") == "ok"


@pytest.fixture(scope="module")
def native(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("describing")
    return link_native(folder / "native", TOY.write_sources(folder / "model"))


def test_it_describes_its_last_samples_on_command(native: Path) -> None:
    with start([str(native)]) as board:
        board.until("warn no-sensor")
        assert " task=caption " in board.ask("info")
        assert board.ask("constants") == answer_to_constants(TOY.contract)
        assert board.ask(f"inject {round(RATE_HZ * 1000)}") == "ok"
        assert captioned(board, 1, 1) == ("", "err no-samples")
        known = 0
        for more in (1, 4, 7, 20):
            inject(board, SAMPLES[known : known + more], known)
            known += more
            for temperature, seed in ((0, 1), (1, 7), (5, 2**32 - 1)):
                found, answer = captioned(board, temperature, seed)
                assert found == caption_of(SAMPLES[:known], temperature, seed)
                heard = min(known, WINDOW)
                assert answer == f"ok characters={len(found)} samples={heard}"


def test_samples_before_a_hole_or_of_another_rate_are_not_described(native: Path) -> None:
    with start([str(native)]) as board:
        board.until("warn no-sensor")
        board.ask(f"inject {round(RATE_HZ * 1000)}")
        inject(board, SAMPLES[:20], 0)
        inject(board, SAMPLES[20:25], 120)
        assert captioned(board, 5, 3)[0] == caption_of(SAMPLES[20:25], 5, 3)
        board.ask(f"inject {round(RATE_HZ * 1000)}")
        assert captioned(board, 5, 3)[1] == "err no-samples"
        assert board.ask("inject 60000") == "ok"
        inject(board, SAMPLES[:20], 0)
        assert captioned(board, 5, 3)[1] == "err no-samples", "they are too few for 119 Hz"


def test_a_hole_while_it_writes_does_not_change_what_it_writes(
    native: Path, tmp_path: Path
) -> None:
    """Sixteen samples come before, the others between its words. After every fifth one time goes
    back."""
    values = np.tile(SAMPLES, (2, 1))
    imu = imu_file(tmp_path / "imu", values.tolist(), [1000 - i // 5 for i in range(len(values))])
    commands = tmp_path / "commands"  # a file, so that all are there from the start on
    commands.write_text("caption 5 3\n" * 2)
    with commands.open() as sent:
        said = subprocess.run(
            [native],
            stdin=sent,
            capture_output=True,
            text=True,
            timeout=LIMIT_S,
            env={"GESTURE_IMU_FILE": str(imu), "GESTURE_FAST": "1"},
        ).stdout
    lines = said.partition("err no-samples\n")[2].partition("\nok")[0].splitlines()
    parts = [line.removeprefix("text ") for line in lines if line.startswith("text ")]
    assert json.loads(f'"{"".join(parts)}"') == caption_of(SAMPLES[15:16], 5, 3)
    assert {"warn hole seq=5", f"warn sensor-stopped samples={len(values)}"} <= {*lines}


@pytest.mark.usefixtures("qemu")
def test_the_emulated_board_describes_what_its_sensor_felt(tmp_path: Path) -> None:
    model = TOY.write_sources(tmp_path / "model")
    image = link_virtual(tmp_path / "virtual", FIRMWARE / "src" / "main.c", model)
    imu = imu_file(tmp_path / "imu", SAMPLES.tolist())
    with start(qemu_command(image, *fast_replay(imu))) as board:
        board.until("warn sensor-stopped")
        for seed in range(10):
            found, answer = captioned(board, 2, seed)
            assert found == caption_of(SAMPLES, 2, seed)
            assert answer == f"ok characters={len(found)} samples={WINDOW}"


def run_of(folder: Path) -> RunFolder:
    """As `gesture convert` leaves it, as far as captions need it."""
    run = RunFolder(folder)
    VOCABULARY.save(run.vocabulary_file)
    assert TOY.contract.vocabulary is not None
    facts = TOY.contract.vocabulary.model_copy(update={"sha256": VOCABULARY.sha256()})
    TOY.contract.model_copy(update={"vocabulary": facts}).save(run.contract_file)
    shutil.copytree(TOY.write_sources(folder / "made"), run.sources)
    source = run.sources / "model_contract.c"
    old, new = TOY.contract.hash(), run.contract().hash()
    source.write_text(source.read_text("utf-8").replace(old, new), "utf-8")
    windows = np.random.default_rng(4).normal(0, 1, (5, WINDOW, 4)).astype(np.float32)
    np.savez(run.windows_file, calibration=windows, test=windows)
    note_all(run)
    return run


def board_of(run: RunFolder, folder: Path, old: str = "", new: str = "") -> Path:
    """A native board with the run's C, in the encoder `new` in place of `old`."""
    shutil.copytree(run.sources, folder)
    encoder = folder / "encoder_network.c"
    encoder.write_text(encoder.read_text("utf-8").replace(old, new), "utf-8")
    return link_native(folder / "native", folder)


def test_a_board_that_describes_otherwise_is_found_out(tmp_path: Path) -> None:
    run = run_of(tmp_path / "run")
    with start_board("native", board_of(run, tmp_path / "same"), fast=True) as running:
        prove_captions(run, running.port, lambda _: None)
    other = board_of(run, tmp_path / "other", "state * 31", "state * 37")
    with (
        start_board("native", other, fast=True) as running,
        refuses("became .*, expected", ExitCode.MISMATCH),
    ):
        prove_captions(run, running.port, lambda _: None)
