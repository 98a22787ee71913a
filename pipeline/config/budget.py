"""Budgets: limits of what a network may take of a board, and advice where it takes more."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import Field

from pipeline.cells.operators import KINDS
from pipeline.config.file import Ready, load_section
from pipeline.config.reference import table
from pipeline.config.sections import Section
from pipeline.core.costs import CLOCK_HZ, CYCLES_PER_INSTRUCTION, LayerCost, NetworkCost
from pipeline.core.errors import PipelineError
from pipeline.core.project import SHIPPED_BUDGET

MS_A_SECOND = 1000.0
MOST = 2**40  # of a limit: more than any board has
_HEAD = """
## Budgets

A budget is a YAML file with these keys. `gesture convert --budget FILE` and `gesture compile
--budget FILE` refuse a network that takes more, and name the layer to shrink; `gesture search
--budget FILE` does not train it. An example is configs/nano33ble.yaml.
"""


Limit = Annotated[int, Field(gt=0, le=MOST)] | None


class Budget(Section):
    """Limits of the whole network with its kernels; a key that is left out sets no limit."""

    flash_bytes: Limit = Field(None, description="limit of constants and code")
    ram_bytes: Limit = Field(None, description="limit of static memory, with input and output")
    stack_bytes: Limit = Field(None, description="limit of the stack of the network")
    instructions: Limit = Field(
        None, description="limit of an inference, or of a hop if it streams"
    )
    hop_instructions: Limit = Field(
        None, description="the same, of a network of this tool: `gesture compile` ignores it"
    )
    second_instructions: Limit = Field(
        None, description="limit of all inferences of a second; `gesture compile` ignores it too"
    )
    inference_ms: float | None = Field(
        None, ge=1e-6, le=1e9, description="limit of the same, as a time"
    )
    clock_hz: float = Field(
        CLOCK_HZ, ge=1e3, le=1e12, description="clock of the processor, for inference_ms"
    )
    cycles_per_instruction: float = Field(
        CYCLES_PER_INSTRUCTION.upper,
        ge=1,
        le=1000,
        description="the worst case, for inference_ms: instructions may wait for the flash",
    )

    @property
    def without_hop(self) -> Budget:
        """For a network that is called as often as its application wants."""
        return self.model_copy(update={"hop_instructions": None, "second_instructions": None})

    def at(self, hops_a_second: float) -> Budget:
        """With the limit of a second as one of a hop; without any where nothing repeats."""
        if self.second_instructions is None or not hops_a_second:
            return self
        of_hop = max(1, int(self.second_instructions / hops_a_second))
        hop_instructions = min(of_hop, self.hop_instructions or of_hop)
        return self.model_copy(
            update={"hop_instructions": hop_instructions, "second_instructions": None}
        )

    def inference_ms_of(self, cost: NetworkCost) -> float:
        """The time of an inference on this processor, in ms."""
        seconds = cost.instructions * self.cycles_per_instruction / self.clock_hz
        return seconds * MS_A_SECOND

    def used(self, cost: NetworkCost) -> dict[str, tuple[float, float]]:
        """By the keys that set a limit, what the network takes, and the limit."""
        used = {
            "flash_bytes": cost.flash_bytes,
            "ram_bytes": cost.ram_bytes,
            "stack_bytes": cost.stack_bytes,
            "instructions": cost.instructions,
            "hop_instructions": cost.instructions,
            "inference_ms": round(self.inference_ms_of(cost), 2),
        }
        limits = {key: getattr(self, key) for key in used}
        return {key: (used[key], limit) for key, limit in limits.items() if limit is not None}

    def overruns(self, cost: NetworkCost) -> dict[str, str]:
        """The keys whose limit the network exceeds, with a text for each."""
        return {
            key: f"{key} {used:,} of {limit:,}"
            for key, (used, limit) in self.used(cost).items()
            if used > limit
        }

    def require_fit(self, cost: NetworkCost) -> None:
        """Refuse a network that exceeds a limit; the error names what takes most."""
        overruns = self.overruns(cost)
        if not overruns:
            return
        key = next(iter(overruns))
        why, advice = _what_takes_most(cost, key)
        raise PipelineError(
            f"The network exceeds its budget: {'; '.join(overruns.values())}.",
            why,
            f"{advice}, then train again; or raise `{key}` if the board has the room",
        )


def load_budget(path: Path) -> Budget:
    """Read a budget."""
    return load_section(path, Budget, ready=Ready("budget", [SHIPPED_BUDGET]))


_CELLS = tuple(kind.name for kind in KINDS)
_ADVICE = {
    "flash_bytes": "give that layer, or the one before it, fewer filters or a smaller kernel",
    "ram_bytes": "give that layer or the one before it fewer filters, pool earlier, or shorten "
    "window.length",
    "stack_bytes": "replace that layer by one of another kind",
    **dict.fromkeys(
        ("instructions", "hop_instructions", "inference_ms"),
        "give that layer fewer filters or a smaller kernel, or pool before it",
    ),
}


_ENCODER_ADVICE = {
    "flash_bytes": "give `model.encoder` fewer filters or units",
    "ram_bytes": "pool earlier in `model.encoder`, or let it read less: of captions lower "
    "bouts.seconds or data.rate_hz",
}


def _what_takes_most(cost: NetworkCost, key: str) -> tuple[str, str]:
    """A layer, the vocabulary or the encoder with its bytes or instructions, and what to change."""
    layer = max(cost.layers, key=lambda layer: _of_layer(layer, key))
    own = _of_layer(layer, key)
    encoder = {"flash_bytes": cost.encoder_bytes, "ram_bytes": cost.encoder_ram_bytes}.get(key, 0)
    text = cost.text_bytes if key == "flash_bytes" else 0
    if text > max(own, encoder):
        why = f"the vocabulary and its embedding take most: {text:,} bytes"
        return why, "lower `text.max_words` or `text.embedding`"
    if encoder > own:
        return f"its encoder takes most: {encoder:,} bytes", _ENCODER_ADVICE[key]
    why = f"layer `{layer.name}` ({layer.operator}) takes most: {_share(layer, cost, key)}"
    return f"{why}; compact kernels do not make it fit either", _advice(layer, key)


def _advice(layer: LayerCost, key: str) -> str:
    if layer.operator not in _CELLS or key == "stack_bytes":
        return _ADVICE[key]
    advice = "give that layer fewer units"
    is_slow = key in ("instructions", "hop_instructions", "inference_ms")
    return f"{advice}, or raise model.downsample" if is_slow else advice


def budget_reference() -> str:
    """The part about budgets of the page on config keys."""
    return f"{_HEAD}\n{table(Budget)}"


def _of_layer(layer: LayerCost, key: str) -> int:
    return int(getattr(layer, key, layer.instructions))


def _share(layer: LayerCost, cost: NetworkCost, key: str) -> str:
    if key == "flash_bytes":
        return f"{layer.flash_bytes:,} bytes; the kernels of all layers {cost.kernel_bytes:,}"
    if key == "ram_bytes":
        return f"{layer.ram_bytes:,} bytes are in use while it runs"
    if key == "stack_bytes":
        return f"{layer.stack_bytes:,} bytes"
    share = layer.instructions / max(cost.instructions, 1)
    return f"{layer.instructions:,} instructions, {share:.0%}, for {layer.macs:,} multiplications"
