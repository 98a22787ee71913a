"""A drawing by hand as strokes: the straight lines of an SVG file."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

import numpy as np

from pipeline.core.errors import UsageError
from pipeline.core.files import regular, why_missing
from pipeline.core.sketches import CANVAS, Polyline

MOST_BYTES = 4_000_000
MOST_PLACES = 100_000
NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?")
WORD = re.compile(rf"([A-Za-z])|({NUMBER.pattern})|([^\s,])")
NOT_DRAWN = {"defs", "title", "desc", "metadata", "style", "namedview"}  # with all that is in them
GROUPS = {"svg", "g"}
TAKEN = {"M": 2, "L": 2, "H": 1, "V": 1, "Z": 0}  # letters of a path, and their numbers
SIMPLIFIED_BY = 2 / 255  # of a drawing's size, as in the published data


@dataclass(frozen=True)
class Begun:
    """Strokes of a file.

    Args:
        strokes: in the unit of the file.
        canvas: the larger side of the paper; None where the file does not say.
        left_out: what is not understood, in words.
    """

    strokes: Sequence[Polyline]
    canvas: float | None
    left_out: tuple[str, ...]

    def scaled(self, size: float) -> list[Polyline]:
        """The strokes with few places, on the scale of drawings whose larger side is `size`.

        The paper has the size of drawings that fill it well; without one the strokes do.
        """
        side = float(np.ptp(np.concatenate(self.strokes), axis=0).max())
        unit = self.canvas / CANVAS if self.canvas else side or 1.0
        scaled = [stroke * np.float32(size / unit) for stroke in self.strokes]
        return [simplified(stroke, size * SIMPLIFIED_BY) for stroke in scaled]


def read_strokes(path: Path) -> Begun:
    """Read the lines of an SVG file: line, polyline, polygon, and paths of M, L, H, V and Z."""
    root = _parsed(path)
    left_out: Counter[str] = Counter()
    strokes = [stroke for stroke in _strokes(root, left_out) if len(stroke)]
    words = tuple(f"{count} {what}" for what, count in left_out.items())
    if not strokes:
        raise _unusable(
            path,
            f"nothing in it is understood: {', '.join(words)}"
            if words
            else "nothing is drawn in it",
        )
    if sum(map(len, strokes)) > MOST_PLACES or not np.isfinite(np.concatenate(strokes)).all():
        raise UsageError(
            f"{path} has lines that cannot be used.",
            f"it has more than {MOST_PLACES:,} places, or numbers without end",
            "draw it with fewer of them",
        )
    return Begun(strokes, _canvas(root), words)


def _parsed(path: Path) -> Element:
    try:
        content = regular(path).read_bytes()
    except OSError as error:
        raise UsageError(
            f"{path} cannot be read: {error.strerror}.",
            why_missing(path, "file", "the path is misspelt, or you may not read the file"),
            "name an SVG file with the beginning of a drawing",
        ) from None
    if len(content) > MOST_BYTES or b"<!ENTITY" in content:
        raise _unusable(path, "it is too large, or has entities")
    try:
        root = ElementTree.fromstring(content)
    except ElementTree.ParseError as error:
        raise _unusable(path, f"it is no XML ({error})") from None
    if _name(root) != "svg":
        raise _unusable(path, f"it is <{_name(root)}>, not <svg>")
    return root


def _unusable(path: Path, fault: str) -> UsageError:
    return UsageError(
        f"{path} is no drawing that can be completed: {fault}.",
        "only straight lines are read: line, polyline, polygon, and paths of M, L, H, V and Z, "
        "without transform",
        "flatten curves and transforms in your drawing program (Inkscape: Extensions > Modify Path "
        "> Flatten Beziers), or write polylines by hand",
    )


def _name(element: Element) -> str:
    return str(element.tag).rpartition("}")[2]


def _strokes(element: Element, left_out: Counter[str]) -> Iterator[Polyline]:
    """The strokes of an element and of all in it, in order."""
    name = _name(element)
    if name in NOT_DRAWN:
        return
    if element.get("transform"):
        left_out[f"<{name}> with transform"] += 1
    elif name in GROUPS:
        for inner in element:
            yield from _strokes(inner, left_out)
    elif name == "path":
        yield from _of_path(element.get("d", ""), left_out)
    elif name == "line":
        numbers = [element.get(key, "0") for key in ("x1", "y1", "x2", "y2")]
        yield _places(name, " ".join(numbers), left_out)
    elif name in ("polyline", "polygon"):
        places = _places(name, element.get("points", ""), left_out)
        yield np.concatenate([places, places[:1]]) if name == "polygon" else places
    else:
        left_out[f"<{name}>"] += 1


def _places(name: str, text: str, left_out: Counter[str]) -> Polyline:
    """The places that an element names; none where something in it is no number."""
    numbers = [float(number) for number in NUMBER.findall(text)]
    rest = NUMBER.sub(" ", text.replace("px", " ")).replace(",", " ").split()
    if rest or len(numbers) % 2:
        fault = f"with {', '.join(rest)}" if rest else "with half a place"
        left_out[f"<{name}> {fault}"] += 1
        numbers = []
    return _array(numbers)


def _array(numbers: Sequence[Any]) -> Polyline:
    with np.errstate(over="ignore"):  # it becomes infinite, which is refused
        places: Polyline = np.array(numbers, np.float64).astype(np.float32).reshape(-1, 2)
    return places


def _of_path(text: str, left_out: Counter[str]) -> list[Polyline]:
    """The strokes of a path; none where a letter of it is not understood."""
    words = WORD.findall(text)
    unknown = {sign or letter for letter, _, sign in words if sign or _is_unknown(letter)}
    if unknown:
        left_out[f"<path> with {', '.join(sorted(unknown))}"] += 1
        return []
    try:
        return _walked([(letter, float(number or 0)) for letter, number, _ in words])
    except (IndexError, ValueError):
        left_out["<path> that ends too soon"] += 1
        return []


def _is_unknown(letter: str) -> bool:
    return bool(letter) and letter.upper() not in TAKEN


def _walked(words: Sequence[tuple[str, float]]) -> list[Polyline]:
    """Follow a path; numbers without a letter go on as the letter before, after M as lines."""
    strokes: list[list[tuple[float, float]]] = []
    x = y = 0.0
    letter, at = "", 0
    while at < len(words):
        if words[at][0]:
            letter, at = words[at][0], at + 1
        elif letter in ("", "Z", "z"):
            raise ValueError("a number without a letter")
        numbers = [words[at + place] for place in range(TAKEN[letter.upper()])]
        if any(word for word, _ in numbers):
            raise ValueError("a letter where a number belongs")
        at += len(numbers)
        x, y = _next(letter, [number for _, number in numbers], (x, y), strokes)
        if letter in "Mm":
            strokes.append([])
            letter = "L" if letter == "M" else "l"
        strokes[-1].append((x, y))
    return [_array(stroke) for stroke in strokes]


def _next(
    letter: str,
    numbers: Sequence[float],
    here: tuple[float, float],
    strokes: Sequence[Sequence[tuple[float, float]]],
) -> tuple[float, float]:
    """Where a letter of a path leads."""
    if letter in "Zz":
        return strokes[-1][0]
    from_x, from_y = here if letter.islower() else (0.0, 0.0)
    if letter in "Hh":
        return from_x + numbers[0], here[1]
    if letter in "Vv":
        return here[0], from_y + numbers[0]
    return from_x + numbers[0], from_y + numbers[1]


def _canvas(root: Element) -> float | None:
    """The larger side of the paper: by its viewBox, else by width and height."""
    box = [float(number) for number in NUMBER.findall(root.get("viewBox", ""))]
    sides = box[2:4] if len(box) == 4 else []
    if not sides:
        found = (NUMBER.match(root.get(key, "")) for key in ("width", "height"))
        sides = [float(number[0]) for number in found if number]
    largest = max(sides, default=0.0)
    return largest if 0 < largest < float("inf") else None


def simplified(stroke: Polyline, tolerance: float) -> Polyline:
    """Leave out places that are nearer to the line of their neighbours than `tolerance`.

    Ramer (Computer Graphics and Image Processing 1, 1972), Douglas and Peucker
    (Cartographica 10, 1973).
    """
    kept = np.zeros(len(stroke), bool)
    kept[[0, -1]] = True
    parts = [(0, len(stroke) - 1)]
    while parts:
        first, last = parts.pop()
        distances = _distances(stroke[first : last + 1])
        farthest = int(distances.argmax())
        if distances[farthest] > tolerance:
            kept[first + farthest] = True
            parts += [(first, first + farthest), (first + farthest, last)]
    return stroke[kept]


def _distances(places: Polyline) -> Polyline:
    """From the line between the first and the last place: [n]."""
    along = places[-1] - places[0]
    length = float(np.hypot(*along))
    away = places - places[0]
    across: Polyline = np.hypot(*away.T)
    if length:
        across = np.abs(away[:, 0] * along[1] - away[:, 1] * along[0]) / length
    return across
