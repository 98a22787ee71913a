"""A new label that is nearly one that is there: possibly a slip, which would be another gesture."""

from __future__ import annotations

from pathlib import Path

from pipeline.core.errors import UsageError
from pipeline.core.original_names import load_names, tidy

SHORTEST_TYPED = 4  # letters of a name that is checked for misspelling


class SimilarLabelError(UsageError):
    """A label is possibly misspelt."""


def check_new_label(dataset: Path, label: str, is_meant: bool) -> str:
    """The label, unless it is possibly a misspelt label of the dataset that is not meant.

    Raises:
        SimilarLabelError: it is.
    """
    names = load_names(dataset)
    there = sorted({path.parent.name for path in dataset.glob("*/*.csv")})
    known = {names.shown("label", name) for name in there}
    if is_meant or {label, tidy(label)} & {*known, *there}:
        return label
    near = next((old for old in sorted(known) if is_slip(tidy(label), old)), None)
    if near is None:
        return label
    raise SimilarLabelError(
        f"The label {label} is new in {dataset}, and similar to {near}, which has takes there.",
        "it is possibly misspelt: it would become another gesture",
        f"write {near}, or add --new-label if you mean another gesture",
    )


def is_slip(one: str, other: str) -> bool:
    """Whether names differ by one letter: added, removed, changed, or two swapped.

    Case, and what separates words, do not count. Short names and names that differ by a digit are
    different.
    """
    one, other = (text.casefold().replace("-", " ").replace("_", " ") for text in (one, other))
    if one == other:
        return True
    begin = _common_prefix(one, other)
    end = _common_prefix(one[begin:][::-1], other[begin:][::-1])
    first, second = one[begin : len(one) - end], other[begin : len(other) - end]
    typo = max(len(first), len(second)) == 1 or (len(first) == 2 and first == second[::-1])
    numbered = any(letter.isdigit() for letter in first + second)
    return typo and not numbered and min(len(one), len(other)) >= SHORTEST_TYPED


def _common_prefix(one: str, other: str) -> int:
    pairs = zip(one, other, strict=False)
    return next((at for at, (a, b) in enumerate(pairs) if a != b), min(len(one), len(other)))
