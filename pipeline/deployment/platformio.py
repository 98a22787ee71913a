"""Builds images with PlatformIO. No other file calls PlatformIO."""

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
from typing import TYPE_CHECKING

from pipeline.core.board_profiles import REAL_IMAGES, BoardProfile, require_profile
from pipeline.core.errors import NoToolError, PipelineError
from pipeline.core.files import FULL, save_text_files
from pipeline.core.project import PROJECT, work_folder

if TYPE_CHECKING:
    from platformio.package.meta import PackageSpec


VARIABLE = "GESTURE_ARDUINO_CORE"
BUILDER = "builder/frameworks/arduino/mbed-core/arduino-core-mbed.py"
CORE = "cores/arduino/Arduino.h"
CORE_API = "cores/arduino/api/ArduinoAPI.h"
# As nordicnrf52 10.11.0 requires. The core's sources do not name their version. The
# compiler is that in PATH, and the third package is for other boards: both stay empty.
CORE_PACKAGE = ("framework-arduino-mbed", "4.5.0")
EMPTY_PACKAGES = (("toolchain-gccarmnoneeabi", "1.70201.0"), ("tool-sreccat", "1.164.0"))
COMPILER = "arm-none-eabi-g++"
CPP_LIBRARY = "libstdc++_nano.a"
INSTALL = (
    "sudo apt-get install --no-install-recommends "
    "gcc-arm-none-eabi libnewlib-arm-none-eabi libstdc++-arm-none-eabi-newlib"
)


@dataclass(frozen=True)
class Requirements:
    """The packages that an environment of platformio.ini needs from the registry."""

    board: str
    platform: PackageSpec
    libraries: tuple[PackageSpec, ...]


def core_folder() -> Path | None:
    """The folder in GESTURE_ARDUINO_CORE; None if the variable is not set."""
    name = os.environ.get(VARIABLE)
    return Path(name).resolve() if name else None


def put_packages(core: Path, project: Path, environment: str, target: Path) -> dict[str, str]:
    """Make packages again of the sources in `core`; returns variables that point to them."""
    _require_arm_compiler()
    requirements = _requirements(project / "platformio.ini", environment)
    platform = _platform(core, requirements.platform)
    framework = _framework(core, platform, requirements.board)
    libraries = [(spec, _library(core, spec)) for spec in requirements.libraries]
    shutil.rmtree(target, ignore_errors=True)
    name, version = requirements.platform.name, _manifest(platform)["version"]
    _link(platform, target / "platforms" / name, "platform", name, version)
    _link(framework, target / "packages" / CORE_PACKAGE[0], "tool", *CORE_PACKAGE)
    for package, number in EMPTY_PACKAGES:
        put_package(target / "packages" / package, "tool", package, number)
    put_build_core(target / "packages")
    for spec, folder in libraries:
        place = target / "libdeps" / environment / spec.name
        _link(folder, place, "library", spec.name, _properties(folder)["version"], spec.owner)
    places = {"PLATFORMS": "platforms", "PACKAGES": "packages", "LIBDEPS": "libdeps"}
    return {f"PLATFORMIO_{name}_DIR": str(target / place) for name, place in places.items()}


def _requirements(settings: Path, environment: str) -> Requirements:
    from platformio.package.meta import PackageSpec
    from platformio.project.config import ProjectConfig

    config, section = ProjectConfig(str(settings)), f"env:{environment}"
    libraries = tuple(PackageSpec(each) for each in config.get(section, "lib_deps"))
    platform = PackageSpec(config.get(section, "platform"))
    return Requirements(config.get(section, "board"), platform, libraries)


def _platform(core: Path, spec: PackageSpec) -> Path:
    for folder in _folders(core):
        manifest = _manifest(folder)
        if manifest.get("name") == spec.name:
            _require_version(folder, manifest["version"], spec)
            _require_file(folder, BUILDER, "possibly it was cloned without its submodules")
            return folder
    raise _no_folder(core, f"PlatformIO's platform {spec.name}")


