"""What a word is, in any script: the definition that training and the tables of a board share.

A text is first brought to its composed form (NFC). A word consists of letters, marks and digits of
any script and of apostrophes, in small letters; everything else separates words. In scripts that
are written without spaces, each letter is a word. The definition follows the Unicode data of
Python; code points that these do not know are letters.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from functools import cache
from itertools import chain

APOSTROPHE = "'"
SAME_AS_ASCII = {"\u2019": APOSTROPHE}  # a typographic apostrophe
FIRST, LAST = 0x80, 0x10FFFF  # code points beyond ASCII
LAST_LISTED = 0xFFFF  # beyond it, ranges are coarse: rare letters, and pictures
# Variation selectors are marks, but of the character before; half characters are no text.
NO_LETTERS = ((0xD800, 0xDFFF), (0xFE00, 0xFE0F), (0x1F000, 0x1FFFF), (0xE0000, LAST))
# Thai and Lao, Burmese, Khmer, Japanese and Chinese.
WITHOUT_SPACES = (
    (0x0E01, 0x0E3A),
    (0x0E40, 0x0E4E),
    (0x0E81, 0x0EFF),
    (0x1000, 0x103F),
    (0x1780, 0x17D3),
    (0x3005, 0x3007),
    (0x3041, 0x3096),
    (0x3099, 0x309A),
    (0x309D, 0x309F),
    (0x30A1, 0x30FA),
    (0x30FC, 0x318F),
    (0x31A0, 0x31BF),
    (0x31F0, 0x31FF),
    (0x3400, 0x4DBF),
    (0x4E00, 0x9FFF),
    (0xF900, 0xFAFF),
    (0xFF66, 0xFF9F),
    (0x20000, 0x3FFFF),
)
LAST_WITH_CASE = 0x1E943

Range = tuple[int, int]  # the first and the last code point


class _Small(dict[int, str]):
    """The small letter of each code point, for str.translate; found when it is needed."""

    def __missing__(self, code: int) -> str:
        small = small_letter(chr(code))
        self[code] = small
        return small


_SMALL = _Small()


def small_letter(letter: str) -> str:
    """The one small letter of a letter, by Unicode's simple case folding."""
    folded = letter.casefold()
    if len(folded) != 1:
        folded = letter.lower()[0]
    return SAME_AS_ASCII.get(letter, folded)


def composed(text: str) -> str:
    """A text in its composed form: a letter and its accent are one character."""
    return unicodedata.normalize("NFC", text)


def small(text: str) -> str:
    """A composed text in small letters."""
    return text.translate(_SMALL)


def words_of(text: str) -> list[str]:
    """The words of a text, in small letters."""
    return _patterns()[0].findall(small(composed(text)))


def pieces_of(text: str) -> list[str]:
    """A composed text cut so that no word is cut, with everything between the words."""
    return _patterns()[1].findall(text)


@cache
def _patterns() -> tuple[re.Pattern[str], re.Pattern[str]]:
    """A word; and a word in capitals too, or a character that separates words."""
    alone = _in_class(WITHOUT_SPACES)
    others = _in_class((*separators(), *WITHOUT_SPACES))
    ascii_others = r"\x00-&(-/:-@\[-`{-\x7f"
    word = rf"[{alone}]|[^{ascii_others}{others}]+"
    return re.compile(word), re.compile(rf"{word}|[\s\S]")


def _in_class(ranges: Iterable[Range]) -> str:
    return "".join(f"\\U{first:08x}-\\U{last:08x}" for first, last in ranges)


@cache
def separators() -> tuple[Range, ...]:
    """What separates words, beyond ASCII: in order, and each range as long as can be."""
    return tuple(_merged(chain(_punctuation(), NO_LETTERS)))


def _punctuation() -> Iterator[Range]:
    """Ranges of no letters, marks or digits; unknown code points belong to what is around them."""
    first = last = 0
    for code in range(FIRST, LAST_LISTED + 1):
        kind = unicodedata.category(chr(code))
        if kind in ("Cn", "Co", "Cs"):
            continue
        if kind[0] in "LMN" or chr(code) in SAME_AS_ASCII:
            if first:
                yield first, last
            first = 0
        else:
            first, last = first or code, code
    if first:
        yield first, last


def _merged(ranges: Iterable[Range]) -> Iterator[Range]:
    ordered = sorted(ranges)
    first, last = ordered[0]
    for start, end in ordered[1:]:
        if start <= last + 1:
            last = max(last, end)
        else:
            yield first, last
            first, last = start, end
    yield first, last


def capitals_of(letters: str) -> tuple[tuple[int, int], ...]:
    """Code points beyond ASCII whose small letter is one of these, with it, in order."""
    wanted = {*letters, APOSTROPHE}
    codes = range(FIRST, LAST_WITH_CASE + 1)
    pairs = ((code, small_letter(chr(code))) for code in codes)
    return tuple((code, ord(low)) for code, low in pairs if low in wanted and ord(low) != code)
