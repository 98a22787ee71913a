"""Does cost grow as the multiplications do? Longer, wider and deeper networks on QEMU.

`python -m benchmarks.engine_growth` records instructions a multiplication of each, and how far
the furthest is from the middle one.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.results_file import Row, record, row
from pipeline.compiler import compile_network
from pipeline.core.project import PROJECT
from tests.parity.target_engine import build, our_sources, probe_vectors, run

COMMAND = "python -m benchmarks.engine_growth"
VECTORS = 4
LEAST_MACS = 20_000


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        rows = measure(Path(name))
    for item in rows:
        print(f"{item['name']}: {item['value']} ({item['note']})")
    record("engine", [spread_row(rows), *rows])


def measure(folder: Path) -> list[Row]:
    """Rows `cost growth FAMILY-SIZE`: instructions a multiplication."""
    command = [sys.executable, "-m", "benchmarks.model_zoo", "growth", str(folder)]
    subprocess.run(command, cwd=PROJECT, check=True, capture_output=True)
    return [network_row(folder, path) for path in sorted(folder.glob("*.tflite"))]


def network_row(folder: Path, path: Path) -> Row:
    """The row of instructions a multiplication of a network."""
    flatbuffer = path.read_bytes()
    network = compile_network(flatbuffer)
    image = build(folder, "growth", our_sources(flatbuffer, folder), ("-O2",))
    ran = run(folder, image, probe_vectors(network)[:VECTORS])
    ratio = round(ran.instructions / network.cost.macs, 3)
    note = f"{network.cost.macs} multiplications"
    return row(f"cost growth {path.stem}", ratio, "instructions", COMMAND, note)


def spread_row(rows: list[Row]) -> Row:
    """Over networks of at least LEAST_MACS; the note names those that are smaller."""
    ratios = [item["value"] for item in rows if macs_of(item) >= LEAST_MACS]
    middle = statistics.median(ratios)
    spread = max(abs(ratio / middle - 1) for ratio in ratios)
    small = [f"{item['name']}: {item['value']}" for item in rows if macs_of(item) < LEAST_MACS]
    note = (
        f"furthest from the median of {middle:.3f} instructions a multiplication, 20,000 to 2.3 "
        f"million of them; below that, not counted: {', '.join(small) or 'none'}"
    )
    return row("cost growth spread", round(spread, 4), "", COMMAND, note, "<= 0.15")


def macs_of(item: Row) -> int:
    """Multiplications, from the note of a row."""
    return int(item["note"].split()[0])


if __name__ == "__main__":
    main()
