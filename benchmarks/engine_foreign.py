"""Models of other people on a Cortex-M4F: our C beside direct calls of CMSIS-NN.

`python -m benchmarks.engine_foreign [MODEL ...]` builds each model of ../shared/data/models that is
int8 from end to end, with -O2: as our fast C, as our compact C and as calls of CMSIS-NN 4.0.0. It
runs the three on QEMU, compares every byte with TensorFlow Lite Micro and records the figures in
area `engine`. The worst of all models is recorded where all were measured.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from benchmarks import engine_streaming
from benchmarks.compile import MODELS
from benchmarks.engine import CMSIS_NN, COMPACT, OURS, Figures, Probe, figures_of, probe_of
from benchmarks.engine_cmsis import our_part
from benchmarks.results_file import Row, chosen, record, row, show
from pipeline.compiler import compile_network
from pipeline.conversion.int8_inside import with_int8_ends
from pipeline.workflows.engine_choice import is_fast_free
from tests.parity.target_engine import VECTORS

COMMAND = "python -m benchmarks.engine_foreign"
TITLES = {"magic_wand": "magic_wand 32x32"}  # another network of that name is in benchmarks.models
MOST_MACS = 60_000_000  # of all vectors of a model together
FEWEST_VECTORS = 3  # noise, and the two constant extremes
HOPS = {"wakeword": 1}  # samples, of a model for windows that can stream
A_MULTIPLICATION = {
    "kws": "<= 1.25",
    "vww": "<= 1.25",
    "wakeword": "<= 1.2",
    "ic": "<= 1.1",
    "ad": "<= 1.1",
    "person_detect": "<= 1.25",
    "micro_speech": "<= 1.5",
}


@dataclass(frozen=True)
class Measured:
    """A model with three engines. auto: of the one that `gesture compile` takes; ours_in_cmsis:
    operators that CMSIS-NN's sources lack."""

    name: str
    probe: Probe
    fast: Figures
    compact: Figures
    cmsis: Figures
    auto: Figures
    ours_in_cmsis: list[str]

    @property
    def times(self) -> float:
        """Instructions of CMSIS-NN by ours."""
        return self.cmsis.instructions / self.fast.instructions


def main() -> None:
    files = foreign_models()
    names = chosen(files, sys.argv[1:])
    if not names:
        sys.exit(f"There are no models in {MODELS}.")
    measured = []
    for name in names:
        measured.append(measure(name, files[name]))
        keep(rows_of(measured[-1]))
        if name in HOPS:
            keep([row_of_hop(measured[-1], HOPS[name])])
    if len(measured) == len(files):
        keep(worst_rows(measured))


def keep(rows: list[Row]) -> None:
    """Show and record."""
    show(rows)
    record("engine", rows)


def foreign_models() -> dict[str, Path]:
    """The models that are compared, by what their figures begin with."""
    return {title_of(path): path for path in sorted(MODELS.glob("*.tflite")) if is_int8(path)}


def title_of(path: Path) -> str:
    """How the figures of a model begin."""
    name = path.stem.removeprefix("mlperf_")
    return TITLES.get(name, name)


def is_int8(path: Path) -> bool:
    """Whether the network inside takes and gives int8, as the harness does."""
    return compile_network(path.read_bytes()).types == ("INT8", "INT8")


def measure(name: str, path: Path) -> Measured:
    """Raises RuntimeError where an engine's byte differs from TensorFlow Lite Micro's."""
    flatbuffer = with_network_only(path.read_bytes())
    count = MOST_MACS // max(1, compile_network(flatbuffer).cost.macs)
    probe = probe_of(flatbuffer, min(VECTORS, max(FEWEST_VECTORS, count)))
    with tempfile.TemporaryDirectory() as folder:
        fast, compact, cmsis = (
            figures_of(Path(folder), probe, engine) for engine in (OURS, COMPACT, CMSIS_NN)
        )
    networks = probe.network, compile_network(flatbuffer, compact=True)
    auto = fast if is_fast_free(*networks) else compact
    return Measured(name, probe, fast, compact, cmsis, auto, our_part(flatbuffer))


