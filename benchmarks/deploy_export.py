"""What `gesture export` packs, in the hands of somebody else: `python -m benchmarks.deploy_export`.

The shipped network, once streaming and once given whole windows, is exported to a folder outside
the project and built there with nothing but a compiler: for this computer, and for a Cortex-M4F on
QEMU. Every vector's bytes are compared with TensorFlow Lite Micro's on the exported flatbuffer.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.results_file import record, row
from pipeline.conversion.oracle import run_oracle
from pipeline.core.artifacts import GoldenVectors, Int8
from pipeline.core.project import PROJECT
from pipeline.core.run_folder import RunFolder, note
from pipeline.workflows import convert, export, train
from tests.parity import target_engine

COMMAND = "python -m benchmarks.deploy_export"
CONFIG = PROJECT / "configs" / "gesture_conv1d.yaml"
SETTINGS = [f"data.path={PROJECT / 'data' / 'sample'}", "fit.epochs=4"]
HOPS = {"streaming": 8, "windows": 7}  # an odd hop does not stream
FIXTURES = PROJECT / "tests" / "fixtures"
WARNINGS = ("-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Werror")
ON_QEMU = 200  # vectors


@dataclass(frozen=True)
class Found:
    """vectors: compared, and unequal: of them; bytes of what runs the network on a window."""

    vectors: int
    unequal: int
    flash: int
    ram: int


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="export-") as name:
        found = {kind: found_of(Path(name) / kind, hop) for kind, hop in HOPS.items()}
    vectors = ", ".join(f"{each.vectors} {kind}" for kind, each in found.items())
    unequal = sum(each.unequal for each in found.values())
    streaming, windows = found["streaming"], found["windows"]
    note = f"{vectors}; gcc here and arm-none-eabi-gcc on QEMU, outside the project"
    size = "-O2, what runs the network on a window, net of the harness; given whole windows"
    record(
        "deploy",
        [
            row("export vectors unequal to TFLM", unequal, "vectors", COMMAND, note, "== 0"),
            row("export flash", streaming.flash, "bytes", COMMAND, f"{size} {windows.flash:,}"),
            row("export ram", streaming.ram, "bytes", COMMAND, f"{size} {windows.ram:,}"),
        ],
    )
    print(found)
    sys.exit(unequal > 0)


def found_of(work: Path, hop: int) -> Found:
    """Export a run of this hop and compare its outputs."""
    run = RunFolder(work / "run")
    train.train(CONFIG, SETTINGS, run.path, lambda _: None)
    run.contract().model_copy(update={"hop": hop}).save(run.contract_file)
    note(run, "train")
    convert.convert(run.path, None, lambda _: None)
    exported = work / "exported"
    export.export(run.path, exported)
    inputs = GoldenVectors.load(run.golden_file).inputs
    expected = run_oracle(exported / "tflite" / "model.tflite", inputs, work / "oracle.log")
    src = exported / "c" / "src"
    here = outputs_here(exported / "c", work / "runner", inputs)
    image = image_of(exported / "c", work, FIXTURES / "exported_network.h")
    there = target_engine.run(work, image, inputs[:ON_QEMU]).outputs
    unequal = unequal_rows(here, expected) + unequal_rows(there, expected[:ON_QEMU])
    alone = target_engine.build(work, "alone", [target_engine.HARNESS / "empty.c"], ("-O2",), [src])
    flash, ram = image.flash - alone.flash, image.ram - alone.ram
    return Found(len(here) + len(there), unequal, flash, ram)


def unequal_rows(found: Int8, expected: Int8) -> int:
    """Rows that differ, or all where the shapes differ."""
    if found.shape != expected.shape:
        return len(expected)
    return int(np.any(found != expected, axis=1).sum())


def outputs_here(folder: Path, program: Path, inputs: Int8) -> Int8:
    """As somebody would build it: in the exported folder, and with no other."""
    runner = str(FIXTURES / "exported_runner.c")
    command = ["gcc", "-std=c11", "-O2", *WARNINGS, "-Isrc", runner, *sources(folder)]
    subprocess.run([*command, "-o", str(program)], cwd=folder, check=True)
    said = subprocess.run([program], input=inputs.tobytes(), capture_output=True, check=True)
    return np.frombuffer(said.stdout, np.int8).reshape(len(inputs), -1)


def image_of(folder: Path, work: Path, network: Path) -> target_engine.Image:
    """What is exported is compiled by itself; the harness that counts is linked to it."""
    (work / "model_network.h").write_bytes(network.read_bytes())
    objects = work / "objects"
    objects.mkdir()
    flags = (*target_engine.TARGET, *target_engine.COMPILE, *WARNINGS, "-O2")
    source = f"-I{folder / 'src'}"
    command = ["arm-none-eabi-gcc", *flags, source, "-c", *sources(folder)]
    subprocess.run(command, cwd=objects, check=True)
    files = sorted(objects.glob("*.o"))
    return target_engine.build(work, "exported", files, ("-O2",), [folder / "src"])


def sources(folder: Path) -> list[str]:
    """The C files of an exported folder."""
    return [str(path) for path in sorted((folder / "src").rglob("*.c"))]


if __name__ == "__main__":
    main()
