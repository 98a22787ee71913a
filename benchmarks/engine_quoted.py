"""What TensorFlow Lite Micro takes for three of the networks: quoted, not measured here.

Measured elsewhere on QEMU with GCC 12.2 and its CMSIS-NN kernels, a release build with only the
operators needed; flash without an empty image, RAM as arena used, data and bss.
"""

from __future__ import annotations

from benchmarks.results_file import Row, row

# instructions with -O2 and -Os, flash with -O2, RAM
_QUOTED = {
    "conv1d": (373_737, 477_068, 60.8, 4_360),
    "magic_wand": (594_253, 721_375, 70.9, 5_864),
    "dense": (75_550, 116_163, 77.0, 2_552),
}
_NOTE = "quoted: measured elsewhere with GCC 12.2 and its CMSIS-NN kernels"


def quoted_rows() -> list[Row]:
    """Rows of figures that others have published."""
    rows = []
    for name, (fast, small, flash_kb, ram) in _QUOTED.items():
        figures = {
            "instructions O2": (fast, "instructions"),
            "instructions Os": (small, "instructions"),
            "flash": (round(1024 * flash_kb), "bytes"),
            "ram": (ram, "bytes"),
        }
        for figure, (value, unit) in figures.items():
            full = f"{name} TFLite Micro {figure}"
            rows.append(row(full, value, unit, "none", _NOTE))
    return rows
