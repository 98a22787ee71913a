"""Finds the board to upload to: the only one, or the named one, in any state."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

from pipeline.core.board_profiles import BoardProfile, UsbBoard
from pipeline.core.errors import NoBoardError, PipelineError

POLL_S = 0.05
DOUBLE_TAP = "tap its reset button twice, quickly, as in a double click: its orange LED then pulses"

ReportText = Callable[[str], None]
T = TypeVar("T")


class UsbListing(Protocol):
    """The part of USB that finds boards."""

    def boards(self) -> Sequence[UsbBoard]:
        """All boards that USB shows now."""


@dataclass(frozen=True)
class Reporter:
    """Reports progress: to a person in words, and to a log in detail."""

    person: ReportText
    log: ReportText

    def report(self, text: str) -> None:
        """Report to the person and to the log."""
        self.log(text)
        self.person(text)


def find_board(
    usb: UsbListing, spec: str, profile: BoardProfile, reporter: Reporter, person_s: float
) -> UsbBoard:
    """Find the board to upload to; wait for a person to plug it in if there is none.

    Args:
        spec: `auto`, `id:SERIAL` or a path.

    Raises:
        PipelineError: NO_BOARD if there are several boards, if it is of another kind, or if none
            appears in time.
    """

    def choose() -> UsbBoard | None:
        return _choose(usb.boards(), spec, profile)

    board = choose()
    if board is None:
        reporter.report(f"no board is seen: plug it in, or {DOUBLE_TAP}; waiting {person_s:.0f} s")
        board = wait_until(choose, person_s)
    if board is None:
        named = "" if spec == "auto" else f"; {spec} was asked for"
        raise NoBoardError(
            f"No {profile.title} was seen within {person_s:.0f} s{named}.",
            "it is not plugged in, its cable only charges, or an upload was cut short and it hangs",
            f"plug it in with a data cable; if it is, {DOUBLE_TAP}; then run the command again; "
            "without a board: `--board virtual`",
        )
    reporter.log(f"found {board}")
    return board


def same_board(
    boards: Sequence[UsbBoard], known: UsbBoard, in_bootloader: bool | None = None
) -> UsbBoard | None:
    """Find a known board again, by its serial number, else by its USB socket."""
    boards = [board for board in boards if in_bootloader in (None, board.in_bootloader)]
    for board in boards:
        if known.serial_number and board.has_serial_number(known.serial_number):
            return board
    return next((board for board in boards if known.place and board.place == known.place), None)


def wait_until(look: Callable[[], T | None], limit_s: float) -> T | None:
    """Call `look` until it finds something; None after `limit_s`."""
    deadline = time.monotonic() + limit_s
    while (found := look()) is None and time.monotonic() < deadline:
        time.sleep(POLL_S)
    return found


def _choose(boards: Sequence[UsbBoard], spec: str, profile: BoardProfile) -> UsbBoard | None:
    suitable = [board for board in boards if board.kind == profile.name]
    if spec == "auto":
        return _only(suitable)
    named = next((board for board in boards if _is_named(board, spec)), None)
    if named is not None and named not in suitable:
        raise _another_kind(named, profile)
    if named is not None or spec.startswith("id:"):
        return named
    if os.path.lexists(spec):
        raise NoBoardError(
            f"There is no {profile.title} at {spec}.",
            "USB shows another device there, or none; an emulated board is not uploaded to",
            "`gesture ports` lists the boards; for an emulated one: `--board virtual`",
        )
    # After an interrupted upload the board has another path. If it is the only one, we take it.
    return _only([board for board in suitable if board.in_bootloader])


def _is_named(board: UsbBoard, spec: str) -> bool:
    if spec.startswith("id:"):
        return board.has_serial_number(spec.removeprefix("id:"))
    return os.path.realpath(board.device) == os.path.realpath(spec)


def _only(boards: Sequence[UsbBoard]) -> UsbBoard | None:
    if len(boards) > 1:
        names = ", ".join(f"{board.device} (id:{board.serial_number})" for board in boards)
        raise NoBoardError(
            f"{len(boards)} boards are plugged in: {names}.",
            "an image goes to one board, and this program does not guess which",
            f"name one, for example `--port id:{boards[0].serial_number}`",
        )
    return boards[0] if boards else None


def _another_kind(board: UsbBoard, profile: BoardProfile) -> PipelineError:
    return NoBoardError(
        f"The board at {board.device} is a {board.kind}, not a {profile.name}.",
        "an image runs only on the kind of board that it was built for",
        f"name another port, or deploy with `--board {board.kind}`",
    )
