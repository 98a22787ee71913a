"""The ablation as one table for docs/results.md: a line a variant, a column a dataset."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.results_file import Row

AREA = "ablation"
FIGURES = ("", " among gestures", " turned among gestures")
EXPLAINED = (
    "Each line is the settings that were the defaults before this table (`PLAIN`) with one thing "
    "changed, trained anew: accuracy on all test "
    "windows / among gestures, with the background not to choose / the same, windows turned by 30 "
    "degrees. Training is shortened, so only lines compare; and chance is large: trained with "
    "three seeds, plain had 0.65, 0.85 and 0.60 among gestures on punch_flex, and two "
    "windows are 0.016 on spells and 0.007 on uhh_imu."
)


def figure_name(dataset: str, figure: str, variant: str) -> str:
    """The name of a recorded row."""
    return f"{dataset}{figure}: {variant}"


def section(rows: Sequence[Row]) -> list[str]:
    """Markdown lines; what a variant was not asked for is left empty."""
    values = {row["name"]: row["value"] for row in rows}
    places = [name.partition(": ") for name in values]
    datasets = sorted({place[0] for place in places if " " not in place[0]})
    variants = sorted({place[2] for place in places}, key=_plain_first)
    lines = [EXPLAINED, ""]
    lines += [f"| variant | {' | '.join(datasets)} |", "|---|" + "---|" * len(datasets)]
    for variant in variants:
        cells = [_cell(values, dataset, variant) for dataset in datasets]
        lines.append(f"| {variant} | {' | '.join(cells)} |")
    notes = {row["name"].partition(": ")[0]: row["note"] for row in rows}
    commands = sorted({row["command"] for row in rows})
    said = [f"{dataset}: {notes[dataset]}" for dataset in datasets]
    return [*lines, "", f"`{'`, `'.join(commands)}`. {'. '.join(said)}."]


def _cell(values: dict[str, float], dataset: str, variant: str) -> str:
    found = [values.get(figure_name(dataset, figure, variant)) for figure in FIGURES]
    return " / ".join("" if value is None else f"{value:.3f}" for value in found).strip(" /")


def _plain_first(variant: str) -> tuple[int, str]:
    first = {"plain": 0, "nothing varied": 1}
    return first.get(variant, 2 + variant.startswith("without")), variant