def with_network_only(flatbuffer: bytes) -> bytes:
    """A model that takes and gives the int8 values inside."""
    ends = compile_network(flatbuffer).ends
    return with_int8_ends(flatbuffer, *ends.inside_by_outside())


def rows_of(one: Measured) -> list[Row]:
    """Rows of one model."""
    macs = one.probe.network.cost.macs
    ours, compact, cmsis = (
        figures.instructions / macs for figures in (one.fast, one.compact, one.cmsis)
    )
    name, vectors = one.name, len(one.probe.inputs)
    said = (
        f"-O2; {one.fast.instructions:,} of {macs:,}; compact {compact:.2f}, CMSIS-NN {cmsis:.2f}; "
        f"all byte-equal to TensorFlow Lite Micro on {vectors} vectors"
    )
    lacking = ", ".join(one.ours_in_cmsis)
    lent = f"; {lacking} by our kernels, which its sources lack" if lacking else ""
    bound = A_MULTIPLICATION.get(name, "")
    return [
        _row(f"{name} instructions a multiplication", ours, "", said, bound),
        _row(
            f"{name} against CMSIS-NN",
            one.times,
            "times",
            f"its {one.cmsis.instructions:,} instructions by ours{lent}",
            ">= 1.8" if bound else "",
        ),
        _row(f"{name} flash", one.fast.flash, "bytes", _bytes_said(one, "flash"), ""),
        _row(f"{name} RAM", one.fast.ram, "bytes", _bytes_said(one, "ram"), ""),
    ]


def _bytes_said(one: Measured, kind: str) -> str:
    compact, cmsis = getattr(one.compact, kind), getattr(one.cmsis, kind)
    return f"fast, -O2; compact {compact:,}, CMSIS-NN {cmsis:,}"


def row_of_hop(one: Measured, hop: int) -> Row:
    """Of the model when it streams."""
    with tempfile.TemporaryDirectory() as folder:
        cost = engine_streaming.measure(Path(folder), one.probe.flatbuffer, hop, "-O2")
    said = f"{cost.instructions:,} of {cost.macs:,}, at a hop of {hop}; RAM {cost.ram:,}"
    name = f"{one.name} hop instructions a multiplication"
    return _row(name, cost.instructions / cost.macs, "", said, A_MULTIPLICATION[one.name])


def worst_rows(measured: list[Measured]) -> list[Row]:
    """Of all models."""
    slowest = min(measured, key=lambda one: one.times)
    fast, compact = (
        _worst(measured, lambda one: one.fast.ram / one.cmsis.ram),
        _worst(measured, lambda one: one.compact.ram / one.cmsis.ram),
    )
    flash = _worst(measured, lambda one: one.compact.flash / one.cmsis.flash)
    fast_flash = _worst(measured, lambda one: one.fast.flash / one.cmsis.flash)
    auto = _worst(measured, lambda one: one.auto.flash / one.cmsis.flash)
    are_fast = [one.name for one in measured if one.auto is one.fast]
    return [
        _row("slowest against CMSIS-NN", slowest.times, "times", slowest.name, ">= 1.0"),
        _row(
            "flash against CMSIS-NN worst",
            flash[0],
            "",
            f"compact, {flash[1]}; fast {fast_flash[0]:.2f}, {fast_flash[1]}",
            "<= 1.0",
        ),
        _row(
            "auto flash against CMSIS-NN worst",
            auto[0],
            "",
            f"{auto[1]}; auto is fast for {', '.join(are_fast)}, compact for the others",
            "<= 1.0",
        ),
        _row(
            "RAM against CMSIS-NN worst",
            max(fast, compact)[0],
            "",
            f"with input and output; fast {fast[0]:.2f}, {fast[1]}; compact {compact[0]:.2f}, "
            f"{compact[1]}",
            "<= 1.0",
        ),
    ]


def _worst(measured: list[Measured], share: Callable[[Measured], float]) -> tuple[float, str]:
    return max((share(one), one.name) for one in measured)


def _row(name: str, value: float, unit: str, note: str, bound: str) -> Row:
    return row(name, round(value, 3), unit, COMMAND, note, bound)


if __name__ == "__main__":
    main()
