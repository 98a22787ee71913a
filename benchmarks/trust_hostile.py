"""What hostile boards, files and words can do: hold up a command, fill its memory, or reach the
terminal.

Run: python -m benchmarks.trust_hostile
"""

from __future__ import annotations

import os
import signal
import subprocess
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import product
from pathlib import Path

from benchmarks.results_file import record, row
from tests.cli.commands import GESTURE
from tests.fixtures.hostile_board import REPERTOIRE, HostileBoard
from tests.fixtures.hostile_world import RAW, all_commands, calls, make_world, run

COMMAND = "python -m benchmarks.trust_hostile"
AT_ONCE = 8  # they wait more than they compute
WATCHED_S = 8.0  # then Ctrl-C is pressed on what is to go on
LET_GO_S = 10.0  # within which it must have ended
KILLED_AFTER_S = 150.0
KB_IN_MB = 1000


@dataclass(frozen=True)
class Asked:
    """limit_s: within which it ends by itself; None for what goes on until Ctrl-C."""

    words: tuple[str, ...]
    limit_s: float | None


ASKED = (
    Asked(("pull", "--label", "idle"), 50.0),
    Asked(("pull", "--label", "up"), 50.0),
    Asked(("capture", "--label", "up", "--mode", "continuous", "--seconds", "2"), 110.0),
    Asked(("capture", "--sensor", "environment", "--period", "1", "--seconds", "2"), 50.0),
    Asked(("capture", "--label", "up"), None),
    Asked(("monitor",), None),
    Asked(("monitor", "--json", "--log", "log.jsonl"), None),
)


@dataclass(frozen=True)
class Ended:
    """raw: characters printed that a terminal obeys."""

    name: str
    in_time: bool
    is_fault: bool
    raw: int
    memory_mb: float


def main() -> None:
    """Record the figures, and print what did not end well."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        ended = list(pool.map(lambda pair: _against(*pair), product(ASKED, REPERTOIRE)))
    for one in ended:
        if one.raw or one.is_fault or not one.in_time:
            print(one)
    commands, raw = _raw_in_a_hostile_world()
    boards = f"{len(ASKED)} commands against {len(REPERTOIRE)} hostile boards"
    sources = f"{boards}; {commands} calls of all commands with hostile names, files and settings"
    record(
        "trust",
        [
            row(
                "escape bytes printed",
                raw + sum(o.raw for o in ended),
                "",
                COMMAND,
                sources,
                "== 0",
            ),
            row(
                "commands that outlast their limit",
                sum(not one.in_time for one in ended),
                "",
                COMMAND,
                boards,
                "== 0",
            ),
            row(
                "faults of the program on hostile boards",
                sum(one.is_fault for one in ended),
                "",
                COMMAND,
                boards,
                "== 0",
            ),
            row(
                "memory of a command on a hostile board",
                round(max(one.memory_mb for one in ended)),
                "MB",
                COMMAND,
                f"the largest; {boards}",
                "<= 400",
            ),
        ],
    )


def _against(asked: Asked, kind: str) -> Ended:
    with (
        tempfile.TemporaryDirectory() as folder,
        HostileBoard(REPERTOIRE[kind]) as board,
        (Path(folder) / "said").open("wb") as said,
    ):
        command = [str(GESTURE), *asked.words, "--port", board.path]
        process = subprocess.Popen(
            command, cwd=folder, stdin=subprocess.DEVNULL, stdout=said, stderr=said
        )
        limit_s = WATCHED_S if asked.limit_s is None else asked.limit_s
        in_time, memory_mb = _wait(process, limit_s, let_go=asked.limit_s is None)
        printed = (Path(folder) / "said").read_bytes().decode("utf-8", "replace")
    is_fault = "Traceback" in printed or "should not have" in printed
    name = f"{' '.join(asked.words)} / {kind}"
    return Ended(name, in_time, is_fault, len(RAW.findall(printed)), memory_mb)


def _wait(process: subprocess.Popen[bytes], limit_s: float, let_go: bool) -> tuple[bool, float]:
    """Whether it ended in time, after Ctrl-C where it is to be let go; and its memory, in MB."""
    begin = time.monotonic()
    pressed = in_time = False
    while True:
        number, _, usage = os.wait4(process.pid, os.WNOHANG)
        passed_s = time.monotonic() - begin
        if number:
            process.returncode = 0  # it is waited for already
            in_time = passed_s < limit_s + (LET_GO_S if let_go else 0)
            return in_time, usage.ru_maxrss / KB_IN_MB
        if let_go and not pressed and passed_s > limit_s:
            process.send_signal(signal.SIGINT)
            pressed = True
        if passed_s > KILLED_AFTER_S:
            process.kill()
        time.sleep(0.05)


def _raw_in_a_hostile_world() -> tuple[int, int]:
    """How many calls there were, and what they printed that a terminal obeys."""
    calls_made = raw = 0
    before = Path.cwd()
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        words = make_world(Path(folder))
        for (name, command), word in product(all_commands(), words):
            for call in calls(name, command, word):
                raw += len(RAW.findall(run(call)))
                calls_made += 1
        os.chdir(before)
    return calls_made, raw


if __name__ == "__main__":
    main()
