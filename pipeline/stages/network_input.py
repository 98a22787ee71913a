"""What a network is given, of any task: scaled samples, or rows of an embedding taken off it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray

from pipeline.artifacts import Float32
from pipeline.contract import Contract, Quantisation
from pipeline.files import load_arrays, save_arrays
from pipeline.run_folder import RunFolder
from pipeline.tokens import Vocabulary

if TYPE_CHECKING:
    from pipeline.conversion.text_source import TextTable


@dataclass(frozen=True)
class NetworkInput:
    """keras_file: the network without an embedding; calibration, test: what it is given, float32
    [n, T, C]; entries and embedding, float32 [tokens, C]: of text, none of all else."""

    keras_file: Path
    calibration: Float32
    test: Float32
    entries: tuple[str, ...] = ()
    embedding: Float32 | None = None

    @property
    def text_bytes(self) -> int:
        """Of flash, on a board."""
        from pipeline.conversion.text_source import flash_bytes

        return 0 if self.embedding is None else flash_bytes(self.entries, self.embedding.size)

    def table(self, quantisation: Quantisation) -> TextTable | None:
        """What a board looks tokens up in; None where it takes none."""
        from pipeline.conversion.golden import quantise
        from pipeline.conversion.text_source import TextTable

        if self.embedding is None:
            return None
        return TextTable(self.entries, quantise(self.embedding, quantisation))


def network_input(
    run: RunFolder, contract: Contract, windows: dict[str, NDArray[Any]], body: Path, log: Path
) -> NetworkInput:
    """windows: of windows.npz; of text tokens, int32 [n, T]. body: where the network without its
    embedding goes."""
    from pipeline.conversion.embedding import split_embedding

    if contract.vocabulary is None:
        return NetworkInput(run.keras_file, windows["calibration"], windows["test"])
    embedding = split_embedding(run.keras_file, body, log)
    calibration, test = (embedding[windows[part]] for part in ("calibration", "test"))
    return NetworkInput(body, calibration, test, _entries(run, contract), embedding)


def save_embedding(file: Path, table: TextTable) -> None:
    save_arrays(file, rows=table.embedding)


def load_table(run: RunFolder, contract: Contract) -> TextTable:
    """That of a converted run of text."""
    from pipeline.conversion.text_source import TextTable

    file = run.require(run.embedding_file, "convert")
    return TextTable(_entries(run, contract), load_arrays(file, "convert", {"rows"})["rows"])


def _entries(run: RunFolder, contract: Contract) -> tuple[str, ...]:
    facts = contract.vocabulary
    return () if facts is None else Vocabulary.load(run.vocabulary_file, facts.sha256).entries
