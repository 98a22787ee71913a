"""Reads the lines of any sketch: which numbers a line has, and what it says about each. Pure.

A line of numbers has a form: its text with `#` for every number. Rows of one kind have the same
form, however they are written: `#,#,#`, `aX:#,aY:#,aZ:#` or `Accel X:# Y:# Z:# g`. A line of JSON
gets the form of names before values.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from pipeline.capture.protocol import MAX_LINE_BYTES
from pipeline.core.imu_columns import AXES, Role, factor_of, sensor_of
from pipeline.core.unit_names import is_counts

_NUMBER = re.compile(
    r"(?<![\w.^/°])[-+]?(?:(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d{1,2})?|(?:nan|inf|ovf)\b)",
    re.IGNORECASE,
)
_DECIMAL_COMMAS = re.compile(r"[-+]?\d+,\d+(?:\s*[;\t|]\s*[-+]?\d+,\d+)+\s*[;\t|]?")
_ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
_STRAY = "".join(map(chr, range(32))) + "\x7f\ufeff "  # at the ends of a line
# The serial monitor of the Arduino IDE, and programs that log a port, write the time before a line.
_ARRIVAL = re.compile(
    r"^\[?(?:\d{4}-\d\d-\d\d[T ])?\d{1,2}:\d\d:\d\d(?:[.,]\d+)?\]?\s*(?:->|[,;>\t ])\s*"
)
SEPARATORS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars", " ": "spaces"}
_BREAKS = re.compile(r"[,;|\t]")
_PLX_DAQ = re.compile(r"^DATA,(?:(?:DATE|TIME|TIMER),)*")  # it puts its own time there


class LineSplitter:
    """Splits a stream into lines, whichever of \\r and \\n end them."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, data: bytes) -> list[bytes]:
        """Add bytes; return the lines that they complete, without line ends."""
        *pieces, rest = (self._rest + data).split(b"\n")
        lines = [line for piece in pieces for line in piece.strip(b"\r").split(b"\r")]
        body, mark, newest = rest.rstrip(b"\r").rpartition(b"\r")  # a \\n may follow the last
        if mark:
            lines += body.strip(b"\r").split(b"\r")
            rest = newest + rest[len(rest.rstrip(b"\r")) :]
        self._rest = rest[: MAX_LINE_BYTES + 1]
        return lines


class Row(NamedTuple):
    """A line with numbers, NaN where the sketch printed nan, inf or ovf."""

    form: str
    numbers: tuple[float, ...]


class Meaning(NamedTuple):
    """What a form says about one of its numbers; "" where it says nothing."""

    name: str
    unit: str


def text_of(line: bytes) -> str:
    """The text of a line, without what a terminal or a bad cable adds at its ends."""
    try:
        text = line.decode("utf-8")
    except UnicodeDecodeError:
        text = line.decode("latin-1")
    text = _ESCAPES.sub("", text).strip(_STRAY)
    return _ARRIVAL.sub("", text, count=1)


def row_of(text: str) -> Row | None:
    """The numbers of a line; None for a line without."""
    if text.startswith("{"):
        return _row_of_json(text)
    if _DECIMAL_COMMAS.fullmatch(text):
        text = text.replace(",", ".")
    text = text.replace("#", " ")
    numbers = tuple(_finite(number) for number in _NUMBER.findall(text))
    return Row(_form_of(_NUMBER.sub("#", text)), numbers) if numbers else None


def _finite(number: str) -> float:
    try:
        value = float(number)
    except ValueError:  # the ovf of Arduino
        return math.nan
    return value if math.isfinite(value) else math.nan


def _form_of(text: str) -> str:
    """One space or tab between words, none beside a separator: printf pads numbers with them."""
    text = re.sub(r"[ \t]*\t[ \t]*", "\t", text)
    text = re.sub(r" {2,}", " ", text)
    return re.sub(r" ?([,;|:=]) ?", r"\1", text).strip(" ")


def _row_of_json(text: str) -> Row | None:
    try:
        found = list(_flat(json.loads(text), ""))
    except (ValueError, RecursionError):
        return None
    if not found:
        return None
    return Row(",".join(f"{name}:#" for name, _ in found), tuple(value for _, value in found))


