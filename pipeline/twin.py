"""The firmware's own C as a library of this computer: what it answers, a board answers.

Built from firmware/boards/twin, the parts of firmware/lib that recognise, and one model's
generated sources; firmware/boards/twin/twin.h says what the functions do.
"""

from __future__ import annotations

import ctypes
import hashlib
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.artifacts import IMU_CHANNELS, PROJECT, Event, Int8, Int32, Int64, Recording
from pipeline.contract import DecisionPolicy, fixed_point_policy
from pipeline.errors import ExitCode, PipelineError
from pipeline.files import atomic_write

COMPILER = "cc"
# No fused multiply-add, as on the board; symbols of one twin never meet those of another.
FLAGS = ("-O2", "-std=c11", "-shared", "-fPIC", "-ffp-contract=off", "-Wl,-Bsymbolic")
PARTS = (
    *("crc", "model", "sample", "rate", "window", "decision", "recognizer", "selftest", "nn"),
    *("text", "sampler", "writer", "forecast"),
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
    """What a board says to a recording.

    scores: int8 [windows, classes], the network's output; scores_t_us: int64 [windows], the
    time of each window's last sample; inputs: int8 [windows, window * channels].
    """

    events: list[Event]
    scores: Int8
    scores_t_us: Int64
    inputs: Int8


class Twin:
    """One model's library. Twins of the same sources share one state: not for two threads."""

    def __init__(self, sources: Path, build: Path) -> None:
        """Load the twin of the generated `sources`, built in the folder `build` if need be.

        Raises PipelineError (NO_TOOL) without a C compiler, and where the C does not compile.
        """
        self.library = ctypes.CDLL(str(build_library(sources, build)))
        self.library.twin_contract_hash.restype = ctypes.c_char_p
        self.library.twin_label.restype = ctypes.c_char_p
        self.window: int = self.library.twin_window()
        self.hop: int = self.library.twin_hop()
        self.feed: int = self.library.twin_feed()
        self.channels: int = self.library.twin_channels()
        self.classes: int = self.library.twin_classes()
        self.contract_hash: str = self.library.twin_contract_hash().decode()
        labels = map(self.library.twin_label, range(self.classes))
        self.labels = tuple(label.decode() for label in labels if label is not None)

    def selftest_crc(self) -> int:
        crc: int = self.library.twin_selftest_crc() & 0xFFFF
        return crc

    def invoke(self, inputs: Int8) -> Int8:
        """The network alone: int8 [n, window * channels] in, int8 [n, classes] out."""
        inputs = np.ascontiguousarray(inputs, np.int8)
        if inputs.ndim != 2 or inputs.shape[1] != self.window * self.channels:
            raise ValueError(f"inputs are {inputs.shape}, not [n, {self.window * self.channels}]")
        outputs = np.empty((len(inputs), self.classes), np.int8)
        self.library.twin_invoke_many(pointer(inputs), pointer(outputs), len(inputs))
        return outputs

    def stream(self, inputs: Int8) -> Int8:
        """The network fed on and on, from a reset: int8 [samples, channels], of which there are
        whole feeds, to int8 [feeds, classes]."""
        inputs = np.ascontiguousarray(inputs, np.int8)
        if inputs.ndim != 2 or inputs.shape[1] != self.channels or len(inputs) % self.feed:
            raise ValueError(f"inputs are {inputs.shape}, not whole feeds of {self.feed} samples")
        outputs = np.empty((len(inputs) // self.feed, self.classes), np.int8)
        self.library.twin_stream(pointer(inputs), pointer(outputs), len(outputs))
        return outputs

    def forecast(self, rows: Int32) -> Int32:
        """Of a model that forecasts: int32 [n, channels] in thousandths, from a reset on, to int32
        [n - window + 1, outputs] in thousandths, for each row from the first whole window on."""
        rows = np.ascontiguousarray(rows, np.int32)
        if rows.ndim != 2 or rows.shape[1] != self.channels or len(rows) < self.window:
            raise ValueError(f"rows are {rows.shape}, not [{self.window} or more, {self.channels}]")
        forecasts = np.empty((len(rows) - self.window + 1, self.classes), np.int32)
        found = self.library.twin_forecast(pointer(rows), len(rows), pointer(forecasts))
        return forecasts[:found]

    def quantise(self, thousandths: Int32) -> Int8:
        """What the network is given: int32 [n, 6] in thousandths to int8 [n, channels]."""
        values = _six_axes(thousandths)
        quantised = np.empty((len(values), self.channels), np.int8)
        self.library.twin_quantise(pointer(values), len(values), pointer(quantised))
        return quantised

    def replay(self, recording: Recording) -> Replay:
        """All a board would find in the recording, started at its first sample."""
        values = _six_axes(recording.thousandths)
        t_us = np.ascontiguousarray(recording.t_us, np.uint64)
        seq = np.ascontiguousarray(recording.seq & SEQ_MASK, np.uint32)
        room = 2 * len(values) // self.hop + 1  # a slow sensor is brought to the model's rate
        inputs = np.empty((room, self.window * self.channels), np.int8)
        scores = np.empty((room, self.classes), np.int8)
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
        found = self._events(events[: event_count.value])
        at = scores_t_us[:windows].astype(np.int64)
        return Replay(found, scores[:windows], at, inputs[:windows])

    def decide(self, policy: DecisionPolicy, scores: Int8, t_us: Int64) -> list[Event]:
        """What another policy than the contract's makes of the scores of a replay.

        scores: int8 [windows, classes] that ended at t_us: int64 [windows], by rising time.
        """
        scores = np.ascontiguousarray(scores, np.int8)
        times = np.ascontiguousarray(t_us, np.uint64)
        if scores.shape != (len(times), self.classes) or len(policy.thresholds) != self.classes:
            raise ValueError(f"scores are {scores.shape}, not [{len(times)}, {self.classes}]")
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
        arrays = (pointer(scores), pointer(times), len(times), pointer(events))
        found = self.library.twin_decide(ctypes.byref(c_policy), *arrays)
        return self._events(events[:found], ctypes.byref(c_policy))

    def _events(self, events: NDArray[np.void], policy: Any = None) -> list[Event]:
        """policy: a C pointer to the one that decided; None stands for the contract's."""
        thousandths = self.library.twin_score_thousandths
        return [
            Event(t_us, self.labels[index], thousandths(policy, score_sum) / SCORE_STEPS)
            for t_us, index, score_sum in events.tolist()
        ]


def build_library(sources: Path, build: Path) -> Path:
    """The shared library, compiled unless one of exactly these sources is there already."""
    inputs = [*_firmware_files(), *sorted(sources.glob("*.[ch]"))]
    library = build / f"twin-{_fingerprint(inputs)[:16]}.so"
    if library.is_file():
        return library
    folders = {path.parent for path in inputs if path.suffix == ".h"}
    includes = [f"-I{folder}" for folder in sorted(folders)]
    c_files = [str(path) for path in inputs if path.suffix == ".c"]
    with atomic_write(library) as unfinished:
        _compile([*FLAGS, *includes, *c_files, "-o", str(unfinished)])
    return library


def _firmware_files() -> Iterator[Path]:
    firmware = PROJECT / "firmware"
    folders = [firmware / "lib" / part for part in PARTS]
    for folder in [*folders, firmware / "boards" / "twin"]:
        yield from sorted(folder.glob("*.[ch]"))


def _fingerprint(files: list[Path]) -> str:
    digest = hashlib.sha256(" ".join((COMPILER, *FLAGS)).encode())
    for file in files:
        content = file.read_bytes()
        digest.update(f"\0{file.name} {len(content)}\0".encode() + content)
    return digest.hexdigest()


def _compile(arguments: list[str]) -> None:
    if shutil.which(COMPILER) is None:
        raise PipelineError(
            "There is no C compiler.",
            f"the firmware's C is compiled for this computer, and `{COMPILER}` is not on the PATH",
            "sudo apt-get install gcc libc6-dev",
            ExitCode.NO_TOOL,
        )
    result = subprocess.run([COMPILER, *arguments], capture_output=True, text=True)
    if result.returncode != 0:
        told = [line for line in result.stderr.splitlines() if "error" in line]
        raise PipelineError(
            "The model's C does not compile on this computer.",
            told[0] if told else result.stderr.strip()[-300:],
            "run `gesture convert` again; generated files are never edited by hand",
        )


def _six_axes(thousandths: Int32) -> Int32:
    """int32 [n, 6], as the C reads it."""
    values = np.ascontiguousarray(thousandths, np.int32)
    if values.ndim != 2 or values.shape[1] != len(IMU_CHANNELS):
        raise ValueError(f"samples are {values.shape}, not [n, {len(IMU_CHANNELS)}]")
    return values


def pointer(array: np.ndarray[tuple[int, ...], np.dtype[np.generic]]) -> ctypes.c_void_p:
    return ctypes.c_void_p(array.ctypes.data)
