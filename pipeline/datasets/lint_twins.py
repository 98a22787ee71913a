"""The same movement twice: takes that are equal, or one the other cut elsewhere, scaled or noisy.

A copy on the other side of the line between training and test makes a model look better than
it is.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from pipeline.artifacts import Float32
from pipeline.datasets.lint_findings import Finding, TakeFile

ROWS = 256  # of a take that are looked at, from its start
LAG_SHARE = 0.25  # of the shorter take: how much later the copy may begin
ALIKE_SPECTRA = 0.9  # cosine of the takes' spectra; what is below is not looked at closer
COPY = 0.997  # correlation of the samples, over what both have


def check_twins(takes: Sequence[TakeFile]) -> list[Finding]:
    first: dict[bytes, TakeFile] = {}
    findings, single = [], []
    for take in takes:
        key = take.recording.thousandths.tobytes()
        if key in first:
            findings.append(_duplicate(take, first[key]))
        else:
            first[key] = take
            single.append(take)
    return findings + _near(single)


def _duplicate(take: TakeFile, earlier: TakeFile) -> Finding:
    other = take.recording.label != earlier.recording.label
    label = f", which says it is {earlier.recording.label}" if other else ""
    return Finding(
        "duplicate",
        take.path,
        take.line_of_row(0),
        f"the same samples as {earlier.path}{label}",
        "delete one of the two files",
    )


def _near(takes: Sequence[TakeFile]) -> list[Finding]:
    usable = [take for take in takes if take.has_imu and len(take.imu) > 2]
    if len(usable) < 2:
        return []
    shapes = _shapes(usable)
    return [
        _near_finding(usable[later], usable[earlier], likeness)
        for earlier, later in _candidates(shapes)
        if (likeness := _likeness(shapes[earlier], shapes[later])) >= COPY
    ]


def _shapes(takes: Sequence[TakeFile]) -> list[Float32]:
    """float32 [up to ROWS, 6] a take: without its mean, each axis by its usual size."""
    moved = [take.imu[:ROWS] - take.imu[:ROWS].mean(axis=0) for take in takes]
    size = np.sqrt(np.mean([(shape**2).mean(axis=0) for shape in moved], axis=0))
    return [shape / np.maximum(size, 1e-6) for shape in moved]


def _candidates(shapes: Sequence[Float32]) -> Iterator[tuple[int, int]]:
    """Pairs, earlier first, whose spectra are alike: a shift in time does not change those."""
    spectra = np.stack([np.abs(np.fft.rfft(shape, ROWS, axis=0)).ravel() for shape in shapes])
    spectra = spectra.astype(np.float32)
    spectra /= np.maximum(np.linalg.norm(spectra, axis=1, keepdims=True), 1e-9)
    for index in range(1, len(spectra)):
        for other in np.flatnonzero(spectra[:index] @ spectra[index] >= ALIKE_SPECTRA):
            yield int(other), index


def _likeness(one: Float32, two: Float32) -> float:
    """The highest correlation over shifts of up to LAG_SHARE of the shorter one, -1 to 1."""
    shortest = min(len(one), len(two))
    furthest = int(LAG_SHARE * shortest)
    lags = range(-furthest, furthest + 1)
    return max(_correlation(*_overlap(one, two, lag)) for lag in lags)


def _overlap(one: Float32, two: Float32, lag: int) -> tuple[Float32, Float32]:
    one, two = one[max(0, lag) :], two[max(0, -lag) :]
    rows = min(len(one), len(two))
    return one[:rows], two[:rows]


def _correlation(one: NDArray[np.float32], two: NDArray[np.float32]) -> float:
    one, two = one - one.mean(axis=0), two - two.mean(axis=0)
    size = float(np.linalg.norm(one) * np.linalg.norm(two))
    return float((one * two).sum()) / size if size else 0.0


def _near_finding(take: TakeFile, earlier: TakeFile, likeness: float) -> Finding:
    if take.recording.person != earlier.recording.person:
        boundary = f"of another person, {earlier.recording.person}"
    elif take.group != earlier.group:
        boundary = f"of another session, {earlier.recording.session}"
    else:
        boundary = "of the same session"
    return Finding(
        "near-duplicate",
        take.path,
        take.line_of_row(0),
        f"nearly the same as {earlier.path} {boundary}: correlation {likeness:.3f}",
        "delete one of the two: a copy in the test part makes a model look better than it is",
    )