def _framework(core: Path, platform: Path, board: str) -> Path:
    manifest = f"boards/{board}.json"
    why = "possibly platformio.ini names a board that this platform does not know"
    _require_file(platform, manifest, why)
    variant = json.loads((platform / manifest).read_text("utf-8"))["build"]["variant"]
    for folder in _folders(core):
        if (folder / CORE).is_file():
            why = "the core's API is a repository of its own, ArduinoCore-API"
            _require_file(folder, CORE_API, why)
            why = "possibly large files were left out when the core was fetched"
            _require_file(folder, f"variants/{variant}/libs/libmbed.a", why)
            return folder
    raise _no_folder(core, "the Arduino core for Mbed OS")


def _library(core: Path, spec: PackageSpec) -> Path:
    for folder in _folders(core):
        known = _properties(folder)
        if known.get("name", "").lower() == spec.name.lower():
            _require_version(folder, known["version"], spec)
            return folder
    raise _no_folder(core, f"the library {spec.name}")


def _folders(core: Path) -> Iterator[Path]:
    if not core.is_dir():
        raise _unusable(
            f"There is no folder {core}.",
            f"{VARIABLE}, or CORE= of make, names it; possibly it is misspelt",
        )
    yield from sorted(path for path in core.iterdir() if path.is_dir())


def _manifest(folder: Path) -> dict[str, str]:
    path = folder / "platform.json"
    return json.loads(path.read_text("utf-8")) if path.is_file() else {}


def _properties(folder: Path) -> dict[str, str]:
    path = folder / "library.properties"
    lines = path.read_text("utf-8", "replace").splitlines() if path.is_file() else []
    pairs = (line.partition("=") for line in lines)
    return {"version": "0.0.0", **{key.strip(): value.strip() for key, _, value in pairs}}


def _link(
    source: Path,
    folder: Path,
    kind: str,
    name: str,
    version: str,
    owner: str | None = "platformio",
) -> None:
    put_package(folder, kind, name, version, owner)
    for entry in source.iterdir():
        if not (folder / entry.name).exists():
            (folder / entry.name).symlink_to(entry.resolve())


def _require_version(folder: Path, version: str, spec: PackageSpec) -> None:
    from platformio.package.version import cast_version_to_semver

    if spec.requirements and cast_version_to_semver(version) not in spec.requirements:
        raise _unusable(
            f"{folder} is version {version}; {spec.name} is wanted as {spec.requirements}.",
            "platformio.ini names the versions that the firmware was tried with",
        )


def _require_file(folder: Path, name: str, why: str) -> None:
    if not (folder / name).is_file():
        raise _unusable(f"{folder} has no {name}.", why)


def _require_arm_compiler() -> None:
    compiler = shutil.which(COMPILER)
    missing = COMPILER if compiler is None else None if _has_cpp_library(compiler) else CPP_LIBRARY
    if missing is None:
        return
    raise NoToolError(
        f"The real board's image cannot be built: there is no {missing}.",
        "the compiler for Arm or its C++ library is not installed, or not in PATH",
        f"run `{INSTALL}`",
    )


def _has_cpp_library(compiler: str) -> bool:
    command = [compiler, f"-print-file-name={CPP_LIBRARY}"]
    found = subprocess.run(command, capture_output=True, text=True, timeout=60)
    return Path(found.stdout.strip()).is_absolute()


def _no_folder(core: Path, what: str) -> PipelineError:
    why = "possibly it was not fetched, or is in another folder"
    return _unusable(f"No folder in {core} is {what}.", why)


def _unusable(what: str, why: str) -> PipelineError:
    next_step = "docs/hil.md lists what this folder holds, and the commands that fetch it"
    return NoToolError(what, why, next_step)


SCONS_VERSION = "4.11.1"
TOOL_SCONS_VERSION = "4.41101.0"  # PlatformIO's number for a package of that SCons
REGISTRY_TIMEOUT_S = 5.0


def packages_folder() -> Path:
    """The folder of PlatformIO's downloads; in a checkout it is core_dir of platformio.ini."""
    return work_folder() / ".platformio"


def registry_answers() -> bool:
    """Whether PlatformIO can download now; without a connection this takes some seconds."""
    from platformio import __registry_mirror_hosts__ as hosts

    for host in hosts:
        address = f"https://api.{host}/v3/packages/platformio/tool/tool-scons"
        try:
            with urllib.request.urlopen(address, timeout=REGISTRY_TIMEOUT_S):
                return True
        except (urllib.error.URLError, OSError):
            continue
    return False


