"""Networks that draw: `python -m benchmarks.sketch [PART ...]`, all where none.

kanji: how unlikely drawings are that configs/sketch_kanji.yaml never saw, beside the same network
with one normal distribution for each move; and whether 10,000 drawings are strokes. sheep: the same
network on drawings of sheep. picture: the pictures of docs/sketch.md. Runs are kept in
build/sequence.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from benchmarks.datasets import RECORDINGS, ROOT, trained
from benchmarks.results_file import Row, record_parts, row
from benchmarks.sequence import FOLDER
from pipeline.config.file import load_section
from pipeline.config.sketch_settings import SketchConfig
from pipeline.core.artifacts import Float32
from pipeline.core.files import save_text
from pipeline.core.mixture import STATES
from pipeline.core.run_folder import RunFolder
from pipeline.core.sketches import ENDED, until_ended
from pipeline.reports.drawings import sheet, svg
from pipeline.training.run_files import load_network
from pipeline.training.sketch_rnn import Sketcher
from pipeline.training.sketch_task import TEMPERATURES
from pipeline.workflows.draw import Manner, draw
from pipeline.workflows.run_facts import load_metrics

COMMAND = "python -m benchmarks.sketch"
ONE_NORMAL = ("model.mixtures=1",)
OF_SHEEP = ("data.max_points=250", "model.units=[128]", "augment.passes=2", "fit.epochs=1")
DRAWINGS, AT_ONCE = 10_000, 1000
DOCS = ROOT / "docs"
IN_A_ROW = 8  # of the picture
UNIT = "nats a point"


def main() -> None:
    record_parts("sequence", {"kanji": kanji, "sheep": sheep, "picture": picture})


def kanji() -> list[Row]:
    """Rows of Kanji."""
    command = f"{COMMAND} kanji"
    run, baseline = _run("kanji"), _run("kanji", ONE_NORMAL, "_one_normal")
    simple = round(load_metrics(baseline)["nats_a_point"], 3)
    invalid, cut = _faults(run)
    note = (
        "points that are no numbers or have no one state of the pen, at temperature 1; the network "
        f"had not ended {cut} drawings after {_most(run)} points"
    )
    return [
        _nats("kanji", run, command, f"<= {simple}"),
        row("kanji baseline nats a point", simple, UNIT, command, about(baseline)),
        row("kanji invalid strokes in 10,000 drawings", invalid, "", command, note, "<= 0"),
    ]


def sheep() -> list[Row]:
    """The row of sheep; one normal distribution of all moves is the least to be better than."""
    run = _run("sheep", OF_SHEEP)
    return [
        _nats("sheep", run, f"{COMMAND} sheep", f"<= {load_metrics(run)['one_normal_nats']:.3f}")
    ]


def picture() -> list[Row]:
    """Draw Kanji at three temperatures, a row each, and complete one; no figure comes of it."""
    run = _run("kanji")
    drawings = [one for at in TEMPERATURES for one in _drawings(run, at, IN_A_ROW)]
    drawn = sheet(drawings, load_metrics(run)["size"], columns=IN_A_ROW)
    save_text(DOCS / "sketch-kanji.svg", svg(drawn))
    draw(run.path, DOCS / "sketch-completed.svg", DOCS / "sketch-begun.svg", 6, Manner(0.4, 1))
    return []


def _run(name: str, settings: Sequence[str] = (), ending: str = "") -> RunFolder:
    data = f"data.path={RECORDINGS / 'sketch' / f'{name}.npz'}"
    return trained("sketch_kanji", [data, *settings], FOLDER / f"sketch_{name}{ending}")


def _nats(name: str, run: RunFolder, command: str, bound: str) -> Row:
    nats = round(load_metrics(run)["nats_a_point"], 3)
    return row(f"{name} nats a point", nats, UNIT, command, about(run), bound)


def about(run: RunFolder) -> str:
    """Of what a figure of a run is, and of which network."""
    config, metrics = load_section(run.config_file, SketchConfig), load_metrics(run)
    network = config.model
    units = " and ".join(map(str, network.units))
    times = len(metrics["epochs"]) * config.augment.passes
    return (
        f"{metrics['drawings']} drawings of the test part, dx and dy over their standard "
        f"deviation; {network.kind.upper()} of {units} units, mixtures of {network.mixtures}, "
        f"{metrics['parameters']:,} parameters, each drawing of training {times} times; one normal "
        f"distribution of all moves has {metrics['one_normal_nats']:.3f}"
    )


def _faults(run: RunFolder) -> tuple[int, int]:
    """Invalid points in many drawings at temperature 1, and how many drawings were cut."""
    invalid = cut = 0
    for seed in range(DRAWINGS // AT_ONCE):
        steps = _steps(run, 1.0, AT_ONCE, seed)
        pens = steps[..., -STATES:]
        is_pen = np.isin(pens, (0, 1)).all(axis=2) & (pens.sum(axis=2) == 1)
        invalid += int((~(is_pen & np.isfinite(steps).all(axis=2))).sum())
        invalid += AT_ONCE * max(0, steps.shape[1] - _most(run))
        cut += int((steps[..., ENDED].sum(axis=1) == 0).sum())
    return invalid, cut


def _most(run: RunFolder) -> int:
    return run.contract().window - 1


def _steps(run: RunFolder, temperature: float, count: int, seed: int = 1) -> Float32:
    network = load_section(run.config_file, SketchConfig).model
    sketcher = Sketcher(load_network(run.keras_file), network)
    return sketcher.draw(count, _most(run), temperature, seed)


def _drawings(run: RunFolder, temperature: float, count: int) -> list[Float32]:
    scale = run.contract().scaling.std[0]
    return [until_ended(steps, scale) for steps in _steps(run, temperature, count)]


if __name__ == "__main__":
    main()
