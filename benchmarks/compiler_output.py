"""Errors and warnings of a compiler and a linker, counted in the log of a build."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

PLACED = re.compile(r"^(?P<path>\S[^:\n]*):\d+(?::\d+)?: (?P<kind>(?:fatal )?error|warning):", re.M)
LINKER = re.compile(
    r"undefined reference to|multiple definition of|cannot find -l|will not fit in region"
)
THEIRS = "arduino-core"  # the folder of packages that a build has beside its log


@dataclass(frozen=True)
class Complaints:
    """errors: of the compiler, in any source; warnings: in sources that are ours or generated."""

    errors: int
    link_errors: int
    warnings: int


def complaints(log: str) -> Complaints:
    """Count them in the output of a build by PlatformIO."""
    placed = [(match["path"], match["kind"]) for match in PLACED.finditer(log)]
    ours = [path for path, kind in placed if kind == "warning" and THEIRS not in Path(path).parts]
    errors = sum(kind != "warning" for _, kind in placed)
    return Complaints(errors, len(LINKER.findall(log)), len(ours))
