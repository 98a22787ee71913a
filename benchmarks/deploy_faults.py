"""What befalls a board, made to happen: does it say so, and come back?

Each fault is a test's, on the firmware that is deployed: on QEMU, or, where it is the sensor's,
with the driver on an emulated part. Run: python -m benchmarks.deploy_faults
"""

from __future__ import annotations

import subprocess
import sys

from benchmarks.results_file import record, row
from pipeline.core.project import PROJECT

COMMAND = "python -m benchmarks.deploy_faults"
FIRMWARE = "firmware/test_{}.py::test_{}"
FAULTS = {
    "bad sample": FIRMWARE.format(
        "app", "a_reading_that_no_sensor_gives_is_reported_once_a_second"
    ),
    "sensor dead": FIRMWARE.format(
        "imu", "a_sensor_that_dies_is_reported_and_comes_back_with_a_gap"
    ),
    "stuck bus": FIRMWARE.format("imu", "a_stuck_bus_is_freed"),
    "stack overflow": FIRMWARE.format(
        "faults", "a_stack_overflow_is_caught_before_it_reaches_the_data"
    ),
    "loop that stalls": FIRMWARE.format("faults", "a_loop_that_stalls_is_ended_by_the_watchdog"),
    "corrupt model constant": "cli/test_deploy_command.py::"
    "test_damaged_weights_fail_the_selftest_and_a_new_image_fixes_it",
}


def main() -> None:
    passed = [fault for fault, test in FAULTS.items() if passes(test)]
    missed = [fault for fault in FAULTS if fault not in passed]
    note = ", ".join(FAULTS) + (f"; not: {', '.join(missed)}" if missed else "")
    bound = f"== {len(FAULTS)}"
    record("deploy", [row("faults reported and survived", len(passed), "", COMMAND, note, bound)])
    print(f"{len(passed)} of {note}")
    sys.exit(bool(missed))


def passes(test: str) -> bool:
    """Every case of it; one that is skipped shows nothing."""
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", f"tests/{test}"]
    ended = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True)
    if ended.returncode != 0:
        print(ended.stdout)
    return ended.returncode == 0 and "skipped" not in ended.stdout


if __name__ == "__main__":
    main()
