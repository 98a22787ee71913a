"""Where the tool's own files are, and where it may write what it makes of them.

In a checkout both are the checkout. An installed package has the files in its folder `project`,
and nothing is written there.
"""

from __future__ import annotations

import os
from pathlib import Path

from pipeline import __version__

PACKAGE = Path(__file__).resolve().parents[1]
INSTALLED = PACKAGE / "project"  # setup.py puts it into a wheel
IS_INSTALLED = INSTALLED.is_dir()
PROJECT = INSTALLED if IS_INSTALLED else PACKAGE.parent  # firmware/, platformio.ini, configs/
SHIPPED_BUDGET = "nano33ble"  # of `gesture convert --budget`
SHIPPED_SPACE = "search_small"  # of `gesture search --space`; the other configs are for training
CONFIGS = PROJECT / "configs"
DATA = Path("data")  # where `--dataset NAME` goes
SAMPLE = DATA / "sample"  # as configs name it


def user_cache() -> Path:
    """`gesture` in $XDG_CACHE_HOME, or in ~/.cache."""
    user = os.environ.get("XDG_CACHE_HOME")
    return (Path(user) if user else Path.home() / ".cache") / "gesture"


def work_folder() -> Path:
    """Where PlatformIO keeps its packages, and where images without a model are built.

    A version has its own folder: PlatformIO remembers where it found a platform.
    """
    return user_cache() / __version__ if IS_INSTALLED else PROJECT


def shipped_configs() -> list[str]:
    """The names of the configs that come with the tool."""
    names = {file.stem for file in CONFIGS.glob("*.yaml")}
    return sorted(names - {SHIPPED_BUDGET, SHIPPED_SPACE})
