"""Eight hours of board time under a rough host and a rough sensor, on QEMU, in instructions.

The product's firmware with the shipped model, told by benchmarks/harness/soak_main.c what to read:
random commands four times a second, real takes over and over, and a fault of the sensor twice a
minute. The same at every run. Run: python -m benchmarks.deploy_soak [HOURS]; what has been reached
is recorded every half an hour of board time, so that it may be stopped.
"""

from __future__ import annotations

import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from benchmarks.results_file import Row, record, row
from pipeline.boards import supervisor
from pipeline.boards.sensor_files import imu_bytes
from pipeline.core.project import PROJECT
from pipeline.core.run_folder import RunFolder
from pipeline.datasets.recordings import load_recordings
from pipeline.datasets.streams import join_takes
from pipeline.workflows import convert, train

HOURS = 8.0
COMMAND = "python -m benchmarks.deploy_soak"
CONFIG = PROJECT / "configs" / "gesture_conv1d.yaml"
SAMPLE = PROJECT / "data" / "sample"
FIRMWARE = PROJECT / "firmware"
IMAGE_BOARDS = ("virtual", "emulated_imu", "emulated_environment", "emulated_flash")
HARNESS = PROJECT / "benchmarks" / "harness" / "soak_main.c"
TARGET = ("-mcpu=cortex-m4", "-mthumb", "-mfpu=fpv4-sp-d16", "-mfloat-abi=hard", "-std=c11", "-O2")
SECTIONS = ("-ffunction-sections", "-fdata-sections", "-Wl,--gc-sections")
LINK = ("-nostartfiles", "--specs=nano.specs", "--specs=nosys.specs")
REST_S = (1.5, 2.5)
TELL_MINUTES = 10
RECORD_MINUTES = 30
HEAP = ("malloc", "free", "_sbrk")  # of which the image must have none


@dataclass
class Soak:
    """minutes: of board time; starts: 1 unless it restarted; unused: bytes of stack at the end of
    each minute; kinds: of the lines that came."""

    began_s: float = field(default_factory=time.monotonic)
    minutes: int = 0
    starts: int = 1
    commands: int = 0
    faults: int = 0
    unused: list[int] = field(default_factory=list)
    kinds: Counter[str] = field(default_factory=Counter)
    restart_faults: int = 0

    def hear(self, line: bytes) -> bool:
        """Whether a minute has passed with it."""
        first = (line.split() or [b"empty"])[0].decode("ascii", "replace")
        kind = "sample" if line[:1].isdigit() else first
        self.kinds[kind] += 1
        self.restart_faults += line.startswith(b"warn fault")
        if kind != "#":
            return False
        said = dict(word.split("=") for word in line[1:].decode().split())
        self.minutes, self.starts = int(said["minute"]), int(said["starts"])
        self.commands, self.faults = int(said["commands"]), int(said["faults"])
        self.unused.append(int(said["stack_unused"]))
        return True

    @property
    def resets(self) -> int:
        return max(self.starts - 1, self.kinds["hello"] - 1, self.restart_faults)

    @property
    def times_real_time(self) -> float:
        return self.minutes * 60 / (time.monotonic() - self.began_s)

    def rows(self) -> list[Row]:
        answers = self.kinds["ok"] + self.kinds["err"]
        note = (
            f"{self.commands:,} commands, {answers:,} answers, {self.faults:,} faults of the "
            f"sensor, {self.kinds['event']:,} events; {self.times_real_time:.0f} times real time"
        )
        settled = self.unused[min(RECORD_MINUTES, len(self.unused)) - 1]
        drift = settled - self.unused[-1]
        return [
            row("soak hours", round(self.minutes / 60, 2), "hours", COMMAND, note, f">= {HOURS:g}"),
            row("soak resets", self.resets, "restarts, the watchdog's too", COMMAND, "", "<= 0"),
            row(
                "soak stack drift",
                drift,
                "bytes",
                COMMAND,
                f"deepest after {RECORD_MINUTES} minutes against the end; {self.unused[-1]:,} of "
                "8,192 never used; all else is static, and no heap is linked",
                "<= 0",
            ),
        ]


def main() -> None:
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # so that QEMU ends with us
    minutes = round(float(sys.argv[1] if len(sys.argv) > 1 else HOURS) * 60)
    with tempfile.TemporaryDirectory(prefix="soak-") as folder:
        image, imu = prepare(Path(folder))
        command = supervisor.launch_virtual(image, imu, fast=True).command
        with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE) as process:
            assert process.stdout is not None
            try:
                listen(process.stdout, minutes)
            finally:
                process.kill()


def listen(said: IO[bytes], minutes: int) -> Soak:
    """Read what the board prints, and print the progress."""
    soak = Soak()
    for line in said:
        if not soak.hear(line):
            continue
        if soak.minutes % TELL_MINUTES == 0:
            print(f"{soak.minutes} min, {soak.times_real_time:.1f} x, {soak.kinds}", flush=True)
        if soak.minutes % RECORD_MINUTES == 0 or soak.minutes >= minutes:
            record("deploy", soak.rows())
        if soak.minutes >= minutes:
            return soak
    raise SystemExit(f"the board ended after {soak.minutes} minutes")


def prepare(work: Path) -> tuple[Path, Path]:
    """The image with the shipped model, and what its sensor plays."""
    run = work / "run"
    settings = [f"data.path={SAMPLE}", "fit.epochs=4"]
    train.train(CONFIG, settings, run, lambda _: None)
    convert.convert(run, None, lambda _: None)
    imu = work / "imu.bin"
    imu.write_bytes(imu_bytes(join_takes(load_recordings(SAMPLE), REST_S, seed=1)))
    return build(work, RunFolder(run).sources), imu


def build(
    work: Path,
    model: Path,
    main: Path = HARNESS,
    also: Sequence[Path] = (),
    defines: Sequence[str] = (),
) -> Path:
    """The virtual board's firmware with `main`, and the sources in the folders `also`."""
    libraries = [path for path in (FIRMWARE / "lib").iterdir() if path.name != "no_model"]
    boards = [FIRMWARE / "boards" / name for name in IMAGE_BOARDS]
    folders = [model, *libraries, *boards, *also]
    sources = [path for folder in folders for path in sorted(folder.glob("*.c"))]
    includes = [f"-I{folder}" for folder in (*folders, FIRMWARE / "boards")]
    script = f"-T{FIRMWARE / 'boards' / 'virtual' / 'link.ld'}"
    image = work / f"{main.stem}.elf"
    flags = (*TARGET, "-ffp-contract=off", *SECTIONS, *LINK, script, *defines)
    files = map(str, (main, *sources))
    subprocess.run(["arm-none-eabi-gcc", *flags, *includes, *files, "-o", str(image)], check=True)
    _refuse_heap(image)
    return image


def _refuse_heap(image: Path) -> None:
    symbols = subprocess.run(
        ["arm-none-eabi-nm", str(image)], check=True, capture_output=True, text=True
    ).stdout.split()
    if any(name in symbols for name in HEAP):
        raise SystemExit("the image has a heap")


if __name__ == "__main__":
    main()
