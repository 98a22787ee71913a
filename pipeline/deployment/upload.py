"""From a board on USB, in whatever state, to the same board running a new image."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from typing import Protocol, TypeVar

from pipeline.deployment import samba
from pipeline.errors import ExitCode, PipelineError

POLL_S = 0.05
TOUCHES = 2  # a first one is lost now and then
DOUBLE_TAP = "tap its reset button twice, quickly, as in a double click: its orange LED then pulses"

Tell = Callable[[str], None]
T = TypeVar("T")
L = TypeVar("L", covariant=True)


class SeenBoard(Protocol):
    """What USB shows of a board; pipeline.capture.usb_boards.UsbBoard is one."""

    @property
    def device(self) -> str: ...
    @property
    def serial_number(self) -> str | None: ...
    @property
    def place(self) -> str | None: ...
    @property
    def in_bootloader(self) -> bool: ...


class OpensPorts(Protocol[L]):
    """Sees boards and opens their ports."""

    def boards(self) -> Sequence[SeenBoard]: ...
    def open(self, device: str) -> L: ...


class Usb(OpensPorts[AbstractContextManager[samba.Line]], Protocol):
    """What uploading needs of USB; pipeline.capture.usb_boards.Usb is one."""

    def holders(self, device: str) -> tuple[str, ...]: ...
    def touch(self, device: str) -> None: ...


@dataclass(frozen=True)
class Waits:
    """For how long to wait: seconds."""

    bootloader_s: float = 8.0  # after a touch
    person_s: float = 120.0  # who is to tap a button or to plug the board in
    opening_s: float = 5.0  # a new port is root's at first, and ModemManager has a look at it
    application_s: float = 15.0  # after the upload


@dataclass(frozen=True)
class Talk:
    """Whom to tell what happens: a person in words, a log in detail."""

    person: Tell
    log: Tell

    def both(self, text: str) -> None:
        self.log(text)
        self.person(text)


def find_board(usb: Usb, spec: str, talk: Talk, waits: Waits) -> SeenBoard:
    """The board that `spec` (auto, id:SERIAL or a path) means; waits for a person to help.

    Raises PipelineError (NO_BOARD) where there are several, where it is none of ours, and where
    none shows up in time.
    """
    board = _choose(usb.boards(), spec)
    if board is None:
        talk.both(f"no board is seen: plug it in, or {DOUBLE_TAP}; waiting {waits.person_s:.0f} s")
        board = _wait(lambda: _choose(usb.boards(), spec), waits.person_s)
    if board is None:
        raise _none_there(spec, waits.person_s)
    talk.log(f"found {board}")
    return board


def upload(usb: Usb, board: SeenBoard, image: bytes, talk: Talk, waits: Waits) -> SeenBoard:
    """Write `image` to `board` and start it; the board as USB shows it then.

    Raises PipelineError; whatever happened, running it again starts over.
    """
    if len(image) > samba.FLASH_BYTES:
        raise _too_large(len(image))
    loader = _enter_bootloader(usb, board, talk, waits)
    talk.both(f"uploading {len(image):,} bytes to {loader.device}")
    with ExitStack() as ports:
        samba.write_image(_answering(ports, usb, loader, talk, waits), image, talk.log)
    return _wait_for_application(usb, loader, talk, waits)


def open_patiently(usb: OpensPorts[L], board: SeenBoard, waits: Waits) -> L:
    """Open the board's port; one that has just come may need a moment."""
    deadline = time.monotonic() + waits.opening_s
    while True:
        try:
            return usb.open(board.device)
        except PipelineError:
            if time.monotonic() > deadline or board not in usb.boards():
                raise
        time.sleep(POLL_S)


def _choose(boards: Sequence[SeenBoard], spec: str) -> SeenBoard | None:
    if spec == "auto":
        return _only(boards)
    if spec.startswith("id:"):
        wanted = spec.removeprefix("id:").lower()
        return next((b for b in boards if (b.serial_number or "").lower() == wanted), None)
    named = next((b for b in boards if os.path.realpath(b.device) == os.path.realpath(spec)), None)
    if named is None and os.path.lexists(spec):
        raise _not_a_board(spec)
    # A board whose upload was interrupted has another path now; alone, it is the one meant.
    return named or _only([board for board in boards if board.in_bootloader])


def _only(boards: Sequence[SeenBoard]) -> SeenBoard | None:
    if len(boards) > 1:
        raise _several(boards)
    return boards[0] if boards else None


def _enter_bootloader(usb: Usb, board: SeenBoard, talk: Talk, waits: Waits) -> SeenBoard:
    if board.in_bootloader:
        return board
    _refuse_held(usb, board.device)
    for _ in range(TOUCHES):
        running = _same(usb.boards(), board, in_bootloader=False)
        if running is not None:
            _touch(usb, running, talk)
        loader = _wait_bootloader(usb, board, waits.bootloader_s)
        if loader is not None:
            return loader
    talk.both(f"the board does not start its bootloader: {DOUBLE_TAP}")
    loader = _wait_bootloader(usb, board, waits.person_s)
    if loader is None:
        raise _no_bootloader(board, waits.person_s)
    return loader


