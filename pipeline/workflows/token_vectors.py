"""`gesture runs embedding`: the vectors of a run's tokens, for other runs."""

from __future__ import annotations

from pathlib import Path

from pipeline.core.errors import UsageError
from pipeline.core.pairs import TARGET_EMBEDDING
from pipeline.core.subwords import load_vocabulary
from pipeline.core.token_vectors import TokenVectors
from pipeline.core.tokens import FIRST
from pipeline.training.run_files import load_network
from pipeline.workflows.runs import open_run

EMBEDDINGS = ("embedding", TARGET_EMBEDDING)  # layers; of a translation that of what it writes


def write_embedding(path: Path, file: Path, version: str) -> TokenVectors:
    """Write the vectors of a run of text to a file that is named after them.

    Raises:
        PipelineError: the run is of no text, or the file has other vectors.
    """
    run = open_run(path)
    facts = run.contract().vocabulary
    if facts is None:
        raise UsageError(
            f"{run.path} has no vectors of tokens.",
            "its task is not of text",
            "name a run of sentiment, generation or translation",
        )
    if file.suffix != ".npz":
        raise UsageError(
            f"{file} is no name for vectors.",
            "they are written as an .npz file",
            f"name it {file.with_suffix('.npz')}",
        )
    entries = load_vocabulary(run.vocabulary_file, facts).entries
    network = load_network(run.require(run.keras_file, "train"))
    layers = {layer.name: layer for layer in network.layers}
    layer = next(layers[name] for name in EMBEDDINGS if name in layers)
    (rows,) = layer.get_weights()
    vectors = TokenVectors(file.stem, version, facts.level, entries, rows[FIRST:])
    file.parent.mkdir(parents=True, exist_ok=True)
    vectors.save(file)
    return vectors
