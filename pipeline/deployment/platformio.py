"""The only door to PlatformIO: builds an image, and makes builds work without its registry."""

from __future__ import annotations

import fcntl
import importlib.metadata
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from pipeline.errors import ExitCode, PipelineError
from pipeline.files import save_text_files

CORE_FOLDER = ".platformio"  # as platformio.ini's core_dir says
SCONS_VERSION = "4.11.1"
TOOL_SCONS_VERSION = "4.41101.0"  # PlatformIO's number for a package of that SCons
REGISTRY_TIMEOUT_S = 5.0
LOCK_POLL_S = 0.1
FIRST_ERROR = re.compile(
    r"\berror\b|undefined reference|overflowed by|multiple definition|could not install", re.I
)
USED_BYTES = re.compile(r"^(RAM|Flash):.*\(used (\d+) bytes", re.M)


@dataclass(frozen=True)
class Target:
    """What an environment of platformio.ini needs, and the file it leaves."""

    image: str
    flash: str  # what lies in the flash while it runs
    compiler: str | None = None  # None where PlatformIO brings its own
    install: str = ""


REAL_PLATFORM = "nordicnrf52"
REAL_BOARDS = ("nano33ble", "nano33ble_small", "nano33ble_tflm")
TARGETS = {
    "virtual": Target(
        "firmware.elf",
        "firmware.bin",
        "arm-none-eabi-gcc",
        "sudo apt-get install --no-install-recommends gcc-arm-none-eabi libnewlib-arm-none-eabi",
    ),
    "native": Target("firmware.elf", "firmware.elf", "gcc", "sudo apt-get install gcc libc6-dev"),
    **dict.fromkeys(REAL_BOARDS, Target("firmware.bin", "firmware.bin")),
}


@dataclass(frozen=True)
class BuiltImage:
    """A linked image; bytes as the linker reports them.

    flash: the file with the bytes that lie in the flash while the image runs.
    """

    path: Path
    flash: Path
    flash_bytes: int
    ram_bytes: int


def build(
    environment: str,
    model_dir: Path | None,
    project: Path,
    log: Path,
    timeout_s: float,
    flags: tuple[str, ...] = (),
) -> BuiltImage:
    """Builds an environment of platformio.ini with the model of `model_dir`, or with none.

    flags: of the compiler, besides those of platformio.ini. Objects go to the folder `pio` beside
    `log`. Raises PipelineError (NO_TOOL for a missing compiler) with the first error line; the
    whole output is in `log`.
    """
    _run_pio(environment, model_dir, project, log, timeout_s, flags)
    return _built_image(TARGETS[environment], _build_dir(log) / environment, log)


def ensure_build_core(project: Path) -> None:
    """Gives PlatformIO its build core where it cannot download it.

    PlatformIO wants a package `tool-scons` from its registry. Where that cannot be reached, a
    package of three files is put in its place that runs the SCons of this Python instead.
    """
    folder = project / CORE_FOLDER / "packages" / "tool-scons"
    if (folder / ".piopm").is_file() or registry_answers():
        return
    _require_scons()
    spec = {"owner": "platformio", "id": None, "name": "tool-scons", "requirements": None}
    manifest = {"name": "tool-scons", "version": TOOL_SCONS_VERSION}
    save_text_files(
        folder,
        {
            "package.json": json.dumps(manifest),
            "scons.py": "from SCons.Script.Main import main\n\nmain()\n",
            ".piopm": json.dumps({"type": "tool", **manifest, "spec": {**spec, "uri": None}}),
        },
    )


def real_platform_is_here(project: Path) -> bool:
    """Whether a build for the real board finds its platform without downloading."""
    return (project / CORE_FOLDER / "platforms" / REAL_PLATFORM).is_dir()


def registry_answers() -> bool:
    """Whether PlatformIO could download something now; takes some seconds where it could not."""
    from platformio import __registry_mirror_hosts__ as hosts

    for host in hosts:
        address = f"https://api.{host}/v3/packages/platformio/tool/tool-scons"
        try:
            with urllib.request.urlopen(address, timeout=REGISTRY_TIMEOUT_S):
                return True
        except (urllib.error.URLError, OSError):
            continue
    return False


def _require_scons() -> None:
    try:
        found = importlib.metadata.version("scons")
    except importlib.metadata.PackageNotFoundError:
        found = "none"
    if found != SCONS_VERSION:
        raise PipelineError(
            f"PlatformIO cannot build: it needs SCons {SCONS_VERSION}, found: {found}.",
            "its registry cannot be reached, and the Python package that stands in is missing",
            "run `make setup`, or connect to the internet once and try again",
            ExitCode.NO_TOOL,
        )


def _require_compiler(environment: str, target: Target) -> None:
    if target.compiler is None or shutil.which(target.compiler):
        return
    raise PipelineError(
        f"The {environment} board cannot be built: there is no {target.compiler}.",
        "the compiler is not installed, or not in PATH",
        f"run `{target.install}`",
        ExitCode.NO_TOOL,
    )


