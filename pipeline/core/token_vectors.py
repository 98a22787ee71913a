"""Vectors of tokens: the embedding of a run as a file with a name and a version.

Another run begins its embedding with them, and its contract says which ones they were.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import numpy as np

from pipeline.core.artifacts import Float32
from pipeline.core.contract import Level, VectorsFacts
from pipeline.core.errors import MismatchError, UsageError
from pipeline.core.files import load_arrays, save_arrays

ARRAYS = {"name", "version", "level", "tokens", "vectors"}


@dataclass(frozen=True)
class TokenVectors:
    """vectors: float32 [n, size], a row for each of the tokens."""

    name: str
    version: str
    level: Level
    tokens: tuple[str, ...]
    vectors: Float32

    @property
    def facts(self) -> VectorsFacts:
        """What a contract says of them."""
        head = json.dumps([self.name, self.version, self.level, self.tokens])
        digest = hashlib.sha256(head.encode() + np.ascontiguousarray(self.vectors).tobytes())
        return VectorsFacts(name=self.name, version=self.version, sha256=digest.hexdigest())

    def save(self, path: Path) -> None:
        """Write them; other vectors of this name and version are not overwritten."""
        if path.exists() and TokenVectors.load(path).facts != self.facts:
            raise UsageError(
                f"{path} is there already, with other vectors.",
                "a file with a name and a version never changes, so that runs can refer to it",
                "name another file, with another --version",
            )
        save_arrays(
            path,
            name=np.array(self.name),
            version=np.array(self.version),
            level=np.array(self.level),
            tokens=np.array(self.tokens),
            vectors=self.vectors,
        )

    @classmethod
    def load(cls, path: Path) -> TokenVectors:
        """Read them; MISMATCH where the file is something else."""
        arrays = load_arrays(path, "runs embedding", ARRAYS)
        tokens = tuple(arrays["tokens"].tolist())
        vectors = arrays["vectors"].astype(np.float32)
        if vectors.ndim != 2 or len(vectors) != len(tokens) or not np.isfinite(vectors).all():
            raise MismatchError(
                f"{path} has no vector for each of its tokens.",
                "it was not written by `gesture runs embedding`, or is damaged",
                "write it again",
            )
        name, version, level = (str(arrays[name]) for name in ("name", "version", "level"))
        return cls(name, version, cast(Level, level), tokens, vectors)

    def rows_for(self, entries: tuple[str, ...], rows: Float32, first: int) -> Float32:
        """An embedding with the vectors of the tokens that are known here.

        Args:
            entries: of the vocabulary; the first has the number `first`.
            rows: float32 [tokens, size], the embedding before.

        Raises:
            PipelineError: the vectors have another size.
        """
        if self.vectors.shape[1] != rows.shape[1]:
            size = self.vectors.shape[1]
            raise UsageError(
                f"The vectors {self.name} {self.version} have {size} values each, and the "
                f"embedding has {rows.shape[1]}.",
                "text.embedding is the size of the embedding",
                f"set text.embedding to {size}",
            )
        known = dict(zip(self.tokens, self.vectors, strict=True))
        changed = rows.copy()
        for number, entry in enumerate(entries, start=first):
            if entry in known:
                changed[number] = known[entry]
        return changed
