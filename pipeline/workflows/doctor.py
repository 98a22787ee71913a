"""`gesture doctor`: checks what the tool needs. Each result is `ok`, or says what to do."""

from __future__ import annotations

import grp
import importlib.metadata
import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pipeline.capture.port_list import USUAL_GROUP, plugged_in_ports
from pipeline.capture.usb_boards import Usb
from pipeline.core.board_profiles import NANO33BLE
from pipeline.deployment.platformio import VARIABLE, core_folder, platform_is_here, registry_answers

PYTHONS = ((3, 10), (3, 13))  # as pyproject.toml asks
IMPORTED = ("tensorflow", "tflite_micro", "numpy", "serial", "platformio")
IMPORT_TIMEOUT_S = 180.0  # of TensorFlow on a busy machine
TOOL_TIMEOUT_S = 20.0
LEAST_FREE_BYTES = 3 << 30  # TensorFlow's caches, PlatformIO's compiler and core, some runs
APT = "sudo apt-get install --no-install-recommends"
PROCESSES = Path("/proc")
MODEM_MANAGER = "ModemManager"
UDEV_RULE = (
    "it opens new ports for some seconds and disturbs uploads: `sudo systemctl stop ModemManager`, "
    'or let it ignore Arduinos: `echo \'ATTRS{idVendor}=="2341", '
    'ENV{ID_MM_DEVICE_IGNORE}="1"\' | sudo tee /etc/udev/rules.d/99-arduino.rules`, then plug the '
    "board in again"
)

Status = Literal["ok", "note", "fault"]


@dataclass(frozen=True)
class Check:
    """The result of a check; `note` means that something optional is missing."""

    name: str
    status: Status
    found: str
    next_step: str = ""


def examine() -> Iterator[Check]:
    """Yield the results of all checks; never raises."""
    yield _python()
    yield from (_package(name) for name in IMPORTED)
    yield _tool("C compiler", "gcc", f"{APT} gcc libc6-dev", "train, convert and replay need it")
    arm = f"{APT} gcc-arm-none-eabi libnewlib-arm-none-eabi"
    yield _tool("Arm compiler", "arm-none-eabi-gcc", arm, "the virtual board needs it", "note")
    qemu = f"{APT} qemu-system-arm"
    yield _tool("QEMU", "qemu-system-arm", qemu, "the virtual board needs it", "note")
    yield _registry()
    yield _modem_manager()
    yield from _boards()
    yield _disk()


def _python() -> Check:
    version = platform.python_version()
    if PYTHONS[0] <= sys.version_info[:2] <= PYTHONS[1]:
        return Check("Python", "ok", version)
    first, last = (".".join(map(str, each)) for each in PYTHONS)
    name = f"make setup PYTHON=python{last}"
    return Check("Python", "fault", version, f"install Python {first} to {last}, then `{name}`")


def _package(name: str) -> Check:
    """Import a package in its own process, as a broken TensorFlow may crash the process."""
    fix = (
        "install the tool again: `make setup` in a checkout (if it fails again, delete .venv "
        "first), else `pip install --force-reinstall` with the wheel"
    )
    code, said = _run([sys.executable, "-c", f"import {name}"], IMPORT_TIMEOUT_S)
    if code != 0:
        return Check(name, "fault", said or f"importing it ended with {code}", fix)
    distribution = {"serial": "pyserial", "tflite_micro": "tflite-micro"}.get(name, name)
    return Check(name, "ok", importlib.metadata.version(distribution))


def _tool(name: str, program: str, install: str, why: str, missing: Status = "fault") -> Check:
    if shutil.which(program) is None:
        return Check(name, missing, f"there is no {program}", f"{why}: `{install}`")
    code, said = _run([program, "--version"], TOOL_TIMEOUT_S)
    if code != 0:
        return Check(name, "fault", f"{program} does not run: {said}", f"`{install}`")
    return Check(name, "ok", said)


def _run(command: list[str], timeout_s: float) -> tuple[int | None, str]:
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=timeout_s, stdin=subprocess.DEVNULL
        )
    except subprocess.TimeoutExpired:
        return None, f"no answer within {timeout_s:.0f} s"
    except OSError as error:
        return None, str(error)
    said = (done.stdout or done.stderr).strip().splitlines()
    line = "" if not said else said[0] if done.returncode == 0 else said[-1]
    return done.returncode, line


def _registry() -> Check:
    name = "PlatformIO's registry"
    if core_folder() is not None:
        return Check(name, "ok", f"not needed: {VARIABLE} names the Arduino core's sources")
    if platform_is_here(NANO33BLE):
        return Check(name, "ok", "not needed: what the Nano 33 BLE's firmware takes is here")
    if registry_answers():
        return Check(name, "ok", "it answers; the first build for a Nano 33 BLE downloads from it")
    return Check(
        name,
        "note",
        "it does not answer",
        "firmware for a Nano 33 BLE cannot be built until it does once: connect to the internet, "
        "or have the proxy let PlatformIO through, or build from the Arduino core's sources "
        "(docs/hil.md); emulated boards do without",
    )


def _modem_manager() -> Check:
    for name in PROCESSES.glob("[0-9]*/comm"):
        try:
            if name.read_text("utf-8").strip() == MODEM_MANAGER:
                return Check(MODEM_MANAGER, "note", "it is running", UDEV_RULE)
        except OSError:
            continue
    return Check(MODEM_MANAGER, "ok", "not running")


def _boards() -> Iterator[Check]:
    boards = {board.device for board in Usb().boards()}
    for port in plugged_in_ports():
        if port.device not in boards:
            continue
        what = f"{port.what}, serial number {port.serial_number}"
        if port.fix:
            yield Check(port.device, "fault", f"{what}: no permission to open it", port.fix)
        elif port.held_by:
            programs = ", ".join(port.held_by)
            yield Check(port.device, "fault", f"{what}: open in {programs}", "close that program")
        else:
            yield Check(port.device, "ok", what)
    if not boards:
        yield Check(
            "boards",
            "note",
            "no Nano 33 BLE is seen",
            "plug one in with a data cable; if it is, tap its reset button twice, quickly; "
            "without one: `gesture deploy --board virtual`",
        )
        yield _may_open_ports()


def _may_open_ports() -> Check:
    name = "serial ports"
    known = {group.gr_name: group.gr_gid for group in grp.getgrall()}
    if os.geteuid() == 0 or USUAL_GROUP not in known or known[USUAL_GROUP] in os.getgroups():
        return Check(name, "ok", "this user may open them")
    fix = f"sudo usermod -a -G {USUAL_GROUP} $USER, then log out and in again"
    return Check(name, "fault", f"this user is not in the group {USUAL_GROUP}", fix)


def _disk() -> Check:
    free = shutil.disk_usage(Path.cwd()).free
    found = f"{free / 1e9:.1f} GB free at {Path.cwd()}"
    if free >= LEAST_FREE_BYTES:
        return Check("disk", "ok", found)
    return Check(
        "disk", "fault", found, "free some space: delete old runs with `gesture runs delete`"
    )
