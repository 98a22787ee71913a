"""What an enrolment costs, and what it withstands: `python -m benchmarks.enrolment_kept [PART …]`.

power: saves that are cut at random bytes. equal: scores of the twin beside those of the reference.
seconds: how long `gesture enrol` takes. fuzz: ten minutes of commands to a board with centres.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from benchmarks.capture_fuzz import fuzz
from benchmarks.datasets import FETCHED, ROOT, trained
from benchmarks.results_file import Row, record_parts, row
from pipeline.core.centres import ExtraCentres
from pipeline.core.enrolment import LEARNED, EnrolledCentre, Enrolment
from pipeline.core.gesture_embedding import DIMENSIONS
from pipeline.core.run_folder import RunFolder
from pipeline.datasets.simulate import simulate_dataset
from pipeline.twin.library import Twin
from pipeline.workflows import convert
from tests.firmware.building import SANITIZED, STRICT, board_sources, compile_c, library_sources
from tests.tiny_model import CONTRACT
from tests.toy_centres import toy_centres, write_toy_centres

COMMAND = "python -m benchmarks.enrolment_kept"
WORK = FETCHED.parent / "enrolment"
CUTS = 10_000
ENROLMENTS = 1_000
POINTS = 50  # scored by each
MINUTES = 10.0
CENTRE_BYTES = 36
CLASSES = len(CONTRACT.labels)


def power() -> list[Row]:
    """A row of saves that were cut, and left neither the old nor the new enrolment."""
    driver = ROOT / "tests" / "firmware" / "enrolment_driver.c"
    sources = [driver, *library_sources("crc", "enrolment", "enrolment_store")]
    with TemporaryDirectory() as folder:
        sources += board_sources("emulated_flash")
        program = compile_c(Path(folder) / "driver", sources, [*STRICT, *SANITIZED])
        steps = f"cut 1 {CUTS}"
        ended = subprocess.run([program], input=steps, capture_output=True, text=True, check=True)
    said = ended.stdout.split()
    lost = CUTS if said[0] == "lost" else CUTS - int(said[0]) - int(said[1])
    note = (
        f"{CUTS} saves on an emulated flash controller, each cut at a random byte; after "
        f"{said[0]} the old one was there, after {said[1]} the new one"
    )
    return [row("enrolments lost to power cuts", lost, "", f"{COMMAND} power", note, "== 0")]


def equal() -> list[Row]:
    """A row of random enrolments by which the twin scores otherwise than the reference."""
    random = np.random.default_rng(1)
    with TemporaryDirectory() as folder:
        twin = Twin(write_toy_centres(Path(folder) / "model"), Path(folder))
        unequal = sum(not _is_equal(twin, random) for _ in range(ENROLMENTS))
    note = (
        f"of {ENROLMENTS} random ones, {POINTS} points each; the twin's C is the board's, and that "
        "a board learns the twin's bytes is tested in tests/firmware/test_enrolment_app.py"
    )
    return [row("unequal enrolments", unequal, "", f"{COMMAND} equal", note, "== 0")]


def _is_equal(twin: Twin, random: np.random.Generator) -> bool:
    count = int(random.integers(1, 97))
    places = random.integers(-40, 41, (count, DIMENSIONS)).astype(np.int8)
    classes = random.integers(0, CLASSES + LEARNED, count)
    sharpness = random.integers(1, 65536, count)
    learned = ("a", "b", "c", "d")
    centres = tuple(
        EnrolledCentre(int(kind), tuple(place), "bea", int(sharp))
        for kind, place, sharp in zip(classes, places.tolist(), sharpness, strict=True)
    )
    enrolment = Enrolment(CONTRACT.hash(), CLASSES, ("bea",), learned, centres, "bea")
    near = places[random.integers(count, size=POINTS)] + random.integers(-4, 5, (POINTS, 1))
    points = np.clip(near, -128, 127).astype(np.int8)
    twin.enrol(enrolment.to_bytes(), learned)
    extra = ExtraCentres(places, classes, sharpness)
    expected = toy_centres().scores(points, extra, CLASSES + LEARNED)
    return bool(np.array_equal(twin.score_embedded(points), expected))


def seconds() -> list[Row]:
    """Rows of the time that a person waits, and of what a gesture takes on a board."""
    run = _run()
    people = WORK / "bea"
    shutil.rmtree(people, ignore_errors=True)
    simulate_dataset(people, people=1, takes=3, seed=7)
    words = [sys.executable, "-c", "from pipeline.cli.app import main; main()", "enrol"]
    words += [str(run.path), "--person", "bea", "--dataset", str(people)]
    start = time.perf_counter()
    subprocess.run(words, check=True, cwd=ROOT, capture_output=True)
    took_s = round(time.perf_counter() - start, 1)
    note = "gesture_rocket, three takes of each of four gestures, with the start of the program"
    told = "of flash, of a person's way of a gesture or one that was learned; 96 fit"
    return [
        row("enrol seconds", took_s, "s", f"{COMMAND} seconds", note, "<= 10"),
        row("enrolled gesture bytes", CENTRE_BYTES, "B", f"{COMMAND} seconds", told),
    ]


def _run() -> RunFolder:
    sample = ROOT / "data" / "sample"
    run = trained("gesture_rocket", [f"data.path={sample}"], WORK / "run")
    if not run.cost_file.is_file():
        convert.convert(run.path, None, print)
    return run


def fuzzed() -> list[Row]:
    """A row of findings."""
    result = fuzz("centres", MINUTES)
    note = f"{result.runs} inputs in {MINUTES:g} minutes to a board that knows a person and a move"
    return [row("enrolment fuzzing findings", result.findings, "", f"{COMMAND} fuzz", note, "== 0")]


def main() -> None:
    """Measure the parts that the command line names, and record them."""
    parts = {"power": power, "equal": equal, "seconds": seconds, "fuzz": fuzzed}
    record_parts("recognition", parts)


if __name__ == "__main__":
    main()
