"""That models of other programs are compiled, and equal TensorFlow Lite Micro.

`python -m benchmarks.compile` compiles damaged copies of the models in ../shared/data/models and of
one with several inputs and outputs (N of them with `--mutations N`), and compares some of what was
not refused. Then it compiles the models
themselves as `gesture compile` does, fast and compact, with VECTORS vectors each on this machine
under the sanitizers and on QEMU. Figures go to area `engine`.
"""

from __future__ import annotations

import argparse
import re
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from benchmarks.engine_proof import check_accepted, compile_hostile
from benchmarks.results_file import Row, record, row, show
from pipeline.compiler import compile_network
from pipeline.core.errors import MismatchError, PipelineError
from pipeline.core.project import PROJECT
from pipeline.deployment.model_proof import missing_for_board
from pipeline.workflows.compile import Engine, Request, compile_model
from tests.parity.several_ends import several_ends

COMMAND = "python -m benchmarks.compile"
MODELS = PROJECT.parent / "shared" / "data" / "models"
VECTORS, MUTATIONS = 200, 12_000
MOST_COMPARED = 120  # of what was not refused: each is built
ENGINES: tuple[Engine, ...] = ("fast", "compact")
_UNEQUAL = re.compile(r"(\d+) of \d+ outputs differ")


@dataclass
class Tally:
    """compiled: names of models; refused: why not, by name; unequal, compared: vectors."""

    compiled: list[str] = field(default_factory=list)
    refused: dict[str, str] = field(default_factory=dict)
    unequal: int = 0
    compared: int = 0


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--mutations", type=int, default=MUTATIONS)
    mutations = parser.parse_args().mutations
    files = sorted(MODELS.glob("*.tflite"))
    if missing_for_board() or not files:
        parser.error(f"QEMU, the Arm compiler or {MODELS} is missing")
    for rows in ([mutation_row(files, mutations)], model_rows(files)):
        show(rows)
        record("engine", rows)


def model_rows(files: list[Path]) -> list[Row]:
    """Of the models as they are."""
    tally = Tally()
    for file in files:
        compare(file, tally)
    refused = "".join(f"; {name}: {why}" for name, why in tally.refused.items())
    compiled = f"{', '.join(tally.compiled)}{refused}"
    note = (
        f"of {tally.compared} on this machine and on QEMU together: {VECTORS} structured and "
        f"random ones for each of {len(tally.compiled)} models, fast, and compact where its C is "
        "another"
    )
    name = f"models compiled of {len(files)}"
    bound = f"== {len(files)}"
    return [
        row(name, len(tally.compiled), "models", COMMAND, compiled, bound),
        row("models unequal vectors", tally.unequal, "vectors", COMMAND, note, "== 0"),
    ]


def compare(file: Path, tally: Tally) -> None:
    """Compile a model with every engine whose C is another, and count the vectors that differ."""
    for engine in engines_of(file.read_bytes()):
        with tempfile.TemporaryDirectory() as name:
            request = Request(file, Path(name) / "out", engine=engine, count=VECTORS)
            try:
                result = compile_model(request, lambda _: None)
            except MismatchError as error:
                found = _UNEQUAL.search(error.what)
                tally.unequal += int(found[1]) if found else 1
                continue
            except PipelineError as error:
                tally.refused[file.stem] = error.what
                return
        tally.compared += sum(proof.compared for proof in result.proofs)
        print(f"{file.stem} {engine}: {result.vectors} vectors equal")
    tally.compiled.append(file.stem)


def engines_of(flatbuffer: bytes) -> tuple[Engine, ...]:
    """All; one where they write the same C, or none can."""
    try:
        fast, compact = (compile_network(flatbuffer, compact).sources for compact in (False, True))
    except PipelineError:
        return ENGINES[:1]
    return ENGINES[:1] if fast == compact else ENGINES


def mutation_row(files: list[Path], mutations: int) -> Row:
    """Of damaged copies."""
    several = several_ends(np.int8, np.int8, np.int8)
    ordeal = compile_hostile([*(file.read_bytes() for file in files), several], mutations)
    accepted = len(ordeal.accepted)
    step = -(-accepted // MOST_COMPARED) if accepted else 1
    ordeal.accepted = ordeal.accepted[::step]
    equal, not_taken = check_accepted(ordeal)
    failures = sum(ordeal.failures.values())
    found = "".join(f"; {count} {failure}" for failure, count in (+ordeal.failures).items())
    note = (
        f"{mutations} damaged copies: {ordeal.refused} refused with a clear error, {accepted} "
        f"compiled, of which {len(ordeal.accepted)} were run: {equal} equal TensorFlow Lite Micro "
        f"and {not_taken} it does not take; the slowest took {ordeal.slowest_s:.2f} s{found}"
    )
    return row("mutated models crashed", failures, "files", COMMAND, note, "== 0")


if __name__ == "__main__":
    main()
