"""What all tests share: where real recordings are, and which tools must be there."""

from __future__ import annotations

import gc
import os
import shutil
import signal
import sys
from collections.abc import Generator, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import settings

from pipeline.training.fit import quiet_keras
from tests.once import Once

PROJECT = Path(__file__).resolve().parent.parent
RECORDINGS = PROJECT.parent / "shared" / "data"
TOOLS_ARE_A_MUST = "GESTURE_REQUIRE_TOOLS"
COMPILERS = ("cc", "gcc", "g++", "clang", "arm-none-eabi-gcc", "arm-none-eabi-g++")
TOOLS = {"host_compiler", "qemu", "clang", "chromium"}  # fixtures that need them

# How long an example takes is no test's business: computers are busy.
settings.register_profile("any-computer", deadline=None)
settings.load_profile("any-computer")

# Where bytecode is not kept, every process compiles all our modules anew.
sys.dont_write_bytecode = False
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

# Started in the background, a shell has us ignore Ctrl-C, and every process we start too.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.hookimpl(tryfirst=True)  # before fixtures
def pytest_runtest_setup(item: pytest.Item) -> None:
    """TensorFlow's threads are fixed before its first operation: later they cannot be set. Two
    workers run all that use it, the others do not load it."""
    if uses_tensorflow(item):
        quiet_keras(1)


def uses_tensorflow(item: pytest.Item) -> bool:
    group = item.get_closest_marker("xdist_group")
    return group is not None and group.args[0].startswith("tensorflow")


@pytest.fixture(scope="session", autouse=True)
def own_places(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """What is built of tests' runs goes with them, and no other worker sees the boards that run;
    matplotlib keeps its fonts and ccache its objects, which take long."""
    cache = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache"))
    with TemporaryDirectory() as short, pytest.MonkeyPatch.context() as patch:
        patch.setenv("MPLCONFIGDIR", os.environ.get("MPLCONFIGDIR", str(cache / "matplotlib")))
        patch.setenv("CCACHE_DIR", os.environ.get("CCACHE_DIR", str(cache / "ccache")))
        put_ccache_before_compilers(tmp_path_factory.mktemp("ccache"), patch)
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        patch.setenv("XDG_RUNTIME_DIR", short)  # names of boards are shown on one line
        yield


def put_ccache_before_compilers(folder: Path, patch: pytest.MonkeyPatch) -> None:
    """Where it is installed: the same C is compiled for many images."""
    ccache = shutil.which("ccache")
    if ccache is not None:
        for compiler in filter(shutil.which, COMPILERS):
            (folder / compiler).symlink_to(ccache)
        patch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")


@pytest.fixture(scope="session")
def once(tmp_path_factory: pytest.TempPathFactory) -> Once:
    return Once(tmp_path_factory)


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Nothing of what is collected becomes garbage: it takes a fifth of the time to look."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


@pytest.hookimpl(tryfirst=True)  # before xdist reads the groups
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What a module makes for its tests is made in one worker; `slow` is what needs tools."""
    for item in items:
        fixtures = item._fixtureinfo.name2fixturedefs  # type: ignore[attr-defined]
        shares = any(each.scope == "module" for found in fixtures.values() for each in found)
        group = item.get_closest_marker("xdist_group")
        at_length = item.get_closest_marker("soak") is not None
        if at_length or TOOLS.intersection(fixtures) or uses_tensorflow(item):
            item.add_marker(pytest.mark.slow)
        if shares and group is None:
            item.add_marker(pytest.mark.xdist_group(item.path.stem))


@pytest.fixture(scope="module")
def toy_code() -> Iterator[None]:
    """Runs whose C was written by hand, and comes of no model: it is run as it is."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("pipeline.workflows.generated.require_generated", lambda _run: None)
        yield


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
