"""Which engine `auto` is: no flash is spent on speed that nobody asked for."""

from __future__ import annotations

from pipeline.compiler import CompiledNetwork
from pipeline.config.budget import Budget


def choose_engine(
    fast: CompiledNetwork, compact: CompiledNetwork, budget: Budget
) -> tuple[CompiledNetwork, str]:
    """The network, and its engine with the reason.

    Fast, where that takes no more flash than compact; else compact. Where that one passes the
    budget and the other does not, the other.

    Raises:
        PipelineError: none of them fits.
    """
    engines = {"fast": fast, "compact": compact}
    preferred, other = engines if is_fast_free(fast, compact) else reversed(engines)
    overruns = budget.overruns(engines[preferred].cost)
    if not overruns:
        return engines[preferred], preferred + _saving(preferred, fast, compact)
    if budget.overruns(engines[other].cost):
        budget.require_fit(fast.cost)
    return engines[other], f"{other}: the {preferred} one would take {', '.join(overruns.values())}"


def is_fast_free(fast: CompiledNetwork, compact: CompiledNetwork) -> bool:
    """Whether speed costs no flash."""
    return fast.cost.flash_bytes <= compact.cost.flash_bytes


def _saving(preferred: str, fast: CompiledNetwork, compact: CompiledNetwork) -> str:
    if preferred == "fast":
        return ""
    flash = f": {compact.cost.flash_bytes:,} bytes of flash instead of {fast.cost.flash_bytes:,}"
    if fast.cost.instructions >= compact.cost.instructions:
        return f"{flash}, and no more instructions"
    return (
        f"{flash}; `--engine fast` takes {fast.cost.instructions:,} instructions instead of "
        f"{compact.cost.instructions:,}"
    )
