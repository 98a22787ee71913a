"""What a network costs on a board, layer by layer: known at conversion, checked at deployment."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from pathlib import Path

from pipeline.files import load_json, reading, save_json


@dataclass(frozen=True)
class LayerCost:
    """operator: all that were fused, joined by ` + `; macs: multiply-accumulates an inference.

    instructions: estimated; flash_bytes: its constants and code but for the kernel; ram_bytes: of
    the arena and the scratch memory while it runs; stack_bytes: of its kernel.
    """

    name: str
    operator: str
    output_shape: tuple[int, ...]
    macs: int
    instructions: int
    flash_bytes: int
    ram_bytes: int
    stack_bytes: int


@dataclass(frozen=True)
class NetworkCost:
    """kernel_bytes: code that layers share, and text_bytes: the vocabulary of a text model with its
    embedding, both in flash_bytes too; ram_bytes: the arena, the input and the output."""

    layers: tuple[LayerCost, ...]
    instructions: int
    kernel_bytes: int
    flash_bytes: int
    arena_bytes: int
    ram_bytes: int
    stack_bytes: int
    text_bytes: int = 0

    def with_text(self, text_bytes: int) -> NetworkCost:
        return replace(self, text_bytes=text_bytes, flash_bytes=self.flash_bytes + text_bytes)

    @property
    def macs(self) -> int:
        return sum(layer.macs for layer in self.layers)

    def save(self, path: Path) -> None:
        save_json(path, asdict(self))

    @classmethod
    def load(cls, path: Path) -> NetworkCost:
        with reading(path, "convert"):
            content = load_json(path, "convert")
            layers = tuple(
                LayerCost(**{**layer, "output_shape": tuple(layer["output_shape"])})
                for layer in content["layers"]
            )
            return cls(**{**content, "layers": layers})
