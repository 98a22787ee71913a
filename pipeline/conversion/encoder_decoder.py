"""An encoder and a decoder are split into two networks, without their embeddings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from pipeline.conversion.child import run_child
from pipeline.core.artifacts import Float32, Int32
from pipeline.core.files import atomic_write, save_arrays
from pipeline.core.locks import draft_beside
from pipeline.core.pairs import before

TIMEOUT_S = 120.0
_HINT = "the model file is damaged, or is not of an encoder and a decoder"


@dataclass(frozen=True)
class SplitNetworks:
    """The networks without their embeddings.

    Args:
        encoder_file: float32 [n, S, channels] to the context, float32 [n, C].
        decoder_file: float32 [n, T, columns + C] to logits, float32 [n, T, V].
        target_embedding: float32 [V, columns].
        source_embedding: float32 [V, channels]; None of an encoder of samples.
        contexts: of what each part reads, float32 [n, C].
    """

    encoder_file: Path
    decoder_file: Path
    target_embedding: Float32
    source_embedding: Float32 | None
    contexts: Mapping[str, Float32]

    def encoder_inputs(self, sources: Int32 | Float32) -> Float32:
        """What the encoder is given: tokens int32 [n, S] to float32 [n, S, channels].

        A text is repeated to the end of its row: a board's encoder never reads padding. Samples,
        float32 [n, S, channels], stay as they are.
        """
        if self.source_embedding is None:
            return np.asarray(sources, np.float32)
        rows = [np.resize(row[row != 0], len(row)) if row.any() else row for row in sources]
        inputs: Float32 = self.source_embedding[np.stack(rows)]
        return inputs

    def decoder_inputs(self, targets: Int32, part: str) -> Float32:
        """What the decoder is given: tokens int32 [n, T] to float32 [n, T, columns + C]."""
        written = self.target_embedding[before(targets)]
        context = np.repeat(self.contexts[part][:, None], targets.shape[1], axis=1)
        inputs: Float32 = np.concatenate([written, context], axis=2)
        return inputs


def split_networks(
    keras_file: Path, sources: Mapping[str, Int32 | Float32], folder: Path, log: Path
) -> SplitNetworks:
    """Write the two networks into a folder.

    Args:
        keras_file: the network that was trained.
        sources: what is read by part, int32 [n, S] or float32 [n, S, channels], for its contexts.
        folder: for the networks.
        log: of the child process.

    Raises:
        PipelineError: it is not a network of this kind; the error names `log`.
    """
    files = folder / "encoder.keras", folder / "decoder.keras"
    with draft_beside(log.parent / "split", "convert") as work:
        read, arrays = work / "read.npz", work / "arrays.npz"
        save_arrays(read, **sources)
        drafts = work / "encoder.keras", work / "decoder.keras"
        run_child(
            "pipeline.conversion.encoder_decoder_child",
            (keras_file.resolve(), read, *drafts, arrays),
            log,
            TIMEOUT_S,
            f"splitting {keras_file.name} into its encoder and its decoder",
            _HINT,
        )
        folder.mkdir(parents=True, exist_ok=True)
        for draft, file in zip(drafts, files, strict=True):
            with atomic_write(file) as unfinished:
                unfinished.write_bytes(draft.read_bytes())
        with np.load(arrays) as found:
            contexts = {part: found[f"context_{part}"] for part in sources}
            return SplitNetworks(*files, found["target"], found.get("source"), contexts)
