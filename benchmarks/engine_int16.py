"""What activations of int16 cost on a Cortex-M4F, beside the same networks in int8.

`python -m benchmarks.engine_int16` converts the compared networks to 16x8, builds them with -O2,
fast and compact, runs them on QEMU and compares every byte with TensorFlow Lite Micro. The sources
of CMSIS-NN that engine_cmsis.py uses have no functions for int16.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from benchmarks.engine import COMPACT, OURS, Figures, Probe, figures_of, probe_of
from benchmarks.models import MODELS, model
from benchmarks.results_file import Row, record, row, show

COMMAND = "python -m benchmarks.engine_int16"


def main() -> None:
    rows = [row for name in MODELS for row in rows_of(name)]
    show(rows)
    record("engine", rows)


def rows_of(name: str) -> list[Row]:
    """Rows of one network. Raises RuntimeError where a byte differs from TFLite Micro's."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        wide, narrow = (probe_of(model(folder, name, kind)) for kind in ("16x8", "int8"))
        fast, compact = (figures_of(folder, wide, engine) for engine in (OURS, COMPACT))
        int8 = figures_of(folder, narrow, OURS)
    return [_of_a_multiplication(name, wide, fast, compact, int8), *_of_bytes(name, fast, compact)]


def _of_a_multiplication(
    name: str, probe: Probe, fast: Figures, compact: Figures, int8: Figures
) -> Row:
    macs = probe.network.cost.macs
    each, small, of_int8 = (one.instructions / macs for one in (fast, compact, int8))
    note = (
        f"-O2; {fast.instructions:,} of {macs:,}; compact {small:.2f}, in int8 {of_int8:.2f}; "
        f"byte-equal to TensorFlow Lite Micro on {len(probe.inputs)} vectors"
    )
    return _row(f"{_title(name)} instructions a multiplication", round(each, 3), "", note)


def _of_bytes(name: str, fast: Figures, compact: Figures) -> list[Row]:
    flash, ram = (f"fast, -O2; compact {size:,}" for size in (compact.flash, compact.ram))
    return [
        _row(f"{_title(name)} flash", fast.flash, "bytes", flash),
        _row(f"{_title(name)} RAM", fast.ram, "bytes", ram),
    ]


def _title(name: str) -> str:
    return f"{name.removesuffix(' window')} 16x8"


def _row(name: str, value: float, unit: str, note: str) -> Row:
    return row(name, value, unit, COMMAND, note)


if __name__ == "__main__":
    main()
