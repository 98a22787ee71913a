"""Signals drawn in a terminal of any width: a line a channel, a column some samples."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from rich.console import Console, ConsoleOptions, RenderResult
from rich.text import Text

from pipeline.core.artifacts import ENVIRONMENT_UNITS, IMU_UNITS

SHOWN_SAMPLES = 480
BLOCKS = "▁▂▃▄▅▆▇"  # of an odd number one is the middle, where noise cannot flicker
UNITS = IMU_UNITS | ENVIRONMENT_UNITS
COLOURS = ("bright_red", "bright_green", "bright_blue", "red", "green", "blue")
# Half of what an axis shows, in units. Noise at rest fills little of the least of them.
AXES = {"g": (1.5, 3, 6, 12, 24), "deg/s": (300, 600, 1200, 2400)}
LEAST_HALF_SPAN = {"degC": 0.5, "hPa": 0.5, "%": 2.5}


@dataclass(frozen=True)
class Wide:
    """Lines drawn again for whatever width there is."""

    draw: Callable[[int], Iterable[Text]]

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        yield from self.draw(options.max_width)


def wrapped(line: str, style: str = "") -> Text:
    """Between words: a live view cannot leave that to the terminal."""
    return Text(line, style, no_wrap=False, overflow="fold")


def traces(channels: Sequence[str], rows: Sequence[Sequence[int]]) -> Wide:
    """rows: the newest samples, in thousandths of the channels' units, oldest first."""
    return Wide(lambda width: _lines(channels, rows, width) if rows else [])


def _lines(channels: Sequence[str], rows: Sequence[Sequence[int]], width: int) -> Iterable[Text]:
    name_width = max(map(len, channels))
    columns = max(width - name_width - len(_told("", 0, 0)) - 1, 4)
    signals = [_means(values, columns) for values in zip(*rows, strict=True)]
    for place, (name, signal) in enumerate(zip(channels, signals, strict=True)):
        unit = UNITS[name]
        alike = [of for each, of in zip(channels, signals, strict=True) if UNITS[each] == unit]
        middle, half = _axis(unit, alike if unit in AXES else [signal])
        yield Text.assemble(
            f"{name:<{name_width}} ",
            *_blocks(signal, middle, half, COLOURS[place % len(COLOURS)]),
            " " * (columns - len(signal)),
            (_told(unit, rows[-1][place] / 1000, half), "dim"),
            no_wrap=True,
        )


def _told(unit: str, newest: float, half: float) -> str:
    return f" {newest:8.2f} {unit:<5} ±{half:<4.4g}"


def _means(values: Sequence[int], columns: int) -> list[float]:
    """In units, of as many samples as there are to a column."""
    shown = min(columns, SHOWN_SAMPLES)
    filled = -(-len(values) * shown // SHOWN_SAMPLES)
    edges = [len(values) * column // filled for column in range(filled + 1)]
    return [sum(values[a:b]) / (b - a) / 1000 for a, b in pairwise(edges)]


def _axis(unit: str, signals: Sequence[Sequence[float]]) -> tuple[float, float]:
    """Its middle and half its length, in units: of motion around 0 and the same for all of a
    sensor's channels; of what has no zero, around what is shown."""
    least, greatest = min(map(min, signals)), max(map(max, signals))
    if unit in AXES:
        largest = max(-least, greatest)
        return 0.0, next((half for half in AXES[unit] if largest <= half), largest)
    return (least + greatest) / 2, max(LEAST_HALF_SPAN[unit], (greatest - least) / 2)


def _blocks(
    signal: Sequence[float], middle: float, half: float, colour: str
) -> Iterable[tuple[str, str]]:
    """Each with its style: what is in the middle, at rest, is dim."""
    centre = len(BLOCKS) // 2
    for value in signal:
        above = round(centre * (value - middle) / half)
        level = min(max(centre + above, 0), len(BLOCKS) - 1)
        yield BLOCKS[level], colour if level != centre else f"dim {colour}"
