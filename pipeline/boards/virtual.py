"""The virtual board: the firmware image on an emulated Cortex-M4F (QEMU mps2-an386)."""

from __future__ import annotations

import shutil
from pathlib import Path

from pipeline.boards.imu_file import PSRAM_BYTES
from pipeline.boards.launch import Launch
from pipeline.errors import ExitCode, PipelineError

QEMU = "qemu-system-arm"
MACHINE = "mps2-an386"
PSRAM_ADDRESS = 0x21000000
SPARE_RAM_ADDRESS = 0x20300000
FAST_TICK_HZ = 25_000_000
FAST_NS_PER_INSTRUCTION = 16  # -icount shift=4


def instructions_of_ticks(ticks: float) -> float:
    """Instructions that passed while the fast virtual board counted `ticks` of 25 MHz."""
    return ticks * (1e9 / FAST_TICK_HZ) / FAST_NS_PER_INSTRUCTION


def launch(
    image: Path, imu_file: Path | None, environment_file: Path | None = None, *, fast: bool
) -> Launch:
    """QEMU with its UART on stdin and stdout, and the sensors' memory from both files.

    Fast: time is counted in instructions, so that every run gives the same bytes, and the
    files are read at each start. Real time: the IMU's file is the memory, and both sides see it
    live.
    """
    qemu = shutil.which(QEMU)
    if qemu is None:
        raise PipelineError(
            f"{QEMU} is not installed.",
            "the virtual board runs on QEMU, and its program is not on the PATH",
            "sudo apt-get install --no-install-recommends qemu-system-arm",
            ExitCode.NO_TOOL,
        )
    options = ["-no-user-config", "-nodefaults", "-display", "none"]
    options += ["-chardev", "stdio,id=uart0,signal=off", "-serial", "chardev:uart0"]
    options += ["-icount", "shift=4,sleep=off"] if fast else []
    options += _memory(imu_file, live=not fast)
    if environment_file is not None:
        options += _loaded(environment_file, SPARE_RAM_ADDRESS)
    return Launch((qemu, *options, "-kernel", str(image)))


def _memory(imu_file: Path | None, *, live: bool) -> list[str]:
    if imu_file is None:
        return ["-M", MACHINE]
    if not live:
        return ["-M", MACHINE, *_loaded(imu_file, PSRAM_ADDRESS)]
    with imu_file.open("r+b") as file:
        file.truncate(PSRAM_BYTES)
    backend = f"memory-backend-file,id=m,size={PSRAM_BYTES},mem-path={imu_file},share=on"
    return ["-M", f"{MACHINE},memory-backend=m", "-object", backend]


def _loaded(file: Path, address: int) -> list[str]:
    return ["-device", f"loader,file={file},addr={address:#x},force-raw=on"]
