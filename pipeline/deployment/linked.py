"""What of a linked image is the network: bytes of flash and RAM, read from its symbol table.

The table lists local symbols behind the name of the file they come from (ELF, System V ABI,
chapter 4, "Symbol Table").
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pipeline.errors import PipelineError

RAM_ADDRESS = 0x20000000  # of every Cortex-M
NETWORK_FILES = ("model_network.c", "model_text.c")  # of a text model the embedding too
KERNEL_PREFIX = "nn_"
NETWORK_PREFIXES = ("model_network", "model_text")

_HEADER = struct.Struct("<16sHHIIIIIHHHHHH")
_SECTION = struct.Struct("<10I")
_SYMBOL = struct.Struct("<IIIBBH")
_SYMBOL_TABLE = 2  # section type
_OBJECT, _FUNCTION, _FILE = 1, 2, 4  # symbol types
_LOCAL = 0  # binding


@dataclass(frozen=True)
class Symbol:
    """file: where a local symbol comes from, "" for a global one."""

    name: str
    file: str
    address: int
    bytes: int

    @property
    def is_ours(self) -> bool:
        """Whether it belongs to the network or its kernels."""
        of_network = self.file in NETWORK_FILES or self.name.startswith(NETWORK_PREFIXES)
        return of_network or (self.file or self.name).startswith(KERNEL_PREFIX)


@dataclass(frozen=True)
class LinkedNetwork:
    """ram_bytes: without the input and the output, which are the caller's."""

    flash_bytes: int
    ram_bytes: int


def linked_network(elf: Path) -> LinkedNetwork:
    """Raises PipelineError where the image has no symbol table that can be read."""
    ours = [symbol for symbol in network_symbols(elf)]
    ram = sum(symbol.bytes for symbol in ours if symbol.address >= RAM_ADDRESS)
    return LinkedNetwork(sum(symbol.bytes for symbol in ours) - ram, ram)


def network_symbols(elf: Path) -> list[Symbol]:
    """Functions and data of the network and the kernels it brings in."""
    return [symbol for symbol in _symbols(elf) if symbol.is_ours]


def _symbols(elf: Path) -> Iterator[Symbol]:
    content = elf.read_bytes()
    table, names = _tables(content, elf)
    file = ""
    for name_at, address, size, info, _, _ in _SYMBOL.iter_unpack(table):
        name = names[name_at : names.index(b"\0", name_at)].decode("utf-8", "replace")
        kind, binding = info & 15, info >> 4
        if kind == _FILE:
            file = name
        elif kind in (_OBJECT, _FUNCTION) and size:
            yield Symbol(name, file if binding == _LOCAL else "", address & ~1, size)


def _tables(content: bytes, elf: Path) -> tuple[bytes, bytes]:
    """The symbol table, and the texts its names are in."""
    try:
        header = _HEADER.unpack_from(content)
        start, count = header[6], header[12]
        sections = [_SECTION.unpack_from(content, start + 40 * i) for i in range(count)]
        table = next(section for section in sections if section[1] == _SYMBOL_TABLE)
        names = sections[table[6]]
    except (struct.error, StopIteration, IndexError):
        raise PipelineError(
            f"{elf} has no symbol table, so what the network takes in it cannot be checked.",
            "the image was stripped, or is no 32-bit ELF file",
            "delete the run's build folder and deploy again",
        ) from None
    return content[table[4] : table[4] + table[5]], content[names[4] : names[4] + names[5]]
