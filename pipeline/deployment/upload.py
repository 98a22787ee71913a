"""Uploads an image to a board on USB, in any state of the board."""

from __future__ import annotations

import time
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from typing import Protocol, TypeVar

from pipeline.core.board_profiles import BoardProfile, UsbBoard
from pipeline.core.errors import ExitCode, NoBoardError, PipelineError
from pipeline.deployment import samba
from pipeline.deployment.find_board import (
    DOUBLE_TAP,
    POLL_S,
    Reporter,
    UsbListing,
    same_board,
    wait_until,
)

TOUCHES = 2  # the first one may be lost
TRIES = 4  # of an upload, if the board restarts during it
LEAVING_S = 0.5  # after this time USB no longer lists a board that has restarted
RESTARTED = (
    "The board has restarted, possibly by a watchdog of the firmware that ran on it before, which "
    "nothing but a reset ends; starting over"
)

L = TypeVar("L", covariant=True)


class PortOpener(UsbListing, Protocol[L]):
    """Finds boards and opens their ports."""

    def open(self, device: str) -> L:
        """Open a port."""


class UploadUsb(PortOpener[AbstractContextManager[samba.BootloaderPort]], Protocol):
    """The part of USB that an upload needs; pipeline.capture.usb_boards.Usb is one."""

    def programs_using(self, device: str) -> tuple[str, ...]:
        """The programs that have the port open."""

    def touch(self, device: str) -> None:
        """Restart the board into its bootloader."""


@dataclass(frozen=True)
class Timeouts:
    """How long to wait, in seconds."""

    bootloader_s: float = 8.0  # after a touch
    restart_s: float = 8.0  # after the board restarts by itself
    person_s: float = 120.0  # for a person who presses the button or plugs the board in
    opening_s: float = 5.0  # a new port belongs to root first, and ModemManager probes it
    application_s: float = 15.0  # after the upload


def upload(
    usb: UploadUsb,
    board: UsbBoard,
    image: bytes,
    profile: BoardProfile,
    reporter: Reporter,
    timeouts: Timeouts,
) -> UsbBoard:
    """Write an image to a board and start it; returns it as USB shows it afterwards.

    If the board restarts during the upload, the upload starts again. The watchdog of the earlier
    firmware also runs in the bootloader. After it has reset the board, it is off, and no firmware
    in the flash starts it again.
    """
    if len(image) > profile.flash_bytes:
        raise _too_large(len(image), profile)
    assert profile.bootloader == "sam-ba"  # the only protocol so far
    tries = 0
    while True:
        tries += 1
        _refuse_held(usb, board, 0 if tries == 1 else timeouts.opening_s)
        loader = _enter_bootloader(usb, board, reporter, timeouts)
        reporter.report(f"uploading {len(image):,} bytes to {loader.device}")
        try:
            with ExitStack() as ports:
                loader, port = _answering(ports, usb, loader, reporter, timeouts)
                samba.write_image(port, image, reporter.log)
            return _application(usb, loader, reporter, timeouts)
        except PipelineError as error:
            back = _restarted(usb, loader, error, timeouts)
            if back is None or tries == TRIES:
                raise
            reporter.report(f"{error.what} {RESTARTED}")
            board = back if tries < TRIES - 1 else _tapped(usb, back, reporter, timeouts)


def open_patiently(usb: PortOpener[L], board: UsbBoard, timeouts: Timeouts) -> L:
    """Open the board's port; a new port may need a moment."""
    deadline = time.monotonic() + timeouts.opening_s
    while True:
        try:
            return usb.open(board.device)
        except PipelineError:
            if time.monotonic() > deadline or board not in usb.boards():
                raise
        time.sleep(POLL_S)


def _enter_bootloader(
    usb: UploadUsb, board: UsbBoard, reporter: Reporter, timeouts: Timeouts
) -> UsbBoard:
    if board.in_bootloader:
        return board
    for _ in range(TOUCHES):
        running = same_board(usb.boards(), board, in_bootloader=False)
        if running is not None:
            _touch(usb, running, reporter)
        loader = _wait_bootloader(usb, board, timeouts.bootloader_s)
        if loader is not None:
            return loader
    reporter.report(f"the board does not start its bootloader: {DOUBLE_TAP}")
    loader = _wait_bootloader(usb, board, timeouts.person_s)
    if loader is None:
        raise _no_bootloader(board, timeouts.person_s)
    return loader


def _touch(usb: UploadUsb, running: UsbBoard, reporter: Reporter) -> None:
    """Touch the port; it may disappear meanwhile, as a late result of an earlier touch."""
    reporter.log(f"touching {running.device} at 1200 baud")
    try:
        usb.touch(running.device)
    except PipelineError as error:
        if running in usb.boards():
            raise
        reporter.log(f"it has left already: {error.what}")