def _require_platform(project: Path) -> None:
    """The real board's compiler and core are downloaded once; without, a build hangs a minute."""
    if real_platform_is_here(project) or registry_answers():
        return
    raise PipelineError(
        "PlatformIO cannot fetch the Arduino core and compiler for the Nano 33 BLE.",
        "they are downloaded on the first build, and PlatformIO's registry does not answer",
        "connect to the internet, or have the proxy let PlatformIO through; "
        "`gesture doctor` looks again",
        ExitCode.NO_TOOL,
    )


@contextmanager
def _only_build_in(build_dir: Path, timeout_s: float) -> Iterator[None]:
    """Two builds in one folder would write over each other's objects: the second one waits.

    The lock lies beside the folder: PlatformIO empties the folder before its first build in it.
    """
    build_dir.parent.mkdir(parents=True, exist_ok=True)
    give_up_at = time.monotonic() + timeout_s
    with build_dir.with_suffix(".lock").open("w") as lock:
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > give_up_at:
                    raise _busy(build_dir, timeout_s) from None
                time.sleep(LOCK_POLL_S)
        yield


def _busy(build_dir: Path, timeout_s: float) -> PipelineError:
    return PipelineError(
        f"Another build has held {build_dir} for {timeout_s:.0f} s.",
        "the same run is being built by another command",
        "wait for it, or stop it, and try again",
    )


def _run_pio(
    environment: str,
    model_dir: Path | None,
    project: Path,
    log: Path,
    timeout_s: float,
    flags: tuple[str, ...],
) -> None:
    _require_compiler(environment, TARGETS[environment])
    ensure_build_core(project)
    if environment in REAL_BOARDS:
        _require_platform(project)
    command = [sys.executable, "-m", "platformio", "run", "--environment", environment]
    variables = _environment_variables(model_dir, project, _build_dir(log), flags)
    with _only_build_in(_build_dir(log), timeout_s):
        code = _run(command, project, variables, log, timeout_s)
    if code is None:
        raise _took_too_long(environment, log, timeout_s)
    if code != 0:
        raise _build_failed(environment, log)


def _build_dir(log: Path) -> Path:
    return log.resolve().parent / "pio"


def _run(
    command: list[str], project: Path, variables: dict[str, str], log: Path, timeout_s: float
) -> int | None:
    """The exit code; None where it had to be ended."""
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            cwd=project,
            env=variables,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            return process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            return None
        finally:
            _end_group(process)


def _end_group(process: subprocess.Popen[bytes]) -> None:
    """PlatformIO's compilers are its grandchildren: they end with it, also after Ctrl-C."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _environment_variables(
    model_dir: Path | None, project: Path, build_dir: Path, flags: tuple[str, ...]
) -> dict[str, str]:
    variables = {
        **os.environ,
        "PLATFORMIO_CORE_DIR": str(project.resolve() / CORE_FOLDER),
        "PLATFORMIO_BUILD_DIR": str(build_dir),
        "PLATFORMIO_BUILD_FLAGS": " ".join(flags),
        "PLATFORMIO_SETTING_ENABLE_TELEMETRY": "no",
        "PLATFORMIO_NO_ANSI": "true",
    }
    variables.pop("GESTURE_MODEL_DIR", None)
    if model_dir is not None:
        variables["GESTURE_MODEL_DIR"] = str(model_dir.resolve())
    return variables


def _took_too_long(environment: str, log: Path, timeout_s: float) -> PipelineError:
    return PipelineError(
        f"Building {environment} was stopped after {timeout_s:.0f} s; its output is in {log}.",
        "the machine is busy, or PlatformIO waits for a download that does not come",
        "look at the end of the log, and try again",
    )


def _build_failed(environment: str, log: Path) -> PipelineError:
    lines = [line.strip() for line in log.read_text("utf-8", "replace").splitlines()]
    lines = [line for line in lines if line] or ["no output"]
    first = next((line for line in lines if FIRST_ERROR.search(line)), lines[-1])
    return PipelineError(
        f"Building {environment} failed: {first}",
        "the sources do not compile, the image does not fit, or a package could not be had",
        f"the whole output is in {log}",
    )


def _built_image(target: Target, folder: Path, log: Path) -> BuiltImage:
    path, flash = folder / target.image, folder / target.flash
    used = dict(USED_BYTES.findall(log.read_text("utf-8", "replace")))
    if not (path.is_file() and flash.is_file()) or set(used) != {"RAM", "Flash"}:
        raise PipelineError(
            f"PlatformIO reports success, but there is no {path.name} with its sizes.",
            "its output has changed, or the build folder is being written by something else",
            f"delete {path.parent} and build again; the output is in {log}",
        )
    return BuiltImage(path, flash, flash_bytes=int(used["Flash"]), ram_bytes=int(used["RAM"]))
