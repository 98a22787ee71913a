"""Text files of others as rows of cells: what editors and terminals add is taken off and told."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pipeline.datasets.recording_faults import Noted

BYTE_ORDER_MARK = "\ufeff"
SEPARATORS = {";": "semicolons", "\t": "tabs"}
# Colours, erasing, modes, character sets, bells: they move no text. Others may have written over
# digits, so they stay, and the cell that holds them is no number.
HARMLESS_CODES = re.compile(r"\x1b\[[0-9;?]*[mKJhl]|\x1b[()][0AB]|\x1b\][^\x07\x1b]*\x07|\x07")


@dataclass(frozen=True)
class Row:
    """line: counts from 1; text: cells with commas between them and points in their numbers."""

    line: int
    text: str


def read_rows(file: Path) -> tuple[list[Row], list[Noted]] | Noted:
    """All lines, also empty ones, and what was not as it should be; or why it is no text."""
    text = _decode(file)
    if isinstance(text, Noted):
        return text
    noted = []
    if text.startswith(BYTE_ORDER_MARK):
        noted.append(Noted(file, 1, "starts with a byte-order mark"))
    rows = [Row(line, content) for line, content in enumerate(_lines(text), 1)]
    if "\r" in text:
        noted.append(Noted(file, None, _line_ends(text)))
    rows, codes = _without_codes(rows)
    if codes:
        what = f"terminal control codes were taken off {len(codes)} lines, from this one on"
        noted.append(Noted(file, codes[0], what))
    rows = [Row(row.line, row.text.strip()) for row in rows]
    if not any(row.text for row in rows):
        return Noted(file, None, "is empty")
    return rows, noted


def with_commas(
    rows: Sequence[Row], file: Path, columns: Sequence[str]
) -> tuple[list[Row], list[Noted]]:
    """The rows of a table whose header's cells stand between semicolons or tabs.

    Such tables have commas in their numbers, where the program that wrote them spoke so.
    """
    header = next(row for row in rows if row.text)
    separator = next((s for s in SEPARATORS if header.text.count(s) == len(columns) - 1), None)
    if separator is None:
        return list(rows), []
    told = f"cells are separated by {SEPARATORS[separator]}"
    if any("," in row.text for row in rows):
        told += ", numbers have decimal commas"
    changed = [Row(row.line, row.text.replace(",", ".").replace(separator, ",")) for row in rows]
    return changed, [Noted(file, header.line, told)]


def _decode(file: Path) -> str | Noted:
    try:
        content = file.read_bytes()
        text = content.decode("utf-8")
    except OSError as error:
        return Noted(file, None, f"cannot be read: {error.strerror or error}")
    except UnicodeDecodeError as error:
        if content.startswith((b"\xff\xfe", b"\xfe\xff")):
            return Noted(file, None, "is UTF-16 text; save it as UTF-8")
        return Noted(file, None, f"is not a text file (byte {error.start} is no UTF-8)")
    if "\0" in text:
        return Noted(file, None, "is not a text file (it holds zero bytes)")
    return text


def _lines(text: str) -> list[str]:
    text = text.removeprefix(BYTE_ORDER_MARK)
    return text.replace("\r\n", "\n").replace("\r", "\n").split("\n")


def _line_ends(text: str) -> str:
    windows, lone, unix = (
        len(re.findall(end, text)) for end in (r"\r\n", r"\r(?!\n)", r"(?<!\r)\n")
    )
    if lone or unix:
        return f"line ends are mixed: {windows} of Windows, {unix} of Unix, {lone} of old Macs"
    return "has Windows line ends"


def _without_codes(rows: Sequence[Row]) -> tuple[list[Row], list[int]]:
    clean = [Row(row.line, HARMLESS_CODES.sub("", row.text)) for row in rows]
    return clean, [
        row.line for row, other in zip(rows, clean, strict=True) if row.text != other.text
    ]
