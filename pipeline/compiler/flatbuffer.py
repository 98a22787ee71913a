"""The bytes of a .tflite file, read with every offset checked.

Layout of flatbuffers: https://flatbuffers.dev/internals. Field numbers are those of TensorFlow
Lite's schema, version 3. Offsets only lead forward, so a hostile file cannot make a loop. Many
offsets may lead to the same part, though, so a small file could list more than there is memory for:
nothing is copied, and what is read is counted.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

from pipeline.errors import PipelineError

FILE_IDENTIFIER = b"TFL3"
SCHEMA_VERSION = 3
MAX_FILE_BYTES = 16 * 2**20
MAX_ITEMS = 2048  # tensors, operators, buffers of a model; numbers in a list
MAX_NAME = 256  # bytes of a name that are read
MAX_WORK = 2**20  # numbers and tables read, one way or another
TABLE_WORK = 16  # a table costs as much as so many numbers


def damaged(detail: str) -> PipelineError:
    return PipelineError(
        f"The model is not a sound .tflite file: {detail}.",
        "the file was cut short, changed, or is of another kind",
        "convert the run again with `gesture convert`",
    )


@dataclass
class _Source:
    """The file, and how much may still be read of it."""

    data: bytes
    left: int = MAX_WORK

    def spend(self, work: int) -> None:
        self.left -= work
        if self.left < 0:
            raise damaged("its lists lead to the same parts again and again")

    def check(self, start: int, length: int) -> None:
        if start < 0 or start + length > len(self.data):
            raise damaged(f"it points beyond its {len(self.data)} bytes")

    def read(self, code: str, place: int) -> int:
        self.check(place, struct.calcsize(code))
        number: int = struct.unpack_from(code, self.data, place)[0]
        return number

    def follow(self, place: int) -> Table:
        self.spend(TABLE_WORK)
        position = place + self.read("<I", place)
        vtable = position - self.read("<i", position)
        self.check(vtable, self.read("<H", vtable))
        self.check(position, self.read("<H", vtable + 2))
        return Table(self, position)


@dataclass(frozen=True)
class Table:
    """A table of a flatbuffer: fields by number, defaults for those that were left out."""

    source: _Source
    position: int

    def _field(self, number: int) -> int | None:
        """Where the field's value is, None where the field was left out."""
        vtable = self.position - self.source.read("<i", self.position)
        size = self.source.read("<H", vtable)
        entry = 4 + 2 * number
        if entry + 2 > size:
            return None
        offset = self.source.read("<H", vtable + entry)
        return self.position + offset if offset else None

    def number(self, field: int, code: str, default: float = 0) -> int:
        place = self._field(field)
        return int(default) if place is None else int(self.source.read("<" + code, place))

    def real(self, field: int, default: float = 0.0) -> float:
        place = self._field(field)
        return default if place is None else float(self.source.read("<f", place))

    def _vector(self, field: int, item_bytes: int) -> tuple[int, int] | None:
        """First item's place and the number of items."""
        place = self._field(field)
        if place is None:
            return None
        start = place + self.source.read("<I", place)
        count = self.source.read("<I", start)
        self.source.check(start + 4, count * item_bytes)
        return start + 4, count

    def numbers(self, field: int, code: str) -> tuple[float, ...]:
        vector = self._vector(field, struct.calcsize(code))
        if vector is None:
            return ()
        start, count = vector
        _limit(count)
        self.source.spend(count)
        return struct.unpack_from(f"<{count}{code}", self.source.data, start)

    def integers(self, field: int, code: str = "i") -> tuple[int, ...]:
        return tuple(int(value) for value in self.numbers(field, code))

    def raw(self, field: int) -> memoryview:
        start, count = self._vector(field, 1) or (0, 0)
        return memoryview(self.source.data)[start : start + count]

    def text(self, field: int) -> str:
        """A string, or how it begins; its closing NUL must be there."""
        vector = self._vector(field, 1)
        if vector is None:
            return ""
        start, count = vector
        if self.source.read("<B", start + count) != 0:
            raise damaged("a name has no end")
        shown = self.source.data[start : start + min(count, MAX_NAME)]
        return shown.decode("utf-8", errors="replace")

    def table(self, field: int) -> Table | None:
        place = self._field(field)
        return None if place is None else self.source.follow(place)

    def tables(self, field: int) -> tuple[Table, ...]:
        vector = self._vector(field, 4)
        if vector is None:
            return ()
        start, count = vector
        _limit(count)
        return tuple(self.source.follow(start + 4 * index) for index in range(count))


def root(data: bytes) -> Table:
    """The root table. Raises PipelineError where the file is not a .tflite model."""
    if len(data) > MAX_FILE_BYTES:
        raise damaged(f"it has {len(data)} bytes, more than {MAX_FILE_BYTES}")
    if len(data) % 4 or data[4:8] != FILE_IDENTIFIER:
        raise damaged("it does not begin, or does not end, as such a file does")
    return _Source(data).follow(0)


def _limit(count: int) -> None:
    if count > MAX_ITEMS:
        raise damaged(f"it lists {count} items where {MAX_ITEMS} is the most")
