"""What all tests share: where real recordings are, and which tools must be there."""

from __future__ import annotations

import os
import shutil
import signal
from pathlib import Path

import pytest
from hypothesis import settings

PROJECT = Path(__file__).resolve().parent.parent
RECORDINGS = PROJECT.parent / "shared" / "data"
TOOLS_ARE_A_MUST = "GESTURE_REQUIRE_TOOLS"

# How long an example takes is no test's business: computers are busy.
settings.register_profile("any-computer", deadline=None)
settings.load_profile("any-computer")

# Started in the background, a shell has us ignore Ctrl-C, and every process we start too.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Real recordings made elsewhere; they are not part of the project."""
    if not RECORDINGS.is_dir():
        pytest.skip(f"no real recordings at {RECORDINGS}")
    return RECORDINGS


def need(*tools: str) -> None:
    """Skip where a tool is missing; fail where CI says that nothing may be missing."""
    missing = [tool for tool in tools if shutil.which(tool) is None]
    if missing and os.environ.get(TOOLS_ARE_A_MUST):
        pytest.fail(f"not installed: {', '.join(missing)}; `make tools` installs it")
    if missing:
        pytest.skip(f"not installed: {', '.join(missing)}; `make tools` installs it")


@pytest.fixture(scope="session")
def qemu() -> None:
    need("qemu-system-arm", "arm-none-eabi-gcc")


@pytest.fixture(scope="session")
def host_compiler() -> None:
    need("gcc")


@pytest.fixture(scope="session")
def clang() -> None:
    need("clang")


@pytest.fixture(scope="session")
def chromium() -> str:
    """A browser that can be looked through; CI goes without, for it is larger than all the rest."""
    for name in ("chromium", "chromium-browser", "google-chrome"):
        found = shutil.which(name)
        if found is not None:
            return found
    pytest.skip("no Chromium here; `apt-get install chromium` brings one")
