"""Peer engines: which networks `bakenn` imports, and what TensorFlow Lite Micro takes, quoted."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping

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


def bakenn_row(flatbuffers: Mapping[str, bytes]) -> Row:
    """The row of networks that bakenn imports."""
    refused = {name: _refusal(content) for name, content in flatbuffers.items()}
    imported = [name for name, reason in refused.items() if reason is None]
    said = "; ".join(f"{name}: {reason}" for name, reason in refused.items() if reason)
    return row(
        f"networks of {len(refused)} that bakenn imports",
        len(imported),
        "",
        "python -m benchmarks.engine",
        f"bakenn 1.0.0 on what TensorFlow's converter writes; refused {said}",
    )


def _refusal(flatbuffer: bytes) -> str | None:
    import bakenn

    with tempfile.TemporaryDirectory() as folder:
        try:
            bakenn.compile_tflite(flatbuffer, folder, name="network")
        except bakenn.BakeNNError as error:
            return str(error)
    return None
