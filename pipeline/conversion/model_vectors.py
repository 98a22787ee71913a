"""Inputs that a compiled model is proven on: structured, random, and those of its user."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from pipeline.core.artifacts import Float32
from pipeline.core.errors import UsageError
from pipeline.core.files import TooLargeError, reason_of, unzipped, why_missing

Values: TypeAlias = NDArray[Any]
ONE_HOTS = 4
_BEYOND = 1.5  # of the range of the network's integers: floats saturate


@dataclass(frozen=True)
class InputKind:
    """What a model takes. scale, zero_point: of its integers; of floats, those they become, which
    are of type `inside`."""

    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    scale: float
    zero_point: int
    inside: str = "int8"

    @property
    def elements(self) -> int:
        """Values of one input."""
        return int(np.prod(self.shape))

    @property
    def bounds(self) -> tuple[int, int]:
        """The range in which inputs are drawn, in steps."""
        limits = np.iinfo(self.inside if self.dtype == np.float32 else self.dtype)
        return int(limits.min), int(limits.max)


def make_vectors(kind: InputKind, count: int, seed: int = 1) -> Values:
    """`count` inputs, [count, elements]: structured ones first, then noise of every loudness."""
    structured = list(_structured(kind))[:count]
    random = np.random.default_rng(seed)
    noise = [_noise(kind, random) for _ in range(count - len(structured))]
    return _as_input(kind, np.array([*structured, *noise]).reshape(count, kind.elements), random)


def make_vectors_for_all(kinds: Sequence[InputKind], count: int) -> list[Values]:
    """The same for each of several inputs. The structured ones of an input come with others of the
    next, so that each is seen with many of them."""
    return [
        np.roll(make_vectors(kind, count, seed=1 + number), number, axis=0)
        for number, kind in enumerate(kinds)
    ]


def _structured(kind: InputKind) -> Iterator[NDArray[np.float64]]:
    low, high = kind.bounds
    elements, zero = kind.elements, kind.zero_point
    for value in (low, high, zero):
        yield np.full(elements, float(value))
    ramp = np.linspace(low, high, elements)
    yield ramp
    yield ramp[::-1]
    yield np.where(np.arange(elements) % 2, float(low), float(high))
    for place in np.linspace(0, elements - 1, ONE_HOTS).astype(int):
        hot = np.full(elements, float(zero))
        hot[place] = high
        yield hot


def _noise(kind: InputKind, random: np.random.Generator) -> NDArray[np.float64]:
    low, high = kind.bounds
    loudness = random.uniform(0.002, 1.0) * (high - low) / 2
    return random.normal(kind.zero_point, loudness, kind.elements)


def _as_input(kind: InputKind, steps: NDArray[np.float64], random: np.random.Generator) -> Values:
    """Steps as values of the model's type; floats lie between steps too, and beyond the last."""
    low, high = kind.bounds
    if kind.dtype != np.float32:
        return np.clip(np.rint(steps), low, high).astype(kind.dtype)
    between = steps + random.choice([0.0, 0.0, 0.5, -0.5, 0.25], steps.shape)
    reached = np.clip(between - kind.zero_point, _BEYOND * 2 * low, _BEYOND * 2 * high)
    real: Float32 = (reached * kind.scale).astype(np.float32)
    return real


def arrays_of(path: Path) -> dict[str, Values]:
    """All arrays of an .npz or .npy file that a user has made. Raises UsageError."""
    try:
        content = np.load(unzipped(path), allow_pickle=False)
        return {path.stem: content} if isinstance(content, np.ndarray) else dict(content)
    except Exception as error:  # a damaged zip raises ten kinds
        raise UsageError(
            f"The arrays of {path} cannot be read: {_reason(error)}.",
            why_missing(path, "file", "it is missing, cut short, or of another kind"),
            "save inputs with `np.savez(path, inputs=array)`, an array [n, ...] of numbers",
        ) from None


def _reason(error: Exception) -> str:
    """NumPy's own texts give advice on pickles."""
    if isinstance(error, OSError):
        return reason_of(error)
    if isinstance(error, TooLargeError):
        return str(error)
    return "it is no plain .npz or .npy file, and arrays of Python objects are not read"


def load_calibration(path: Path) -> dict[str, Float32]:
    """All arrays of an .npz file that a Keras model is quantized with, float32 [n, ...]."""
    arrays = arrays_of(path)
    if not arrays or any(one.ndim < 2 or one.dtype.kind not in "iuf" for one in arrays.values()):
        raise UsageError(
            f"{path} does not hold inputs of a model.",
            "it is empty, or holds something else than arrays [n, ...] of numbers",
            "save an array [n, ...] for each input of the model with `np.savez`",
        )
    if not all(len(values) and np.isfinite(values).all() for values in arrays.values()):
        raise UsageError(
            f"{path} holds inputs that are no numbers, or none at all.",
            "possibly a division by zero or a missing reading made them NaN",
            "save inputs that are finite numbers",
        )
    return {name: values.astype(np.float32) for name, values in arrays.items()}


def arrays_for(names: Sequence[str], arrays: Mapping[str, Values]) -> list[Values]:
    """An array for each of these inputs: of its name, or in order where names are others.

    Raises ValueError, in words, where that cannot be.
    """
    found = list(arrays.values())
    if set(names) == set(arrays):
        found = [arrays[name] for name in names]
    listed, given = (", ".join(f"`{name}`" for name in some) for some in (names, arrays))
    if len(found) != len(names):
        wanted = "one input" if len(names) == 1 else f"{len(names)} inputs, {listed}"
        keep = "; keep only the array of inputs" if len(names) == 1 else ""
        raise ValueError(f"it takes {wanted}, and the arrays are {given}{keep}")
    if len({len(values) for values in found}) > 1:
        raise ValueError(f"there are not equally many of its inputs {listed}")
    return found


