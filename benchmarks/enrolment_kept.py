"""What an enrolment costs, and what it withstands: `python -m benchmarks.enrolment_kept [PART …]`.

power: saves that are cut at random bytes. equal: scores of the twin beside those of the reference.
seconds: how long `gesture enrol` takes. instructions: what centres and learning cost a board.
fuzz: ten minutes of commands to a board with centres.
"""

from __future__ import annotations

import shutil
import struct
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from benchmarks.capture_fuzz import fuzz
from benchmarks.datasets import FETCHED, ROOT, trained
from benchmarks.instruction_counts import build_plugin, counting, mix_of, read_counts
from benchmarks.results_file import Row, record_parts, row
from pipeline.core.artifacts import EMBEDDING_DIMENSIONS
from pipeline.core.centres import ExtraCentres
from pipeline.core.enrolment import LEARNED, EnrolledCentre, Enrolment
from pipeline.core.run_folder import RunFolder
from pipeline.datasets.recordings import load_recordings
from pipeline.datasets.simulate import simulate_dataset
from pipeline.datasets.streams import join_takes
from pipeline.deployment.platformio import build_firmware
from pipeline.twin.library import Twin
from pipeline.workflows import convert
from pipeline.workflows.generated import BUILD_TIMEOUT_S
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
WATCHED = {
    "centres_embed": "the embedding of a window",
    "centres_score": "the scores of a window, by its distances to the model's centres",
    "learning_push_window": "a window while a gesture is learned",
    "learning_push_sample": "a sample while a gesture is learned",
}
LEARNED_FROM = "punch"
TAKES = 8  # three are learned, the others are scored
REST_S = (2.5, 3.0)  # longer than the model's window


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
    places = random.integers(-40, 41, (count, EMBEDDING_DIMENSIONS)).astype(np.int8)
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


def instructions() -> list[Row]:
    """Rows of what a board executes for a window or a sample, and while it learns a gesture."""
    with TemporaryDirectory() as folder:
        work = Path(folder)
        built = build_firmware("virtual", _run().sources, ROOT, work / "log", BUILD_TIMEOUT_S)
        with counting(built.path, build_plugin(work), work / "counts", list(WATCHED)) as board:
            board.wait_for("hello")
            for command in ("inject 119000", "learn jump", *_takes()):
                board.send(command)
                board.wait_for("ok")
        counted = read_counts(built.path, work / "counts", list(WATCHED))
    command = f"{COMMAND} instructions"
    return [
        row(
            f"instructions of {name}",
            round(mix_of(counted.executed[name]).instructions / counted.calls[name]),
            "",
            command,
            f"gesture_rocket; {what}, mean of {counted.calls[name]:,} times",
        )
        for name, what in WATCHED.items()
    ]


def _takes() -> Iterator[str]:
    """Samples of takes of one gesture, with rests between them, as commands."""
    takes = load_recordings(ROOT / "data" / "sample", [LEARNED_FROM])[:TAKES]
    stream = join_takes(takes, REST_S, seed=1)
    for t_us, sample in zip(stream.t_us.tolist(), stream.thousandths.tolist(), strict=True):
        yield f"sample {struct.pack('<Q6i', t_us, *sample).hex().upper()}"


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
    parts = {"power": power, "equal": equal, "seconds": seconds, "instructions": instructions}
    parts["fuzz"] = fuzzed
    record_parts("recognition", parts)


if __name__ == "__main__":
    main()
