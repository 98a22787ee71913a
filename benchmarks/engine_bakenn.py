"""Which of the networks the peer package `bakenn`, another ahead-of-time compiler, can import."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping

from benchmarks.results_file import Row, row


def bakenn_row(flatbuffers: Mapping[str, bytes]) -> Row:
    """The row of networks that bakenn imports."""
    refused = {name: _refusal(content) for name, content in flatbuffers.items()}
    imported = [name for name, reason in refused.items() if reason is None]
    told = "; ".join(f"{name}: {reason}" for name, reason in refused.items() if reason)
    return row(
        f"networks of {len(refused)} that bakenn imports",
        len(imported),
        "",
        "python -m benchmarks.engine",
        f"bakenn 1.0.0 on what TensorFlow's converter writes; refused {told}",
    )


def _refusal(flatbuffer: bytes) -> str | None:
    import bakenn

    with tempfile.TemporaryDirectory() as folder:
        try:
            bakenn.compile_tflite(flatbuffer, folder, name="network")
        except bakenn.BakeNNError as error:
            return str(error)
    return None
