"""The firmware's image with the model of a run, for each kind of board."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.artifacts import PROJECT
from pipeline.costs import NetworkCost
from pipeline.run_folder import RunFolder

if TYPE_CHECKING:
    from pipeline.deployment.firmware_image import FirmwareImage

BUILD_TIMEOUT_S = 600.0


def build_image(
    run: RunFolder, board: str, contract_hash: str, flags: tuple[str, ...] = ()
) -> FirmwareImage:
    from pipeline.deployment.firmware_image import FirmwareImage
    from pipeline.deployment.network_check import check_network
    from pipeline.deployment.platformio import build

    log = log_file(run, f"build-{board}", flags)
    built = build(board, run.sources, PROJECT, log, BUILD_TIMEOUT_S, flags)
    if board == "virtual":  # built by the compiler that conversion reckons with
        cost = NetworkCost.load(run.require(run.cost_file, "convert"))
        check_network(built.path.with_suffix(".elf"), cost)
    return FirmwareImage(
        board=board,
        path=str(built.path),
        flash_path=str(built.flash),
        flash_bytes=built.flash_bytes,
        ram_bytes=built.ram_bytes,
        contract_hash=contract_hash,
        sha256=hashlib.sha256(built.flash.read_bytes()).hexdigest(),
        profiled=bool(flags),
    )


def log_file(run: RunFolder, name: str, flags: tuple[str, ...]) -> Path:
    """Objects lie beside it: those that are built with other flags have a place of their own."""
    folder = run.build / "profiled" if flags else run.build
    folder.mkdir(parents=True, exist_ok=True)
    return folder / f"{name}.log"