def _touch(usb: Usb, running: SeenBoard, talk: Talk) -> None:
    """A board that heard an earlier touch late leaves while it is touched again."""
    talk.log(f"touching {running.device} at 1200 baud")
    try:
        usb.touch(running.device)
    except PipelineError as error:
        if running in usb.boards():
            raise
        talk.log(f"it has left already: {error.what}")


def _answering(
    ports: ExitStack, usb: Usb, loader: SeenBoard, talk: Talk, waits: Waits
) -> samba.Line:
    """The bootloader's open line, where need be after a person has restarted it."""
    deadline: float | None = None
    while True:
        try:
            line = ports.enter_context(open_patiently(usb, loader, waits))
            if samba.greets(line, talk.log):
                return line
            failure = samba.silent(loader.device)
        except PipelineError as error:
            if deadline is None:
                raise
            failure = error
        ports.close()
        if deadline is None:
            talk.both(f"{failure.what} To restart it, {DOUBLE_TAP}")
            deadline = time.monotonic() + waits.person_s
        found = _wait_bootloader(usb, loader, deadline - time.monotonic())
        if found is None or time.monotonic() > deadline:
            raise failure
        loader = found
        time.sleep(POLL_S)


def _wait_bootloader(usb: Usb, board: SeenBoard, limit_s: float) -> SeenBoard | None:
    return _wait(lambda: _same(usb.boards(), board, in_bootloader=True), limit_s)


def _wait_for_application(usb: Usb, loader: SeenBoard, talk: Talk, waits: Waits) -> SeenBoard:
    talk.both("waiting for the board to start")
    board = _wait(lambda: _same(usb.boards(), loader, in_bootloader=False), waits.application_s)
    if board is None:
        raise _not_started(_same(usb.boards(), loader, in_bootloader=True), waits.application_s)
    talk.log(f"started as {board}")
    return board


def _same(boards: Sequence[SeenBoard], known: SeenBoard, in_bootloader: bool) -> SeenBoard | None:
    """`known` as it is seen now: by its serial number, else by the socket it is plugged into."""
    boards = [board for board in boards if board.in_bootloader == in_bootloader]
    for board in boards:
        if known.serial_number and board.serial_number == known.serial_number:
            return board
    return next((board for board in boards if known.place and board.place == known.place), None)


def _wait(look: Callable[[], T | None], limit_s: float) -> T | None:
    deadline = time.monotonic() + limit_s
    while (found := look()) is None and time.monotonic() < deadline:
        time.sleep(POLL_S)
    return found


def _refuse_held(usb: Usb, device: str) -> None:
    held = _held(device, usb.holders(device))
    if held is not None:
        raise held


def _held(device: str, programs: Sequence[str]) -> PipelineError | None:
    if not programs:
        return None
    return PipelineError(
        f"{device} is open in {', '.join(programs)}.",
        "two programs at one port take each other's bytes, and an upload breaks off",
        "close that program and try again; for ModemManager: `sudo systemctl stop ModemManager`",
        ExitCode.NO_BOARD,
    )


def _none_there(spec: str, limit_s: float) -> PipelineError:
    return PipelineError(
        f"No Nano 33 BLE was seen within {limit_s:.0f} s{_named(spec)}.",
        "it is not plugged in, its cable only charges, or an upload was cut short and it hangs",
        f"plug it in with a data cable; if it is, {DOUBLE_TAP}; then run the command again; "
        "without a board: `--board virtual`",
        ExitCode.NO_BOARD,
    )


def _named(spec: str) -> str:
    return "" if spec == "auto" else f"; {spec} was asked for"


def _several(boards: Sequence[SeenBoard]) -> PipelineError:
    names = ", ".join(f"{board.device} (id:{board.serial_number})" for board in boards)
    return PipelineError(
        f"{len(boards)} boards are plugged in: {names}.",
        "one image goes to one board, and which one is not ours to guess",
        f"name one, for example `--port id:{boards[0].serial_number}`",
        ExitCode.NO_BOARD,
    )


def _not_a_board(spec: str) -> PipelineError:
    return PipelineError(
        f"{spec} is not a Nano 33 BLE.",
        "USB shows another device there, or none; an emulated board is not uploaded to",
        "`gesture ports` lists the boards; for an emulated one: `--board virtual`",
        ExitCode.NO_BOARD,
    )


def _too_large(size: int) -> PipelineError:
    return PipelineError(
        f"The image has {size:,} bytes; the board holds {samba.FLASH_BYTES:,}.",
        "the model is too large for this board",
        "train a smaller one",
    )


def _no_bootloader(board: SeenBoard, limit_s: float) -> PipelineError:
    return PipelineError(
        f"The board at {board.device} did not start its bootloader within {limit_s:.0f} s.",
        "what runs on it does not listen, and its reset button was not tapped twice",
        f"{DOUBLE_TAP}; then run the command again",
        ExitCode.NO_BOARD,
    )


def _not_started(loader: SeenBoard | None, limit_s: float) -> PipelineError:
    if loader is not None:
        what = f"The image was uploaded, but the board at {loader.device} stays in its bootloader."
    else:
        what = f"The image was uploaded, but the board did not come back within {limit_s:.0f} s."
    return PipelineError(
        what,
        "the upload was damaged on its way, or the image does not run on this board",
        f"run the command again; if the board is not seen then, {DOUBLE_TAP}",
        ExitCode.NO_BOARD,
    )
