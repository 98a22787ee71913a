"""Which texts can be drawn in a picture: the font of matplotlib has not all scripts."""

from __future__ import annotations

from functools import cache
from typing import Any


def can_be_drawn(text: str) -> bool:
    """Whether the font of pictures has all letters of a text."""
    return text.isascii() or all(_font().get_char_index(ord(letter)) for letter in text)


@cache
def _font() -> Any:
    from matplotlib.font_manager import FontProperties, findfont, get_font

    return get_font(findfont(FontProperties()))
