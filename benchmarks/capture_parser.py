"""How many sample lines a second the protocol's parser takes."""

from __future__ import annotations

import statistics
import time
from zlib import crc32

import numpy as np

from benchmarks.results_file import Row, row
from pipeline.capture.protocol import LineReader, Sample
from tests.fixtures.known_motion import times_of, values_of

COMMAND = "python -m benchmarks.capture parser"
LINES = 100_000
CHUNK_BYTES = 4096
RUNS = 7


def parser_rows() -> list[Row]:
    stream = sample_lines(LINES)
    per_s = LINES / statistics.median(_parse_s(stream) for _ in range(RUNS))
    note = f"one core, {LINES} lines in pieces of {CHUNK_BYTES} bytes; median of {RUNS}"
    return [row("parser lines per second", round(per_s), "lines/s", COMMAND, note, ">= 200000")]


def sample_lines(count: int) -> bytes:
    """What the firmware sends for the known motion."""
    index = np.arange(count, dtype=np.int64)
    clock = zip(index.tolist(), times_of(index).tolist(), strict=True)
    texts = [
        ",".join([str(seq), str(t_us), *(f"{value / 1000:.3f}" for value in values)]).encode()
        for (seq, t_us), values in zip(clock, values_of(index).tolist(), strict=True)
    ]
    return b"".join(b"%s,%08X\n" % (text, crc32(text)) for text in texts)


def _parse_s(stream: bytes) -> float:
    reader, samples = LineReader(), 0
    started = time.process_time()
    for at in range(0, len(stream), CHUNK_BYTES):
        samples += sum(type(item) is Sample for item in reader.feed(stream[at : at + CHUNK_BYTES]))
    passed_s = time.process_time() - started
    if samples != LINES:
        raise RuntimeError(f"{samples} of {LINES} lines were understood")
    return passed_s
