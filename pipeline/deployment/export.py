"""A run for people with their own firmware: C to compile, an Arduino library, the plain .tflite.

What is written needs nothing of this project: the firmware's signal path, the model's generated C
and an example, all in one folder each.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from pipeline.contract import Contract
from pipeline.run_folder import RunFolder

# The firmware's parts between a sample and an event; nothing of a board, a port or a protocol.
PARTS = ("crc", "decision", "model", "nn", "rate", "recognizer", "sample", "selftest", "window")
ZIP_TIME = (1980, 1, 1, 0, 0, 0)  # the same run always gives the same bytes


def export_files(
    run: RunFolder, contract: Contract, firmware: Path, is_step: bool
) -> dict[str, bytes]:
    """Every file of the export by its path; the same run always gives the same bytes.

    firmware: the project's folder of that name; is_step: whether model.tflite is one step of a
    recurrent network. The run must have been converted.
    """
    library = _library_name(run.name)
    sources = dict(_sources(run, firmware))
    known = {**_known(run, contract), "network": " ".join(_calls(run, contract, is_step))}
    return {
        "README.md": _filled(firmware, "README.md", known),
        "contract.json": run.contract_file.read_bytes(),
        **{f"c/src/{name}": content for name, content in sources.items()},
        "c/example.c": _text(firmware, "example.c"),
        f"arduino/{library}.zip": _zipped(
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
    folders = [*(firmware / "lib" / part for part in PARTS), run.sources]
    for folder in folders:
        for path in sorted(folder.glob("*.[ch]")):
            yield path.name, path.read_bytes()
    yield "gesture.h", _text(firmware, "gesture.h")


def _text(firmware: Path, name: str) -> bytes:
    return (firmware / "export" / name).read_bytes()


def _tflite(run: RunFolder) -> tuple[Path, ...]:
    files = (run.flatbuffer_file, run.path / "model_data.h", run.path / "model_data.c")
    return (*files, run.sequence_file) if run.sequence_file.is_file() else files


def _calls(run: RunFolder, contract: Contract, is_step: bool) -> Iterator[str]:
    """How the network alone is called."""
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


def _zipped(folder: str, files: Mapping[str, bytes]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, content in sorted(files.items()):
            entry = zipfile.ZipInfo(f"{folder}/{name}", ZIP_TIME)
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, content, zipfile.ZIP_DEFLATED)
    return packed.getvalue()


def _filled(firmware: Path, name: str, known: Mapping[str, object]) -> bytes:
    """A text of firmware/export with what is known of the run in its braces."""
    return _text(firmware, name).decode().format_map(known).encode()


def _known(run: RunFolder, contract: Contract) -> dict[str, object]:
    quantisation = contract.quantisation
    assert quantisation is not None  # the caller has asked for a converted run
    background = contract.policy.background
    channels = [channel.name for channel in contract.channels]
    return {
        "title": run.name,
        "library": _library_name(run.name),
        "gestures": ", ".join(label for label in contract.labels if label != background),
        "channels": ", ".join(channels),
        "channel_count": len(channels),
        "rate_hz": contract.rate_hz,
        "input_scale": quantisation.input_scale,
        "input_zero_point": quantisation.input_zero_point,
        "contract_hash": contract.hash(),
    }
