"""What is said of a bout: its caption, and questions with their answers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from numpy.random import Generator

Speed = Literal["normal", "quick", "slow"]
SPEEDS: tuple[Speed, ...] = ("quick", "normal", "slow")  # the fastest first
NUMBERS = ("no", "a", "two", "three")


@dataclass(frozen=True)
class BoutPart:
    """A gesture that is made `repeats` times in a row, each time at the same speed."""

    label: str
    repeats: int
    speed: Speed


Parts: TypeAlias = Sequence[BoutPart]


def caption_of(parts: Parts) -> str:
    """A bout in words: "two quick punch, then a slow flex"."""
    return ", then ".join(_part_in_words(part) for part in parts)


def _part_in_words(part: BoutPart) -> str:
    speed = () if part.speed == "normal" else (part.speed,)
    return " ".join((NUMBERS[part.repeats], *speed, part.label))


def as_sentence(words: str) -> str:
    """The words of a caption with its commas, which no network writes."""
    return words.replace(" then ", ", then ")


Kind = Literal["how many", "first", "last", "was there", "faster"]
KINDS: tuple[Kind, ...] = ("how many", "first", "last", "was there", "faster")


@dataclass(frozen=True)
class Question:
    """A question about a bout; questions of one kind have the same answers to choose from."""

    kind: Kind
    text: str
    answer: str


FIRST, LAST = "which came first?", "which came last?"
FASTER = "was the second faster than the first?"


def all_questions(labels: Sequence[str]) -> list[str]:
    """What can be asked about bouts of these gestures."""
    about = [ask(label) for label in labels for ask in (_how_many, _was_there)]
    return [FIRST, LAST, FASTER, *about]


def _how_many(label: str) -> str:
    return f"how many {label}?"


def _was_there(label: str) -> str:
    return f"was there a {label}?"


def questions_about(parts: Parts, labels: Sequence[str], random: Generator) -> Iterator[Question]:
    """A question of each kind that can be asked about a bout.

    Those about one gesture are about one of the bout half of the time.

    Args:
        parts: of the bout.
        labels: all gestures.
        random: the generator.
    """
    counts = Counter[str]()
    for part in parts:
        counts[part.label] += part.repeats
    counted, wanted = (_some_label(list(counts), labels, random) for _ in range(2))
    yield Question("how many", _how_many(counted), str(counts[counted]))
    yield Question("first", FIRST, parts[0].label)
    yield Question("last", LAST, parts[-1].label)
    yield Question("was there", _was_there(wanted), _yes_or_no(wanted in counts))
    if len(parts) > 1:
        first, second = (SPEEDS.index(part.speed) for part in parts[:2])
        yield Question("faster", FASTER, _yes_or_no(second < first))


def _some_label(present: Sequence[str], labels: Sequence[str], random: Generator) -> str:
    absent = sorted({*labels} - {*present})
    among = absent if absent and random.random() < 0.5 else present
    return among[int(random.integers(len(among)))]


def _yes_or_no(is_so: bool) -> str:
    return "yes" if is_so else "no"
