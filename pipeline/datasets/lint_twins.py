"""The same movement twice: takes that are equal, or one the other cut elsewhere, scaled or noisy.

A copy on the other side of the line between training and test makes a model look better than
it is.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from pipeline.datasets.lint_findings import Finding, TakeFile

Float64 = NDArray[np.float64]
Indices = NDArray[np.intp]

ROWS = 256  # of a take that are looked at, from its start
LAG_SHARE = 0.25  # of the shorter take: how much later the copy may begin
ALIKE_SPECTRA = 0.9  # cosine of the takes' spectra; what is below is not looked at closer
COPY_WITHIN_SESSION = 0.999  # a practised hand repeats itself that nearly
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
    shapes = _Shapes(usable)
    return [
        _near_finding(usable[index], usable[other], likeness)
        for index in range(1, len(usable))
        for other, likeness in zip(*shapes.copies_before(index), strict=True)
        if usable[index].group != usable[other].group or likeness >= COPY_WITHIN_SESSION
    ]


class _Shapes:
    """Takes without their mean, each axis by its usual size, ready to be laid over each other.

    Correlations at all shifts at once are a product of spectra: Oppenheim and Schafer,
    Discrete-Time Signal Processing, chapter 8.
    """

    def __init__(self, takes: Sequence[TakeFile]) -> None:
        moved = [take.imu[:ROWS] - take.imu[:ROWS].mean(axis=0) for take in takes]
        size = np.sqrt(np.mean([(shape**2).mean(axis=0) for shape in moved], axis=0))
        self._rows = np.array([len(shape) for shape in moved])
        padded = np.zeros((len(moved), 2 * ROWS, len(size)), dtype=np.float32)
        for into, shape in zip(padded, moved, strict=True):
            into[: len(shape)] = shape / np.maximum(size, 1e-6)
        self._spectra = np.fft.rfft(padded, axis=1).astype(np.complex64)
        # A shift in time does not change the size of a spectrum: alike takes are found by it.
        sizes = np.abs(self._spectra).reshape(len(moved), -1)
        self._sizes = sizes / np.maximum(np.linalg.norm(sizes, axis=1, keepdims=True), 1e-9)
        energy = np.cumsum((padded.astype(np.float64) ** 2).sum(axis=2), axis=1)
        self._energy = np.pad(energy, ((0, 0), (1, 0)))  # [n, row]: of the rows before it

    def copies_before(self, index: int) -> tuple[list[int], list[float]]:
        """Earlier takes that `index` is a copy of, and how alike they are, up to 1."""
        near = np.flatnonzero(self._sizes[:index] @ self._sizes[index] >= ALIKE_SPECTRA)
        likeness = self._likeness(index, near)
        chosen = likeness >= COPY
        return near[chosen].tolist(), likeness[chosen].tolist()

    def _likeness(self, index: int, others: Indices) -> Float64:
        """float64 [k]: the highest correlation over the shifts that LAG_SHARE allows."""
        rows, other_rows = self._rows[index], self._rows[others, None]
        furthest = int(LAG_SHARE * rows)
        lags = np.arange(-furthest, furthest + 1)  # `index` begins that much later
        cross = (self._spectra[index] * self._spectra[others].conj()).sum(axis=2)
        products = np.fft.irfft(cross, axis=1)[:, lags]
        first, other_first = np.maximum(lags, 0), np.maximum(-lags, 0)
        shared = np.minimum(rows - first, other_rows - other_first).clip(0)
        k = others[:, None]
        own = self._energy[index][first + shared] - self._energy[index][first]
        theirs = self._energy[k, other_first + shared] - self._energy[k, other_first]
        correlation = products / np.sqrt(np.maximum(own * theirs, 1e-12))
        allowed = np.abs(lags) <= LAG_SHARE * np.minimum(rows, other_rows)
        return np.where(allowed, correlation, -1).max(axis=1)  # type: ignore[no-any-return]


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
