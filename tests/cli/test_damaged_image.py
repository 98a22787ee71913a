"""A constant of the network that is no longer what it was, on the board: told, and mended."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from pipeline.boards.supervisor import start
from pipeline.capture.client import BoardClient
from pipeline.capture.ports import open_port
from pipeline.core.artifacts import GoldenVectors
from pipeline.core.errors import ExitCode, PipelineError
from pipeline.core.project import PROJECT
from pipeline.core.run_folder import RunFolder
from pipeline.deployment.platformio import build_firmware
from pipeline.deployment.verify import Verified, verify_board

VECTORS = 32


def listed(*command: object) -> str:
    words = list(map(str, command))
    return subprocess.run(words, check=True, capture_output=True, text=True, timeout=60).stdout


def constants_at(image: Path) -> tuple[int, int]:
    """Where in the file the first weights lie, and their length in bytes."""
    symbols = listed("arm-none-eabi-nm", "--print-size", image).splitlines()
    weights = next(symbol for symbol in symbols if " weights_" in symbol)
    address, size, *_ = weights.split()
    sections = listed("arm-none-eabi-readelf", "--sections", "--wide", image)
    text = re.search(r"\.text\s+PROGBITS\s+(\w+)\s+(\w+)", sections)
    assert text is not None
    return int(address, 16) - int(text[1], 16) + int(text[2], 16), int(size, 16)


def proven(run: RunFolder, image: Path) -> Verified:
    golden = GoldenVectors.load(run.golden_file)
    with start("virtual", image, fast=True) as board, open_port(board.port) as port:
        client = BoardClient(port)
        client.wait_ready()
        return verify_board(client, run.contract(), golden, VECTORS)


@pytest.fixture(scope="module")
def image(converted_run: Path, qemu: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    log = tmp_path_factory.mktemp("image") / "build.log"
    return build_firmware("virtual", RunFolder(converted_run).sources, PROJECT, log, 300.0).path


def with_flipped_bits(image: Path, damaged: Path, places: list[float], bits: int) -> Path:
    """A copy whose weights have other bits at these shares of their length."""
    content = bytearray(image.read_bytes())
    at, size = constants_at(image)
    for place in places:
        content[at + int(place * size) // 2 * 2 + 1] ^= bits  # the high byte of a weight
    damaged.write_bytes(content)
    return damaged


@pytest.mark.parametrize("place", [0.1, 0.5, 0.9])
def test_one_flipped_bit_of_a_weight_is_found_out(converted_run, image, tmp_path, place):
    """By the board's own self-test or, where its few inferences do not show it, by deploy."""
    run = RunFolder(converted_run)
    damaged = with_flipped_bits(image, tmp_path / "damaged.elf", [place], 0x40)
    with pytest.raises(PipelineError) as caught:
        proven(run, damaged)
    assert caught.value.exit_code == ExitCode.MISMATCH


def test_damaged_weights_fail_the_selftest_and_a_new_image_mends_it(converted_run, image, tmp_path):
    run = RunFolder(converted_run)
    places = [share / 10 for share in range(10)]
    damaged = with_flipped_bits(image, tmp_path / "damaged.elf", places, 0x40)
    with pytest.raises(PipelineError, match="self-test failed") as caught:
        proven(run, damaged)
    assert caught.value.exit_code == ExitCode.MISMATCH
    assert proven(run, image).vectors == VECTORS
