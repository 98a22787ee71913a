"""The images of the real board, on the real Arduino core: `python -m benchmarks.deploy_core`.

--core DIR names the folder of sources that docs/hil.md describes, as GESTURE_ARDUINO_CORE does. A
network of the demo's size is trained, and every image is built with it from nothing: errors and
warnings are counted, and what the image takes is recorded. The interpreter's image is
some 250 files of C++ and takes ten minutes on two cores.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from benchmarks.results_file import Row, record, row
from pipeline.core.errors import PipelineError
from pipeline.core.project import PROJECT
from pipeline.core.run_folder import RunFolder
from pipeline.deployment.platformio import VARIABLE, core_folder
from pipeline.workflows import convert, train
from pipeline.workflows.deploy import SKETCH, build_only
from tests.fixtures.arduino_sources import Complaints, complaints

COMMAND = "python -m benchmarks.deploy_core"
CONFIG = PROJECT / "configs" / "gesture_conv1d.yaml"
SETTINGS = [f"data.path={PROJECT / 'data' / 'sample'}", "fit.epochs=4"]
IMAGES = ("nano33ble", "nano33ble_tflm", SKETCH)
FLASH_BYTES = 0xF0000
RAM_BYTES = 0x40000


@dataclass(frozen=True)
class Built:
    """flash and ram in bytes; None where there is no image, `fault` says why."""

    image: str
    complaints: Complaints
    flash: int | None
    ram: int | None
    fault: str = ""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--core", type=Path, default=core_folder(), required=core_folder() is None)
    os.environ[VARIABLE] = str(parser.parse_args().core)
    with tempfile.TemporaryDirectory(prefix="core-") as folder:
        run = RunFolder(Path(folder) / "run")
        train.train(CONFIG, SETTINGS, run.path, lambda _: None)
        convert.convert(run.path, None, lambda _: None)
        found = [built(run, image) for image in IMAGES]
    record("deploy", rows_of(found))
    for each in found:
        print(each)


def built(run: RunFolder, image: str) -> Built:
    """Build an image for a run."""
    log = run.build / (f"{SKETCH}/build.log" if image == SKETCH else f"build-{image}.log")
    try:
        done = build_only(image, run.path)
    except PipelineError as error:
        said = log.read_text("utf-8", "replace") if log.is_file() else ""
        return Built(image, complaints(said), None, None, error.what)
    return Built(
        image, complaints(log.read_text("utf-8", "replace")), done.flash_bytes, done.ram_bytes
    )


def rows_of(found: list[Built]) -> list[Row]:
    """Rows of the images that were built."""
    compiler = subprocess.run(
        ["arm-none-eabi-gcc", "--version"], capture_output=True, text=True, check=True
    ).stdout.splitlines()[0]
    faults = "; ".join(f"{each.image}: {each.fault}" for each in found if each.fault)
    note = f"{', '.join(each.image for each in found)}; {compiler}" + (faults and f"; {faults}")
    errors = sum(errors_of(each) for each in found)
    links = sum(each.complaints.link_errors for each in found)
    warnings = sum(each.complaints.warnings for each in found)
    rows = [
        row("real core build errors", errors, "errors", COMMAND, note, "== 0"),
        row("real core link errors", links, "errors", COMMAND, note, "== 0"),
        row("real core warnings in our sources", warnings, "warnings", COMMAND, note, "== 0"),
    ]
    for each in found:
        if each.flash is not None and each.ram is not None:
            rows += sizes(each.image, each.flash, each.ram, compiler)
    return rows


def errors_of(built: Built) -> int:
    """One at least for a build that failed of something else: it must not pass for a success."""
    other = bool(built.fault) and not built.complaints.link_errors
    return built.complaints.errors or int(other)


def sizes(image: str, flash: int, ram: int, compiler: str) -> list[Row]:
    """Rows of the flash and RAM of an image."""
    note = f"the demo's network; {compiler}"
    return [
        row(f"{image} flash", flash, "bytes", COMMAND, note, f"<= {FLASH_BYTES}"),
        row(f"{image} RAM", ram, "bytes", COMMAND, note, f"<= {RAM_BYTES}"),
    ]


if __name__ == "__main__":
    main()
