"""`gesture verify` and `gesture export`: a run built again, or packed for other firmware."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pipeline.conversion.c_source import c_array, selftest_crc, selftest_inputs
from pipeline.conversion.step import is_recurrent
from pipeline.core.contract import Contract
from pipeline.core.errors import UsageError
from pipeline.core.files import save_text_files, writing
from pipeline.core.locks import draft_beside, whole_folder
from pipeline.core.progress import OnStep
from pipeline.core.project import PROJECT
from pipeline.core.run_folder import RunFolder, check
from pipeline.deployment.export_files import export_files
from pipeline.deployment.platformio import build_firmware
from pipeline.deployment.verify import compare_hashes, compare_texts, refuse_other_files
from pipeline.workflows.board_obstacles import contract_on_boards
from pipeline.workflows.generated import (
    BUILD_TIMEOUT_S,
    CODE,
    checked_flatbuffer,
    compiled,
    generated_texts,
    reference_outputs,
    require_generated,
)
from pipeline.workflows.run_facts import image_of
from pipeline.workflows.runs import contract_for, locked_run

BOARD = "virtual"


@dataclass(frozen=True)
class Deployment:
    """How the last deployed image compares with a new build.

    Attributes:
        board: of the last deployment; None if there was none.
        same: whether both images are the same.
        why_not: why they cannot be compared; None if they can.
    """

    board: str | None
    same: bool = False
    why_not: str | None = None


@dataclass(frozen=True)
class Reproduced:
    """The result of `verify`.

    Attributes:
        run_hash: over all artifacts of the run.
        sources: number of files that were generated again, byte for byte.
        image: SHA-256 of two builds in different folders.
    """

    run: Path
    run_hash: str
    contract_hash: str
    sources: int
    image: str
    deployed: Deployment


@dataclass(frozen=True)
class Exported:
    """The folder of an export, and its files."""

    folder: Path
    files: tuple[str, ...]


def verify(path: Path, on_step: OnStep) -> Reproduced:
    """Generate the C and build the virtual board's image again, and compare both with the run."""
    with locked_run(path, "verify", reads=True) as run:
        contract = contract_on_boards(run)
        flatbuffer = checked_flatbuffer(run, contract)
        on_step("compiling the model to C again")
        texts = generated_texts(run, contract, _selftest_crc(run, contract, flatbuffer))
        refuse_other_files(run.sources, texts, CODE)
        sources = compare_texts(run.sources, texts) + compare_texts(run.path, c_array(flatbuffer))
        on_step(f"building the {BOARD} board twice")
        image = _image_of(run.sources, run.build / f"build-{BOARD}.log")
        return Reproduced(
            run.path, check(run), contract.hash(), sources, image, _again(run, texts, image)
        )


def export(path: Path, folder: Path) -> Exported:
    """Write the run's C, Arduino library and .tflite into a new folder, completely or not at all.

    Raises:
        PipelineError: USAGE if the folder exists; MISMATCH if the C is not the model's.
    """
    with locked_run(path, "export", reads=True) as run:
        return export_locked(run, folder)


def export_locked(run: RunFolder, folder: Path) -> Exported:
    """As `export`, for a run that this process has locked."""
    contract_for(run, "gesture", "export")
    contract = contract_on_boards(run)
    if folder.exists():
        raise UsageError(
            f"{folder} exists already.",
            "an export needs a new folder, and never overwrites files",
            f"name another one, for example {folder}-2",
        )
    require_generated(run)
    files = export_files(run, contract, PROJECT / "firmware", is_recurrent(run.keras_file))
    _write(folder, files)
    return Exported(folder, tuple(sorted(files)))


def _selftest_crc(run: RunFolder, contract: Contract, flatbuffer: bytes) -> int:
    """The CRC of the reference on the self-test's inputs."""
    inputs = selftest_inputs(contract.window * len(contract.channels))
    network = compiled(flatbuffer, contract)
    return selftest_crc(
        reference_outputs(run.flatbuffer_file, network, run.build / "verify.log")(inputs)
    )


def _again(run: RunFolder, texts: Mapping[str, str], image: str) -> Deployment:
    with draft_beside(run.build / "elsewhere", "verify") as scratch:
        sources = scratch / "firmware"
        save_text_files(sources, texts)
        other = _image_of(sources, scratch / "build.log")
    compare_hashes(
        "the image built elsewhere", other, image, "the build depends on where it is made"
    )
    deployed = image_of(run, run.contract())
    if deployed is None:
        return Deployment(None)
    if deployed["board"] != BOARD:
        return Deployment(deployed["board"], why_not=f"only an image of {BOARD} is made again")
    if deployed.get("profiled"):
        return Deployment(BOARD, why_not="it counts its layers")
    compare_hashes(
        "the image that was deployed",
        deployed["sha256"],
        image,
        "the firmware's sources or the compiler have changed since",
        f"deploy it again: `gesture deploy {run.path} --board {BOARD}`",
    )
    return Deployment(BOARD, same=True)


def _image_of(sources: Path, log: Path) -> str:
    built = build_firmware(BOARD, sources, PROJECT, log, BUILD_TIMEOUT_S)
    return hashlib.sha256(built.flash.read_bytes()).hexdigest()


def _write(folder: Path, files: Mapping[str, bytes]) -> None:
    with writing(folder), whole_folder(folder, "export") as whole:
        for name, content in files.items():
            path = whole / name
            path.parent.mkdir(parents=True, exist_ok=True)
            with writing(folder / name):
                path.write_bytes(content)
