"""What is made once for all workers of a session: the first that needs it makes it."""

from __future__ import annotations

import fcntl
import os
import pickle
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import pytest

from pipeline.core.project import PROJECT
from pipeline.deployment.platformio import BuiltImage, build_firmware

BUILD_TIMEOUT_S = 300.0
Made = TypeVar("Made")


def built_with(board: str, model: Path | None) -> Callable[[Path], BuiltImage]:
    """Builds the image of a board with a model, or with none, in a folder."""
    return lambda folder: build_firmware(
        board, model, PROJECT, folder / "build.log", BUILD_TIMEOUT_S
    )


class Once:
    """Calls functions that fill a folder, each name once; it keeps what they return."""

    def __init__(self, factory: pytest.TempPathFactory) -> None:
        own = factory.getbasetemp()
        shared = own.parent if "PYTEST_XDIST_WORKER" in os.environ else own
        self._place = shared / "once"
        self._place.mkdir(exist_ok=True)

    def __call__(self, name: str, make: Callable[[Path], Made]) -> Made:
        """What `make` returned for its folder, here or in another worker; nobody changes it."""
        folder = self._place / name
        kept = folder.with_suffix(".made")
        with folder.with_suffix(".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not kept.exists():
                shutil.rmtree(folder, ignore_errors=True)  # of an attempt that failed
                folder.mkdir()
                kept.write_bytes(pickle.dumps(make(folder)))
        made: Made = pickle.loads(kept.read_bytes())
        return made
