"""The bytes of a .tflite file, read with every offset checked.

Layout of flatbuffers: https://flatbuffers.dev/internals. Field numbers are those of TensorFlow
Lite's schema, version 3. Offsets only lead forward, so a hostile file cannot make a loop; counts
are limited, so it cannot make much work either.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

from pipeline.errors import PipelineError

FILE_IDENTIFIER = b"TFL3"
SCHEMA_VERSION = 3
MAX_FILE_BYTES = 16 * 2**20
MAX_ITEMS = 2048  # tensors, operators, buffers of a model; numbers in a list


def damaged(detail: str) -> PipelineError:
    return PipelineError(
        f"The model is not a sound .tflite file: {detail}.",
        "the file was cut short, changed, or is of another kind",
        "convert the run again with `gesture convert`",
    )


@dataclass(frozen=True)
class Table:
    """A table of a flatbuffer: fields by number, defaults for those that were left out."""

    data: bytes
    position: int

    def _field(self, number: int) -> int | None:
        """Where the field's value is, None where the field was left out."""
        vtable = self.position - _read(self.data, "<i", self.position)
        (size,) = struct.unpack_from("<H", _span(self.data, vtable, 4))
        entry = 4 + 2 * number
        if entry + 2 > size:
            return None
        offset: int = _read(self.data, "<H", vtable + entry)
        return self.position + offset if offset else None

    def number(self, field: int, code: str, default: float = 0) -> int:
        place = self._field(field)
        return int(default) if place is None else int(_read(self.data, "<" + code, place))

    def real(self, field: int, default: float = 0.0) -> float:
        place = self._field(field)
        return default if place is None else float(_read(self.data, "<f", place))

    def _vector(self, field: int, item_bytes: int) -> tuple[int, int] | None:
        """First item's place and the number of items."""
        place = self._field(field)
        if place is None:
            return None
        start = place + _read(self.data, "<I", place)
        count: int = _read(self.data, "<I", start)
        _span(self.data, start + 4, count * item_bytes)
        return start + 4, count

    def numbers(self, field: int, code: str) -> tuple[float, ...]:
        vector = self._vector(field, struct.calcsize(code))
        if vector is None:
            return ()
        start, count = vector
        _limit(count)
        return struct.unpack_from(f"<{count}{code}", self.data, start)

    def integers(self, field: int, code: str = "i") -> tuple[int, ...]:
        return tuple(int(value) for value in self.numbers(field, code))

    def raw(self, field: int) -> bytes:
        vector = self._vector(field, 1)
        return b"" if vector is None else self.data[vector[0] : vector[0] + vector[1]]

    def text(self, field: int) -> str:
        """A string; its closing NUL must be there."""
        vector = self._vector(field, 1)
        if vector is None:
            return ""
        start, count = vector
        if _span(self.data, start + count, 1) != b"\0":
            raise damaged("a name has no end")
        return self.data[start : start + count].decode("utf-8", errors="replace")

    def table(self, field: int) -> Table | None:
        place = self._field(field)
        return None if place is None else _follow(self.data, place)

    def tables(self, field: int) -> tuple[Table, ...]:
        vector = self._vector(field, 4)
        if vector is None:
            return ()
        start, count = vector
        _limit(count)
        return tuple(_follow(self.data, start + 4 * index) for index in range(count))


def root(data: bytes) -> Table:
    """The root table. Raises PipelineError where the file is not a .tflite model."""
    if len(data) > MAX_FILE_BYTES:
        raise damaged(f"it has {len(data)} bytes, more than {MAX_FILE_BYTES}")
    if len(data) % 4 or data[4:8] != FILE_IDENTIFIER:
        raise damaged("it does not begin, or does not end, as such a file does")
    return _follow(data, 0)


def _span(data: bytes, start: int, length: int) -> bytes:
    if start < 0 or start + length > len(data):
        raise damaged(f"it points beyond its {len(data)} bytes")
    return data[start : start + length]


def _read(data: bytes, code: str, place: int) -> int:
    (value,) = struct.unpack(code, _span(data, place, struct.calcsize(code)))
    number: int = value
    return number


def _follow(data: bytes, place: int) -> Table:
    position = place + _read(data, "<I", place)
    table = Table(data, position)
    vtable = position - _read(data, "<i", position)
    size = _read(data, "<H", vtable)
    _span(data, vtable, size)
    _span(data, position, _read(data, "<H", vtable + 2))
    return table


def _limit(count: int) -> None:
    if count > MAX_ITEMS:
        raise damaged(f"it lists {count} items where {MAX_ITEMS} is the most")
