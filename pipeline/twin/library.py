"""The twin: the firmware's C as a library of this computer. It computes what a board computes.

It is built from firmware/boards/twin, the recognition parts of firmware/lib, and the generated
sources of one model. firmware/boards/twin/twin.h describes the C functions.
"""

from __future__ import annotations

import ctypes
import hashlib
import os
import platform
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.core.artifacts import (
    EMBEDDING_DIMENSIONS,
    IMU_CHANNELS,
    Event,
    Int8,
    Int32,
    Int64,
    Recording,
)
from pipeline.core.contract import DecisionPolicy, fixed_point_policy
from pipeline.core.enrolment import SIZE
from pipeline.core.errors import NoToolError, PipelineError
from pipeline.core.files import FULL, atomic_write
from pipeline.core.project import PROJECT

COMPILER = "cc"
# No fused multiply-add, as on the board; each twin uses its own symbols.
# Every processor of this kind has the vectors of SSE2.
VECTORS = ("-DNN_SSE2",) if platform.machine() in ("x86_64", "AMD64") else ()
FLAGS = ("-O2", "-std=c11", "-fPIC", "-ffp-contract=off", *VECTORS)
LINK_FLAGS = ("-shared", "-Wl,-Bsymbolic")
PARTS = (
    *("crc", "model", "sample", "rate", "window", "decision", "recognizer", "selftest", "nn"),
    *("text", "sampler", "writer", "translator", "forecast", "sketcher"),
    *("enrolment", "centres", "learning"),
)
SCORE_STEPS = 1000
SEQ_MASK = 0xFFFFFFFF  # a board counts in 32 bits
EVENT = np.dtype([("t_us", "u8"), ("class_index", "u4"), ("sum", "u4")])  # twin_event_t


class _Policy(ctypes.Structure):
    """model_policy_t of firmware/lib/model."""

    _fields_ = (
        ("smoothing_windows", ctypes.c_uint8),
        ("background", ctypes.c_uint8),
        ("release_sum", ctypes.c_uint16),
        ("refractory_us", ctypes.c_uint32),
        ("fire_sums", ctypes.c_void_p),
    )


@dataclass(frozen=True)
class Replay:
    """What a board computes for a recording.

    Args:
        scores: int8 [windows, labels], the outputs of the network, or what centres make of it.
        scores_t_us: int64 [windows], the time of the last sample of each window.
        inputs: int8 [windows, window * channels], the inputs of the network.
    """

    events: list[Event]
    scores: Int8
    scores_t_us: Int64
    inputs: Int8