def platform_is_here(profile: BoardProfile) -> bool:
    """Whether the board's platform is installed."""
    return (packages_folder() / "platforms" / profile.platform).is_dir()


def require_platform(profile: BoardProfile) -> None:
    """Check early for the board's compiler and core: without them a build hangs for a minute."""
    if platform_is_here(profile) or registry_answers():
        return
    raise NoToolError(
        f"PlatformIO cannot fetch the Arduino core and compiler for the {profile.title}.",
        "they are downloaded on the first build, and PlatformIO's registry does not answer",
        "connect to the internet, or have the proxy let PlatformIO through; "
        "`gesture doctor` looks again. docs/hil.md says how to build from the core's sources",
    )


def ensure_build_core() -> None:
    """Give PlatformIO its build core if it cannot download it.

    PlatformIO needs the package `tool-scons` from its registry. Without a connection, a package of
    three files takes its place and runs the SCons of this Python.
    """
    packages = packages_folder() / "packages"
    if not ((packages / "tool-scons" / ".piopm").is_file() or registry_answers()):
        put_build_core(packages)


def put_build_core(packages: Path) -> None:
    """Write a package `tool-scons` that runs the SCons of this Python."""
    _require_scons()
    put_package(packages / "tool-scons", "tool", "tool-scons", TOOL_SCONS_VERSION)
    program = "from SCons.Script.Main import main\n\nmain()\n"
    save_text_files(packages / "tool-scons", {"scons.py": program})


def put_package(
    folder: Path, kind: str, name: str, version: str, owner: str | None = "platformio"
) -> None:
    """Write the two files that make `folder` an installed tool, platform or library."""
    requested = {"owner": owner, "id": None, "name": name, "requirements": None, "uri": None}
    manifest = {"name": name, "version": version}
    texts = {".piopm": json.dumps({"type": kind, **manifest, "spec": requested})}
    if kind == "tool":  # the other kinds have their own manifest
        texts["package.json"] = json.dumps(manifest)
    save_text_files(folder, texts)


def _require_scons() -> None:
    try:
        found = importlib.metadata.version("scons")
    except importlib.metadata.PackageNotFoundError:
        found = "none"
    if found != SCONS_VERSION:
        raise NoToolError(
            f"PlatformIO cannot build: it needs SCons {SCONS_VERSION}, found: {found}.",
            "its registry cannot be reached, and the Python package that stands in is missing",
            f"run `make setup` or `pip install scons=={SCONS_VERSION}`, or connect to the internet "
            "once and try again",
        )


LOCK_POLL_S = 0.1
FIRST_ERROR = re.compile(
    r"\berror\b|undefined reference|overflowed by|multiple definition|could not install", re.I
)
USED_BYTES = re.compile(r"^(RAM|Flash):.*\(used (\d+) bytes", re.M)


@dataclass(frozen=True)
class Target:
    """The compiler that an environment of platformio.ini needs, and the files that it makes."""

    image: str
    flash: str  # the file with the bytes in the flash
    compiler: str | None = None  # None if PlatformIO installs it
    install: str = ""
    profile: BoardProfile | None = None  # of a real board


TARGETS = {
    "virtual": Target(
        "firmware.elf",
        "firmware.bin",
        "arm-none-eabi-gcc",
        "sudo apt-get install --no-install-recommends gcc-arm-none-eabi libnewlib-arm-none-eabi",
    ),
    "native": Target("firmware.elf", "firmware.elf", "gcc", "sudo apt-get install gcc libc6-dev"),
    **{
        name: Target("firmware.bin", "firmware.bin", profile=require_profile(name))
        for name in REAL_IMAGES
    },
}


@dataclass(frozen=True)
class BuiltImage:
    """A linked image, and the file with the bytes in the flash; bytes are as the linker reports."""

    path: Path
    flash: Path
    flash_bytes: int
    ram_bytes: int


