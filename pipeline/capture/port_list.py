"""Lists serial ports: the device behind each, the programs that use it, and missing access."""

from __future__ import annotations

import grp
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from serial.tools import list_ports
from serial.tools.list_ports_common import ListPortInfo

from pipeline.core.board_profiles import profile_of_usb

PROCESSES = Path("/proc")
USUAL_GROUP = "dialout"


@dataclass(frozen=True)
class FoundPort:
    """A port that was found.

    Attributes:
        vid_pid: USB vendor and product, in hex.
        held_by: `name (process number)` of each program that uses it, as far as visible.
        fix: the command that grants access to it; None if there is access.
    """

    device: str
    what: str
    serial_number: str | None
    vid_pid: str | None
    held_by: tuple[str, ...]
    fix: str | None


def plugged_in_ports() -> list[FoundPort]:
    """Ports of USB devices, boards first."""
    ports = [port for port in list_ports.comports() if port.vid is not None]
    ports.sort(key=lambda port: (not _is_board(port), port.device))
    return [_found(port) for port in ports]


def emulated_port(link: Path) -> FoundPort:
    """The port of an emulated board, by its stable name."""
    board = link.name.rpartition("-")[0]
    what = f"emulated board ({board})"
    return FoundPort(
        str(link), what, None, None, programs_using(str(link)), missing_access(str(link))
    )


def _is_board(port: ListPortInfo) -> bool:
    return profile_of_usb(port.vid, port.pid) is not None


def _found(port: ListPortInfo) -> FoundPort:
    what = port.description or "unknown device"
    known = profile_of_usb(port.vid, port.pid)
    if known is not None:
        profile, in_bootloader = known
        what = f"{profile.title}, {'in its bootloader' if in_bootloader else 'running a sketch'}"
    return FoundPort(
        device=port.device,
        what=what,
        serial_number=port.serial_number,
        vid_pid=f"{port.vid:04x}:{port.pid:04x}",
        held_by=programs_using(port.device),
        fix=missing_access(port.device),
    )


def programs_using(device: str) -> tuple[str, ...]:
    """The programs that have `device` open. Only root sees the programs of other users."""
    real = os.path.realpath(device)
    numbers = sorted((entry.name for entry in _entries(PROCESSES) if entry.name.isdigit()), key=int)
    return tuple(_program(number) for number in numbers if _holds(number, real))


def _holds(number: str, device: str) -> bool:
    return any(_target(entry) == device for entry in _entries(PROCESSES / number / "fd"))


def _entries(folder: Path) -> Iterable[Path]:
    """The entries of `folder`; none if it cannot be read or has just gone."""
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
    """The command that lets this user open `device`; None if there is access."""
    if os.access(device, os.R_OK | os.W_OK) or not Path(device).exists():
        return None
    try:
        group = grp.getgrgid(Path(device).stat().st_gid).gr_name
    except (KeyError, OSError):
        group = USUAL_GROUP
    # A port of root's group was not set up yet; the usual group is the one to join.
    group = USUAL_GROUP if group == "root" else group
    return f"sudo usermod -a -G {group} $USER, then log out and in again"
