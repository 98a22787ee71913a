"""Profiles of the real boards, with all that differs between them; and what a board reports.

A new board needs a folder in firmware/boards, an environment in platformio.ini and an entry here.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class UsbIds:
    """The USB ids of a board: while it runs a sketch, and in its bootloader."""

    vendor: int
    sketch: int
    bootloader: int


@dataclass(frozen=True)
class BoardProfile:
    """A kind of board.

    Args:
        name: in the firmware, in `--board` and in PlatformIO.
        interpreted: PlatformIO's environment with TensorFlow Lite Micro; None without one.
        platform: PlatformIO's platform, the name of its folder.
        bootloader: the protocol for uploads; None where this tool does not have it.
        computing_a: current of the chip while it computes, in A, at supply_v.
    """

    name: str
    title: str
    interpreted: str | None
    platform: str
    usb: UsbIds
    bootloader: str | None
    flash_bytes: int
    ram_bytes: int
    clock_hz: float
    computing_a: float
    supply_v: float


# nRF52840 Product Specification, "CPU": 52 uA for each MHz, from flash with the cache on, through
# the DC/DC converter at 3 V. The chip alone, without the sensor, the LED and the regulator.
NRF52840_HZ = 64e6
NRF52840_A = 52e-6 * 64
NRF52840_V = 3.0

NANO33BLE = BoardProfile(
    name="nano33ble",
    title="Arduino Nano 33 BLE",
    interpreted="nano33ble_tflm",
    platform="nordicnrf52",
    usb=UsbIds(vendor=0x2341, sketch=0x805A, bootloader=0x005A),
    bootloader="sam-ba",
    flash_bytes=0xF0000,
    ram_bytes=0x40000,
    clock_hz=NRF52840_HZ,
    computing_a=NRF52840_A,
    supply_v=NRF52840_V,
)
XIAO = BoardProfile(
    name="xiao_nrf52840_sense",
    title="Seeed XIAO nRF52840 Sense",
    interpreted=None,
    platform="SeeedStudio",
    usb=UsbIds(vendor=0x2886, sketch=0x8045, bootloader=0x0045),
    bootloader=None,
    flash_bytes=0xC6000,
    ram_bytes=0x3A000,
    clock_hz=NRF52840_HZ,
    computing_a=NRF52840_A,
    supply_v=NRF52840_V,
)
PROFILES = (NANO33BLE, XIAO)
INTERPRETED = tuple(profile.interpreted for profile in PROFILES if profile.interpreted)
# PlatformIO's environments for them.
REAL_IMAGES = (*(profile.name for profile in PROFILES), *INTERPRETED)
EMULATED = ("virtual", "native")
BOARDS = (*REAL_IMAGES, *EMULATED)


def profile_of_usb(vendor: int | None, product: int | None) -> tuple[BoardProfile, bool] | None:
    """The board with these USB ids, and whether it is in its bootloader; None for others."""
    for profile in PROFILES:
        if vendor == profile.usb.vendor and product in (profile.usb.sketch, profile.usb.bootloader):
            return profile, product == profile.usb.bootloader
    return None


def require_profile(environment: str) -> BoardProfile:
    """As profile_of_image, for an environment of a real board."""
    profile = profile_of_image(environment)
    assert profile is not None
    return profile


def profile_of_image(environment: str) -> BoardProfile | None:
    """The board of a PlatformIO environment; None for an emulated one."""
    for profile in PROFILES:
        if environment in (profile.name, profile.interpreted):
            return profile
    return None


def same_serial_number(one: str, other: str) -> bool:
    """Whether both belong to one board: its bootloader adds zeros in front."""
    return one.lstrip("0").lower() == other.lstrip("0").lower()


@dataclass(frozen=True)
class UsbBoard:
    """A board as USB shows it now, in its socket, such as "1-1.2"; the path may change."""

    kind: str
    device: str
    serial_number: str | None
    place: str | None
    in_bootloader: bool

    def has_serial_number(self, serial_number: str) -> bool:
        """Whether this is its serial number, as its sketch or its bootloader writes it."""
        known = self.serial_number
        return known is not None and same_serial_number(known, serial_number)


@dataclass(frozen=True)
class BoardInfo:
    """The answer to `info`.

    Attributes:
        imu: the sensor's part, or "none"; environment: the same.
        contract: SHA-256 in hex, or "none" without a model.
        stream_hz: nominal rate of sample lines.
        nominal_hz: nominal rate of the sensor.
        tick_hz: rate of the counter that `bench` uses.
    """

    board: str
    imu: str
    environment: str
    revision: str
    firmware: str
    contract: str
    rate_hz: float
    stream_hz: float
    measured_hz: float
    nominal_hz: float
    sensor_hz: float
    pace: str
    window: int
    hop: int
    channels: int
    classes: int
    tick_hz: int
    overruns: int
    dropped: int
