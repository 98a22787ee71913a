"""The embedding of a text network is split off; the rest of the network takes its rows as input.

The rest is quantized, compiled and verified like any other network. The embedding is quantized with
the scale of the input, and a board looks tokens up in it.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from pipeline.conversion.child import run_child
from pipeline.core.artifacts import Float32
from pipeline.core.files import atomic_write
from pipeline.core.locks import draft_beside

TIMEOUT_S = 120.0
_HINT = "the model file is damaged, or does not begin with one embedding that all its tokens take"


def split_embedding(keras_file: Path, body_file: Path, log: Path) -> Float32:
    """Write the network without its embedding.

    Args:
        keras_file: a text network, int32 [n, T] in.
        body_file: for the network without its embedding, float32 [n, T, channels] in.
        log: of the child process.

    Returns:
        The embedding, float32 [tokens, channels].

    Raises:
        PipelineError: the network does not begin with one embedding; the error names `log`.
    """
    with draft_beside(log.parent / "split", "convert") as work:
        body, table = work / "body.keras", work / "table.npy"
        task = f"splitting the embedding off {keras_file.name}"
        module = "pipeline.conversion.embedding_child"
        run_child(module, (keras_file.resolve(), body, table), log, TIMEOUT_S, task, _HINT)
        with atomic_write(body_file) as unfinished:
            unfinished.write_bytes(body.read_bytes())
        embedding: Float32 = np.load(table)
    return embedding
