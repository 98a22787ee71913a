"""A model that draws, whose drawings can be worked out by hand, as `gesture convert` would leave
it, and what the firmware draws, written from its definition."""

from __future__ import annotations

import math
import shutil
from pathlib import Path
from statistics import NormalDist

import numpy as np

from pipeline.conversion.contract_source import contract_source
from pipeline.core.contract import (
    Channel,
    Contract,
    Hashes,
    Line,
    Mixture,
    Quantization,
    Scaling,
    fixed_point_mixture,
    fixed_point_scaling,
)
from pipeline.core.files import save_text_files
from pipeline.core.sketches import STEP_NAMES
from tests.toy_text import FIXTURES, Sampler, ToyNetwork

SCALE = 37.5  # of dx and dy, in the drawing's unit
COUNT, MOVES = 3, 8
OUTPUTS = 6 * COUNT + 3
PEN = ("down", "lifted")
MEANS = tuple(Line(center=0.3 * at - 0.7, factor=1.2 + 0.4 * at) for at in range(2 * COUNT))

CONTRACT = Contract(
    task="sketch",
    channels=tuple(Channel(name=name, unit="") for name in STEP_NAMES),
    rate_hz=0,
    window=MOVES + 1,
    hop=1,
    mode="streaming",
    streaming=True,
    labels=(),
    scaling=Scaling(mean=(0.0,) * 5, std=(SCALE, SCALE, 1.0, 1.0, 1.0)),
    mixture=Mixture(
        count=COUNT,
        logits=Line(center=0.5, factor=1.5),
        means=MEANS,
        deviations=Line(center=-2.0, factor=3.5),
        correlations=Line(center=-0.2, factor=1.5),
    ),
    quantization=Quantization(
        input_scale=0.04, input_zero_point=-91, output_scale=1 / 127, output_zero_point=2
    ),
    hashes=Hashes(data="0" * 64, config="1" * 64, model="2" * 64),
)


def write_sources(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for file in (FIXTURES / "toy_writer").iterdir():
        shutil.copy(file, folder)
    save_text_files(folder, contract_source(CONTRACT, 0))
    return folder


def first_outputs() -> np.ndarray:
    """What the toy's network says first, int8 [outputs]."""
    return np.array(ToyNetwork(OUTPUTS).step(_given(0, 0, 0)), np.int8)


def drawn(temperature_e4: int, seed: int) -> tuple[list[list[int]], bool]:
    """The moves of a drawing, and whether the network has ended it."""
    mixture, network, moves = fixed_point_mixture(CONTRACT), ToyNetwork(OUTPUTS), [[0, 0, 0]]
    sampler = Sampler(mixture.logit_step, temperature_e4, seed)
    spread = math.isqrt((temperature_e4 << 32) // 10_000)
    while len(moves) <= MOVES:
        outputs = network.step(_given(*moves[-1]))
        chosen, pen = sampler.draw(outputs[:COUNT]), sampler.draw(outputs[6 * COUNT :])
        if pen == 2:
            return moves[1:], True
        along = _correlation(outputs[5 * COUNT + chosen])
        across = math.isqrt(2**60 - along**2)
        x, other = (normal_at(sampler.random()) * spread >> 13 for _ in range(2))
        normals = (x, along * x + across * other >> 30)
        places = [
            _mean(outputs, chosen + axis * COUNT)
            + (_deviation(outputs[(3 + axis) * COUNT + chosen]) * normals[axis] >> 24)
            for axis in range(2)
        ]
        moves.append([*(max(-2 * 10**9, min(2 * 10**9, place)) for place in places), pen])
    return moves[1:], False


def _given(dx: int, dy: int, lifted: int) -> np.ndarray:
    """int8 [5], each the nearest one, of two the greater one."""
    scaling = fixed_point_scaling(CONTRACT)
    real = (dx, dy, 1000 * (1 - lifted), 1000 * lifted, 0)
    rows = zip(real, scaling.multipliers, scaling.offsets, strict=True)
    scaled = [value * multiplier + offset >> scaling.shift for value, multiplier, offset in rows]
    return np.clip(scaled, -128, 127).astype(np.int8)


def _mean(outputs: list[int], place: int) -> int:
    means = fixed_point_mixture(CONTRACT).means
    return outputs[COUNT + place] * means.multipliers[place] + means.offsets[place] >> means.shift


def half_power(fraction: int) -> int:
    """2^-fraction in 2^-30, the fraction in 2^-24."""
    y, series = fraction * 744261118 >> 24, 1 << 30
    for term in range(10, 0, -1):
        series = (1 << 30) - (y * series >> 30) // term
    return series


def _deviation(output: int) -> int:
    mixture = fixed_point_mixture(CONTRACT)
    power = output * mixture.deviations.multiplier + mixture.deviations.offset
    above, fraction = divmod(power, 1 << 24)
    half, shift = half_power((1 << 24) - fraction), 21 - above
    found = 0 if shift > 30 else half >> shift if shift > 0 else half << -shift
    return mixture.least_deviation + found


def _correlation(output: int) -> int:
    line = fixed_point_mixture(CONTRACT).correlations
    power = output * line.multiplier + line.offset
    whole, fraction = divmod(abs(power), 1 << 24)
    falls = 0 if whole > 30 else half_power(fraction) >> whole
    tangent = ((2**30 - falls) << 30) // (2**30 + falls)
    found = tangent * 1063004406 >> 30
    return -found if power < 0 else found


def _away(octave: int, piece: int) -> int:
    """How far from the middle, in 2^-13, the tail has half of 2^-octave * (8 + piece) / 16."""
    return round(-NormalDist().inv_cdf((8 + piece) / 32 * 2.0**-octave) * 2**13)


AWAY = [*(_away(octave, piece) for octave in range(31, -1, -1) for piece in range(8)), 0]


def normal_at(place: int) -> int:
    """firmware/lib/sampler/normal.h in Python's integers."""
    is_above = place >> 31
    tail = 2 * (2**32 - 1 - place if is_above else place) + 1
    octave = 32 - tail.bit_length()
    piece, rest = divmod((tail << octave) - 2**31, 1 << 28)
    farther, nearer = AWAY[8 * (31 - octave) + piece :][:2]
    number = farther - ((farther - nearer) * rest + (1 << 27) >> 28)
    return number if is_above else -number
