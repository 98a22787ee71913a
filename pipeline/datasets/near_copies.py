"""Takes that are nearly the same samples: cut, scaled or exported again.

All pairs of a day's takes are too many to compare. So only takes that share a moment are: a
short stretch with much energy, of which the size of the spectrum is nearly the same. Moments are
brought together by random cells (locality-sensitive hashing, Datar et al. 2004,
https://doi.org/10.1145/997817.997857).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pipeline.core.artifacts import Float32, Int64
from pipeline.core.progress import OnStep

Float64 = NDArray[np.float64]

ROWS = 256  # of a take that are compared, from its start
LAG_SHARE = 0.25  # of the shorter take: the largest delay of a copy
COPY = 0.997  # correlation of the samples that both takes have
LEAST_ENERGY = 1e-3  # of a take, below which what it shares is still
AT_ONCE = 256  # takes between two lines of progress

MOMENT_ROWS = 24
STILL = 1e-6  # length of a spectrum, of samples of size 1
MOMENTS = 8  # of a take, so that some are in every cut of it
ALIKE_MOMENTS = 0.996  # cosine of the sizes of their spectra
CELL = 0.2  # width; a copy with noise is 0.05 away
DIMENSIONS = 12  # of a cell: the directions in which moments differ most
TABLES = 4  # of cells; a pair is seen if it shares one of them
SEED = 0


class Copy(NamedTuple):
    """Two takes, by their indices, and the highest correlation of what they share."""

    later: int
    earlier: int
    correlation: float


def near_copies(takes: Sequence[Float32], on_progress: OnStep) -> Iterator[Copy]:
    """Pairs of takes that are nearly the same, in the order of the later one.

    Args:
        takes: float32 [n, C] each, more than two samples.
        on_progress: told about the progress.
    """
    moved = [take[:ROWS] - take[:ROWS].mean(axis=0) for take in takes]
    size = np.sqrt(np.mean([(shape**2).mean(axis=0) for shape in moved], axis=0))
    shapes = [shape / np.maximum(size, 1e-6) for shape in moved]
    later, earlier = _that_share_a_moment(shapes)
    correlations = _Correlations(shapes)
    bounds = np.searchsorted(later, np.arange(len(shapes) + 1))
    for index, (start, stop) in enumerate(pairwise(bounds)):
        if index % AT_ONCE == 0:
            on_progress(f"comparing takes: {index:,} of {len(shapes):,}")
        others = earlier[start:stop]
        likeness = correlations.of(index, others)
        for at in np.flatnonzero(likeness >= COPY).tolist():
            yield Copy(index, int(others[at]), float(likeness[at]))


def _that_share_a_moment(shapes: Sequence[Float32]) -> tuple[Int64, Int64]:
    """Pairs of takes with a moment that is alike: the later and the earlier ones, in order."""
    take, spectra = _moments(shapes)
    count = len(shapes)
    pairs = np.empty(0, np.int64)
    for cells in _cells(spectra):
        one, other = _alike_in_a_cell(cells, spectra)
        first, second = np.minimum(take[one], take[other]), np.maximum(take[one], take[other])
        found = (second * count + first)[first != second]
        pairs = np.union1d(pairs, found)
    return np.divmod(pairs, count)


def _moments(shapes: Sequence[Float32]) -> tuple[Int64, Float32]:
    """The takes of moments, int64 [m], and the sizes of their spectra, of length 1: [m, d].

    Where all is still there is no moment: those of many still takes would share one cell.
    """
    takes, moments = [], []
    for index, shape in enumerate(shapes):
        padded = np.pad(shape, ((0, max(0, MOMENT_ROWS - len(shape))), (0, 0)))
        for start in _starts_of_moments(padded):
            takes.append(index)
            moments.append(padded[start : start + MOMENT_ROWS])
    stacked = np.stack(moments)
    stacked -= stacked.mean(axis=1, keepdims=True)  # takes that are cut have another mean
    window = np.hanning(MOMENT_ROWS).astype(np.float32)[:, None]  # a shift of a row changes little
    sizes = np.abs(np.fft.rfft(stacked * window, axis=1))
    spectra = sizes.reshape(len(sizes), -1)
    lengths = np.linalg.norm(spectra, axis=1)
    moves = lengths > STILL
    return np.array(takes, np.int64)[moves], spectra[moves] / lengths[moves, None]


def _starts_of_moments(shape: Float32) -> Iterator[int]:
    """Of the stretches with most energy that overlap by half at most."""
    energy = np.pad(np.cumsum(np.square(shape).sum(axis=1), dtype=np.float64), (1, 0))
    of_stretch = energy[MOMENT_ROWS:] - energy[:-MOMENT_ROWS]
    for _ in range(MOMENTS):
        start = int(np.argmax(of_stretch))
        if of_stretch[start] < 0:
            return
        yield start
        of_stretch[max(0, start - MOMENT_ROWS // 2) : start + MOMENT_ROWS // 2] = -1


def _cells(spectra: Float32) -> Iterator[Int64]:
    """The cell of each moment, int64 [m], in each of TABLES random rasters."""
    centred = spectra - spectra.mean(axis=0) if len(spectra) else spectra
    _, directions = np.linalg.eigh(centred.T @ centred)
    points = centred @ directions[:, -DIMENSIONS:]
    random = np.random.default_rng(SEED)
    for _ in range(TABLES):
        turn, _ = np.linalg.qr(random.normal(size=(points.shape[1], points.shape[1])))
        raster = np.floor(points @ turn / CELL + random.random(points.shape[1]))
        yield raster.astype(np.int64) @ random.integers(2**62, size=points.shape[1])  # a hash


def _alike_in_a_cell(cells: Int64, spectra: Float32) -> tuple[Int64, Int64]:
    """Pairs of moments of one cell whose spectra are alike."""
    order = np.argsort(cells, kind="stable")
    places, ones, others = np.arange(len(order)), [], []
    for distance in range(1, len(order)):  # in `order`; a cell's moments stand side by side
        places = places[places + distance < len(order)]
        places = places[cells[order[places]] == cells[order[places + distance]]]
        if not len(places):
            break
        one, other = order[places], order[places + distance]
        alike = np.einsum("md,md->m", spectra[one], spectra[other]) >= ALIKE_MOMENTS
        ones.append(one[alike])
        others.append(other[alike])
    return np.concatenate([order[:0], *ones]), np.concatenate([order[:0], *others])


class _Correlations:
    """Of takes, by their spectra.

    The correlations at all shifts are a product of spectra (Oppenheim and Schafer, Discrete-Time
    Signal Processing, chapter 8).
    """

    def __init__(self, shapes: Sequence[Float32]) -> None:
        self._rows = np.array([len(shape) for shape in shapes])
        padded = np.zeros((len(shapes), 2 * ROWS, shapes[0].shape[1]), dtype=np.float32)
        for row, shape in zip(padded, shapes, strict=True):
            row[: len(shape)] = shape
        self._spectra = np.fft.rfft(padded, axis=1)  # complex64, as samples are float32
        shared = padded[:, :ROWS]
        self._sums = _up_to(shared, np.float32)  # [n, row, C]
        self._energy = _up_to(np.einsum("nrc,nrc->nr", shared, shared), np.float64)  # [n, row]

    def of(self, index: int, others: Int64) -> Float64:
        """The highest correlations, float64 [k], over the shifts that LAG_SHARE allows.

        Each is of the rows that both takes have, without their mean: a cut take has another mean.
        """
        rows, other_rows = self._rows[index], self._rows[others, None]
        furthest = int(LAG_SHARE * rows)
        lags = np.arange(-furthest, furthest + 1)  # `index` begins that much later
        own = self._spectra[index].conj()
        cross = np.einsum("fc,kfc->kf", own, self._spectra[others]).conj()
        products = np.fft.irfft(cross, axis=1)[:, lags]
        first, other_first = np.maximum(lags, 0), np.maximum(-lags, 0)
        shared = np.minimum(rows - first, other_rows - other_first).clip(0)
        own_sums, own_energy = self._between(np.array([[index]]), first, shared)
        sums, energy = self._between(others[:, None], other_first, shared)
        products -= np.einsum("klc,klc->kl", own_sums, sums) / np.maximum(shared, 1)
        correlation = products / np.sqrt(np.maximum(own_energy * energy, 1e-12))
        allowed = np.abs(lags) <= LAG_SHARE * np.minimum(rows, other_rows)
        return np.where(allowed, correlation, -1).max(axis=1)  # type: ignore[no-any-return]

    def _between(self, takes: Int64, first: Int64, count: Int64) -> tuple[Float32, Float64]:
        """Of `count` rows from the row `first` on: sums [k, lags, C], energy without the mean."""
        sums = self._sums[takes, first + count] - self._sums[takes, first]
        energy = self._energy[takes, first + count] - self._energy[takes, first]
        energy -= np.square(sums).sum(axis=2) / np.maximum(count, 1)
        return sums, np.maximum(energy, LEAST_ENERGY * self._energy[takes, -1])


def _up_to(values: Float32, kind: type) -> Any:
    """Sums along axis 1 of the values before each: one more than there are values."""
    zeros = ((0, 0), (1, 0), *[(0, 0)] * (values.ndim - 2))
    return np.pad(np.cumsum(values, axis=1, dtype=kind), zeros)
