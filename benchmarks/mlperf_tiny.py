"""The five networks of MLPerf Tiny for the README: a table and a picture, from recorded figures."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from benchmarks.page_tables import noted, recorded, table
from benchmarks.results_file import Row

NETWORKS = {  # as MLPerf Tiny calls them
    "kws": "keyword spotting",
    "vww": "visual wake words",
    "ic": "image classification",
    "ad": "anomaly detection",
    "wakeword": "streaming wake word",
}
HEAD = (
    *("network", "multiplications", "instructions each", "CMSIS-NN's", "times faster"),
    *("flash fast / compact / CMSIS-NN", "RAM fast / compact / CMSIS-NN"),
)
START, END = "<!-- MLPerf Tiny: python -m benchmarks.render -->", "<!-- end -->"
WIDTH, LEFT, BAR, GAP, STEP, TOP = 640, 150, 14, 3, 46, 34
STYLE = """\
text { font: 13px system-ui, sans-serif; fill: #1f2328 }
.ours { fill: #0969da }
.others { fill: #9a6700 }
@media (prefers-color-scheme: dark) {
  text { fill: #e6edf3 }
  .ours { fill: #4493f8 }
  .others { fill: #d29922 }
}"""


@dataclass(frozen=True)
class Network:
    """Instructions a multiplication, ours (fast) and of direct calls of CMSIS-NN."""

    title: str
    macs: str
    ours: float
    cmsis: float
    times: float
    flash: str
    ram: str


def networks() -> list[Network]:
    """From the figures of benchmarks.engine_foreign."""
    found = recorded("engine")
    return [_network(found, name, title) for name, title in NETWORKS.items()]


def _network(found: Mapping[str, Row], name: str, title: str) -> Network:
    each = found[f"{name} instructions a multiplication"]
    return Network(
        title,
        noted(each, " of", digits=r"[\d,]+"),
        each["value"],
        float(noted(each, "CMSIS-NN")),
        found[f"{name} against CMSIS-NN"]["value"],
        _three_sizes(found[f"{name} flash"]),
        _three_sizes(found[f"{name} RAM"]),
    )


def _three_sizes(row: Row) -> str:
    others = [noted(row, name, digits=r"[\d,]+") for name in ("compact", "CMSIS-NN")]
    sizes = (row["value"], *(int(other.replace(",", "")) for other in others))
    return " / ".join(f"{size / 1024:.1f}" for size in sizes) + " KB"


def fill(page: Path) -> None:
    """Put the table between the marks of a page."""
    before, rest = page.read_text("utf-8").split(START)
    after = rest.split(END, 1)[1]
    page.write_text(f"{before}{START}\n\n{as_table()}\n\n{END}{after}", "utf-8")


def as_table() -> str:
    """In Markdown."""
    rows = (
        (
            each.title,
            each.macs,
            f"{each.ours:.2f}",
            f"{each.cmsis:.2f}",
            f"{each.times:.2f}",
            each.flash,
            each.ram,
        )
        for each in networks()
    )
    return table(HEAD, rows)


def draw(file: Path) -> None:
    """Bars of the instructions a multiplication."""
    shown = networks()
    height = TOP + STEP * len(shown)
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img">',
        "<title>Instructions a multiplication on a Cortex-M4F</title>",
        f"<style>\n{STYLE}\n</style>",
        *_legend(),
    ]
    scale = (WIDTH - LEFT - 50) / max(value for each in shown for value in (each.ours, each.cmsis))
    for number, each in enumerate(shown):
        lines += _bars(each, TOP + STEP * number, scale)
    file.write_text("\n".join([*lines, "</svg>", ""]), "utf-8")


def _legend() -> Iterator[str]:
    for at, kind, said in ((260, "ours", "this compiler"), (390, "others", "CMSIS-NN")):
        yield f'<rect class="{kind}" x="{at}" y="7" width="12" height="12"/>'
        yield f'<text x="{at + 18}" y="18">{said}</text>'
    yield '<text x="0" y="18">instructions a multiplication</text>'


def _bars(network: Network, top: int, scale: float) -> Iterator[str]:
    yield f'<text x="0" y="{top + BAR + 5}">{network.title}</text>'
    for kind, value in (("ours", network.ours), ("others", network.cmsis)):
        width = round(value * scale)
        yield f'<rect class="{kind}" x="{LEFT}" y="{top}" width="{width}" height="{BAR}"/>'
        yield f'<text x="{LEFT + width + 6}" y="{top + 12}">{value:.2f}</text>'
        top += BAR + GAP
