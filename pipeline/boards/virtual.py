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
FAST_TICK_HZ = 25_000_000
FAST_NS_PER_INSTRUCTION = 16  # -icount shift=4


def instructions_of_ticks(ticks: float) -> float:
    """Instructions that passed while the fast virtual board counted `ticks` of 25 MHz."""
    return ticks * (1e9 / FAST_TICK_HZ) / FAST_NS_PER_INSTRUCTION


def launch(image: Path, imu_file: Path | None, *, fast: bool) -> Launch:
    """QEMU with its UART on stdin and stdout, and the IMU's memory from `imu_file`.

    Fast: time is counted in instructions, so that every run gives the same bytes, and the
    file is read at each start. Real time: the file is the memory, and both sides see it live.
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
    return Launch((qemu, *options, "-kernel", str(image)))


def _memory(imu_file: Path | None, *, live: bool) -> list[str]:
    if imu_file is None:
        return ["-M", MACHINE]
    if not live:
        loader = f"loader,file={imu_file},addr={PSRAM_ADDRESS:#x},force-raw=on"
        return ["-M", MACHINE, "-device", loader]
    with imu_file.open("r+b") as file:
        file.truncate(PSRAM_BYTES)
    backend = f"memory-backend-file,id=m,size={PSRAM_BYTES},mem-path={imu_file},share=on"
    return ["-M", f"{MACHINE},memory-backend=m", "-object", backend]
