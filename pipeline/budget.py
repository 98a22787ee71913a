"""How much of a board a network may take, and what to say where it takes more."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from pydantic import Field

from pipeline.cells import KINDS
from pipeline.config_file import load_section
from pipeline.config_models import Section
from pipeline.config_reference import table
from pipeline.costs import LayerCost, NetworkCost
from pipeline.errors import PipelineError

MS_A_SECOND = 1000.0
_HEAD = """
## Budgets

A budget is a YAML file of these keys: `gesture convert --budget FILE` refuses a network that takes
more, and names the layer to shrink. configs/nano33ble.yaml is one.
"""


class Budget(Section):
    """The whole network, with its kernels; what is left out is not limited."""

    flash_bytes: int | None = Field(None, gt=0, description="constants and code")
    ram_bytes: int | None = Field(
        None, gt=0, description="static memory, with the network's input and output"
    )
    stack_bytes: int | None = Field(None, gt=0, description="below the call of the network")
    instructions: int | None = Field(None, gt=0, description="an inference, or a hop streaming")
    inference_ms: float | None = Field(None, gt=0, description="the same as a time")
    clock_hz: float = Field(64e6, gt=0, description="of the processor, for inference_ms")
    cycles_per_instruction: float = Field(
        1.3, ge=1, description="on average, for inference_ms: loads and branches take longer"
    )

    def inference_ms_of(self, cost: NetworkCost) -> float:
        seconds = cost.instructions * self.cycles_per_instruction / self.clock_hz
        return seconds * MS_A_SECOND

    def overruns(self, cost: NetworkCost) -> dict[str, str]:
        """By key: what is too much, in words."""
        used = {
            "flash_bytes": cost.flash_bytes,
            "ram_bytes": cost.ram_bytes,
            "stack_bytes": cost.stack_bytes,
            "instructions": cost.instructions,
            "inference_ms": round(self.inference_ms_of(cost), 2),
        }
        limits = {key: getattr(self, key) for key in used}
        return {
            key: f"{key} {used[key]:,} of {limit:,}"
            for key, limit in limits.items()
            if limit is not None and used[key] > limit
        }

    def require_fit(self, cost: NetworkCost) -> None:
        """Raises PipelineError that names the layer that costs most, and what to shrink."""
        overruns = self.overruns(cost)
        if not overruns:
            return
        key = next(iter(overruns))
        layer = _dearest(cost, key)
        if key == "flash_bytes" and cost.text_bytes > layer.flash_bytes:
            raise _too_many_words(cost, overruns)
        raise PipelineError(
            f"The network passes its budget: {'; '.join(overruns.values())}.",
            f"layer `{layer.name}` ({layer.operator}) takes most: {_share(layer, cost, key)}; "
            "compact kernels do not make it fit either",
            f"{_advice(layer, key)}, then train again; or raise `{key}` if the board has the room",
        )


def _too_many_words(cost: NetworkCost, overruns: Mapping[str, str]) -> PipelineError:
    return PipelineError(
        f"The network passes its budget: {'; '.join(overruns.values())}.",
        f"the vocabulary and its embedding take most: {cost.text_bytes:,} bytes",
        "lower `text.max_words` or `text.embedding`, then train again; or raise `flash_bytes` if "
        "the board has the room",
    )


def load_budget(path: Path) -> Budget:
    """Raises PipelineError (exit code USAGE) that lists every fault."""
    return load_section(path, Budget)


_CELLS = tuple(kind.name for kind in KINDS)
_ADVICE = {
    "flash_bytes": "give that layer, or the one before it, fewer filters or a smaller kernel",
    "ram_bytes": "give that layer or the one before it fewer filters, pool earlier, or shorten "
    "window.length",
    "stack_bytes": "replace that layer by one of another kind",
    "instructions": "give that layer fewer filters or a smaller kernel, or pool before it",
    "inference_ms": "give that layer fewer filters or a smaller kernel, or pool before it",
}


def _advice(layer: LayerCost, key: str) -> str:
    if layer.operator not in _CELLS or key == "stack_bytes":
        return _ADVICE[key]
    fewer = "give that layer fewer units"
    is_slow = key in ("instructions", "inference_ms")
    return f"{fewer}, or raise model.downsample" if is_slow else fewer


def budget_reference() -> str:
    """The part of docs/configuration.md that is about budgets."""
    return f"{_HEAD}\n{table(Budget)}"


def _dearest(cost: NetworkCost, key: str) -> LayerCost:
    return max(cost.layers, key=lambda layer: _of_layer(layer, key))


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
