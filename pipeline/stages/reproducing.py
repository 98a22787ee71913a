"""A run proven to be what it says, and a run packed for people with their own firmware."""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from pipeline.artifacts import PROJECT
from pipeline.contract import Contract
from pipeline.errors import ExitCode, PipelineError
from pipeline.files import save_text_files
from pipeline.run_folder import RunFolder
from pipeline.stages.images import BUILD_TIMEOUT_S
from pipeline.stages.run_facts import optional_json
from pipeline.stages.runs import contract_for, converted_contract, open_run

OnStep = Callable[[str], None]

BOARD = "virtual"


@dataclass(frozen=True)
class Reproduced:
    """sources: how many files came out again byte for byte; image: SHA-256, of two builds in
    different folders; deployed: whether the image last deployed to the virtual board is it too,
    None where the last was for another board, or counts its layers, or there was none."""

    run: Path
    contract_hash: str
    sources: int
    image: str
    deployed: bool | None


@dataclass(frozen=True)
class Exported:
    folder: Path
    files: tuple[str, ...]


def verify(path: Path, on_step: OnStep) -> Reproduced:
    """Make the C and the virtual board's image again, and compare them with the run's own.

    Raises PipelineError (MISMATCH) that names what differs.
    """
    from pipeline.conversion.c_array import c_array
    from pipeline.deployment.reproduce import compare_texts

    run = open_run(path)
    contract = converted_contract(run)
    flatbuffer = _flatbuffer(run, contract)
    on_step("compiling the model to C again")
    texts = _compiled(run, contract, flatbuffer)
    sources = compare_texts(run.sources, texts) + compare_texts(run.path, c_array(flatbuffer))
    on_step(f"building the {BOARD} board twice")
    image = _image_of(run.sources, run.build / f"build-{BOARD}.log")
    return Reproduced(run.path, contract.hash(), sources, image, _again(run, texts, image))


def export(path: Path, folder: Path) -> Exported:
    """Write the run's C, Arduino library and .tflite into a new folder, whole or not at all."""
    from pipeline.conversion.step import is_recurrent
    from pipeline.deployment.export import export_files

    run = open_run(path)
    contract_for(run, "gesture", "export")
    contract = converted_contract(run)
    if folder.exists():
        raise PipelineError(
            f"{folder} exists already.",
            "an export is a folder of its own, and nothing of yours is written over",
            "name a folder that does not exist, or delete this one first",
            ExitCode.USAGE,
        )
    files = export_files(run, contract, PROJECT / "firmware", is_recurrent(run.keras_file))
    _write(folder, files)
    return Exported(folder, tuple(sorted(files)))


def _flatbuffer(run: RunFolder, contract: Contract) -> bytes:
    from pipeline.deployment.reproduce import compare_hashes

    flatbuffer = run.require(run.flatbuffer_file, "convert").read_bytes()
    compare_hashes(
        str(run.flatbuffer_file),
        hashlib.sha256(flatbuffer).hexdigest(),
        contract.hashes.model or "none",
        "the file was replaced, or the contract is of another model",
    )
    return flatbuffer


def _compiled(run: RunFolder, contract: Contract, flatbuffer: bytes) -> dict[str, str]:
    from pipeline.conversion.contract_source import contract_source
    from pipeline.conversion.selftest import selftest_crc, selftest_inputs
    from pipeline.stages.quantising import compiled, reference

    inputs = selftest_inputs(contract.window * len(contract.channels))
    run.build.mkdir(exist_ok=True)
    network = compiled(flatbuffer, contract)
    outputs = reference(run.flatbuffer_file, network, run.build / "verify.log")(inputs)
    constants = contract_source(contract, selftest_crc(outputs))
    return {**_network(run, contract, flatbuffer), **constants, **_text(run, contract)}


def _text(run: RunFolder, contract: Contract) -> dict[str, str]:
    from pipeline.conversion.text_source import text_source
    from pipeline.stages.network_input import load_table

    return {} if contract.vocabulary is None else text_source(contract, load_table(run, contract))


def _network(run: RunFolder, contract: Contract, flatbuffer: bytes) -> dict[str, str]:
    """Compact where the run's own is: the budget that asked for it may be anywhere."""
    from pipeline.stages.quantising import compiled

    fast, compact = (compiled(flatbuffer, contract, compact).sources for compact in (False, True))
    own = {path.name: path.read_text("utf-8") for path in run.sources.glob("model_network.*")}
    return compact if own == compact else fast


def _again(run: RunFolder, texts: Mapping[str, str], image: str) -> bool | None:
    """Whether the deployed image is this one; the same must come of another folder."""
    from pipeline.deployment.reproduce import compare_hashes

    with tempfile.TemporaryDirectory(prefix="gesture-") as scratch:
        sources = Path(scratch) / "firmware"
        save_text_files(sources, texts)
        other = _image_of(sources, Path(scratch) / "build.log")
    compare_hashes(
        "the image built elsewhere", other, image, "the build depends on where it is made"
    )
    deployed = optional_json(run.firmware_file, "deploy")
    if deployed is None or deployed["board"] != BOARD or deployed.get("profiled"):
        return None
    compare_hashes(
        "the image that was deployed",
        deployed["sha256"],
        image,
        "the firmware's sources or the compiler have changed since",
        f"deploy it again: `gesture deploy {run.path} --board {BOARD}`",
    )
    return True


def _image_of(sources: Path, log: Path) -> str:
    from pipeline.deployment.platformio import build

    built = build(BOARD, sources, PROJECT, log, BUILD_TIMEOUT_S)
    return hashlib.sha256(built.flash.read_bytes()).hexdigest()


def _write(folder: Path, files: Mapping[str, bytes]) -> None:
    folder.parent.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
    try:
        for name, content in files.items():
            path = draft / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        draft.chmod(0o755)
        draft.replace(folder)
    except OSError as error:
        raise PipelineError(
            f"{folder} cannot be written: {error.strerror or error}.",
            "the disk is full, or the folder may not be written by you",
            "name another folder; nothing half-written is left",
        ) from None
    finally:
        shutil.rmtree(draft, ignore_errors=True)
