"""Single key presses from the terminal, without Enter."""

from __future__ import annotations

import os
import select
import sys
import termios
import tty
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from rich.console import Console
from rich.live import Live

ESCAPE = b"\x1b"
UPDATE_EVERY_S = 0.1  # of a live view


class Keyboard:
    """Reads keys while its block lasts; the terminal is then as it was before.

    Ctrl-C still interrupts. Where there is no terminal, or it belongs to another program just
    now, no key is ever pressed.
    """

    def __init__(self) -> None:
        self._before: list[Any] | None = None

    def __enter__(self) -> Keyboard:
        if _is_ours():
            self._before = termios.tcgetattr(sys.stdin)
            tty.setcbreak(sys.stdin)
        return self

    def __exit__(self, *_: object) -> None:
        if self._before is not None:
            with suppress(termios.error):  # the terminal itself has gone
                termios.tcsetattr(sys.stdin, termios.TCSADRAIN, self._before)
            self._before = None

    def pressed(self) -> str:
        """The keys since the last call, in order; arrow keys and the like are passed over."""
        if self._before is None or not select.select([sys.stdin], [], [], 0)[0]:
            return ""
        keys = os.read(sys.stdin.fileno(), 64)
        return "" if keys.startswith(ESCAPE) else keys.decode("ascii", "ignore").lower()


def _is_ours() -> bool:
    """In the background, asking for a key would stop the program; and a terminal need not be the
    one that controls it."""
    try:
        terminal = sys.stdin.fileno()
        return os.isatty(terminal) and os.tcgetpgrp(terminal) == os.getpgrp()
    except (AttributeError, ValueError, OSError):  # none, closed, or no controlling terminal
        return False


@contextmanager
def live_view(console: Console) -> Iterator[tuple[Live, Keyboard]]:
    """A view that is drawn again and again, and the keys that are pressed meanwhile."""
    live = Live(console=console, auto_refresh=False, transient=True, redirect_stdout=False)
    with Keyboard() as keyboard, live:
        yield live, keyboard
