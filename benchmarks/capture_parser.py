"""How many sample lines a second the protocol's parser takes."""

from __future__ import annotations

import statistics
import time

from benchmarks.results_file import Row, row
from pipeline.capture.protocol import LineReader, Sample
from tests.fixtures.known_motion import sample_lines

COMMAND = "python -m benchmarks.capture parser"
LINES = 100_000
CHUNK_BYTES = 4096
RUNS = 7


def parser_rows() -> list[Row]:
    """Rows of the parser's speed."""
    stream = b"".join(sample_lines(LINES))
    per_s = LINES / statistics.median(_parse_s(stream) for _ in range(RUNS))
    note = f"one core, {LINES} lines in pieces of {CHUNK_BYTES} bytes; median of {RUNS}"
    return [row("parser lines per second", round(per_s), "lines/s", COMMAND, note, ">= 200000")]


def _parse_s(stream: bytes) -> float:
    reader, samples = LineReader(), 0
    started = time.process_time()
    for at in range(0, len(stream), CHUNK_BYTES):
        samples += sum(type(item) is Sample for item in reader.feed(stream[at : at + CHUNK_BYTES]))
    passed_s = time.process_time() - started
    if samples != LINES:
        raise RuntimeError(f"{samples} of {LINES} lines were understood")
    return passed_s
