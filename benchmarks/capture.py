"""What capture withstands: `python -m benchmarks.capture [PART …]`, all parts where none is named.

parser: lines a second. imports: recordings of others. throughput: samples a second through one
port. boards: eight at once. faults: a million lines through a bad cable. kills: kill -9, 200
times. long: ten minutes.
Fuzzing the board's commands is benchmarks/capture_fuzz.py.
"""

from __future__ import annotations

import sys
from collections.abc import Callable

from benchmarks.capture_faults import faults_rows
from benchmarks.capture_imports import imports_rows
from benchmarks.capture_kills import kills_rows
from benchmarks.capture_parser import parser_rows
from benchmarks.capture_rate import boards_rows, long_rows, throughput_rows
from benchmarks.parts import chosen
from benchmarks.results_file import Row, record

PARTS: dict[str, Callable[[], list[Row]]] = {
    "parser": parser_rows,
    "imports": imports_rows,
    "throughput": throughput_rows,
    "boards": boards_rows,
    "faults": faults_rows,
    "kills": kills_rows,
    "long": long_rows,
}


def main() -> None:
    for part in chosen(PARTS, sys.argv[1:]):
        rows = PARTS[part]()
        record("capture", rows)
        for row in rows:
            print(f"{row['name']}: {row['value']} {row['unit']} (bound {row['bound'] or 'none'})")


if __name__ == "__main__":
    main()
