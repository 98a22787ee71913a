"""Which parts of a benchmark run: those that are named, and nothing where a name is misspelt."""

from __future__ import annotations

import pytest

from benchmarks.parts import chosen

PARTS = ("imdb gru", "imdb lstm", "spells gru", "spells gru streaming", "shakespeare")


@pytest.mark.parametrize(
    ("words", "parts"),
    [
        ([], list(PARTS)),
        (["imdb"], ["imdb gru", "imdb lstm"]),
        (["gru"], ["imdb gru", "spells gru"]),
        (["shakespeare", "imdb gru"], ["imdb gru", "shakespeare"]),
        (["gru streaming"], ["spells gru streaming"]),
    ],
)
def test_a_part_is_named_whole_by_its_first_word_or_by_the_rest(
    words: list[str], parts: list[str]
) -> None:
    assert chosen(PARTS, words) == parts


@pytest.mark.parametrize("words", [["imbd"], ["imdb", "gur"], ["im"], ["streaming"], ["imdb x"]])
def test_a_misspelt_part_is_told_with_those_there_are(words: list[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        chosen(PARTS, words)
    told = str(ended.value)
    assert f"'{words[-1]}'" in told
    assert all(f"\n  {part}" in told for part in PARTS)
