"""A built image: its symbols, and the flash and RAM that it takes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from elftools.common.exceptions import ELFError
from elftools.elf.elffile import ELFFile

from pipeline.core.contract import (
    NO_BACKGROUND,
    Contract,
    FixedPointPolicy,
    FixedPointScaling,
    fixed_point_context,
    fixed_point_horizons,
    fixed_point_mixture,
    fixed_point_policy,
    fixed_point_scaling,
)
from pipeline.core.costs import NetworkCost
from pipeline.core.errors import MismatchError, PipelineError
from pipeline.core.files import save_json


@dataclass(frozen=True)
class FirmwareImage:
    """A built image, its size as the linker reports it, and its ram_bytes by purpose."""

    board: str
    path: str
    flash_path: str
    flash_bytes: int
    ram_bytes: int
    contract_hash: str
    sha256: str
    ram_parts: dict[str, int]
    profiled: bool = False
    instructions_per_inference: int | None = None

    def save(self, path: Path) -> None:
        """Write it as JSON."""
        save_json(path, asdict(self))


RAM_ADDRESS = 0x20000000  # of every Cortex-M
# Of a text model the embedding too, and what reads before it writes.
NETWORK_FILES = ("model_network.c", "model_text.c", "encoder_network.c", "model_encoder.c")
KERNEL_PREFIX = "nn_"
NETWORK_PREFIXES = ("model_network", "model_text", "encoder_network", "model_encoder")


@dataclass(frozen=True)
class Symbol:
    """A symbol of an ELF file; `file` is the source of a local symbol, "" for a global one."""

    name: str
    file: str
    address: int
    bytes: int

    @property
    def is_ours(self) -> bool:
        """Whether it belongs to the network or its kernels."""
        of_network = self.file in NETWORK_FILES or self.name.startswith(NETWORK_PREFIXES)
        return of_network or (self.file or self.name).startswith(KERNEL_PREFIX)


@dataclass(frozen=True)
class LinkedNetwork:
    """The size of the network in an image; the RAM is without input and output."""

    flash_bytes: int
    ram_bytes: int


def linked_network(elf: Path) -> LinkedNetwork:
    """Measure the network in an image."""
    ours = [symbol for symbol in network_symbols(elf)]
    ram = sum(symbol.bytes for symbol in ours if symbol.address >= RAM_ADDRESS)
    return LinkedNetwork(sum(symbol.bytes for symbol in ours) - ram, ram)


def network_symbols(elf: Path) -> list[Symbol]:
    """Functions and data of the network and its kernels."""
    return [symbol for symbol in symbols(elf) if symbol.is_ours]


def symbols(elf: Path) -> Iterator[Symbol]:
    """Yield functions and data of an image; PipelineError without a readable symbol table."""
    file = ""
    for symbol in _table(elf):
        kind, size = symbol["st_info"]["type"], symbol["st_size"]
        if kind == "STT_FILE":
            file = symbol.name
        elif kind in ("STT_OBJECT", "STT_FUNC") and size:
            is_local = symbol["st_info"]["bind"] == "STB_LOCAL"
            yield Symbol(symbol.name, file if is_local else "", symbol["st_value"] & ~1, size)


def _table(elf: Path) -> list[Any]:
    with suppress(ELFError), elf.open("rb") as content:
        table = ELFFile(content).get_section_by_name(".symtab")
        if table is not None:
            return list(table.iter_symbols())
    raise PipelineError(
        f"{elf} has no symbol table, so the size of the network cannot be checked.",
        "the image was stripped, or is no ELF file",
        "delete the run's build folder and deploy again",
    )


# Data of the application, by the name of the variable in its source file.
_APPLICATION_PARTS = {
    "history": "last seconds of samples",
    "ring": "samples that wait",
    "app": "rest of the application",
}
_APPLICATION = "app.c"


def ram_map(elf: Path, ram_bytes: int) -> dict[str, int]:
    """RAM by purpose, the largest part first; the parts sum to `ram_bytes`."""
    parts = dict.fromkeys(("network", *_APPLICATION_PARTS.values()), 0)
    for symbol in symbols(elf):
        part = _part_of(symbol)
        if symbol.address >= RAM_ADDRESS and part is not None:
            parts[part] += symbol.bytes
    parts["board, with its stack"] = ram_bytes - sum(parts.values())
    return dict(sorted(parts.items(), key=lambda part: -part[1]))


def _part_of(symbol: Symbol) -> str | None:
    if symbol.is_ours:
        return "network"
    return _APPLICATION_PARTS.get(symbol.name) if symbol.file == _APPLICATION else None


FLASH_TOLERANCE = 0.05  # share of the estimate: compilers differ
FLASH_TOLERANCE_BYTES = 512  # for alignment
RAM_TOLERANCE_BYTES = 16


def flash_tolerance(cost: NetworkCost) -> float:
    """By how many bytes the linked flash may exceed the estimate."""
    return FLASH_TOLERANCE * cost.flash_bytes + FLASH_TOLERANCE_BYTES


def check_network(elf: Path, cost: NetworkCost) -> LinkedNetwork:
    """Measure the network in an image; MISMATCH where it takes more than the estimate."""
    linked = linked_network(elf)
    over = {
        "RAM": (linked.ram_bytes, cost.arena_bytes, RAM_TOLERANCE_BYTES),
        "flash": (linked.flash_bytes, cost.flash_bytes, flash_tolerance(cost)),
    }
    faults = [
        f"{linked_bytes:,} bytes of {memory}, conversion estimated {estimated:,}"
        for memory, (linked_bytes, estimated, tolerance) in over.items()
        if linked_bytes > estimated + tolerance
    ]
    if faults:
        raise MismatchError(
            f"The network takes more in the linked image than estimated: {'; '.join(faults)}.",
            "the run was converted by another version, or the compiler makes larger code",
            "convert the run again; if it stays, report it with the run's cost.json",
        )
    return linked


NO_POLICY = FixedPointPolicy(1, NO_BACKGROUND, 0, 0, ())  # of all tasks but gestures


def check_labels(found: Sequence[str], contract: Contract) -> None:
    """Compare a board's labels with the contract's; MISMATCH where they or their order differ."""
    if tuple(found) != contract.labels:
        raise _differs("labels", " ".join(found), " ".join(contract.labels))


def check_constants(found: Mapping[str, str], contract: Contract) -> None:
    """Compare a board's constants with the contract's; MISMATCH names the first that differs."""
    for name, value in expected_constants(contract).items():
        if found.get(name, "") != value:
            raise _differs(name, found.get(name, ""), value)


def expected_constants(contract: Contract) -> dict[str, str]:
    """The answer of a board with this contract to `constants`; "" for a missing field."""
    gestures = contract.decision is not None
    policy = fixed_point_policy(contract.policy, contract.labels) if gestures else NO_POLICY
    scaling = fixed_point_scaling(contract) if contract.reads_samples else None
    return {
        "smoothing_windows": str(policy.smoothing_windows),
        "background": str(policy.background),
        "release_sum": str(policy.release_sum),
        "refractory_us": str(policy.refractory_us),
        "fire_sums": ",".join(map(str, policy.fire_sums)),
        "shift": "0" if scaling is None else str(scaling.shift),
        "scales": "" if scaling is None else ",".join(_factors(scaling)),
        **(_context(contract) if contract.encoder else {}),
        **(_horizons(contract) if contract.horizons else {}),
        **(_mixture(contract) if contract.mixture else {}),
    }


def _factors(scaling: FixedPointScaling) -> list[str]:
    each = zip(scaling.multipliers, scaling.offsets, strict=True)
    return [f"{multiplier}:{offset}" for multiplier, offset in each]


def _context(contract: Contract) -> dict[str, str]:
    scaling = fixed_point_context(contract)
    return {"context_shift": str(scaling.shift), "context": _factors(scaling)[0]}


def _horizons(contract: Contract) -> dict[str, str]:
    scaling = fixed_point_horizons(contract)
    names = [channel.name for channel in contract.channels]
    each = zip(contract.horizons, _factors(scaling), strict=True)
    horizons = (f"{names.index(horizon.channel)}:{factors}" for horizon, factors in each)
    return {"horizon_shift": str(scaling.shift), "horizons": ",".join(horizons)}


def _mixture(contract: Contract) -> dict[str, str]:
    found = fixed_point_mixture(contract)
    return {
        "mixtures": str(len(found.means.multipliers) // 2),
        "logit_step": str(found.logit_step),
        "mean_shift": str(found.means.shift),
        "means": ",".join(_factors(found.means)),
        "deviation": f"{found.deviations.multiplier}:{found.deviations.offset}",
        "least_deviation": str(found.least_deviation),
        "correlation": f"{found.correlations.multiplier}:{found.correlations.offset}",
    }


def _differs(name: str, found: str, expected: str) -> PipelineError:
    return MismatchError(
        f"The board's {name} is {found or 'none'}, the run's is {expected or 'none'}.",
        "the image was built from C that is not the run's",
        "convert the run again, and deploy it",
    )
