"""The table of networks that judge reviews: each by a config that ships, and the best of them."""

from __future__ import annotations

from benchmarks import sequence
from benchmarks.results_file import row


def test_every_network_of_the_table_has_a_config() -> None:
    names = {path.stem for path in (sequence.ROOT / "configs").glob("sentiment_*.yaml")}
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
