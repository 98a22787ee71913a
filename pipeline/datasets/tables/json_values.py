"""Rows in JSON of any shape: lists of rows, lists of objects, objects of columns, and takes."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pipeline.datasets.tables.frames import Part, facts_of, unnamed

AXES = ("x", "y", "z")
NAMES_KEYS = frozenset(("columns", "header", "headers", "names", "fields", "channels", "axes"))
DEEPEST = 6


def load_values(text: str) -> Any:
    """The value of a JSON text, or the list of those of its lines.

    Raises:
        ValueError: it is no JSON.
    """
    try:
        return json.loads(text)
    except ValueError as error:
        lines = [line for line in text.splitlines() if line.strip()]
        first = lines[0].strip() if lines else ""
        if len(lines) < 2 or not (first.endswith("}") or first.endswith("]")):
            raise ValueError(_fault(error)) from None
    values = []
    for number, line in enumerate(lines, 1):
        try:
            values.append(json.loads(line))
        except ValueError:
            raise ValueError(
                f"is no JSON: its line {number} ends too early or is damaged"
            ) from None
    return values


def _fault(error: ValueError) -> str:
    if isinstance(error, json.JSONDecodeError):
        return f"is no JSON: {error.msg} on line {error.lineno}"
    return f"is no JSON: {error}"


def parts_of(value: Any, facts: Mapping[str, Any] | None = None, depth: int = 0) -> list[Part]:
    """The takes in a JSON value.

    Raises:
        ValueError: it has no rows of numbers.
    """
    if depth > DEEPEST:
        raise ValueError("is nested too deeply to be a table")
    facts = dict(facts or {})
    if isinstance(value, list):
        return _of_list(value, facts, depth)
    if isinstance(value, dict):
        return _of_object(value, facts, depth)
    raise ValueError("is JSON without rows")


def _of_list(values: list[Any], facts: dict[str, Any], depth: int) -> list[Part]:
    if not values:
        raise ValueError("is an empty list")
    if all(isinstance(value, dict) for value in values):
        if all(_inner_rows(value) for value in values):
            return [part for value in values for part in parts_of(value, facts, depth + 1)]
        return [_of_records([dict(_flat(value, "")) for value in values], facts)]
    if not all(isinstance(value, list) for value in values):
        raise ValueError("is JSON without rows: its list has single values")
    if _is_row(values[0]):
        return [_of_rows(values, (), facts)]
    return [part for value in values for part in parts_of(value, facts, depth + 1)]


def _of_object(entries: dict[str, Any], facts: dict[str, Any], depth: int) -> list[Part]:
    facts |= facts_of({key: value for key, value in entries.items() if _is_single(value)})
    lists = {key: value for key, value in entries.items() if isinstance(value, list)}
    columns = {key: value for key, value in lists.items() if value and all(map(_is_single, value))}
    rows = {key: value for key, value in lists.items() if value and key not in columns}
    names = [value for key, value in columns.items() if key.lower() in NAMES_KEYS]
    if len(rows) == 1 and (names or not _same_length(columns, rows)):
        (found,) = rows.values()
        if names and all(map(_is_row, found)):
            return [_of_rows(found, tuple(map(str, names[0])), facts)]
        return parts_of(found, facts, depth + 1)
    if (vectors := _vectors(rows)) and _same_length(columns, vectors):
        return [_of_columns({**columns, **vectors}, facts)]
    if len(columns) > 1 and not rows:
        return [_of_columns(columns, facts)]
    inner = {key: value for key, value in entries.items() if isinstance(value, dict)}
    if len(inner) > 1 and not lists and _are_columns(inner):
        return [_of_columns({key: list(value.values()) for key, value in inner.items()}, facts)]
    return _of_named(rows or inner, facts, depth)


def _are_columns(entries: Mapping[str, Mapping[str, Any]]) -> bool:
    """Whether objects have the same keys for the same rows, as pandas writes a table."""
    keys = [list(value) for value in entries.values()]
    single = all(_is_single(cell) for value in entries.values() for cell in value.values())
    return single and len(keys[0]) > 1 and all(some == keys[0] for some in keys)


def _of_named(entries: Mapping[str, Any], facts: dict[str, Any], depth: int) -> list[Part]:
    """Takes by label, or one object inside another."""
    if not entries:
        raise ValueError("is JSON without rows")
    named = len(entries) > 1 and all(isinstance(value, list) for value in entries.values())
    found: list[Part] = []
    for key, value in entries.items():
        found += parts_of(value, {**facts, "label": key} if named else facts, depth + 1)
    return found


def _vectors(rows: Mapping[str, Any]) -> dict[str, list[Any]]:
    """Columns of axes, from `{"acc": [[x, y, z], ...], "gyro": ...}`; {} where it is not that."""
    columns: dict[str, list[Any]] = {}
    for key, value in rows.items():
        if not all(_is_row(row) and len(row) == len(AXES) for row in value):
            return {}
        columns |= {f"{key} {axis}": [row[at] for row in value] for at, axis in enumerate(AXES)}
    return columns if len({len(value) for value in columns.values()}) == 1 else {}


def _same_length(one: Mapping[str, Sequence[Any]], other: Mapping[str, Sequence[Any]]) -> bool:
    return len({len(value) for value in (*one.values(), *other.values())}) == 1


def _is_single(value: Any) -> bool:
    return not isinstance(value, dict | list)


def _is_row(value: Any) -> bool:
    return isinstance(value, list) and len(value) > 1 and all(map(_is_single, value))


def _inner_rows(value: Mapping[str, Any]) -> bool:
    """Whether an object holds rows of its own: it is a take, and no row."""
    return any(
        isinstance(inner, list) and len(inner) > 1 and not _is_single(inner[0])
        for inner in value.values()
    )


def _of_rows(rows: list[Any], names: tuple[str, ...], facts: dict[str, Any]) -> Part:
    import pandas as pd

    if not names and all(isinstance(cell, str) and not _is_number(cell) for cell in rows[0]):
        names, rows = tuple(rows[0]), rows[1:]
    widths = {len(row) if isinstance(row, list) else 0 for row in rows}
    if len(widths) != 1:
        raise ValueError(f"has rows of {', '.join(map(str, sorted(widths)))} numbers")
    noted: tuple[str, ...] = ()
    if not names:
        names, noted = unnamed(widths.pop())
    elif len(names) not in widths:
        raise ValueError(f"has {len(names)} names of columns and rows of {widths.pop()}")
    return Part(pd.DataFrame(rows, columns=list(names)), facts, noted)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _of_records(records: list[dict[str, Any]], facts: dict[str, Any]) -> Part:
    import pandas as pd

    return Part(pd.DataFrame.from_records(records), facts)


def _of_columns(columns: Mapping[str, Sequence[Any]], facts: dict[str, Any]) -> Part:
    import pandas as pd

    lengths = {len(value) for value in columns.values()}
    if len(lengths) != 1:
        shown = ", ".join(f"{key} {len(value)}" for key, value in columns.items())
        raise ValueError(f"has columns of different lengths: {shown[:100]}")
    return Part(pd.DataFrame(dict(columns)), facts)


def _flat(value: Any, name: str) -> Iterator[tuple[str, Any]]:
    """The single values of an object, with the path to each, as in "acc x"."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _flat(inner, f"{name} {key}".strip())
    elif isinstance(value, list):
        names = AXES if len(value) == len(AXES) else [str(at) for at in range(len(value))]
        for part, inner in zip(names, value, strict=True):
            yield from _flat(inner, f"{name} {part}".strip())
    else:
        yield name, value
