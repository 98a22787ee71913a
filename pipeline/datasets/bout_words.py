"""What is said of a bout: its caption, and questions with their answers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import permutations
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
    compared = [_was_faster(*pair) for pair in permutations(labels, 2)]
    return [FIRST, LAST, FASTER, *about, *compared]


def _how_many(label: str) -> str:
    return f"how many {label}?"


def _was_there(label: str) -> str:
    return f"was there a {label}?"


def _was_faster(label: str, other: str) -> str:
    return f"was the {label} faster than the {other}?"


def questions_about(parts: Parts, labels: Sequence[str], random: Generator) -> Iterator[Question]:
    """A question of each kind that can be asked about a bout.

    Those about one gesture are about one of the bout half of the time.

    Args:
        parts: of the bout.
        labels: all gestures.
        random: the generator.
    """
    counts = _counts(parts)
    counted, wanted = (_some_label(list(counts), labels, random) for _ in range(2))
    yield _count_of(counted, counts)
    yield Question("first", FIRST, parts[0].label)
    yield Question("last", LAST, parts[-1].label)
    yield _presence_of(wanted, counts)
    if len(parts) > 1:
        compared = [_second_faster(parts), *_comparisons(parts)]
        yield compared[int(random.integers(len(compared)))]


def questions_about_gestures(
    parts: Parts, labels: Sequence[str], random: Generator
) -> Iterator[Question]:
    """All about gestures of the bout, and about one of as many that are not in it.

    Args:
        parts: of the bout.
        labels: all gestures.
        random: the generator.
    """
    counts = _counts(parts)
    absent = random.permutation(sorted({*labels} - {*counts}))[: len(counts)].tolist()
    for label in (*counts, *absent):
        yield _count_of(label, counts)
        yield _presence_of(label, counts)
    if len(parts) > 1:
        yield _second_faster(parts)
        yield from _comparisons(parts)


def _counts(parts: Parts) -> Counter[str]:
    """How often each gesture of a bout was made."""
    counts = Counter[str]()
    for part in parts:
        counts[part.label] += part.repeats
    return counts


def _count_of(label: str, counts: Counter[str]) -> Question:
    return Question("how many", _how_many(label), str(counts[label]))


def _presence_of(label: str, counts: Counter[str]) -> Question:
    return Question("was there", _was_there(label), _yes_or_no(label in counts))


def _second_faster(parts: Parts) -> Question:
    return Question("faster", FASTER, _is_faster(parts[1], parts[0]))


def _comparisons(parts: Parts) -> Iterator[Question]:
    """Of each two gestures, whichever was first; one that comes again later has no speed."""
    times = Counter(part.label for part in parts)
    once = [part for part in parts if times[part.label] == 1]
    for part, other in permutations(once, 2):
        yield Question("faster", _was_faster(part.label, other.label), _is_faster(part, other))


def _is_faster(part: BoutPart, other: BoutPart) -> str:
    return _yes_or_no(SPEEDS.index(part.speed) < SPEEDS.index(other.speed))


def _some_label(present: Sequence[str], labels: Sequence[str], random: Generator) -> str:
    absent = sorted({*labels} - {*present})
    among = absent if absent and random.random() < 0.5 else present
    return among[int(random.integers(len(among)))]


def _yes_or_no(is_so: bool) -> str:
    return "yes" if is_so else "no"
