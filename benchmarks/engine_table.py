"""The engines side by side: a table and two pictures for docs/results.md, from recorded figures."""

from __future__ import annotations

from pathlib import Path

from benchmarks.charts import canvas, save
from benchmarks.engine_growth import macs_of
from benchmarks.results_file import Row, load

AREA = "engine"
NETWORKS = ("conv1d", "magic_wand", "dense", "ds_conv1d")
OURS = {"conv1d": "conv1d window"}  # where it is called otherwise
ENGINES = {
    "": "ours",
    " compact": "ours, compact",
    " portable": "ours, portable C",
    " CMSIS-NN": "direct CMSIS-NN calls",
    " TFLite Micro": "TFLite Micro (quoted)",
}
FIGURES = ("instructions O2", "instructions Os", "flash", "ram")
GROWTH = "cost growth "
FAMILIES = {
    "length": "window length",
    "channels": "channels",
    "depth": "layers",
}


def name_of(network: str, engine: str, figure: str) -> str:
    """The name of a recorded row."""
    ours = OURS.get(network, network) if engine == "" else network
    return f"{ours}{engine} {figure}"


def table(values: dict[str, float]) -> list[str]:
    """Markdown lines; a row for each engine that has figures for a network."""
    lines = [
        "| network | engine | instructions -O2 | by ours | -Os | flash | RAM |",
        "|---|---|---|---|---|---|---|",
    ]
    for network in NETWORKS:
        best = values.get(name_of(network, "", FIGURES[0]))
        for engine, title in ENGINES.items():
            found = [values.get(name_of(network, engine, figure)) for figure in FIGURES]
            if best is None or found[0] is None:
                continue
            said = ["" if value is None else f"{value:,}" for value in found]
            by_ours = f"{found[0] / best:.2f}"
            lines.append(
                f"| {network} | {title} | {said[0]} | {by_ours} | {' | '.join(said[1:])} |"
            )
    return lines


def shows(name: str) -> bool:
    """Whether the table or a picture has the figure of this name."""
    places = ((network, engine) for network in NETWORKS for engine in ENGINES)
    return name.startswith(GROWTH) or any(
        name == name_of(*place, figure) for place in places for figure in FIGURES
    )


def section(rows: list[Row], folder: Path) -> list[str]:
    """Table and pictures; the pictures are drawn into `folder`."""
    portable = [row for row in load("chain") if row["name"].startswith("conv1d portable")]
    values = {row["name"]: row["value"] for row in (*portable, *rows)}
    draw_engines(values, folder / "engine-instructions.svg")
    draw_growth(rows, folder / "engine-growth.svg")
    return [
        *table(values),
        "",
        "![Instructions an inference](engine-instructions.svg)",
        "",
        "![Instructions a multiplication against multiplications](engine-growth.svg)",
        "",
    ]


def draw_engines(values: dict[str, float], file: Path) -> None:
    """Draw the instructions of all engines."""
    plot, figure, axes = canvas("thousand instructions an inference (-O2)")
    width = 0.8 / len(ENGINES)
    for number, (engine, title) in enumerate(ENGINES.items()):
        found = [values.get(name_of(name, engine, FIGURES[0]), 0) / 1000 for name in NETWORKS]
        places = [at + number * width for at in range(len(NETWORKS))]
        axes.bar(places, found, width, label=title)
    axes.set_xticks([at + 1.5 * width for at in range(len(NETWORKS))], NETWORKS)
    axes.legend(loc="upper left")
    save(plot, figure, file)


def draw_growth(rows: list[Row], file: Path) -> None:
    """Draw the instructions a multiplication of growing networks."""
    plot, figure, axes = canvas("instructions a multiplication (-O2)")
    for family, title in FAMILIES.items():
        named = [row for row in rows if row["name"].startswith(f"{GROWTH}{family}-")]
        points = sorted((macs_of(row), row["value"]) for row in named)
        axes.plot([macs for macs, _ in points], [y for _, y in points], "o-", label=title)
    axes.set_xscale("log")
    axes.set_xlabel("multiplications")
    axes.set_ylim(bottom=0)
    axes.legend(loc="lower left")
    save(plot, figure, file)
