"""The embedding of a network of text, taken off: what is left is given rows of it.

A token is a sample whose scaling is a table. The rest of the network is quantised, compiled and
proven as any other; the table is quantised as its input is, and a board looks tokens up in it.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np

from pipeline.artifacts import Float32
from pipeline.conversion.child import run_child
from pipeline.files import atomic_write

TIMEOUT_S = 120.0
_HINT = "the model file is damaged, or does not begin with one embedding that all its tokens take"


def split_embedding(keras_file: Path, body_file: Path, log: Path) -> Float32:
    """Write the network without its embedding, a Keras model of [T, channels]; the embedding,
    float32 [tokens, channels].

    Raises PipelineError that names `log` where the network does not begin with one.
    """
    with tempfile.TemporaryDirectory(prefix="split-") as name:
        body, table = Path(name) / "body.keras", Path(name) / "table.npy"
        task = f"taking the embedding off {keras_file.name}"
        module = "pipeline.conversion.embedding_child"
        run_child(module, (keras_file.resolve(), body, table), log, TIMEOUT_S, task, _HINT)
        with atomic_write(body_file) as unfinished:
            unfinished.write_bytes(body.read_bytes())
        embedding: Float32 = np.load(table)
    return embedding