class Twin:
    """The library of one model. Twins of the same sources share a state: use one thread."""

    def __init__(self, sources: Path, build: Path) -> None:
        """Load the twin of the C in `sources`; a missing library is compiled into `build`."""
        self.library = ctypes.CDLL(str(build_library(sources, build)))
        self.library.twin_contract_hash.restype = ctypes.c_char_p
        self.library.twin_label.restype = ctypes.c_char_p
        self.window: int = self.library.twin_window()
        self.hop: int = self.library.twin_hop()
        self.feed: int = self.library.twin_feed()
        self.channels: int = self.library.twin_channels()
        self.classes: int = self.library.twin_classes()
        self.sample_channels: int = self.library.twin_sample_channels()
        self.has_centres = bool(self.library.twin_has_centres() & 1)
        self.contract_hash: str = self.library.twin_contract_hash().decode()
        labels = map(self.library.twin_label, range(self.classes))
        self.labels = tuple(label.decode() for label in labels if label is not None)

    def selftest_crc(self) -> int:
        """The CRC-16 that the self-test of a board must print."""
        crc: int = self.library.twin_selftest_crc() & 0xFFFF
        return crc

    def invoke(self, inputs: Int8) -> Int8:
        """Run the network alone: int8 [n, window * channels] to int8 [n, classes]."""
        inputs = np.ascontiguousarray(inputs, np.int8)
        if inputs.ndim != 2 or inputs.shape[1] != self.window * self.channels:
            raise ValueError(f"inputs are {inputs.shape}, not [n, {self.window * self.channels}]")
        outputs = np.empty((len(inputs), self.classes), np.int8)
        self.library.twin_invoke_many(pointer(inputs), pointer(outputs), len(inputs))
        return outputs

    def stream(self, inputs: Int8) -> Int8:
        """Run the network on a stream, after a reset: int8 [n, channels] to [steps, classes]."""
        inputs = np.ascontiguousarray(inputs, np.int8)
        if inputs.ndim != 2 or inputs.shape[1] != self.channels or len(inputs) % self.feed:
            raise ValueError(f"inputs are {inputs.shape}, not whole feeds of {self.feed} samples")
        outputs = np.empty((len(inputs) // self.feed, self.classes), np.int8)
        self.library.twin_stream(pointer(inputs), pointer(outputs), len(outputs))
        return outputs

    def forecast(self, rows: Int32) -> Int32:
        """Forecasts from the first whole window on: int32 [n - window + 1, outputs]."""
        rows = np.ascontiguousarray(rows, np.int32)
        if rows.ndim != 2 or rows.shape[1] != self.channels or len(rows) < self.window:
            raise ValueError(f"rows are {rows.shape}, not [{self.window} or more, {self.channels}]")
        forecasts = np.empty((len(rows) - self.window + 1, self.classes), np.int32)
        count = self.library.twin_forecast(pointer(rows), len(rows), pointer(forecasts))
        return forecasts[:count]

    def quantize(self, thousandths: Int32) -> Int8:
        """The inputs of the network, or of a caption's encoder.

        Args:
            thousandths: int32 [n, 6].

        Returns:
            int8 [n, channels of the samples].
        """
        values = _six_axes(thousandths)
        quantized = np.empty((len(values), self.sample_channels), np.int8)
        self.library.twin_quantize(pointer(values), len(values), pointer(quantized))
        return quantized

    def replay(self, recording: Recording) -> Replay:
        """What a board computes for a recording, from its first sample on."""
        values = _six_axes(recording.thousandths)
        t_us = np.ascontiguousarray(recording.t_us, np.uint64)
        seq = np.ascontiguousarray(recording.seq & SEQ_MASK, np.uint32)
        room = 2 * len(values) // self.hop + 1  # a slow sensor is resampled to the model's rate
        inputs = np.empty((room, self.window * self.channels), np.int8)
        scores = np.empty((room, self.library.twin_columns()), np.int8)
        scores_t_us = np.empty(room, np.uint64)
        events = np.empty(room, EVENT)
        event_count = ctypes.c_uint32()
        arrays = (inputs, scores, scores_t_us, events)
        self.library.twin_reset(round(recording.rate_hz * 1000))
        windows: int = self.library.twin_replay(
            pointer(values),
            pointer(seq),
            pointer(t_us),
            len(values),
            *(pointer(array) for array in arrays),
            ctypes.byref(event_count),
        )
        return Replay(
            self._events(events[: event_count.value]),
            np.ascontiguousarray(scores[:windows, : len(self.labels)]),
            scores_t_us[:windows].astype(np.int64),
            inputs[:windows],
        )

    def decide(self, policy: DecisionPolicy, scores: Int8, t_us: Int64) -> list[Event]:
        """The events of a replay by another policy; t_us: int64 [windows], each window's end."""
        scores = np.ascontiguousarray(scores, np.int8)
        times = np.ascontiguousarray(t_us, np.int64).view(np.uint64)  # no copy
        labels = len(self.labels)
        if scores.shape != (len(times), labels) or len(policy.thresholds) != labels:
            raise ValueError(f"scores are {scores.shape}, not [{len(times)}, {labels}]")
        fixed = fixed_point_policy(policy, self.labels)
        fire_sums = np.array(fixed.fire_sums, np.uint16)
        c_policy = _Policy(
            fixed.smoothing_windows,
            fixed.background,
            fixed.release_sum,
            fixed.refractory_us,
            fire_sums.ctypes.data,
        )
        events = np.empty(len(times), EVENT)
        arrays = (labels, pointer(scores), pointer(times), len(times), pointer(events))
        count = self.library.twin_decide(ctypes.byref(c_policy), *arrays)
        return self._events(events[:count], ctypes.byref(c_policy))

    def embed(self, inputs: Int8) -> Int8:
        """Points of windows int8 [n, window * channels]: int8 [n, 32], of a model with centres."""
        inputs = np.ascontiguousarray(inputs, np.int8)
        embedded = np.empty((len(inputs), EMBEDDING_DIMENSIONS), np.int8)
        self.library.twin_embed_windows(pointer(inputs), pointer(embedded), len(inputs))
        return embedded

    def enrol(self, enrolment: bytes | None, learned: Sequence[str] = ()) -> None:
        """Recognize by an enrolment from now on; None: by the network alone.

        Args:
            enrolment: as a board keeps it.
            learned: the names of the gestures that were learned.
        """
        if not self.library.twin_enrol(enrolment, len(enrolment or b"")) & 1:
            raise ValueError("the enrolment is not one of this model")
        self.labels = (*self.labels[: self.classes], *learned)

    def learn(self, name: str, recording: Recording) -> tuple[int, bytes]:
        """Learn a gesture as a board does from `learn`, on top of the enrolment that is used.

        Args:
            name: of the gesture, a new one or one of the model.
            recording: at the rate of the model; takes between rests.

        Returns:
            How many takes were seen; and the new enrolment, empty where there were less than three.
        """
        values = _six_axes(recording.thousandths)
        t_us = np.ascontiguousarray(recording.t_us, np.uint64)
        enrolment = ctypes.create_string_buffer(SIZE)
        arrays = (pointer(values), pointer(t_us), len(values), enrolment)
        takes: int = self.library.twin_learn(name.encode(), *arrays)
        return takes, enrolment.raw if any(enrolment.raw) else b""

    def score_embedded(self, embedded: Int8) -> Int8:
        """Scores of points [n, 32] by the nearest centres: int8 [n, labels]."""
        embedded = np.ascontiguousarray(embedded, np.int8)
        scores = np.empty((len(embedded), self.library.twin_columns()), np.int8)
        self.library.twin_score_embedded(pointer(embedded), pointer(scores), len(embedded))
        return scores[:, : len(self.labels)]

    def _events(self, events: NDArray[np.void], policy: Any = None) -> list[Event]:
        """policy: a C pointer; None stands for the contract's policy."""
        thousandths = self.library.twin_score_thousandths
        return [
            Event(t_us, self.labels[index], thousandths(policy, score_sum) / SCORE_STEPS)
            for t_us, index, score_sum in events.tolist()
        ]


def build_library(sources: Path, build: Path) -> Path:
    """Compile the shared library, unless one of the same sources is there; returns its path."""
    inputs = [*_firmware_files(), *sorted(sources.glob("*.[ch]"))]
    library = build / f"twin-{_fingerprint(inputs)[:16]}.so"
    if library.is_file():
        return library
    folders = {path.parent for path in inputs if path.suffix == ".h"} - {sources}
    includes = ["-I.", *(f"-I{folder}" for folder in sorted(folders))]
    c_files = [
        Path(path.name) if path.parent == sources else path
        for path in inputs
        if path.suffix == ".c"
    ]
    with atomic_write(library) as unfinished, tempfile.TemporaryDirectory() as folder:
        objects = _compile_all(c_files, includes, sources, Path(folder))
        _compile([*LINK_FLAGS, *objects, "-o", str(unfinished)])
    return library


def _compile_all(
    c_files: list[Path], includes: list[str], sources: Path, folder: Path
) -> list[str]:
    """Compile the files side by side in the model's folder; returns the paths of their objects.

    No path names that folder, so that ccache knows each file that was compiled for an equal model.
    """
    objects = [str(folder / f"{number}-{file.stem}.o") for number, file in enumerate(c_files)]
    commands = [
        [*FLAGS, *includes, "-c", str(file), "-o", made]
        for file, made in zip(c_files, objects, strict=True)
    ]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        list(pool.map(lambda command: _compile(command, sources), commands))
    return objects


def _firmware_files() -> Iterator[Path]:
    firmware = PROJECT / "firmware"
    folders = [firmware / "lib" / part for part in PARTS]
    for folder in [*folders, firmware / "boards" / "twin"]:
        yield from sorted(folder.glob("*.[ch]"))


def _fingerprint(files: list[Path]) -> str:
    digest = hashlib.sha256(" ".join((COMPILER, *FLAGS, *LINK_FLAGS)).encode())
    for file in files:
        content = file.read_bytes()
        digest.update(f"\0{file.name} {len(content)}\0".encode() + content)
    return digest.hexdigest()


def _compile(arguments: list[str], folder: Path | None = None) -> None:
    if shutil.which(COMPILER) is None:
        raise NoToolError(
            "There is no C compiler.",
            f"the firmware's C is compiled for this computer, and `{COMPILER}` is not on the PATH",
            "sudo apt-get install gcc libc6-dev",
        )
    result = subprocess.run([COMPILER, *arguments], cwd=folder, capture_output=True, text=True)
    if FULL in result.stderr:
        raise PipelineError(
            f"The model's C cannot be compiled: {FULL}.",
            "the compiler needs room for the library and for temporary files",
            f"make room in {tempfile.gettempdir()} and {Path(arguments[-1]).parent}",
        )
    if result.returncode != 0:
        errors = [line for line in result.stderr.splitlines() if "error" in line]
        raise PipelineError(
            "The model's C does not compile on this computer.",
            errors[0] if errors else result.stderr.strip()[-300:],
            "run `gesture convert` again; do not edit generated files",
        )


def _six_axes(thousandths: Int32) -> Int32:
    """int32 [n, 6], as the C reads it."""
    values = np.ascontiguousarray(thousandths, np.int32)
    if values.ndim != 2 or values.shape[1] != len(IMU_CHANNELS):
        raise ValueError(f"samples are {values.shape}, not [n, {len(IMU_CHANNELS)}]")
    return values


def pointer(array: np.ndarray[tuple[int, ...], np.dtype[np.generic]]) -> ctypes.c_void_p:
    """A C pointer to the elements of an array."""
    return ctypes.c_void_p(array.ctypes.data)
