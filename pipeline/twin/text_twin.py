"""The twin of a text model: the firmware's tokens, scores and sampling.

firmware/boards/twin/twin.h describes the C functions.
"""

from __future__ import annotations

import ctypes
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from pipeline.core.artifacts import Int8, Int32, Recording
from pipeline.core.errors import UsageError
from pipeline.core.tokens import for_board
from pipeline.twin.library import Twin, pointer

ONE_E4 = 10_000  # a board has temperatures in ten-thousandths
HIGHEST_TEMPERATURE = 5.0
Read: TypeAlias = str | Int8 | None  # by an encoder; None: the last samples of a replay


class TextTwin:
    """The twin of a text model."""

    def __init__(self, twin: Twin) -> None:
        self._twin = twin
        self._library = twin.library
        self._library.twin_token.restype = ctypes.c_char_p
        self._library.twin_between.restype = ctypes.c_char_p
        for function in ("twin_generate", "twin_read", "twin_translate"):
            getattr(self._library, function).restype = ctypes.c_bool
        self._window = (self._library.twin_samples(), twin.sample_channels)
        self._row: int = self._library.twin_row()

    def tokens(self, text: str) -> Int32:
        """The numbers of the tokens of a text: int32 [n]."""
        content = _c_string(text)
        tokens = np.empty(len(content) + 1, np.uint16)
        count = self._library.twin_tokenise(content, pointer(tokens))
        return tokens[:count].astype(np.int32)

    def embed(self, tokens: Int32) -> Int8:
        """The inputs of the network: tokens int32 [...] to int8 [..., channels].

        Of a model that translates they are without the context, the last of the channels.
        """
        numbers = np.ascontiguousarray(tokens, np.uint16)
        embedded = np.empty((*numbers.shape, self._row), np.int8)
        self._library.twin_embed(pointer(numbers), numbers.size, pointer(embedded))
        return embedded

    def sentiment(self, text: str) -> Int8:
        """The scores of a text: int8 [labels]."""
        scores = np.empty(self._twin.classes, np.int8)
        self._library.twin_judge(_c_string(text), pointer(scores))
        return scores

    def generate(self, prompt: str, count: int, temperature: float, seed: int) -> str:
        """Generate `count` characters; the prompt has one or more, all in the vocabulary."""
        written = np.empty(count, np.uint16)
        request = (_c_string(prompt), count, temperature_e4_of(temperature), seed)
        if not prompt or not self._library.twin_generate(*request, pointer(written)):
            raise ValueError(f"no text can be generated after {prompt!r}")
        return self._joined(written)

    def context(self, read: Read) -> Int8:
        """What MODEL is given of a text with a token, or of a window: int8 [context].

        Args:
            read: a text; of a caption int8 [samples, channels], as the encoder is given them.
        """
        context = np.empty(self._twin.channels - self._row, np.int8)
        if not self._library.twin_read(self._shown(read), pointer(context)):
            raise _nothing_in(read)
        return context

    def translate(self, read: Read, temperature: float, seed: int) -> str:
        """What is written of a text, or of a window, as for `context`."""
        written, count = np.empty(self._twin.window, np.uint16), ctypes.c_uint32()
        request = (self._shown(read), temperature_e4_of(temperature), ctypes.c_uint32(seed))
        if not self._library.twin_translate(*request, pointer(written), ctypes.byref(count)):
            raise _nothing_in(read)
        return self._joined(written[: count.value])

    def describe(self, recording: Recording, temperature: float, seed: int) -> str:
        """What is written of the last samples of a recording, as a board hears them."""
        self._twin.replay(recording)
        return self.translate(None, temperature, seed)

    def _shown(self, read: Read) -> bytes | None:
        """The text for the C; a window of samples it takes before."""
        if isinstance(read, str):
            return _c_string(read)
        if read is None:
            return None
        window = np.ascontiguousarray(read, np.int8)
        if window.shape != self._window:
            raise ValueError(f"samples are {window.shape}, not {self._window}")
        self._library.twin_show(pointer(window))
        return None

    def _joined(self, tokens: NDArray[np.uint16]) -> str:
        between: bytes = self._library.twin_between()
        return between.decode().join(map(self._text_of, tokens.tolist()))

    def _text_of(self, token: int) -> str:
        text: bytes = self._library.twin_token(token)
        return text.decode()


def _nothing_in(read: object) -> ValueError:
    return ValueError(f"there is nothing to translate in {read!r}")


def temperature_e4_of(temperature: float) -> int:
    """A temperature in ten-thousandths; USAGE if it is not 0 and not 0.0001 to 5."""
    is_in_range = 0 <= temperature <= HIGHEST_TEMPERATURE
    temperature_e4 = round(temperature * ONE_E4) if is_in_range else 0
    if not is_in_range or (temperature_e4 == 0 and temperature > 0):
        raise UsageError(
            f"A temperature of {temperature:g} is out of range.",
            "0 always takes the likeliest character; from 0.0001 on others are sampled too, and at "
            f"{HIGHEST_TEMPERATURE:g} nearly all are equally likely",
            f"give 0, or 0.0001 to {HIGHEST_TEMPERATURE:g}",
        )
    return temperature_e4


def _c_string(text: str) -> bytes:
    return for_board(text).encode("utf-8", "replace")
