"""Names as people write them, beside the ASCII names that files and boards carry for them."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from anyascii import anyascii

from pipeline.core.files import reading, save_text

NAMES = "names.json"  # in the folder of a dataset or a run


@dataclass(frozen=True)
class OriginalNames:
    """What people wrote.

    Args:
        texts: by kind (label, person, session or dataset), then by the ASCII name; only those that
            differ from it.
    """

    texts: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    def shown(self, kind: str, name: str, fits: Callable[[str], bool] | None = None) -> str:
        """What people read for an ASCII name; the name itself where the text does not fit."""
        text = self.texts.get(kind, {}).get(name, name)
        return text if fits is None or fits(text) else name

    def all_shown(self, kind: str, names: Iterable[str]) -> tuple[str, ...]:
        """What people read for several ASCII names."""
        return tuple(self.shown(kind, name) for name in names)

    def known(self, kind: str, text: str) -> str:
        """The ASCII name of a text that was mapped before; any other text stays as it is."""
        wanted = tidy(text)
        names = (name for name, other in self.texts.get(kind, {}).items() if other == wanted)
        return next(names, text)

    def only(self, kind: str, names: Iterable[str]) -> OriginalNames:
        """Those of some names of a kind."""
        wanted, texts = set(names), self.texts.get(kind, {})
        return OriginalNames({kind: {name: texts[name] for name in texts if name in wanted}})

    def __or__(self, other: OriginalNames) -> OriginalNames:
        """Both together."""
        kinds = {*self.texts, *other.texts}
        both = {kind: {**self.texts.get(kind, {}), **other.texts.get(kind, {})} for kind in kinds}
        return OriginalNames({kind: texts for kind, texts in both.items() if texts})

    def save(self, folder: Path) -> None:
        """Write names.json."""
        content = json.dumps(self.texts, ensure_ascii=False, indent=2, sort_keys=True)
        save_text(folder / NAMES, content + "\n")


def load_names(folder: Path, stage: str = "data import") -> OriginalNames:
    """Read names.json of a folder; no names without it. Raises as `reading` does."""
    file = folder / NAMES
    if not file.is_file():
        return OriginalNames()
    with reading(file, stage):
        content = json.loads(file.read_text("utf-8"))
        for kind, texts in content.items():
            for name, text in texts.items():
                if not isinstance(text, str):
                    raise ValueError(f"the {kind} {name} has no text")
    return OriginalNames(content)


_FOR_UNPRINTABLE = {"Cc": " ", "Cs": "\ufffd"}  # Cs: bytes of a file's name that are no UTF-8


def tidy(text: str) -> str:
    """A text as it is kept: composed letters, single spaces, no control characters."""
    printable = "".join(
        _FOR_UNPRINTABLE.get(unicodedata.category(letter), letter) for letter in text
    )
    return " ".join(unicodedata.normalize("NFC", printable).split())


def in_ascii(text: str, hyphens: bool) -> str:
    """Letters of any script as ASCII letters, and `_` for what is neither letter nor digit.

    Possibly empty.
    """
    others = "[^A-Za-z0-9-]+" if hyphens else "[^A-Za-z0-9]+"
    return re.sub(others, "_", anyascii(tidy(text))).strip("_-")


def can_be_drawn(text: str) -> bool:
    """Whether a picture can show a text: the font of matplotlib has not all scripts."""
    return text.isascii() or all(_font().get_char_index(ord(letter)) for letter in text)


@cache
def _font() -> Any:
    from matplotlib.font_manager import FontProperties, findfont, get_font

    return get_font(findfont(FontProperties()))
