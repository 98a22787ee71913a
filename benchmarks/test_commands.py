"""What commands of benchmarks run, and the figures they record."""

from __future__ import annotations

import re

import pytest

from benchmarks import sequence
from benchmarks.deploy_core import Built, rows_of
from benchmarks.parts import chosen
from benchmarks.results_file import FOLDER, load, row
from pipeline.core.project import PROJECT
from tests.fixtures.compiler_output import Complaints

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
def test_the_error_of_a_misspelt_part_lists_those_there_are(words: list[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        chosen(PARTS, words)
    message = str(ended.value)
    assert f"'{words[-1]}'" in message
    assert all(f"\n  {part}" in message for part in PARTS)


@pytest.mark.parametrize("area", sorted(path.stem for path in FOLDER.glob("*.json")))
def test_every_figure_is_made_by_the_makefile_quoted_or_by_hand(area: str) -> None:
    made = set(re.findall(r"python -m benchmarks\.\w+", (PROJECT / "Makefile").read_text("utf-8")))
    for figure in load(area):
        module = " ".join(figure["command"].split()[:3])
        by_hand = module == "none" and figure["note"].startswith(("quoted:", "by hand:"))
        assert module in made or by_hand, figure["name"]


def test_every_network_of_the_table_has_a_config() -> None:
    names = {path.stem for path in (PROJECT / "configs").glob("sentiment_*.yaml")}
    assert names == {f"sentiment_{name}" for name in (*sequence.NETWORKS, "board")}


def test_the_best_is_of_the_networks_alone() -> None:
    rows = [
        row("imdb gru accuracy", 0.87, "", "c"),
        row("imdb conv1d accuracy", 0.89, "", "c"),
        row("imdb best accuracy", 0.99, "", "c"),
        row("imdb gru minutes", 4.0, "min", "c"),
    ]
    best = sequence.best_of(rows)
    assert (best["value"], best["note"]) == (0.89, "imdb conv1d accuracy")
    assert best["bound"] == ">= 0.88"


@pytest.mark.usefixtures("qemu")
@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (Built("a", Complaints(0, 0, 0), 1, 1), (0, 0)),
        (Built("a", Complaints(2, 0, 0), None, None, "it failed"), (2, 0)),
        (Built("a", Complaints(0, 3, 0), None, None, "it failed"), (0, 3)),
        (Built("a", Complaints(0, 0, 0), None, None, "it was stopped"), (1, 0)),
    ],
)
def test_no_failed_build_passes_for_a_success(found: Built, expected: tuple[int, int]) -> None:
    values = {row["name"]: row["value"] for row in rows_of([found])}
    assert (values["real core build errors"], values["real core link errors"]) == expected
    assert ("a flash" in values) == (found.flash is not None)
