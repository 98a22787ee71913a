"""Which of a benchmark's parts a command names."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping, Sequence

from benchmarks.results_file import Row, record


def chosen(parts: Iterable[str], words: Sequence[str]) -> list[str]:
    """The parts that `words` name; all where there are none.

    A part is named whole ('imdb gru'), by its first word ('imdb') or by the rest ('gru'). A word
    that names none ends the program, with a list of the parts.
    """
    names = {part: {part, *part.split(maxsplit=1)} for part in parts}
    unknown = [word for word in words if not any(word in known for known in names.values())]
    if unknown:
        sys.exit("\n  ".join([f"There is no part '{unknown[0]}'. These there are:", *names]))
    return [part for part, known in names.items() if not words or known & set(words)]


def record_parts(area: str, parts: Mapping[str, Callable[[], Sequence[Row]]]) -> None:
    """Measure the parts that the command line names, and record each when it is done."""
    for part in chosen(parts, sys.argv[1:]):
        rows = parts[part]()
        record(area, rows)
        show(rows)


def show(rows: Iterable[Row]) -> None:
    """Print figures, a line each."""
    for row in rows:
        print(f"{row['name']}: {row['value']:,} {row['unit']} (bound {row['bound'] or 'none'})")
