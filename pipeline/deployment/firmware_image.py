"""The image of a deployed run, as `firmware.json` tells of it."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path

from pipeline.files import save_json


@dataclass(frozen=True)
class FirmwareImage:
    """A built image and what it costs. Bytes as the linker reports them.

    flash_path: the file with the bytes that lie in the flash, to which sha256 belongs.
    profiled: whether it counts its layers, and is no image that is built otherwise.
    """

    board: str
    path: str
    flash_path: str
    flash_bytes: int
    ram_bytes: int
    contract_hash: str
    sha256: str
    profiled: bool = False
    instructions_per_inference: int | None = None

    def save(self, path: Path) -> None:
        save_json(path, asdict(self))
