"""Instructions that the virtual board executes, counted by a plugin of QEMU, and their cycles.

harness/count_plugin.c is compiled with the host's compiler for the QEMU that is installed; Debian's
7.2 is what it was written for. What it counts by address is joined here with objdump's listing.

What instructions take on a Cortex-M4 and on the flash of an nRF52840 are bounds. Sources, by the
names used below:

TRM: Arm Cortex-M4 Processor Technical Reference Manual (DDI 0439, also 100166): the tables
"Processor instruction set" and "FPU instruction set", and the section "Load/store timings".
PS: Nordic nRF52840 Product Specification v1.1, the chapters CPU (wait states) and NVMC (cache).
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from pipeline.boards import supervisor
from pipeline.core.costs import Bounds
from pipeline.core.project import PROJECT

KINDS = ("load", "store", "branch", "multiply", "divide", "float", "other")

# TRM: P, "the number of cycles required for a pipeline refill. This ranges from 1 to 3".
REFILL = Bounds(1, 3)

# PS, CPU: at most 2 wait states from flash without the cache, at most 3 where the cache misses,
# none from RAM. PS, NVMC: the cache keeps what is fetched, not what is loaded, so constants come
# from the flash itself. How often a buffer there spares the wait is not said: the lower bound has
# no waits.
FLASH_WAITS = Bounds(0, 3)
# Assumed, of the words that are fetched; deploy_load tries it with an emulated cache of 1 KB. The
# cache is on: nothing in Mbed OS for this chip sets NVMC.ICACHECNF, but the Nano's bootloader does,
# and jumps to the image without a reset.
CACHE_HITS = Bounds(0.8, 1.0)
FETCHED_BYTES = 4

_CONDITION = "(?:eq|ne|cs|hs|cc|lo|mi|pl|vs|vc|hi|ls|ge|lt|gt|le|al)"
_BRANCH = re.compile(rf"(?:b|bl|bx|blx){_CONDITION}?$|cbn?z$")
_LIST = re.compile(r"v?(?:push|pop)|v?(?:ldm|stm)")
_DOUBLE = re.compile(r"(?:ldr|str)d")
_LOAD = re.compile(r"v?ldr|v?ldm|v?pop|tb[bh]")
_STORE = re.compile(r"v?str|v?stm|v?push")
_MULTIPLY = re.compile(r"mul|ml[as]|[su]ml[as]|[su]mul|smm|smu[as]d|umaal")
_DIVIDE = re.compile(r"[su]div")
_SYSTEM = re.compile(r"mrs|msr|cps")
_BARRIER = re.compile(r"[di][ms]b$")
_FLOAT_FUSED = re.compile(r"vn?ml[as]|vfn?m[as]")
_FLOAT_SLOW = re.compile(r"vdiv|vsqrt")
_NO_RESULT = re.compile(r"cmp|cmn|tst|teq|nop|it|dsb|isb|dmb|pld|cps|msr")


@dataclass(frozen=True)
class Instruction:
    """As objdump writes it; `mnemonic` without its width."""

    address: int
    size: int
    mnemonic: str
    operands: str

    @property
    def is_single_load(self) -> bool:
        return bool(re.match(r"v?ldr", self.mnemonic)) and not _DOUBLE.match(self.mnemonic)

    @property
    def result(self) -> str:
        """The register that a data processing instruction writes, or ""."""
        is_other = kind_of(self) in ("other", "multiply", "divide")
        writes = is_other and not _NO_RESULT.match(self.mnemonic)
        return self.operands.split(",")[0].strip() if writes else ""

    @property
    def addressed_by(self) -> set[str]:
        """The registers between the brackets of a load or store."""
        inside = re.search(r"\[(.*?)\]", self.operands)
        return set(re.findall(r"\b(?:r\d+|sl|fp|ip|sp|lr)\b", inside.group(1) if inside else ""))


class Executed(NamedTuple):
    """How often an instruction ran, and what QEMU saw of it; see harness/count_plugin.c."""

    instruction: Instruction
    before: Instruction | None  # the one before it in memory
    times: int
    taken: int
    flash_reads: int
    unaligned: int
    misses: int


def kind_of(instruction: Instruction) -> str:
    """One of KINDS."""
    mnemonic = instruction.mnemonic
    if _BRANCH.match(mnemonic):
        return "branch"
    for kind, pattern in (("load", _LOAD), ("store", _STORE), ("divide", _DIVIDE)):
        if pattern.match(mnemonic):
            return kind
    if mnemonic.startswith("v"):
        return "float"
    return "multiply" if _MULTIPLY.match(mnemonic) else "other"


def cycles_of(instruction: Instruction, before: Instruction | None = None) -> Bounds:
    """One run of it without wait states; where it jumps, REFILL comes on top.

    before: the instruction before it in memory, which ran before it unless something jumped here.
    """
    kind = kind_of(instruction)
    if kind in ("load", "store"):
        return _of_access(instruction, before)
    if kind == "divide":
        return Bounds(2, 12)  # TRM: 2 to 12, by the number of leading ones and zeros
    if kind == "float":
        return _of_float(instruction.mnemonic)
    if instruction.mnemonic.startswith("it"):
        return Bounds(0, 1)  # TRM: may be folded onto a 16-bit instruction before it
    if _SYSTEM.match(instruction.mnemonic):
        return Bounds(1, 2)
    if _BARRIER.match(instruction.mnemonic):
        return Bounds(1, 1 + REFILL.upper)  # TRM: 1 + B
    return Bounds(1, 1)


def _of_access(instruction: Instruction, before: Instruction | None) -> Bounds:
    cycles = _of_aligned_access(instruction, before)
    # TRM: an address that depends on the result of the data processing instruction before it
    # stalls the pipeline for a cycle.
    waits = before is not None and before.result in instruction.addressed_by
    return cycles.plus(Bounds(0, 1 if waits else 0))


def _of_aligned_access(instruction: Instruction, before: Instruction | None) -> Bounds:
    mnemonic = instruction.mnemonic
    if _LIST.match(mnemonic):
        count = _registers(instruction.operands)
        return Bounds(1 + count, 1 + count)
    if _DOUBLE.match(mnemonic) or (mnemonic.startswith("v") and instruction.operands[0] == "d"):
        return Bounds(3, 3)
    if mnemonic.startswith("tb"):
        return Bounds(2, 3)  # TRM: 2 + P in the table, at least six in the text
    if kind_of(instruction) == "store":
        return Bounds(1, 2)  # TRM: 2 in the table; with an immediate offset always 1
    if re.search(f"{_CONDITION}$", mnemonic) or (before is not None and before.is_single_load):
        return Bounds(1, 2)  # not done after all, or its address beside the data of the one before
    contends = "[pc" in instruction.operands  # TRM: it might add a cycle, against the fetch unit
    return Bounds(2, 3 if contends else 2)


def _of_float(mnemonic: str) -> Bounds:
    """TRM: a cycle longer where the next instruction needs the result, or moving two registers."""
    if _FLOAT_SLOW.match(mnemonic):
        return Bounds(14, 15)
    return Bounds(3, 4) if _FLOAT_FUSED.match(mnemonic) else Bounds(1, 2)


def _registers(operands: str) -> int:
    """How many words a list like {r4, r5, lr}, {s16-s19} or {d8-d9} has."""
    inside = operands[operands.index("{") + 1 : operands.index("}")]
    total = 0
    for part in inside.split(","):
        ends = re.findall(r"\d+", part) if "-" in part else []
        count = int(ends[1]) - int(ends[0]) + 1 if ends else 1
        total += count * (2 if part.strip().startswith("d") else 1)
    return total


@dataclass(frozen=True)
class Mix:
    """Instructions by kind, and what they take.

    cycles: all waiting included; waits: those of it that are for the flash.
    """

    counts: dict[str, int]
    taken: int
    cycles: Bounds
    waits: Bounds
    fetched_words: float
    missed_lines: int

    @property
    def instructions(self) -> int:
        return sum(self.counts.values())

    def per(self, times: float) -> Mix:
        """Of one of `times` runs, or seconds."""
        return Mix(
            {kind: round(count / times) for kind, count in self.counts.items()},
            round(self.taken / times),
            self.cycles.times(1 / times),
            self.waits.times(1 / times),
            self.fetched_words / times,
            round(self.missed_lines / times),
        )


def mix_of(executed: Iterable[Executed]) -> Mix:
    """How many instructions of each kind were executed, and bounds of their cycles."""
    counts = dict.fromkeys(KINDS, 0)
    cycles, reads, taken, words, missed = Bounds(0, 0), 0, 0, 0.0, 0
    for each in executed:
        counts[kind_of(each.instruction)] += each.times
        cycles = cycles.plus(cycles_of(each.instruction, each.before).times(each.times))
        cycles = cycles.plus(REFILL.times(each.taken))
        cycles = cycles.plus(Bounds(each.unaligned, each.unaligned))
        reads, taken, missed = reads + each.flash_reads, taken + each.taken, missed + each.misses
        words += each.times * each.instruction.size / FETCHED_BYTES
    waits = flash_waits(words + taken, reads)
    return Mix(counts, taken, cycles.plus(waits), waits, words, missed)


def flash_waits(fetched_words: float, flash_reads: int) -> Bounds:
    """Cycles that fetching code and loading constants wait for the flash.

    fetched_words: what a jump throws away and fetches again counts once more.
    """
    missed = fetched_words * (1 - CACHE_HITS.lower)
    return Bounds(
        (fetched_words * (1 - CACHE_HITS.upper) + flash_reads) * FLASH_WAITS.lower,
        (missed + flash_reads) * FLASH_WAITS.upper,
    )


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
