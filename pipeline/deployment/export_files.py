"""Makes the files of an export: C sources, an Arduino library, and the .tflite model.

They are for people with their own firmware, and need nothing else of this project: they hold the
firmware's signal path, the generated C of the model, and an example.
"""

from __future__ import annotations

import re
import shutil
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from pipeline.core.contract import Contract
from pipeline.core.run_folder import RunFolder
from pipeline.deployment.library_files import names_header, zipped

# The parts of the firmware between a sample and an event, without board, port and protocol.
PARTS = ("crc", "decision", "model", "nn", "rate", "recognizer", "sample", "selftest", "window")
INNER = "gesture"  # the folder beside gesture.h
NAMES_HEADER = "gesture_names.h"
PREFIX = "gesture_"


def export_files(
    run: RunFolder, contract: Contract, firmware: Path, is_step: bool
) -> dict[str, bytes]:
    """The files of an export by path, always the same bytes; is_step: of a recurrent network."""
    library = _library_name(run.name)
    sources = dict(_sources(run, firmware))
    known = {**_known(run, contract), "network": " ".join(_calls(run, contract, is_step))}
    return {
        "README.md": _filled(firmware, "README.md", known),
        "contract.json": run.contract_file.read_bytes(),
        **{f"c/src/{name}": content for name, content in sources.items()},
        "c/example.c": _text(firmware, "example.c"),
        f"arduino/{library}.zip": zipped(
            library,
            {
                "library.properties": _filled(firmware, "library.properties", known),
                "examples/Gesture/Gesture.ino": _text(firmware, "Gesture.ino"),
                **{f"src/{name}": content for name, content in sources.items()},
            },
        ),
        **{f"tflite/{path.name}": path.read_bytes() for path in _tflite(run)},
    }


def _sources(run: RunFolder, firmware: Path) -> Iterator[tuple[str, bytes]]:
    """Yield the public header, its implementation, and the inner files in their own folder."""
    yield "gesture.h", _text(firmware, "gesture.h")
    yield "gesture.c", _text(firmware, "gesture.c")
    folders = [*(firmware / "lib" / part for part in PARTS), run.sources]
    files = {path.name: path.read_text() for folder in folders for path in folder.glob("*.[ch]")}
    files.pop("model_centres.c", None)  # what a board needs to learn more
    headers = "".join(text for name, text in files.items() if name.endswith(".h"))
    names = names_header(headers, PREFIX, "export", "#define MODEL_LEARNED 0\n\n")
    yield f"{INNER}/{NAMES_HEADER}", names.encode()
    for name, text in sorted(files.items()):
        includes = f'#include "{NAMES_HEADER}"\n' if name.endswith(".c") else ""
        yield f"{INNER}/{name}", (includes + text).encode()


def _text(firmware: Path, name: str) -> bytes:
    return (firmware / "export" / name).read_bytes()


def _tflite(run: RunFolder) -> tuple[Path, ...]:
    files = (run.flatbuffer_file, run.path / "model_data.h", run.path / "model_data.c")
    return (*files, run.sequence_file) if run.sequence_file.is_file() else files


def _calls(run: RunFolder, contract: Contract, is_step: bool) -> Iterator[str]:
    if is_step:
        yield (
            "`model.tflite` is one step of a recurrent network: give it as many samples as its "
            "input takes, and states of zero at first, then those that came out."
        )
    else:
        yield f"`model.tflite` takes a window of {contract.window} samples."
    if run.sequence_file.is_file():
        yield (
            f"`{run.sequence_file.name}` takes a window of {contract.window} samples; it keeps its "
            "states as variables, so call the interpreter's `Reset()` before each window."
        )


def _library_name(run_name: str) -> str:
    """Arduino allows letters, digits, `_`, `.` and `-`."""
    return "Gesture_" + re.sub(r"[^A-Za-z0-9_.-]", "_", run_name)


def _filled(firmware: Path, name: str, known: Mapping[str, object]) -> bytes:
    """A text of firmware/export, with the run's values in its braces."""
    return _text(firmware, name).decode().format_map(known).encode()


def _known(run: RunFolder, contract: Contract) -> dict[str, object]:
    quantization = contract.quantization
    assert quantization is not None  # the run is converted
    background = contract.policy.background
    channels = [channel.name for channel in contract.channels]
    return {
        "title": run.name,
        "library": _library_name(run.name),
        "gestures": ", ".join(label for label in contract.labels if label != background),
        "channels": ", ".join(channels),
        "channel_count": len(channels),
        "rate_hz": contract.rate_hz,
        "input_scale": quantization.input_scale,
        "input_zero_point": quantization.input_zero_point,
        "contract_hash": contract.hash(),
    }


BOARD = "nano33ble"  # the project's one environment
# The Arduino IDE builds for the chip's FPU; PlatformIO's platform for none.
SETTINGS = """[env:{board}]
platform = {platform}
board = {board}
framework = arduino
lib_deps = arduino-libraries/Arduino_LSM9DS1@^1.1.1
build_unflags = -mfloat-abi=soft
build_flags = -mfloat-abi=softfp
build_src_flags = -Wall -Wextra
test_framework = custom
"""


def put_sketch(exported: Path, folder: Path, project: Path) -> None:
    """Make a new PlatformIO project of the exported sketch; `project` names the platform."""
    from platformio.project.config import ProjectConfig

    (archive,) = (exported / "arduino").glob("*.zip")
    with zipfile.ZipFile(archive) as packed:
        packed.extractall(folder / "lib")
    (library,) = (folder / "lib").iterdir()
    (folder / "src").mkdir()
    shutil.copy(library / "examples" / "Gesture" / "Gesture.ino", folder / "src")
    platform = ProjectConfig(str(project / "platformio.ini")).get(f"env:{BOARD}", "platform")
    settings = SETTINGS.format(board=BOARD, platform=platform)
    (folder / "platformio.ini").write_text(settings, "utf-8")
