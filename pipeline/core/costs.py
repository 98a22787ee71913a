"""What a network costs on a board: bytes, instructions, cycles."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from pathlib import Path

from pipeline.core.board_profiles import NANO33BLE
from pipeline.core.files import load_json, reading, save_json


@dataclass(frozen=True)
class LayerCost:
    """What a layer costs.

    Args:
        operator: all operators that were fused, joined by ` + `.
        macs: multiply-accumulates of an inference.
        flash_bytes: constants and code, without the kernel.
        ram_bytes: arena and scratch memory in use while it runs.
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
    """What a network costs.

    Args:
        kernel_bytes: code that layers share, part of flash_bytes.
        ram_bytes: arena, input and output.
        text_bytes: vocabulary and embedding of a text model, part of flash_bytes.
        centre_bytes: what a board needs to know people and learn gestures, part of flash_bytes.
        encoder_bytes: of a network that reads before this one writes, part of flash_bytes.
        encoder_instructions: of this network, for what it is given at a time.
        encoder_ram_bytes: of this network, and of the samples that it reads; part of ram_bytes.
    """

    layers: tuple[LayerCost, ...]
    instructions: int
    kernel_bytes: int
    flash_bytes: int
    arena_bytes: int
    ram_bytes: int
    stack_bytes: int
    text_bytes: int = 0
    centre_bytes: int = 0
    encoder_bytes: int = 0
    encoder_instructions: int = 0
    encoder_ram_bytes: int = 0

    def with_centres(self, centre_bytes: int) -> NetworkCost:
        """With the constants by which a board knows people and learns gestures."""
        flash_bytes = self.flash_bytes + centre_bytes
        return replace(self, centre_bytes=centre_bytes, flash_bytes=flash_bytes)

    def with_text(self, text_bytes: int) -> NetworkCost:
        """With the vocabulary and the embedding of a text model."""
        return replace(self, text_bytes=text_bytes, flash_bytes=self.flash_bytes + text_bytes)

    def with_encoder(self, encoder: NetworkCost, kernel_bytes: int, kept_bytes: int) -> NetworkCost:
        """With a network that reads before this one writes.

        Args:
            kernel_bytes: code of its kernels that this one does not have.
            kept_bytes: of samples that wait until it reads them.
        """
        encoder_bytes = encoder.flash_bytes - encoder.kernel_bytes + kernel_bytes
        ram_bytes = encoder.ram_bytes + kept_bytes
        return replace(
            self,
            encoder_bytes=encoder_bytes,
            encoder_instructions=encoder.instructions,
            encoder_ram_bytes=ram_bytes,
            flash_bytes=self.flash_bytes + encoder_bytes,
            arena_bytes=self.arena_bytes + encoder.arena_bytes,
            ram_bytes=self.ram_bytes + ram_bytes,
            stack_bytes=max(self.stack_bytes, encoder.stack_bytes),
        )

    @property
    def macs(self) -> int:
        """Multiply-accumulates of an inference."""
        return sum(layer.macs for layer in self.layers)

    def save(self, path: Path) -> None:
        """Write cost.json."""
        save_json(path, asdict(self))

    @classmethod
    def load(cls, path: Path) -> NetworkCost:
        """Read cost.json."""
        with reading(path, "convert"):
            content = load_json(path, "convert")
            layers = tuple(
                LayerCost(**{**layer, "output_shape": tuple(layer["output_shape"])})
                for layer in content["layers"]
            )
            return cls(**{**content, "layers": layers})


CLOCK_HZ = NANO33BLE.clock_hz  # of all boards


@dataclass(frozen=True)
class Bounds:
    """A lower and an upper bound of a number; equal where the number is known."""

    lower: float
    upper: float

    def times(self, factor: float) -> Bounds:
        """Both bounds times `factor`, which is not negative."""
        return Bounds(self.lower * factor, self.upper * factor)

    def plus(self, other: Bounds) -> Bounds:
        """The bounds of the sum."""
        return Bounds(self.lower + other.lower, self.upper + other.upper)


# Averages over whole inferences. Lower: loads are pipelined and never wait for the flash. Upper:
# every weight is read from the flash with all wait states.
CYCLES_PER_INSTRUCTION = Bounds(1.3, 4.4)


def cycles_of_instructions(instructions: float) -> Bounds:
    """The cycles of a real board for instructions that the virtual board counted."""
    return CYCLES_PER_INSTRUCTION.times(instructions)


def seconds_of_cycles(cycles: Bounds) -> Bounds:
    """The time of so many cycles on a real board."""
    return cycles.times(1 / CLOCK_HZ)
