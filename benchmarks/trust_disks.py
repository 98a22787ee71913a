"""Every command on a disk that is full or read-only: `python -m benchmarks.trust_disks`.

The disk is a small file system of its own, mounted for this; that takes root. It is filled so that
writing fails at the first file, and at later ones; there commands do not look for room first. A
command blames the program where it says so, or ends with a traceback.
"""

from __future__ import annotations

import io
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path
from unittest.mock import patch

import matplotlib

from benchmarks.results_file import record, row
from benchmarks.trust_runs import CONFIG, RECORDING, SAMPLE, SETTINGS, converted_run
from pipeline.cli import app
from pipeline.core.files import ROOM_BYTES
from pipeline.datasets.fetch import TUTORIAL_ROWS

COMMAND = "python -m benchmarks.trust_disks"
DISK_BYTES = 24 << 20
CHUNK_BYTES = 4096
FILLS = (0, 16 << 10, 256 << 10, 1 << 20)  # bytes that are left
BLAMES = ("fault of the program", "Traceback", "Exception ignored")
TRAINING = ("train", str(CONFIG), *(word for setting in SETTINGS for word in ("--set", setting)))
# By the disk's folders: data/mine, runs/run; `new` is nothing yet.
COMMANDS: tuple[tuple[str, ...], ...] = (
    ("simulate", "new", "--people", "3", "--takes", "3"),
    ("data", "import", "punch.csv", "--dataset", "new", "--person", "b"),
    ("data", "stream", "data/mine", "new.csv"),
    ("data", "show", "data/mine", "--out", "new.html"),
    ("data", "trim", "data/mine/punch/a.csv", "--start", "0.1", "--stop", "0.4"),
    ("data", "relabel", "data/mine/punch/a.csv", "--label", "other", "--new-label"),
    ("data", "export", "data/mine", "new", "--format", "tutorial"),
    (*TRAINING, "--run", "runs/new"),
    ("convert", "runs/run"),
    ("evaluate", "runs/run"),
    ("report", "runs/run"),
    ("deploy", "runs/run", "--board", "native"),
    ("verify", "runs/run"),
    ("export", "runs/run", "new"),
    ("board", "build", "native", "--run", "runs/run"),
    ("replay", "runs/run", str(RECORDING)),
    ("runs", "list"),
    ("runs", "list", "--json"),
    ("monitor", "--port", "/dev/null", "--log", "new.log"),
    ("capture", "--port", "/dev/null", "--label", "a", "--person", "b"),
)
PRINTING = (
    ("runs", "list", "--json"),
    ("runs", "list"),
    ("settings",),
    ("--help",),
    ("data", "--help"),
    ("train", "--help"),
    ("doctor",),
)


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="disks-") as name, mounted(Path(name)) as disk:
        run = converted_run(Path(name) / "run")
        found = [*blames_on(disk, run, COMMANDS, FILLS), *blames_on_output(disk)]
    count = len(COMMANDS) * (len(FILLS) + 1) + len(PRINTING)
    note = f"{count} times, {len(COMMANDS)} commands; {', '.join(found) or 'none'}"
    name = "commands on a full or read-only disk that blame the program"
    record("trust", [row(name, len(found), "", COMMAND, note, "== 0")])
    print(note)
    sys.exit(bool(found))


@contextmanager
def mounted(work: Path) -> Iterator[Path]:
    """A disk of its own.

    Raises:
        OSError: it may not be mounted here.
    """
    disk = work / "disk"
    disk.mkdir()
    options = f"size={DISK_BYTES},mode=755"
    command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(disk)]
    if subprocess.run(command, capture_output=True).returncode != 0:
        raise OSError("no disk may be mounted here")
    try:
        yield disk
    finally:
        subprocess.run(["umount", "--lazy", str(disk)], check=True)


def blames_on(
    disk: Path, run: Path, commands: Sequence[Sequence[str]], fills: Sequence[int]
) -> Iterator[str]:
    """Which commands blame the program, on a disk with so little left, and on one to read only."""
    for words in commands:  # before any command keeps a library in use that it built on the disk
        with prepared(disk, run), read_only(disk):
            said = said_by(words, disk)
        if blames(said):
            yield f"{' '.join(words[:2])} on a read-only disk"
    for words in commands:
        for left_bytes in fills:
            with prepared(disk, run):
                fill(disk, left_bytes)
                said = said_by(words, disk, looks_for_room=left_bytes == 0)
            if blames(said):
                yield f"{' '.join(words[:2])} with {left_bytes} bytes left"


def blames(said: str) -> bool:
    """Whether an error names the disk as the reason."""
    return any(blame in said for blame in BLAMES)


def blames_on_output(folder: Path) -> Iterator[str]:
    """The same where it is the output that cannot be written."""
    program = "from pipeline.cli.app import main; main()"
    for words in PRINTING:
        with Path("/dev/full").open("w") as full:
            command = [sys.executable, "-c", program, *words]
            ended = subprocess.run(command, cwd=folder, stdout=full, stderr=-1, text=True)
        if ended.returncode == 0 or blames(ended.stderr):
            yield f"{' '.join(words)} into /dev/full"


@contextmanager
def prepared(disk: Path, run: Path) -> Iterator[None]:
    """A dataset and a run on the disk, and nothing else afterwards."""
    shutil.copytree(run, disk / "runs" / "run")
    (disk / "runs" / "latest").symlink_to("run")
    shutil.copytree(SAMPLE / "punch", disk / "data" / "mine" / "punch")
    shutil.copy(RECORDING, disk / "data" / "mine" / "punch" / "a.csv")
    rows = "\n".join(["aX,aY,aZ,gX,gY,gZ", *["0.1,0.2,0.9,1.0,2.0,3.0"] * TUTORIAL_ROWS])
    (disk / "punch.csv").write_text(f"{rows}\n", "utf-8")
    (disk / "cache").mkdir()
    (disk / "tmp").mkdir()
    try:
        yield
    finally:
        for path in disk.iterdir():
            shutil.rmtree(path) if path.is_dir() else path.unlink()


def fill(disk: Path, left_bytes: int) -> None:
    """Fill a disk up to so many free bytes."""
    with (disk / "filler").open("wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(CHUNK_BYTES))
        except OSError:
            file.truncate(max(0, file.tell() - left_bytes))


@contextmanager
def read_only(disk: Path) -> Iterator[None]:
    """Mount a disk read-only for some time."""
    subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
    try:
        yield
    finally:
        subprocess.run(["mount", "-o", "remount,rw", str(disk)], check=True)


def said_by(words: Sequence[str], disk: Path, *, looks_for_room: bool = True) -> str:
    """All that the command prints, with its cache and temporary files on the disk too."""
    said, here = io.StringIO(), Path.cwd()
    places = {
        "XDG_CACHE_HOME": str(disk / "cache"),
        "TMPDIR": str(disk / "tmp"),
        "MPLCONFIGDIR": matplotlib.get_cachedir(),  # its list of fonts takes long to make
    }
    room_bytes = ROOM_BYTES if looks_for_room else 0
    with (
        patch.dict(os.environ, places),
        patch("pipeline.core.files.ROOM_BYTES", room_bytes),
        patch.object(tempfile, "tempdir", str(disk / "tmp")),
        patch.object(sys, "argv", ["gesture", *words]),
        redirect_stdout(said),
        redirect_stderr(said),
    ):
        os.chdir(disk)
        try:
            app.main()
        except SystemExit as ended:
            said.write(f"\nexit code {ended.code}\n")
        finally:
            os.chdir(here)
    return said.getvalue()


if __name__ == "__main__":
    main()
