"""Is the network in the linked image as large as conversion said?"""

from __future__ import annotations

from pathlib import Path

from pipeline.costs import NetworkCost
from pipeline.deployment.linked import LinkedNetwork, linked_network
from pipeline.errors import ExitCode, PipelineError

FLASH_TOLERANCE = 0.05  # of what conversion said: compilers differ
FLASH_TOLERANCE_BYTES = 512  # and alignment
RAM_TOLERANCE_BYTES = 16


def flash_tolerance(cost: NetworkCost) -> float:
    return FLASH_TOLERANCE * cost.flash_bytes + FLASH_TOLERANCE_BYTES


def check_network(elf: Path, cost: NetworkCost) -> LinkedNetwork:
    """Raises PipelineError (MISMATCH) where the image takes more RAM or flash than was said."""
    linked = linked_network(elf)
    over = {
        "RAM": (linked.ram_bytes, cost.arena_bytes, RAM_TOLERANCE_BYTES),
        "flash": (linked.flash_bytes, cost.flash_bytes, flash_tolerance(cost)),
    }
    faults = [
        f"{linked_bytes:,} bytes of {memory}, conversion said {said:,}"
        for memory, (linked_bytes, said, tolerance) in over.items()
        if linked_bytes > said + tolerance
    ]
    if faults:
        raise PipelineError(
            f"The network takes more in the linked image than was known: {'; '.join(faults)}.",
            "the run was converted by another version, or the compiler makes larger code",
            "convert the run again; if it stays, report it with the run's cost.json",
            ExitCode.MISMATCH,
        )
    return linked
