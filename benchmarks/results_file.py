"""Recorded figures, which parts of a benchmark run, and where the figures are kept."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

from pipeline.core.files import atomic_write

FOLDER = Path(__file__).resolve().parent / "results"
TOLERANCE = 0.02  # of the recorded figure, by which one may be worse

Row: TypeAlias = dict[str, Any]  # name, value, unit, bound, command, note


def row(name: str, value: float, unit: str, command: str, note: str = "", bound: str = "") -> Row:
    """`bound` as in "<= 66000". A value without one is better where it is smaller, unless its unit
    is `times`."""
    texts = {"name": name, "unit": unit, "bound": bound, "command": command, "note": note}
    return {**texts, "value": value}


def load(area: str) -> list[Row]:
    """The rows of an area; none where it has no file."""
    path = FOLDER / f"{area}.json"
    rows: list[Row] = json.loads(path.read_text("utf-8")) if path.is_file() else []
    return rows


def record(area: str, rows: Sequence[Row]) -> None:
    """Add `rows` to the area's file, in place of those of the same name; sorted by name."""
    merged = {row["name"]: row for row in [*load(area), *rows]}
    text = json.dumps([merged[name] for name in sorted(merged)], indent=2, sort_keys=True)
    with atomic_write(FOLDER / f"{area}.json") as unfinished:
        unfinished.write_text(text + "\n", "utf-8")


def record_unless_worse(area: str, rows: Sequence[Row], *, accept: bool) -> list[Row]:
    """Record figures that are as good as the recorded ones, or all where `accept` says so.

    A worse one is told and not recorded. Returns those that are worse by more than TOLERANCE,
    where they are not accepted.
    """
    known = {row["name"]: row for row in load(area)}
    loss = {row["name"]: _loss(row, known.get(row["name"])) for row in rows}
    record(area, [row for row in rows if accept or loss[row["name"]] <= 0])
    worse = [row for row in rows if not accept and loss[row["name"]] > 0]
    for row in worse:
        name, value, best = row["name"], row["value"], known[row["name"]]["value"]
        print(f"worse, not recorded: {name} {value:,}, recorded is {best:,}; --accept records it")
    return [row for row in worse if loss[row["name"]] > TOLERANCE]


def _loss(row: Row, known: Row | None) -> float:
    """By which share of the known figure this one is worse; negative where it is better."""
    if known is None:
        return 0.0
    gain = row["bound"].startswith(">") or row["unit"] == "times"
    difference = known["value"] - row["value"] if gain else row["value"] - known["value"]
    return float(difference / abs(known["value"])) if known["value"] else float(difference > 0)


def chosen(parts: Iterable[str], words: Sequence[str]) -> list[str]:
    """The parts that `words` name; all where there are none.

    A part is named whole ('imdb gru'), by its first word ('imdb') or by the rest ('gru'). A word
    that names none ends the program, with a list of the parts.
    """
    names = {part: {part, *part.split(maxsplit=1)} for part in parts}
    unknown = [word for word in words if not any(word in known for known in names.values())]
    if unknown:
        sys.exit("\n  ".join([f"There is no part '{unknown[0]}'. These there are:", *names]))
    return [part for part, known in names.items() if not words or known & set(words)]


def record_parts(area: str, parts: Mapping[str, Callable[[], Sequence[Row]]]) -> None:
    """Measure the parts that the command line names, and record each when it is done."""
    for part in chosen(parts, sys.argv[1:]):
        rows = parts[part]()
        record(area, rows)
        show(rows)


def show(rows: Iterable[Row]) -> None:
    """Print figures, a line each."""
    for row in rows:
        print(f"{row['name']}: {row['value']:,} {row['unit']} (bound {row['bound'] or 'none'})")