def _answering(
    ports: ExitStack, usb: UploadUsb, loader: UsbBoard, reporter: Reporter, timeouts: Timeouts
) -> tuple[UsbBoard, samba.BootloaderPort]:
    """The bootloader and its open port; a person may have to restart it first."""
    deadline: float | None = None
    while True:
        try:
            port = ports.enter_context(open_patiently(usb, loader, timeouts))
            if samba.responds(port, reporter.log):
                return loader, port
            failure = _no_answer(loader.device)
        except PipelineError as error:
            if deadline is None:
                raise
            failure = error
        ports.close()
        if deadline is None:
            reporter.report(f"{failure.what} To restart it, {DOUBLE_TAP}")
            deadline = time.monotonic() + timeouts.person_s
        found = _wait_bootloader(usb, loader, deadline - time.monotonic())
        if found is None or time.monotonic() > deadline:
            raise failure
        loader = found
        time.sleep(POLL_S)


def _no_answer(device: str) -> PipelineError:
    return NoBoardError(
        f"The bootloader at {device} does not answer.",
        "it hangs, or another program (often ModemManager) talks to it too",
        "tap the board's reset button twice, quickly, and run the command again",
    )


def _wait_bootloader(usb: UploadUsb, board: UsbBoard, limit_s: float) -> UsbBoard | None:
    return wait_until(lambda: same_board(usb.boards(), board, in_bootloader=True), limit_s)


def _restarted(
    usb: UploadUsb, loader: UsbBoard, error: PipelineError, timeouts: Timeouts
) -> UsbBoard | None:
    """The board after it restarted by itself; None if the failure had another reason."""
    if error.exit_code != ExitCode.NO_BOARD:
        return None
    if not _leaves(usb, loader, LEAVING_S):
        return None
    return wait_until(lambda: same_board(usb.boards(), loader), timeouts.restart_s)


def _tapped(usb: UploadUsb, board: UsbBoard, reporter: Reporter, timeouts: Timeouts) -> UsbBoard:
    """The board in its bootloader without a watchdog; a person may have to press the button."""
    if board.in_bootloader:
        return board
    reporter.report(
        f"it restarts before it can be written to: {DOUBLE_TAP}; the button ends the watchdog"
    )
    loader = _wait_bootloader(usb, board, timeouts.person_s)
    if loader is None:
        raise NoBoardError(
            f"The board at {board.device} restarts before it can be written to.",
            "the firmware on it has started a watchdog, which goes on in the bootloader and "
            "resets it",
            f"{DOUBLE_TAP}; the button ends the watchdog; then run the command again",
        )
    return loader


def _application(
    usb: UploadUsb, loader: UsbBoard, reporter: Reporter, timeouts: Timeouts
) -> UsbBoard:
    reporter.report("waiting for the board to start")
    _leaves(usb, loader, timeouts.application_s)
    board = wait_until(lambda: same_board(usb.boards(), loader), timeouts.application_s)
    if board is None or board.in_bootloader:
        raise _not_started(board, timeouts.application_s)
    reporter.log(f"started as {board}")
    return board


def _leaves(usb: UploadUsb, board: UsbBoard, limit_s: float) -> bool:
    return wait_until(lambda: board not in usb.boards() or None, limit_s) is True


def _refuse_held(usb: UploadUsb, board: UsbBoard, limit_s: float) -> None:
    """Refuse a port that another program has open longer than `limit_s`."""
    if board.in_bootloader or wait_until(
        lambda: not usb.programs_using(board.device) or None, limit_s
    ):
        return
    if programs := usb.programs_using(board.device):
        raise NoBoardError(
            f"{board.device} is open in {', '.join(programs)}.",
            "two programs at one port receive each other's bytes, and the upload fails",
            "close that program and try again; for ModemManager: "
            "`sudo systemctl stop ModemManager`",
        )


def _too_large(size: int, profile: BoardProfile) -> PipelineError:
    return PipelineError(
        f"The image has {size:,} bytes; the board holds {profile.flash_bytes:,}.",
        "the model is too large for this board",
        "train a smaller one",
    )


def _no_bootloader(board: UsbBoard, limit_s: float) -> PipelineError:
    return NoBoardError(
        f"The board at {board.device} did not start its bootloader within {limit_s:.0f} s.",
        "what runs on it does not listen, and its reset button was not tapped twice",
        f"{DOUBLE_TAP}; then run the command again",
    )


def _not_started(loader: UsbBoard | None, limit_s: float) -> PipelineError:
    if loader is not None:
        what = f"The image was uploaded, but the board at {loader.device} stays in its bootloader."
    else:
        what = f"The image was uploaded, but the board did not come back within {limit_s:.0f} s."
    return NoBoardError(
        what,
        "the upload was damaged on its way, or the image does not run on this board",
        f"run the command again; if the board is not seen then, {DOUBLE_TAP}",
    )
