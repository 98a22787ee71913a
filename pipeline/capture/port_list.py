"""Which serial ports there are, what is behind them, who holds them, and who may open them."""

from __future__ import annotations

import grp
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from serial.tools import list_ports
from serial.tools.list_ports_common import ListPortInfo

from pipeline.capture.ports import ARDUINO_VID, NANO33BLE_PIDS

PROCESSES = Path("/proc")
USUAL_GROUP = "dialout"
_RUNNING = dict(zip(NANO33BLE_PIDS, ("running a sketch", "in its bootloader"), strict=True))


@dataclass(frozen=True)
class FoundPort:
    """held_by: `name (process number)` of each program that has it open, as far as can be seen.

    mend: the command that grants access to the port; None where there is access.
    """

    device: str
    what: str
    serial_number: str | None
    vid_pid: str | None
    held_by: tuple[str, ...]
    mend: str | None


def plugged_in_ports() -> list[FoundPort]:
    """Ports with a USB device behind them, boards first."""
    ports = [port for port in list_ports.comports() if port.vid is not None]
    ports.sort(key=lambda port: (not _is_board(port), port.device))
    return [_found(port) for port in ports]


def emulated_port(link: Path) -> FoundPort:
    """The port of an emulated board, by the stable name that it has."""
    board = link.name.rpartition("-")[0]
    what = f"emulated board ({board})"
    return FoundPort(str(link), what, None, None, holders(str(link)), missing_access(str(link)))


def _is_board(port: ListPortInfo) -> bool:
    return port.vid == ARDUINO_VID and port.pid in NANO33BLE_PIDS


def _found(port: ListPortInfo) -> FoundPort:
    what = port.description or "unknown device"
    if _is_board(port):
        what = f"Arduino Nano 33 BLE, {_RUNNING[port.pid]}"
    return FoundPort(
        device=port.device,
        what=what,
        serial_number=port.serial_number,
        vid_pid=f"{port.vid:04x}:{port.pid:04x}",
        held_by=holders(port.device),
        mend=missing_access(port.device),
    )


def holders(device: str) -> tuple[str, ...]:
    """Programs that have `device` open. Other users' programs are seen by root only."""
    real = os.path.realpath(device)
    numbers = sorted((entry.name for entry in _entries(PROCESSES) if entry.name.isdigit()), key=int)
    return tuple(_program(number) for number in numbers if _holds(number, real))


def _holds(number: str, device: str) -> bool:
    return any(_target(entry) == device for entry in _entries(PROCESSES / number / "fd"))


def _entries(folder: Path) -> Iterable[Path]:
    """What is in `folder`; nothing where it may not be read, or has just gone."""
    try:
        return list(folder.iterdir())
    except OSError:
        return []


def _target(link: Path) -> str:
    try:
        return str(link.readlink())
    except OSError:
        return ""


def _program(number: str) -> str:
    try:
        name = (PROCESSES / number / "comm").read_text("utf-8").strip()
    except OSError:
        name = "a program"
    return f"{name} ({number})"


def missing_access(device: str) -> str | None:
    """The command that lets this user open `device`; None where there is nothing to mend."""
    if os.access(device, os.R_OK | os.W_OK) or not Path(device).exists():
        return None
    try:
        group = grp.getgrgid(Path(device).stat().st_gid).gr_name
    except (KeyError, OSError):
        group = USUAL_GROUP
    # A port that belongs to root's group was not set up yet: the usual group is the one to join.
    group = USUAL_GROUP if group == "root" else group
    return f"sudo usermod -a -G {group} $USER, then log out and in again"
