"""Renders docs/results.md from benchmarks/results/*.json, and the README's table and picture; a
missed bound stays in, marked."""

from __future__ import annotations

import json
import operator
from pathlib import Path
from typing import Any

from benchmarks import ablation_table, engine_table, mlperf_tiny, scale_picture

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "benchmarks" / "results"
PAGE = ROOT / "docs" / "results.md"
FRONT = ROOT / "README.md"
COMPARISONS = {
    "<=": operator.le,
    ">=": operator.ge,
    "<": operator.lt,
    ">": operator.gt,
    "==": operator.eq,
}
HEAD = """# Results

Each figure comes from the command beside it, or the note says that it is quoted. `make bench` and
`make soak` run the commands. `make results` renders this page. Shares are fractions. A figure that
misses its bound is marked **missed**.
"""


def main() -> None:
    areas = [area_section(path) for path in sorted(RESULTS.glob("*.json"))]
    PAGE.write_text("\n".join([HEAD, *areas]), encoding="utf-8")
    mlperf_tiny.draw(PAGE.with_name("mlperf-tiny.svg"))
    mlperf_tiny.fill(FRONT)
    print(f"wrote {PAGE.relative_to(ROOT)}")


def area_section(path: Path) -> str:
    """The section of an area, in Markdown."""
    rows = json.loads(path.read_text(encoding="utf-8"))
    lines = [f"## {path.stem.capitalize()}", ""]
    if path.stem == engine_table.AREA:
        lines += engine_table.section(rows, PAGE.parent)
        rows = [row for row in rows if row["bound"] or not engine_table.shows(row["name"])]
    if path.stem == scale_picture.AREA:
        lines += scale_picture.section(rows, PAGE.parent)
    if path.stem == ablation_table.AREA:
        return "\n".join([*lines, *ablation_table.section(rows)]) + "\n"
    lines += ["| figure | value | bound | | command | note |", "|---|---|---|---|---|---|"]
    lines += [row_line(row) for row in rows]
    return "\n".join(lines) + "\n"


def row_line(row: dict[str, Any]) -> str:
    """A line of the table of an area."""
    value = f"{row['value']:,} {row['unit']}".strip()
    bound, note = row.get("bound") or "", row.get("note") or ""
    verdict = "" if not bound else ("ok" if meets(row["value"], bound) else "**missed**")
    return f"| {row['name']} | {value} | {bound} | {verdict} | `{row['command']}` | {note} |"


def meets(value: float, bound: str) -> bool:
    """Whether `value` meets a bound written like "<= 66000"."""
    sign, limit = bound.split()
    return bool(COMPARISONS[sign](value, float(limit)))


if __name__ == "__main__":
    main()
