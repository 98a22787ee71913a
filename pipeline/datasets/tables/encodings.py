"""The bytes of a text file as clean UTF-8, whichever program wrote it."""

from __future__ import annotations

import codecs
import re

import numpy as np

from pipeline.datasets.tables.sources import Block, Content, in_blocks

AT_ONCE = 2**20  # bytes
MARKS = {
    codecs.BOM_UTF8: "utf-8",
    codecs.BOM_UTF16_LE: "utf-16-le",
    codecs.BOM_UTF16_BE: "utf-16-be",
}
NAMES = {"utf-8": "UTF-8", "utf-16-le": "UTF-16", "utf-16-be": "UTF-16", "cp1252": "Windows-1252"}
NEWLINE, FIRST_PRINTED, FIRST_NO_ASCII = 10, 32, 128
SAMPLE = 4096  # bytes that show whether a file is UTF-16, or no text
MOST_CONTROL = 0.01  # of the bytes of a text: a serial line may bring some
# Colours, erasing, modes, character sets, bells: they move no text. Other codes may have replaced
# digits, so they stay, and their cell is no number.
HARMLESS_CODES = re.compile(rb"\x1b\[[0-9;?]*[mKJhl]|\x1b[()][0AB]|\x1b\][^\x07\x1b]*\x07|\x07")
_CONTROL = bytes(set(range(32)) - set(b"\t\n\r\x0b\x0c\x1b\x07")) + b"\x7f"
_NO_TEXT = "is not a text file"


def as_utf8(content: Content) -> tuple[Content, list[str]]:
    """The text in UTF-8, with lines that end in a newline, without marks and control codes.

    Returns:
        The text, which is `content` itself where nothing had to change, and what was unusual.

    Raises:
        ValueError: it is no text; the message continues "FILE ...".
    """
    encoding, mark = _encoding_of(content)
    words = [f"starts with a byte-order mark of {NAMES[encoding]}"] if mark else []
    text: Content = content[mark:] if mark else content
    if encoding != "utf-8":
        text = _decoded(bytes(text), encoding).encode()
        words += [] if mark else [f"is {NAMES[encoding]} text, not UTF-8"]
    return _without_controls(text, words)


def _encoding_of(content: Content) -> tuple[str, int]:
    """The encoding, and the length of its byte-order mark."""
    for mark, encoding in MARKS.items():
        if content[: len(mark)] == mark:
            return encoding, len(mark)
    start = content[:SAMPLE]
    for first, encoding in ((1, "utf-16-le"), (0, "utf-16-be")):
        zeros, others = start[first::2].count(0), start[1 - first :: 2].count(0)
        if zeros > len(start) / 4 and not others:
            return encoding, 0
    if _control_share(start) > MOST_CONTROL:
        raise ValueError(f"{_NO_TEXT} (it holds control characters)")
    return ("utf-8" if _is_utf8(content) else "cp1252"), 0


def _control_share(text: bytes) -> float:
    return (len(text) - len(text.translate(None, _CONTROL))) / max(1, len(text))


def _is_utf8(content: Content) -> bool:
    if max(in_blocks(content, lambda block, _: block.max()), default=0) < FIRST_NO_ASCII:
        return True
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        for start in range(0, len(content), AT_ONCE):
            decoder.decode(content[start : start + AT_ONCE])
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _has_controls(block: Block, _: int) -> bool:
    """Whether it has control characters beside newlines."""
    return bool(np.count_nonzero(block < FIRST_PRINTED) > np.count_nonzero(block == NEWLINE))


def _decoded(content: bytes, encoding: str) -> str:
    try:
        return content.decode(encoding)
    except UnicodeDecodeError:
        if encoding == "cp1252":
            return content.decode("latin-1")
        raise ValueError(f"{_NO_TEXT} (it is no {NAMES[encoding]})") from None


def _without_controls(text: Content, words: list[str]) -> tuple[Content, list[str]]:
    if not any(in_blocks(text, _has_controls)):
        return text, words
    if text.find(b"\x1b") >= 0 or text.find(b"\x07") >= 0:
        text, count = HARMLESS_CODES.subn(b"", text)
        words = [*words, f"{count} terminal control codes were taken off"] if count else words
    if text.find(b"\0") >= 0:
        whole = bytes(text)
        text = whole.replace(b"\0", b"")
        if len(whole) - len(text) > MOST_CONTROL * len(whole):
            raise ValueError(f"{_NO_TEXT} (it holds zero bytes)")
        words = [*words, f"{len(whole) - len(text)} zero bytes were taken out"]
    return _with_newlines(text, words)


def _with_newlines(text: Content, words: list[str]) -> tuple[Content, list[str]]:
    """Lines may end in CR LF, but in no lone CR."""
    if text.find(b"\r") < 0:
        return text, words
    windows, returns, newlines = (_count(text, end) for end in (b"\r\n", b"\r", b"\n"))
    if returns == windows == newlines:
        return text, [*words, "has Windows line ends"]
    text = bytes(text).replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    if not newlines:
        return text, [*words, "has line ends of old Macs"]
    unix, lone = newlines - windows, returns - windows
    ends = f"{windows} of Windows, {unix} of Unix, {lone} of old Macs"
    return text, [*words, f"line ends are mixed: {ends}"]


def _count(text: Content, pattern: bytes) -> int:
    """How often a pattern occurs; a mapped file is not copied as a whole."""
    step = AT_ONCE + len(pattern) - 1
    return sum(text[at : at + step].count(pattern) for at in range(0, len(text), AT_ONCE))
