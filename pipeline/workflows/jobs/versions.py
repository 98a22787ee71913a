"""The versions that decide the result of a job, on this machine."""

from __future__ import annotations

import hashlib
import platform
from collections.abc import Iterator, Mapping
from functools import cache
from importlib import metadata
from pathlib import Path

from pipeline import __version__
from pipeline.core.project import PACKAGE, PROJECT

# Others only talk to people and to boards.
PACKAGES = (
    *("core", "cells", "config", "twin", "datasets", "training", "conversion", "compiler"),
    *("reports", "workflows"),
)
LIBRARIES = ("tensorflow", "numpy")


@cache
def versions() -> Mapping[str, str]:
    """By name; machines that work together have the same ones."""
    libraries = {name: metadata.version(name) for name in LIBRARIES}
    source = f"{__version__}, source {_hash_of_sources()[:8]}"
    return {
        "gesture-pipeline": source,
        **libraries,
        "python": ".".join(platform.python_version_tuple()[:2]),
    }


@cache
def code_version() -> str:
    """One text for all that decides a result, but the version of Python."""
    decisive = {name: version for name, version in versions().items() if name != "python"}
    return f"{decisive} {_hash_of_sources()}"


def _hash_of_sources() -> str:
    digest = hashlib.sha256()
    for place, file in _sources():
        digest.update(f"{file.relative_to(place)}\n".encode() + file.read_bytes())
    return digest.hexdigest()


def _sources() -> Iterator[tuple[Path, Path]]:
    for package in PACKAGES:
        yield from ((PACKAGE, file) for file in sorted((PACKAGE / package).rglob("*.py")))
    firmware = PROJECT / "firmware" / "lib"
    yield from ((PROJECT, file) for file in sorted(firmware.rglob("*.[ch]")))
