"""The native board: the firmware as a process of this computer."""

from __future__ import annotations

from pathlib import Path

from pipeline.boards.launch import Launch


def launch(
    image: Path, imu_file: Path | None, environment_file: Path | None = None, *, fast: bool
) -> Launch:
    """The program, with the files its sensors play."""
    environment = {"GESTURE_IMU_FILE": str(imu_file)} if imu_file else {}
    if environment_file:
        environment["GESTURE_ENVIRONMENT_FILE"] = str(environment_file)
    if fast:
        environment["GESTURE_FAST"] = "1"
    return Launch((str(image),), environment)
