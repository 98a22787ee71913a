"""JSON of programs for motion: Edge Impulse, Sensor Logger, and drawn strokes."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import PurePath, PurePosixPath
from typing import Any

from pipeline.datasets.recording_file import Noted
from pipeline.datasets.tables.encodings import as_utf8
from pipeline.datasets.tables.frames import Part, rate_of_interval, tables_of_parts
from pipeline.datasets.tables.json_values import load_values, parts_of
from pipeline.datasets.tables.sensiml import is_list_of_captures
from pipeline.datasets.tables.sources import Source
from pipeline.datasets.tables.table import Table

OWN_EXPORT = re.compile(r"(?P<label>[^.]+)\.(?P<person>\w+)-(?P<session>\w+)-\d{3,}")
NO_UNIT = ("", "N/A", "n/a", "none", "unknown")
LABELS_FILE = "info.labels"
LOGGER_SENSORS = ("TotalAcceleration", "Accelerometer", "Gyroscope")  # of Sensor Logger
STROKES = (
    "holds strokes that were drawn in the air, as points of a plane: their accelerations are lost, "
    "and nothing here can learn from them; record the gestures again"
)


def json_tables(source: Source) -> list[Table | Noted]:
    """The tables of a JSON file.

    Raises:
        ValueError: it has none.
    """
    content, _ = as_utf8(source.content())
    value = load_values(bytes(content).decode("utf-8", "replace"))
    if isinstance(value, dict) and isinstance(value.get("payload"), dict):
        return tables_of_parts(source.place, _edge_impulse(value["payload"], source))
    if isinstance(value, dict) and "strokes" in value:
        raise ValueError(STROKES)
    if is_list_of_captures(value):
        return []  # labels of the files beside it
    if _is_sensor_logger(value):
        return _sensor_logger(value, source)
    return tables_of_parts(source.place, parts_of(value))


def _edge_impulse(payload: Mapping[str, Any], source: Source) -> list[Part]:
    """The data acquisition format: https://docs.edgeimpulse.com/reference/data-acquisition-format.

    The label is in `info.labels` beside it, else in the name: `LABEL.ID.json`.
    """
    import pandas as pd

    sensors, values = payload.get("sensors"), payload.get("values")
    if not isinstance(sensors, list) or not isinstance(values, list) or not values:
        raise ValueError("is a document of Edge Impulse without sensors or values")
    rows = [row if isinstance(row, list) else [row] for row in values]
    if any(len(row) != len(sensors) for row in rows):
        raise ValueError(
            f"is a document of Edge Impulse whose rows are not of {len(sensors)} cells"
        )
    names = [_with_unit(str(s.get("name", "")), str(s.get("units", ""))) for s in sensors]
    frame = pd.DataFrame(rows, columns=names)
    facts: dict[str, Any] = {}
    interval_ms = payload.get("interval_ms")
    if isinstance(interval_ms, int | float) and interval_ms > 0:
        facts["rate_hz"] = rate_of_interval(float(interval_ms))
    label = _edge_impulse_label(source)
    if label and isinstance(label, str):
        facts["label"] = label
    elif label:
        frame["label"] = _labels_of_rows(label, len(frame))
    own = OWN_EXPORT.fullmatch(source.name.stem)
    if own:
        facts.setdefault("label", own["label"])
        facts["person"] = own["person"]
    return [Part(frame, facts)]


def _with_unit(name: str, unit: str) -> str:
    return name if unit in NO_UNIT else f"{name} ({unit})"


def _edge_impulse_label(source: Source) -> str | Sequence[Mapping[str, Any]]:
    """The label in info.labels: one for the file, or parts of it; "" where there is none."""
    for name, entry in _labelled_files(source):
        if PurePath(name).name == source.name.name:
            label = entry.get("label", "")
            if isinstance(label, dict):
                return label.get("labels") or str(label.get("label", ""))
            return str(label)
    return ""


def _labelled_files(source: Source) -> list[tuple[str, Mapping[str, Any]]]:
    for near in _beside(source, LABELS_FILE):
        try:
            document = json.loads(bytes(near.content()))
        except (OSError, ValueError):
            continue
        files = document.get("files", []) if isinstance(document, dict) else []
        entries = [entry for entry in files if isinstance(entry, dict)]
        return [(str(entry.get("path", entry.get("name", ""))), entry) for entry in entries]
    return []


def _beside(source: Source, name: str) -> list[Source]:
    """A file in the folder of a source, or in the one above."""
    if source.member:
        folders = list(PurePosixPath(source.member).parents)[:2]
        return [replace(source, member=str(folder / name)) for folder in folders]
    near = [folder / name for folder in list(source.path.absolute().parents)[:2]]
    return [Source(path) for path in near if path.is_file()]


def _labels_of_rows(labels: Sequence[Mapping[str, Any]], count: int) -> list[str]:
    """The label of each row, from parts whose last row is counted too."""
    words = [""] * count
    for part in labels:
        start, stop = int(part.get("startIndex", 0)), int(part.get("endIndex", count - 1)) + 1
        words[start:stop] = [str(part.get("label", ""))] * len(words[start:stop])
    return words


def _is_sensor_logger(value: Any) -> bool:
    rows = value if isinstance(value, list) else []
    return bool(rows) and all(isinstance(row, dict) and "sensor" in row for row in rows[:20])


def _sensor_logger(rows: Sequence[Mapping[str, Any]], source: Source) -> list[Table | Noted]:
    """Rows `{"sensor": "Accelerometer", "time": ns, "x": ...}` of Sensor Logger, by sensor."""
    import pandas as pd

    by_sensor: dict[str, list[Mapping[str, Any]]] = {}
    for row in rows:
        by_sensor.setdefault(str(row.get("sensor", "")), []).append(row)
    wanted = [name for name in LOGGER_SENSORS if name in by_sensor]
    wanted = (
        wanted
        if wanted[:1] != ["TotalAcceleration"]
        else [w for w in wanted if w != "Accelerometer"]
    )
    if not wanted:
        raise ValueError(f"has no acceleration; its sensors are {', '.join(by_sensor)[:100]}")
    parts = [Part(_of_sensor(pd.DataFrame(by_sensor[name]), name)) for name in wanted]
    return [table for part in parts for table in tables_of_parts(source.place, [part])]


def _of_sensor(frame: Any, name: str) -> Any:
    """Its clock and axes; the accelerometer of Sensor Logger has gravity taken off."""
    sensor = {"Accelerometer": "linear acceleration", "TotalAcceleration": "acceleration"}
    unit = "rad/s" if name == "Gyroscope" else "m/s2"
    axes = {axis: f"{sensor.get(name, 'gyroscope')} {axis} ({unit})" for axis in "xyz"}
    clock = {"time": "time (ns)"} if "time" in frame else {"seconds_elapsed": "time (s)"}
    columns = {**clock, **axes}
    return frame[[key for key in columns if key in frame]].rename(columns=columns)