def _flat(value: Any, name: str) -> Iterator[tuple[str, float]]:
    """The numbers of a JSON value with the path to each, as in "acc x"."""
    if isinstance(value, dict):
        for key, part in value.items():
            yield from _flat(part, f"{name} {re.sub('[,;|:=#]', ' ', key)}".strip())
    elif isinstance(value, list):
        names = (
            [f"{name} {axis}" for axis in AXES] if len(value) == len(AXES) else [""] * len(value)
        )
        for part_name, part in zip(names, value, strict=True):
            yield from _flat(part, part_name)
    elif isinstance(value, str) and _NUMBER.fullmatch(value.strip()):
        yield name, _finite(value)
    elif value is None or (isinstance(value, int | float) and not isinstance(value, bool)):
        yield name, _finite(str(value))


def separator_of(form: str) -> str:
    """What separates the numbers of a form."""
    return next((mark for mark in SEPARATORS if mark in form), " ")


def has_names(form: str) -> bool:
    """Whether a form names its numbers."""
    return any(meaning.name for meaning in meanings_of(form))


def meanings_of(form: str) -> list[Meaning]:
    """What a form says about each of its numbers, in order."""
    first, *texts, last = form.split("#")
    if first.startswith(">") and texts[:1] == [":"]:  # Teleplot: >name:ms:value§unit
        return [Meaning("time", "ms"), Meaning(_name(first), _unit(last))]
    names, units = [_last_name(_PLX_DAQ.sub("", first))], []
    for text in texts:
        unit, name = _unit_and_name(text)
        units.append(unit)
        names.append(name)
    units.append(_unit(_partition(last)[0]))
    return [Meaning(*pair) for pair in zip(_whole_names(names), units, strict=True)]


def _unit_and_name(text: str) -> tuple[str, str]:
    """The text between two numbers: the unit of the first, and the name of the second."""
    unit, mark, name = _partition(text)
    if mark:
        return _unit(unit), _last_name(name)
    words = text.split()
    for at in range(len(words), 0, -1):
        unit = _unit(" ".join(words[:at]))
        if unit:
            return unit, _name(" ".join(words[at:]))
    return "", _name(text)


def _partition(text: str) -> tuple[str, str, str]:
    mark = _BREAKS.search(text)
    return (text[: mark.start()], mark[0], text[mark.end() :]) if mark else (text, "", "")


def _last_name(text: str) -> str:
    """The name that is nearest to the number after the text."""
    return next(filter(None, map(_name, reversed(_BREAKS.split(text)))), "")


def _unit(text: str) -> str:
    """The unit in the text after a number; "" where it is none."""
    unit = text.strip(" \t§()[]{}")
    known = any(factor_of(role, unit) is not None for role in Role) or is_counts(unit)
    return unit if known else ""


def _name(text: str) -> str:
    """The name in the text before a number."""
    without_tag = re.sub(r"^\s*[\[(<][^\])>]*[\])>]\s*(?=\S)", "", text)
    name = without_tag.strip(" \t>:='\"{}[]()<-+*/")
    return name if any(letter.isalpha() for letter in name) else ""


def _whole_names(names: list[str]) -> list[str]:
    """Names as people mean them: `Accel X:# Y:# Z:#` are all of Accel, and so is `Accel:# # #`."""
    whole: list[str] = []
    sensor, axis = "", 0
    for at, name in enumerate(names):
        if name:
            sensor, axis = _sensor_in(name, sensor), 0
            alone = names[at + 1 : at + len(AXES)] == ["", ""]
            is_sensor = alone and sensor_of(name) is not None and sensor_of(name) is not Role.OTHER
            one_of = name.lower() in AXES and sensor
            whole.append(f"{sensor} {name}" if one_of else f"{name} x" if is_sensor else name)
            sensor, axis = (name, 1) if is_sensor else (sensor, 0)
        elif 0 < axis < len(AXES):
            whole.append(f"{sensor} {AXES[axis]}")
            axis += 1
        else:
            whole.append("")
    return whole


def _sensor_in(name: str, before: str) -> str:
    """The sensor of `Accel X`; of a lone axis, the one before."""
    if name.lower() in AXES:
        return before
    words = name.split()
    return " ".join(words[:-1]) if words[-1].lower() in AXES else ""
