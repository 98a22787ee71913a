"""Counts what the virtual board executes, instruction by instruction, with a plugin of QEMU.

harness/count_plugin.c is compiled with the host's compiler for the QEMU that is installed; Debian's
7.2 is what it was written for. What it counts by address is joined here with objdump's listing.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.cortex_m4 import Executed, Instruction
from pipeline.boards import supervisor
from pipeline.core.project import PROJECT

PLUGIN = PROJECT / "benchmarks" / "harness" / "count_plugin.c"
LIMIT_S = 120
OUTSIDE = ""  # of all functions that are watched
_LISTED = re.compile(r"^\s*([0-9a-f]+):\t([0-9a-f ]+)\t(\S+)(?:\t([^;@<]*))?")
_WIDTH = re.compile(r"\.[nw]$")


@dataclass(frozen=True)
class Counted:
    """What ran in each function that was watched; without what other watched functions did."""

    executed: Mapping[str, tuple[Executed, ...]]
    calls: Mapping[str, int]


def build_plugin(folder: Path) -> Path:
    """Compile the plugin of QEMU."""
    library = folder / "count_plugin.so"
    flags = ["-shared", "-fPIC", "-O2", "-Wall", "-Wextra", "-Werror"]
    subprocess.run(["gcc", *flags, str(PLUGIN), "-o", str(library)], check=True)
    return library


class Counting:
    """A virtual board that counts while it talks. Use as `with counting(...) as board`."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process

    def wait_for(self, start: str) -> str:
        """The next line that starts with `start`. Raises RuntimeError where the board ends."""
        assert self._process.stdout is not None
        for line in self._process.stdout:
            if line.startswith(start.encode()):
                return line.decode().strip()
        raise RuntimeError(f"the board ended before it said `{start}`")

    def send(self, command: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(f"{command}\n".encode())
        self._process.stdin.flush()


@contextmanager
def counting(image: Path, plugin: Path, out: Path, functions: Sequence[str]) -> Iterator[Counting]:
    """Runs `image` with time counted in instructions; at the end `out` has the counts."""
    addresses = _addresses(image)
    watched = "".join(f",function={addresses[name]:#x}" for name in functions)
    launch = supervisor.launch_virtual(image, None, fast=True)
    command = [*launch.command, "-plugin", f"{plugin},out={out}{watched}"]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL) as process:
        try:
            yield Counting(process)
        finally:
            process.terminate()  # QEMU ends in order, and the plugin writes
            process.wait(LIMIT_S)


def read_counts(image: Path, out: Path, functions: Sequence[str]) -> Counted:
    """Raises KeyError where something ran that objdump does not show."""
    listing = _listing(image)
    addresses = _addresses(image)
    rows: dict[str, list[Executed]] = {name: [] for name in (OUTSIDE, *functions)}
    names = tuple(rows)
    for line in out.read_text("ascii").splitlines():
        function, address, *numbers = (int(word, 16) for word in line.split())
        rows[names[function]].append(Executed(*listing[address], *numbers))
    calls = {
        name: sum(each.times for each in rows[name] if each.instruction.address == addresses[name])
        for name in functions
    }
    return Counted({name: tuple(each) for name, each in rows.items()}, calls)


def _listing(image: Path) -> dict[int, tuple[Instruction, Instruction | None]]:
    """By address, each instruction and the one before it."""
    found: dict[int, tuple[Instruction, Instruction | None]] = {}
    before: Instruction | None = None
    for line in _output("arm-none-eabi-objdump", "-d", str(image)).splitlines():
        match = _LISTED.match(line)
        if match is None:
            continue
        address, code, mnemonic, operands = match.groups()
        size = 2 * len(code.split()) if len(code.split()[0]) == 4 else 4
        instruction = Instruction(
            int(address, 16), size, _WIDTH.sub("", mnemonic), (operands or "").strip()
        )
        follows = before is not None and before.address + before.size == instruction.address
        found[instruction.address] = (instruction, before if follows else None)
        before = instruction
    return found


def _addresses(image: Path) -> dict[str, int]:
    """Of the functions in the image, by name."""
    words = (line.split() for line in _output("arm-none-eabi-nm", str(image)).splitlines())
    return {word[2]: int(word[0], 16) & ~1 for word in words if len(word) == 3}


def _output(*command: str) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout
