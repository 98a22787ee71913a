"""Which texts can be drawn in a picture: the font of matplotlib has not all scripts."""

from __future__ import annotations

from functools import cache
from typing import Any

from pipeline.core.original_names import OriginalNames


def pictured(kind: str, name: str, names: OriginalNames) -> str:
    """What people read in a picture: what they wrote if its letters can be drawn, else the name."""
    text = names.shown(kind, name)
    if text.isascii():
        return text
    return text if all(_font().get_char_index(ord(letter)) for letter in text) else name


@cache
def _font() -> Any:
    from matplotlib.font_manager import FontProperties, findfont, get_font

    return get_font(findfont(FontProperties()))
