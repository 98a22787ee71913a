"""What a twin says to text: the firmware's own tokens, scores and sampling.

firmware/boards/twin/twin.h says what the functions do.
"""

from __future__ import annotations

import ctypes

import numpy as np

from pipeline.artifacts import Int8, Int32
from pipeline.errors import ExitCode, PipelineError
from pipeline.tokens import without_nul
from pipeline.twin import Twin, pointer

ONE_E4 = 10_000  # a board's temperatures are in ten-thousandths
HIGHEST_TEMPERATURE = 5.0


class TextTwin:
    """A twin of a model of text."""

    def __init__(self, twin: Twin) -> None:
        self._twin = twin
        self._library = twin.library
        self._library.twin_token.restype = ctypes.c_char_p
        self._library.twin_generate.restype = ctypes.c_bool

    def tokens(self, text: str) -> Int32:
        """int32 [n], each of the words or characters of a text."""
        content = _c_string(text)
        found = np.empty(len(content) + 1, np.uint16)
        count = self._library.twin_tokenise(content, pointer(found))
        return found[:count].astype(np.int32)

    def embed(self, tokens: Int32) -> Int8:
        """What the network is given: int32 [...] to int8 [..., channels]."""
        asked = np.ascontiguousarray(tokens, np.uint16)
        embedded = np.empty((*asked.shape, self._twin.channels), np.int8)
        self._library.twin_embed(pointer(asked), asked.size, pointer(embedded))
        return embedded

    def sentiment(self, text: str) -> Int8:
        """What the network answers to a text: int8 [labels]."""
        scores = np.empty(self._twin.classes, np.int8)
        self._library.twin_judge(_c_string(text), pointer(scores))
        return scores

    def generate(self, prompt: str, count: int, temperature: float, seed: int) -> str:
        """`count` characters after the prompt; temperature 0 takes the likeliest at all times;
        seed: below 2^32, as on a board.

        Raises ValueError for an empty prompt and a character that training has not seen, and
        PipelineError as `temperature_e4_of`.
        """
        written = np.empty(count, np.uint16)
        asked = (_c_string(prompt), count, temperature_e4_of(temperature), seed)
        if not prompt or not self._library.twin_generate(*asked, pointer(written)):
            raise ValueError(f"nothing can be written after {prompt!r}")
        return "".join(map(self._text_of, written.tolist()))

    def _text_of(self, token: int) -> str:
        text: bytes = self._library.twin_token(token)
        return text.decode()


def temperature_e4_of(temperature: float) -> int:
    """In ten-thousandths. Raises PipelineError (USAGE) outside 0 and 0.0001 to 5."""
    is_in_range = 0 <= temperature <= HIGHEST_TEMPERATURE
    temperature_e4 = round(temperature * ONE_E4) if is_in_range else 0
    if not is_in_range or (temperature_e4 == 0 and temperature > 0):
        raise PipelineError(
            f"A temperature of {temperature:g} cannot be written at.",
            "0 takes the likeliest character at all times; from 0.0001 on others are drawn too, "
            f"and at {HIGHEST_TEMPERATURE:g} nearly all alike",
            f"give 0, or 0.0001 to {HIGHEST_TEMPERATURE:g}",
            ExitCode.USAGE,
        )
    return temperature_e4


def _c_string(text: str) -> bytes:
    return without_nul(text).encode("utf-8", "replace")
