"""Tables of recorded figures for pages of docs/; docs/site.py puts them there."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial

from benchmarks.results_file import Row, load
from benchmarks.zoo import ENTRIES, PROTOCOLS
from benchmarks.zoo_deals import COMPARED, SEEDS

HOURS = ("1 h", "6 h", "24 h")
REVIEWERS = {  # as benchmarks/sequence.py names them
    "simple_rnn": "SimpleRNN, 32",
    "deep_rnn": "three SimpleRNN, 32 each",
    "gru": "GRU, 32",
    "stacked_gru": "two GRU, 32 each",
    "lstm": "LSTM, 32",
    "conv1d": "Conv1D, 64 filters of 5 words",
}


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table."""
    cells = [list(head), ["---"] * len(head), *map(list, rows)]
    return "\n".join(f"| {' | '.join(map(_cell, row))} |" for row in cells)


def _cell(text: str) -> str:
    return text.replace("|", r"\|")


def networks(data: str) -> str:
    """Every kind of network on a dataset of gestures: how good it is and what it costs."""
    found = recorded("recurrent")
    head = (data, "int8 accuracy", "event F1", "latency", "instructions a second", "flash", "RAM")
    return table(head, ([one.name, *_network(found, f"{data} {one.name}")] for one in ENTRIES))


def _network(found: dict[str, Row], name: str) -> list[str]:
    """The cells of a network; the first are empty where it was not evaluated yet."""
    evaluated = found.get(f"{name} int8 accuracy")
    accuracy = ["", "", ""]
    if evaluated is not None:
        latency = found[f"{name} event latency"]["value"]
        accuracy = [f"{evaluated['value']:.3f}", noted(evaluated, "event F1"), f"{latency:.2f} s"]
    costs = ("instructions a second", "flash bytes", "RAM bytes")
    return [*accuracy, *(f"{found[f'{name} {cost}']['value']:,}" for cost in costs)]


def split_seeds() -> str:
    """The accuracy on spells by the seed of the split."""
    found = recorded("recurrent")
    head = ("spells, by split seed", "1, as above", *map(str, SEEDS), "mean of 2 to 4")
    return table(head, ([one, *_by_seed(found, f"spells {one} int8 accuracy")] for one in COMPARED))


def _by_seed(found: dict[str, Row], name: str) -> Iterator[str]:
    others = found[f"{name} over three other deals"]
    yield f"{found[name]['value']:.3f}"
    yield from (noted(others, f"{seed}:") for seed in SEEDS)
    yield f"{others['value']:.3f}"


def reviewers() -> str:
    """Every kind of network on film reviews."""
    found = recorded("sequence")
    head = ("network", "words looked at", "accuracy", "training time", "parameters")
    return table(
        head, ([title, *_reviewer(found, f"imdb {name}")] for name, title in REVIEWERS.items())
    )


def _reviewer(found: dict[str, Row], name: str) -> Iterator[str]:
    accuracy = found[f"{name} accuracy"]
    yield noted(accuracy, "the last")
    yield f"{accuracy['value']:.3f}"
    yield f"{found[f'{name} minutes']['value']:.1f} min"
    yield f"{found[f'{name} parameters']['value']:,}"


def forecasts() -> str:
    """MAE and RMSE of two networks, beside what is known without a network."""
    found = recorded("sequence")
    head = (
        "ahead",
        "all channels",
        "temperature alone",
        "last value",
        "the same hour a day before",
    )
    return table(head, ([hours, *_errors(found, hours)] for hours in HOURS))


def _errors(found: dict[str, Row], hours: str) -> Iterator[str]:
    for network in ("weather", "temperature alone"):
        errors = [found[f"{network} {hours} {kind}"]["value"] for kind in ("MAE", "RMSE")]
        yield ", ".join(f"{error:.2f}" for error in errors)
    for guess in ("last value", "that hour of the day before"):
        notes = [noted(found[f"weather {hours} {kind}"], guess) for kind in ("MAE", "RMSE")]
        yield ", ".join(f"{float(error):.2f}" for error in notes)


def recorded(area: str) -> dict[str, Row]:
    """The figures of an area by their names."""
    return {row["name"]: row for row in load(area)}


def noted(row: Row, what: str, digits: str = r"[\d.]*\d") -> str:
    """The number after `what` in a row's note; digits: what it is written in."""
    found = re.search(rf"{what} ({digits})", row["note"])
    assert found is not None, f"{row['name']}: {row['note']}"
    return found[1]


TABLES: dict[str, Callable[[], str]] = {
    **{f"networks-{data.replace('_', '-')}": partial(networks, data) for data in PROTOCOLS},
    "split-seeds": split_seeds,
    "reviewers": reviewers,
    "forecasts": forecasts,
}
