"""A model as people have it: a .tflite file, a C array of one, or a Keras file."""

from __future__ import annotations

import io
import json
import re
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from pipeline.core.errors import PipelineError, UsageError
from pipeline.core.files import reason_of, regular, why_missing

IDENTIFIER = b"TFL3"  # at the fifth byte
HDF5, ZIP = b"\x89HDF\r\n\x1a\n", b"PK\x03\x04"
# What zipfile, h5py and json raise of a file that was cut, changed, encrypted or nested too deeply.
DAMAGED = (OSError, ValueError, LookupError, RuntimeError, EOFError, zipfile.BadZipFile, zlib.error)
RECURRENT = ("SimpleRNN", "GRU", "LSTM")  # of Keras
MOST_BYTES = 128 << 20  # of a file: a C array takes six letters a byte
_FILES = "name a .tflite file, a C array of one in a .cc, .c or .h file, or a Keras file"
_SAVED_AGAIN = (
    "a SavedModel is a folder: save the model with `model.save('model.keras')`, or convert it to "
    "an int8 .tflite file with TensorFlow"
)
# Each part is bounded, so that no text takes long.
_COMMENT = re.compile(rb"/\*.*?(?:\*/|\Z)|//[^\n]*", re.DOTALL)
_ARRAY = re.compile(rb"\b(\w+)\s{0,9}\[[^\]]{0,200}\][^={};]{0,200}=\s{0,99}\{([^{}]*)\}")
_NUMBER = re.compile(rb"(-?)\s*(0[xX][0-9a-fA-F]+|\d+)[uUlL]*\Z")


def read_bytes(path: Path) -> bytes:
    """The bytes of a model's file. Raises UsageError where there is none, or far too many."""
    if not path.is_file():
        raise UsageError(
            f"There is no model at {path}.",
            why_missing(path, "file", "the path is misspelt, or relative to another folder"),
            _SAVED_AGAIN if (path / "saved_model.pb").is_file() else _FILES,
        )
    try:
        with regular(path).open("rb") as stream:
            content = stream.read(MOST_BYTES + 1)
    except OSError as error:
        raise PipelineError(
            f"{path} cannot be read: {reason_of(error)}.",
            "you may not read it, or its disk has a fault",
            "check the file's permissions",
        ) from None
    if len(content) > MOST_BYTES:
        raise PipelineError(
            f"{path} has more than {MOST_BYTES >> 20} MB.",
            "no microcontroller has room for such a model, or it is a file of another kind",
            "name the .tflite file of a model for microcontrollers",
        )
    return content


def is_keras(content: bytes) -> bool:
    """Whether this is a .keras or an .h5 file."""
    return content.startswith((HDF5, ZIP))


def require_quantizable(path: Path, content: bytes) -> None:
    """Refuse a Keras file that is cut short, has weights alone, or has layers that TensorFlow's
    converter dies of, before TensorFlow is loaded."""
    try:
        network = (_network_in_h5 if content.startswith(HDF5) else _network_in_zip)(content)
    except DAMAGED:
        raise PipelineError(
            f"{path} is no sound Keras file.",
            "it was cut short or changed",
            "save the model again with `model.save('model.keras')`",
        ) from None
    if network is None:
        raise UsageError(
            f"{path} holds no network.",
            "possibly it has weights alone, or is a file of another program",
            "save the whole model with `model.save('model.keras')`",
        )
    rolled = list(dict.fromkeys(_rolled_layers(network)))
    if rolled:
        raise UsageError(
            f"{path} has recurrent layers that are not unrolled: {', '.join(rolled)}.",
            "TensorFlow's converter cannot quantize their loop",
            "build each with `unroll=True` and a fixed number of steps, and load its weights",
        )


def _network_in_h5(content: bytes) -> Any:
    """Its config; None without one."""
    import h5py

    with h5py.File(io.BytesIO(content)) as file:
        text = file.attrs.get("model_config")
        return None if text is None else json.loads(text)


def _network_in_zip(content: bytes) -> Any:
    """As of an .h5 file."""
    with zipfile.ZipFile(io.BytesIO(content)) as file:
        return json.loads(file.read("config.json")) if "config.json" in file.namelist() else None


def _rolled_layers(part: Any) -> Iterator[str]:
    """Names of recurrent layers, anywhere in a config, that TensorFlow would make a loop of."""
    if isinstance(part, dict):
        config = part.get("config")
        if part.get("class_name") in RECURRENT and not (config or {}).get("unroll"):
            yield f"`{(config or {}).get('name')}` ({part['class_name']})"
        part = list(part.values())
    if isinstance(part, list):
        for inner in part:
            yield from _rolled_layers(inner)


def flatbuffer_in(path: Path, content: bytes) -> bytes:
    """The flatbuffer: the file itself, or the one array in it that is one."""
    if content[4:8] == IDENTIFIER:
        return content
    arrays = dict(_arrays(content)) if b"\0" not in content else {}
    models = {name: data for name, data in arrays.items() if data[4:8] == IDENTIFIER}
    if len(models) == 1:
        return next(iter(models.values()))
    if models:
        raise UsageError(
            f"{path} holds {len(models)} models: {', '.join(models)}.",
            "one command compiles one model",
            "put each array into a file of its own",
        )
    raise PipelineError(*_why_no_model(path, content, bool(arrays)))


def _arrays(content: bytes) -> list[tuple[str, bytes]]:
    """The arrays of bytes in C text, by name, in order."""
    found = []
    for name, body in _ARRAY.findall(_COMMENT.sub(b" ", content)):
        numbers = [_number(item.strip()) for item in body.split(b",") if item.strip()]
        if numbers and None not in numbers:
            values = np.array(numbers, np.int64)
            if values.min() >= -128 and values.max() <= 255:
                found.append((name.decode(), (values & 255).astype(np.uint8).tobytes()))
    return found


def _number(text: bytes) -> int | None:
    match = _NUMBER.match(text)
    if match is None:
        return None
    sign, digits = match.groups()
    is_octal = digits.startswith(b"0") and digits.isdigit() and len(digits) > 1
    try:
        value = int(digits, 8 if is_octal else 0)
    except ValueError:
        return None
    return -value if sign else value


def _why_no_model(path: Path, content: bytes, has_arrays: bool) -> tuple[str, str, str]:
    what = f"{path} is no model that can be compiled."
    if not content:
        return what, "it is empty", "copy or convert it again"
    if has_arrays:
        return (
            what,
            "it has arrays, but none begins as a .tflite file does, with TFL3 at its fifth byte",
            "name the file with the model's own array, or the .tflite file",
        )
    if b"extern" in content[:65536]:
        return (
            what,
            "it only declares an array, whose bytes are in another file",
            "name the .cc or .c file of the same name, or the .tflite file",
        )
    return (
        what,
        "it is cut short, or a file of another kind: a .tflite file has TFL3 at its fifth byte",
        _FILES,
    )