def fitting_vectors(
    path: Path, arrays: Mapping[str, Values], kinds: Mapping[str, InputKind]
) -> list[Values]:
    """All inputs of a file, [n, elements] for each input of the model; floats are quantized where
    the model takes integers.

    Args:
        arrays: of the file, as `arrays_of` reads them.
        kinds: by what inputs are called.

    Raises:
        UsageError: the arrays do not fit the model.
    """
    if not arrays or not all(values.size for values in arrays.values()):
        raise _unfit(path, "it holds no inputs")
    try:
        found = arrays_for(list(kinds), arrays)
    except ValueError as error:
        raise _unfit(path, str(error)) from None
    names = list(arrays) if len(kinds) == 1 else list(kinds)
    return [
        _fitting(path, name, values, kind)
        for name, values, kind in zip(names, found, kinds.values(), strict=True)
    ]


def _fitting(path: Path, name: str, values: Values, kind: InputKind) -> Values:
    count = len(values) if values.ndim else 0
    if values.ndim < 2 or values.size != count * kind.elements:
        shape = "x".join(map(str, kind.shape))
        raise _unfit(path, f"`{name}` has shape {list(values.shape)}, and an input {shape}")
    flat = values.reshape(count, kind.elements)
    if values.dtype == kind.dtype:
        fits = flat
    elif values.dtype.kind not in "iuf":
        raise _unfit(path, f"`{name}` holds no numbers")
    elif values.dtype.kind == "f" and kind.dtype != np.float32:
        fits = np.rint(flat / kind.scale) + kind.zero_point
    else:
        fits = flat
    if not np.isfinite(fits).all():
        raise _unfit(path, f"`{name}` has values that are no numbers")
    return _cast(path, name, fits, values.dtype.kind, kind)


def _cast(path: Path, name: str, values: Values, source: str, kind: InputKind) -> Values:
    """To the type of the model; integers must be in its range, floats are cut to it."""
    if kind.dtype == np.float32:
        return values.astype(np.float32)
    low, high = kind.bounds
    if source != "f" and values.size and (values.min() < low or values.max() > high):
        raise _unfit(path, f"`{name}` has integers beyond {low} to {high}")
    return np.clip(values, low, high).astype(kind.dtype)


def _unfit(path: Path, reason: str) -> UsageError:
    return UsageError(
        f"The vectors of {path} do not fit the model: {reason}.",
        "they are of another model, or lie another way",
        "save arrays [n, ...] with `np.savez`, each input of the model's shape",
    )


RESET, COMPARE = 1, 2  # as in firmware/export/compiled/proof.c


@dataclass(frozen=True)
class Call:
    """One call of the network in a proof. values: of each input; expected: of each output, None
    where the answer does not count."""

    values: tuple[Values, ...]
    expected: tuple[Values, ...] | None = None
    reset: bool = False


def golden_bytes(calls: Sequence[Call], output_bytes: Sequence[int]) -> bytes:
    """golden.bin: how many calls there are, then flags, inputs and expected outputs of each."""
    parts = [np.uint32(len(calls)).tobytes()]
    for call in calls:
        flags = RESET * call.reset + COMPARE * (call.expected is not None)
        parts += [np.uint32(flags).tobytes(), *(_whole(one.tobytes()) for one in call.values)]
        if call.expected is None:
            parts += [_whole(bytes(count)) for count in output_bytes]
        else:
            parts += [_whole(one.tobytes()) for one in call.expected]
    return b"".join(parts)


def _whole(content: bytes) -> bytes:
    return content + bytes(-len(content) % 4)


def calls_of_windows(inputs: Sequence[Values], outputs: Sequence[Values]) -> list[Call]:
    """Each vector alone; the state of the network, where it has one, is that of the one before.

    inputs, outputs: for each of the model's, [n, elements].
    """
    pairs = zip(zip(*inputs, strict=True), zip(*outputs, strict=True), strict=True)
    return [Call(values, expected, reset=i == 0) for i, (values, expected) in enumerate(pairs)]


def stream_windows(windows: Values, samples: int, hop: int) -> tuple[Values, Values]:
    """A stream of whole hops, and all windows that end with one of them.

    windows: [n, samples * channels], which lie in the stream one after the other. Returns the hops
    [m, hop * channels], and the windows [w, samples * channels] of which the last ends with the
    last hop and each other one with a hop before.
    """
    channels = windows.shape[1] // samples
    stream = windows.reshape(-1, channels)
    hops = len(stream) // hop
    stream = stream[: hops * hop]
    first = -(-samples // hop)
    ends = [number * hop for number in range(first, hops + 1)]
    whole = np.array([stream[end - samples : end].ravel() for end in ends], windows.dtype)
    return stream.reshape(hops, -1), whole.reshape(len(ends), -1)


def calls_of_stream(hops: Values, outputs: Values) -> list[Call]:
    """All hops in order; the last ones have answers."""
    silent = len(hops) - len(outputs)
    return [
        Call(
            (values,),
            None if number < silent else (outputs[number - silent],),
            reset=number == 0,
        )
        for number, values in enumerate(hops)
    ]
