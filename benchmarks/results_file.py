"""Where figures are kept: benchmarks/results/<area>.json, one row a figure."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from pipeline.artifacts import atomic_write

FOLDER = Path(__file__).resolve().parent / "results"


def record(area: str, rows: list[dict[str, Any]]) -> None:
    """Add `rows` to the area's file, in place of those of the same name; sorted by name."""
    path = FOLDER / f"{area}.json"
    known = json.loads(path.read_text("utf-8")) if path.is_file() else []
    merged = {row["name"]: row for row in [*known, *rows]}
    text = json.dumps([merged[name] for name in sorted(merged)], indent=2, sort_keys=True)
    with atomic_write(path) as unfinished:
        unfinished.write_text(text + "\n", "utf-8")