def build_firmware(
    environment: str,
    model_dir: Path | None,
    project: Path,
    log: Path,
    timeout_s: float,
    flags: tuple[str, ...] = (),
) -> BuiltImage:
    """Build an environment of platformio.ini.

    Args:
        model_dir: generated C of the model; None for an image without a model.
        log: for the output; objects go to the folder `pio` beside it.

    Raises:
        PipelineError: NO_TOOL for a missing compiler; else it holds the first error line.
    """
    target, build_dir = TARGETS[environment], log.resolve().parent / "pio"
    _require_compiler(environment, target)
    variables = _environment_variables(model_dir, project, build_dir, flags)
    with _only_build_in(build_dir, timeout_s) as lock:
        variables.update(_provide(environment, target.profile, project, build_dir))
        code = _run(environment, project, variables, log, timeout_s, lock)
    if code is None:
        raise PipelineError(
            f"Building {environment} was stopped after {timeout_s:.0f} s; its output is in {log}.",
            "the machine is busy, or PlatformIO waits for a download that does not come",
            "look at the end of the log, and try again",
        )
    if code != 0:
        raise _build_failed(environment, log)
    return _built_image(target, build_dir / environment, log)


def _require_compiler(environment: str, target: Target) -> None:
    if target.compiler is None or shutil.which(target.compiler):
        return
    raise NoToolError(
        f"The {environment} board cannot be built: there is no {target.compiler}.",
        "the compiler is not installed, or not in PATH",
        f"run `{target.install}`",
    )


@contextmanager
def _only_build_in(build_dir: Path, timeout_s: float) -> Iterator[int]:
    """Let a second build in the same folder wait, as both would write the same objects.

    The lock is beside the folder, because PlatformIO empties the folder before its first build.
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
                    raise PipelineError(
                        f"Another build has held {build_dir} for {timeout_s:.0f} s.",
                        "the same run is being built by another command",
                        "wait for it, or stop it, and try again",
                    ) from None
                time.sleep(LOCK_POLL_S)
        yield lock.fileno()


def _provide(
    environment: str, profile: BoardProfile | None, project: Path, build_dir: Path
) -> dict[str, str]:
    """Provide what PlatformIO would download; returns variables that point PlatformIO to it."""
    core = core_folder()
    if core is not None and profile is not None:
        return put_packages(core, project, environment, build_dir.with_name("arduino-core"))
    ensure_build_core()
    if profile is not None:
        require_platform(profile)
    return {}


def _run(
    environment: str,
    project: Path,
    variables: dict[str, str],
    log: Path,
    timeout_s: float,
    lock: int,
) -> int | None:
    """The exit code; None after the time limit.

    PlatformIO inherits `lock`, the lock of the build folder: it goes on if this process is killed.
    """
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "platformio", "run", "--environment", environment],
            cwd=project,
            env=variables,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            pass_fds=(lock,),
        )
        try:
            return process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            return None
        finally:
            if process.poll() is None:  # end its compilers too, also after Ctrl-C
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()


def _environment_variables(
    model_dir: Path | None, project: Path, build_dir: Path, flags: tuple[str, ...]
) -> dict[str, str]:
    workspace = work_folder() if project == PROJECT else project.resolve()
    variables = {
        **os.environ,
        "PLATFORMIO_CORE_DIR": str(packages_folder()),
        "PLATFORMIO_WORKSPACE_DIR": str(workspace / ".pio"),
        "PLATFORMIO_BUILD_DIR": str(build_dir),
        "PLATFORMIO_BUILD_FLAGS": " ".join(flags),
        "PLATFORMIO_SETTING_ENABLE_TELEMETRY": "no",
        "PLATFORMIO_NO_ANSI": "true",
    }
    variables.pop("GESTURE_MODEL_DIR", None)
    if model_dir is not None:
        variables["GESTURE_MODEL_DIR"] = str(model_dir.resolve())
    return variables


def _build_failed(environment: str, log: Path) -> PipelineError:
    lines = [line.strip() for line in log.read_text("utf-8", "replace").splitlines()]
    lines = [line for line in lines if line] or ["no output"]
    if any(FULL in line for line in lines):
        raise PipelineError(
            f"Building {environment} failed: {FULL}.",
            "what is built takes more room than there is",
            f"make room where {log} is, and build again",
        )
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
