"""The board's self-test: inputs it makes itself, and the CRC its outputs must have.

The same generator is in firmware/lib/selftest. Constants: Numerical Recipes, 2nd edition, 7.1.
"""

from __future__ import annotations

import binascii

import numpy as np

from pipeline.artifacts import Int8

INFERENCES = 4
_MULTIPLIER = 1_664_525
_INCREMENT = 1_013_904_223
_CRC16_START = 0xFFFF


def selftest_inputs(elements: int) -> Int8:
    """int8 [INFERENCES, elements]: consecutive runs of the generator, a step a byte.

    Each a quarter as loud as the one before: a loud input saturates the output.
    """
    state = 1
    content = bytearray()
    for _ in range(INFERENCES * elements):
        state = (state * _MULTIPLIER + _INCREMENT) & 0xFFFFFFFF
        content.append(state >> 24)
    noise = np.frombuffer(bytes(content), dtype=np.int8).reshape(INFERENCES, elements)
    return np.trunc(noise / 4.0 ** np.arange(INFERENCES)[:, None]).astype(np.int8)


def selftest_crc(outputs: Int8) -> int:
    """CRC-16/CCITT of all that the reference answers to the self-test's inputs."""
    return binascii.crc_hqx(outputs.tobytes(), _CRC16_START)
