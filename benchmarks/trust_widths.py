"""Terminals of 40 to 200 columns, by what tmux shows: `python -m benchmarks.trust_widths`.

Each command runs in a terminal of each width and, once, into a pipe, which has no width. What the
terminal shows, with its own wrapping undone, is held against what the pipe got: paths and hashes
in one piece, every word of every column, and no row of columns wider than the terminal. The live
view of a board is only in terminals; there its rows are counted. That takes tmux.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from benchmarks.results_file import record, row
from tests.fixtures.run_commands import RECORDING, SAMPLE, converted_run

COMMAND = "python -m benchmarks.trust_widths"
WIDTHS = (40, 60, 80, 100, 140, 200)
LINES = 400
LIMIT_S = 120.0
GESTURE = (sys.executable, "-c", "from pipeline.cli.app import main; main()")
LONG = "a folder/with-a-name-as-long-as-names-may-be/and-one/more/below-it"
COMMANDS: tuple[tuple[str, ...], ...] = (
    ("runs", "list"),
    ("runs", "compare", "runs/run", "runs/other"),
    ("convert", "runs/run"),
    ("data", "list", str(SAMPLE)),
    ("train", f"{LONG}/no-such.yaml"),
    ("replay", "runs/run", f"{LONG}/no-such.csv"),
)
WHOLE = re.compile(r"[\w.-]*/[\w./-]+|\b[0-9a-f]{8,}\b")  # a path, a hash
COLUMNS = re.compile(r"\S {2,}\S.*\S {2,}\S")  # at least three
ENDED = "ended with exit code"
KINDS = ("broken paths and hashes", "words of columns lost", "rows wider than the terminal")


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="widths-") as name:
        work = Path(name)
        shutil.copytree(converted_run(work / "runs" / "run"), work / "runs" / "other")
        found = measure(work)
    sys.exit(bool(found))


def measure(work: Path) -> Counter[str]:
    """What is wrong with what the commands show of the runs in `work`; it is recorded, too."""
    found: Counter[str] = Counter()
    with server():
        for words in COMMANDS:
            found += wrong_with(words, work)
        found += wrong_with_live_view(work)
    note = f"{len(COMMANDS)} commands and the live view at {', '.join(map(str, WIDTHS))} columns"
    record(
        "trust",
        [row(f"terminal widths: {kind}", found[kind], "", COMMAND, note, "== 0") for kind in KINDS],
    )
    print(dict(found) or "nothing is wrong")
    return found


def wrong_with(words: Sequence[str], work: Path) -> Counter[str]:
    """Faults of a command's output at each width, by kind."""
    piped = subprocess.run(
        [*GESTURE, *words], cwd=work, capture_output=True, text=True, stdin=subprocess.DEVNULL
    )
    said = piped.stdout + piped.stderr
    found: Counter[str] = Counter()
    for width in WIDTHS:
        with terminal(words, work, width) as session:
            shown = shown_at_the_end(session)
        wrong = faults_in(shown, said, width)
        if wrong:
            print(f"{' '.join(words)} at {width} columns: {dict(wrong)}")
        found += wrong
    return found


def wrong_with_live_view(work: Path) -> Counter[str]:
    """Faults of the live view at each width, by kind."""
    found: Counter[str] = Counter()
    start = ("board", "start", "native", "--run", "runs/run", "--imu", str(RECORDING))
    with terminal(start, work, max(WIDTHS)) as board:
        port = wait_for(board, r"port\s+(\S+)")[1]
        for width in WIDTHS:
            with terminal(("monitor", "--port", port), work, width) as session:
                wait_for(session, r"\d+\.\d Hz[\s\S]*Ctrl-C\s+ends")
                found[KINDS[2]] += too_wide(shown_in(session), width)
    return +found


def faults_in(shown: str, piped: str, width: int) -> Counter[str]:
    """How often each kind of fault is in what a terminal of `width` shows."""
    words = set(re.split(r"\s+", shown))
    whole = set(WHOLE.findall(piped))
    rows = [line for line in piped.splitlines() if COLUMNS.search(line)]
    lost = {word for line in rows for word in line.split()} - words
    return +Counter(
        {
            KINDS[0]: sum(each not in shown for each in whole),
            KINDS[1]: len(lost - whole),
            KINDS[2]: too_wide(shown, width),
        }
    )


def too_wide(shown: str, width: int) -> int:
    """Rows of columns that the terminal had to wrap, but for those that one word alone fills."""
    wide = (line for line in shown.splitlines() if len(line) > width and COLUMNS.search(line))
    return sum(max(map(len, line.split())) < width / 2 for line in wide)


@contextmanager
def server() -> Iterator[None]:
    """It would end with each last session, just when the next is begun."""
    tmux("new-session", "-d", "-s", "idle", "sleep infinity")
    try:
        yield
    finally:
        tmux("kill-server")


@contextmanager
def terminal(words: Sequence[str], work: Path, width: int) -> Iterator[str]:
    """The name of a session of tmux in which the command runs."""
    session = f"widths-{os.getpid()}-{time.monotonic_ns()}"
    typed = f"{shlex.join([*GESTURE, *words])}; echo {ENDED} $?; sleep {LIMIT_S}"
    size = ("-x", str(width), "-y", str(LINES))
    tmux("new-session", "-d", "-s", session, *size, "-c", str(work), typed)
    try:
        yield session
    finally:
        tmux("kill-session", "-t", session)


def shown_at_the_end(session: str) -> str:
    """The screen after the command has ended."""
    return wait_for(session, rf"(?s)(.*){ENDED} \d+")[1]


def wait_for(session: str, pattern: str) -> re.Match[str]:
    """Wait until the screen matches a pattern."""
    deadline = time.monotonic() + LIMIT_S
    while time.monotonic() < deadline:
        if found := re.search(pattern, shown_in(session)):
            return found
        time.sleep(0.1)
    raise TimeoutError(f"{pattern} is not in: {shown_in(session)[-2000:]}")


def shown_in(session: str) -> str:
    """All lines, each in one piece where the terminal has wrapped it."""
    return tmux("capture-pane", "-p", "-J", "-S", "-", "-t", session)


def tmux(*words: str) -> str:
    """Call tmux."""
    command = ["tmux", "-f", os.devnull, "-L", f"widths-{os.getpid()}", *words]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


if __name__ == "__main__":
    main()
