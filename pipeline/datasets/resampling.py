"""Recordings at another rate than the model's are brought to it before they are cut.

By the Fourier method: a recording is a sum of sines, and those that the new rate cannot show are
left out, the highest ones gradually. A board resamples too, as samples come: see firmware/lib/rate.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from pipeline.core.artifacts import Int64, Interval, Recording
from pipeline.datasets.recording_file import gaps_in
from pipeline.datasets.recordings import digest_of
from pipeline.datasets.streams import thousandths_of

Float64 = NDArray[np.float64]

RATE_TOLERANCE = 0.02  # so far off, sensors of one kind differ among each other
PASSED, STOPPED = 0.42, 0.5  # of the lower rate: sines up to the first stay, from the second go
FINEST = 1000  # the ratio of two rates is of whole numbers up to this one


def has_rate(recording: Recording, rate_hz: float) -> bool:
    """Whether a recording is used as it is."""
    return abs(recording.rate_hz - rate_hz) <= RATE_TOLERANCE * rate_hz


def at_rate(recording: Recording, rate_hz: float) -> Recording:
    """A recording at a rate; it keeps the hash of its file.

    Lost samples stay lost. Labelled intervals keep their motion.
    """
    if has_rate(recording, rate_hz) or len(recording) < 2:
        return recording
    ratio = Fraction(rate_hz / recording.rate_hz).limit_denominator(FINEST)
    places = recording.seq - recording.seq[0]  # with those of lost samples
    whole = np.arange(places[-1] + 1)
    columns = [np.interp(whole, places, column) for column in recording.samples.T]
    samples = fourier_resampled(np.stack(columns, axis=1), ratio)
    positions: Float64 = np.arange(len(samples)) / float(ratio)
    seq = np.flatnonzero(_between_known(positions, places))
    moved = [
        np.searchsorted(positions[seq], (places[part.start], places[part.stop - 1] + 1))
        for part in recording.intervals
    ]
    return replace(
        recording,
        samples=thousandths_of(samples[seq]),
        seq=seq,
        t_us=recording.t_us[0] + np.rint(seq * 1e6 / rate_hz).astype(np.int64),
        rate_hz=rate_hz,
        gaps=gaps_in(seq),
        intervals=tuple(
            Interval(int(start), int(stop), part.label)
            for (start, stop), part in zip(moved, recording.intervals, strict=True)
        ),
        digest=digest_of(recording),
    )


def _between_known(positions: Float64, places: Int64) -> NDArray[np.bool_]:
    """Whether the samples on both sides of a position have arrived: bool [n]."""
    known = np.zeros(places[-1] + 1, np.bool_)
    known[places] = True
    before, after = (step(positions.round(6)).astype(np.int64) for step in (np.floor, np.ceil))
    both: NDArray[np.bool_] = known[before] & known[np.minimum(after, places[-1])]
    return both


def fourier_resampled(samples: Float64, ratio: Fraction) -> Float64:
    """Samples [n, C] at `ratio` times their rate, up to the time of the last one.

    The line from the first to the last sample is taken off, and the rest is mirrored about its
    ends, so that the period has no jump.
    """
    up, down = ratio.numerator, ratio.denominator
    steps = -(-(len(samples) - 1) // down)  # of `down` samples each
    padded = np.pad(samples, ((0, steps * down + 1 - len(samples)), (0, 0)), mode="edge")
    wave = padded - np.linspace(padded[0], padded[-1], len(padded))
    period = np.concatenate([wave, np.negative(wave[-2:0:-1])])
    spectrum = np.fft.rfft(period, axis=0)
    if up < down:
        spectrum *= _gains(np.arange(len(spectrum)) / (2 * steps * up))[:, None]
    mirrored = np.fft.irfft(spectrum, 2 * steps * up, axis=0) * float(ratio)
    resampled = mirrored[: steps * up + 1] + np.linspace(padded[0], padded[-1], steps * up + 1)
    result: Float64 = resampled[: (len(samples) - 1) * up // down + 1]
    return result


def _gains(frequencies: Float64) -> Float64:
    """1 up to PASSED and 0 from STOPPED on: an edge would ring through the whole recording.

    Args:
        frequencies: float64 [n], in shares of the new rate.

    Returns:
        float64 [n].
    """
    x = np.clip((STOPPED - frequencies) / (STOPPED - PASSED), 0, 1)
    gains: Float64 = x * x * (3 - 2 * x)
    return gains


def resampling_note(recordings: Sequence[Recording], rate_hz: float) -> str:
    """Which recordings are brought to a rate, for people; empty where none is."""
    rates = Counter(each.rate_hz for each in recordings if not has_rate(each, rate_hz))
    if not rates:
        return ""
    listed = ", ".join(f"{count} at {other:g} Hz" for other, count in sorted(rates.items()))
    filtered = ", through a low-pass filter" if max(rates) > rate_hz else ""
    return f"Recordings are brought to {rate_hz:g} Hz{filtered}: {listed}."
