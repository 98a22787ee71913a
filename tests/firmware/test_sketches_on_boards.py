"""A board draws: what it draws must be what the integers say."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import numpy as np
import pytest

from pipeline.boards.supervisor import start as start_board
from pipeline.capture.client import BoardClient
from pipeline.capture.ports import open_port
from pipeline.capture.requests import board_drawing
from pipeline.core.errors import ExitCode
from pipeline.core.run_folder import RunFolder
from pipeline.workflows.deploy import prove_drawings
from tests.firmware.building import FIRMWARE, link_native, link_virtual
from tests.firmware.talking import (
    LIMIT_S,
    Talk,
    answer_to_constants,
    imu_file,
    qemu_command,
    start,
)
from tests.noted import note_all
from tests.refusals import refuses
from tests.toy_sketch import CONTRACT, MOVES, PEN, drawn, write_sources

pytestmark = pytest.mark.usefixtures("host_compiler", "toy_code")

ASKED = [(temperature, seed) for temperature in (0, 1, 5) for seed in (0, 1, 7, 2**32 - 1)]
DRAWINGS = 50  # one after the other
LONG = 4  # a seed with which the network does not end the drawing


def thousandths(value: int) -> str:
    whole, part = divmod(abs(value), 1000)
    return f"{'-' if value < 0 else ''}{whole}.{part:03d}"


def lines_of(temperature: int, seed: int) -> list[str]:
    """What a board says to `draw`."""
    moves, has_ended = drawn(10_000 * temperature, seed)
    lines = [f"move {thousandths(dx)} {thousandths(dy)} {PEN[lifted]}" for dx, dy, lifted in moves]
    return [*lines, f"ok moves={len(moves)} ended={int(has_ended)}"]


def drawn_by(board: Talk, temperature: int, seed: int) -> list[str]:
    board.send(f"draw {temperature} {seed}")
    return [line for line in board.until("ok", "err") if line.split()[0] in ("move", "ok", "err")]


@pytest.fixture(scope="module")
def native(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("drawing")
    return link_native(folder / "native", write_sources(folder / "model"))


def test_it_draws_on_command(native: Path) -> None:
    with start([str(native)]) as board:
        board.until("warn no-sensor")
        assert " task=sketch " in board.ask("info")
        assert board.ask("constants") == answer_to_constants(CONTRACT)
        assert board.ask("labels") == "ok"
        for temperature, seed in ASKED:
            assert drawn_by(board, temperature, seed) == lines_of(temperature, seed)


def test_it_draws_to_the_end_or_the_longest(native: Path) -> None:
    with start([str(native)]) as board:
        answers = {drawn_by(board, 1, seed)[-1] for seed in range(40)}
    assert f"ok moves={MOVES} ended=0" in answers
    assert "ok moves=0 ended=1" in answers


def test_commands_of_other_tasks_and_bad_words_say_so(native: Path) -> None:
    with start([str(native)]) as board:
        for command in ("generate 5 1 1 a", "caption 1 1", "text a", "classify on", "observe 1"):
            assert board.ask(command) == "err wrong-task"
        for command in ("draw", "draw 1", "draw warm 1", "draw 1 1 a"):
            assert board.ask(command) == "err bad-argument"
        assert board.ask("draw 5.0001 1") == "err out-of-range"


def test_the_next_command_waits_for_a_drawing(native: Path) -> None:
    with start([str(native)]) as board:
        board.until("warn")
        board.send("draw 1 1\nlabels\ndraw 1 1")
        assert board.until("ok") == lines_of(1, 1)
        assert board.line() == "ok"
        assert board.until("ok") == lines_of(1, 1)


def test_samples_come_between_the_moves(native: Path, tmp_path: Path) -> None:
    rows = np.random.default_rng(3).integers(-900, 900, (400, 6))
    files = {"GESTURE_IMU_FILE": str(imu_file(tmp_path / "imu", rows.tolist(), [1000] * len(rows)))}
    commands = tmp_path / "commands"  # a file, so that all are there from the start on
    commands.write_text("stream on\n" + DRAWINGS * f"draw 1 {LONG}\n")
    with commands.open() as sent:
        ended = subprocess.run(
            [native],
            stdin=sent,
            capture_output=True,
            text=True,
            timeout=LIMIT_S,
            env={**files, "GESTURE_FAST": "1"},
        )
    lines = ended.stdout.partition("\nok\n")[2].splitlines()
    kinds = "".join("s" if line[0].isdigit() else line[0] for line in lines)
    assert re.search("ms+m", kinds), "samples do not wait for the end of a drawing"
    drawn_lines = [line for line in lines if line.split()[0] in ("move", "ok")]
    assert drawn_lines == DRAWINGS * lines_of(1, LONG)


@pytest.mark.usefixtures("qemu")
def test_the_emulated_board_draws_the_same(tmp_path: Path) -> None:
    model = write_sources(tmp_path / "model")
    image = link_virtual(tmp_path / "virtual", FIRMWARE / "src" / "main.c", model)
    with start(qemu_command(image)) as board:
        for temperature, seed in (*ASKED, *((2, seed) for seed in range(30))):
            assert drawn_by(board, temperature, seed) == lines_of(temperature, seed)


def test_the_host_reads_a_drawing(native: Path) -> None:
    with start_board("native", native, fast=True) as running, open_port(running.port) as port:
        client = BoardClient(port)
        client.wait_ready()
        for temperature, seed in ASKED:
            found = board_drawing(client, temperature, seed)
            expected = drawn(10_000 * temperature, seed)
            assert (found.moves.tolist(), found.has_ended) == expected


def run_of(folder: Path) -> RunFolder:
    """As `gesture convert` leaves it, as far as drawings need it."""
    run = RunFolder(folder)
    CONTRACT.save(run.contract_file)
    write_sources(run.sources)
    note_all(run)
    return run


def test_a_board_that_draws_otherwise_is_found_out(native: Path, tmp_path: Path) -> None:
    run = run_of(tmp_path / "run")
    with start_board("native", native, fast=True) as running:
        prove_drawings(run, running.port, lambda _: None)
    model = write_sources(tmp_path / "other")
    network = model / "model_network.c"
    network.write_text(network.read_text("utf-8").replace("state * 31", "state * 37"), "utf-8")
    with (
        start_board("native", link_native(tmp_path / "other_native", model), fast=True) as running,
        refuses("step 1 of a drawing is .*, expected", ExitCode.MISMATCH),
    ):
        prove_drawings(run, running.port, lambda _: None)
