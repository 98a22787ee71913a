"""The corpus on the emulated boards, or on the one real board that is named.

pytest tests/hil/test_corpus.py -m hil --board nano33ble --serial-number SERIAL --run RUN
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from pipeline.capture.client import BoardClient
from pipeline.capture.ports import find_port
from pipeline.capture.protocol import LineReader, Message, Sample, board_info
from pipeline.core.artifacts import GoldenVectors
from pipeline.core.costs import CYCLES_PER_INSTRUCTION, NetworkCost
from pipeline.core.errors import PipelineError
from pipeline.core.project import PROJECT
from pipeline.core.run_folder import RunFolder
from pipeline.datasets.recordings import load_recordings
from pipeline.datasets.streams import join_takes
from pipeline.twin.library import Twin
from tests.hil.corpus import CASES, Subject
from tests.hil.emulated_boards import EMULATED, emulated_board
from tests.hil.report import QUESTIONS, Measured, Report, bootloader_in
from tests.tiny_model import CONTRACT, WINDOW, network_output, swings

RUNS = 10  # of the network, to be timed
REST_S = 1.0
EMULATED_SECONDS = 3.0
ATTEMPTS = 20
REAL_SECONDS = 60.0
PLAYED_S = 600.0  # by an emulated sensor, which is longer than the corpus takes
TAKES = 12


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "board" in metafunc.fixturenames:
        named = metafunc.config.getoption("--board", default=None)
        boards = [pytest.param(named, marks=pytest.mark.hil)] if named else list(EMULATED)
        metafunc.parametrize("board", boards, scope="module")


@pytest.fixture(scope="module")
def golden() -> GoldenVectors:
    inputs = np.random.default_rng(8).integers(-128, 128, (32, WINDOW * 6)).astype(np.int8)
    return GoldenVectors(inputs, np.array([network_output(row) for row in inputs]))


@pytest.fixture(scope="module")
def emulated(
    golden: GoldenVectors,
    image_of: Callable[[str], Path],
    tiny_sources: Path,
    tmp_path_factory: pytest.TempPathFactory,
    request: pytest.FixtureRequest,
) -> Callable[[str], object]:
    """A board that plays swings, with the tiny model, as long as the block lasts."""
    twin = Twin(tiny_sources, tmp_path_factory.mktemp("twin"))

    @contextmanager
    def subject(board: str) -> Iterator[Subject]:
        request.getfixturevalue("qemu" if board == "virtual" else "host_compiler")
        with emulated_board(board, image_of(board), swings(PLAYED_S)) as port:
            yield Subject(
                board, port, CONTRACT, golden, twin, swings(7), EMULATED_SECONDS, ATTEMPTS
            )

    return subject


def named_board(config: pytest.Config, board: str, build: Path) -> Subject:
    """The real board whose serial number was spelt out, with the run it was deployed with."""
    serial_number, path = config.getoption("--serial-number"), config.getoption("--run")
    if not serial_number:
        pytest.exit("name the board: --serial-number SERIAL (`gesture ports` lists them)", 2)
    run = RunFolder(Path(path))
    takes = load_recordings(PROJECT / "data" / "sample")[::10][:TAKES]
    return Subject(
        board,
        f"id:{serial_number}",
        run.contract(),
        GoldenVectors.load(run.golden_file),
        Twin(run.sources, build),
        join_takes(takes, (1.5, 2.5), seed=1),
        REAL_SECONDS,
    )


@pytest.fixture(scope="module")
def subject(
    request: pytest.FixtureRequest, board: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Subject]:
    if board in EMULATED:
        with request.getfixturevalue("emulated")(board) as made:
            yield made
    else:
        yield named_board(request.config, board, tmp_path_factory.mktemp("twin"))


def measure(client: BoardClient, run: RunFolder | None) -> Measured:
    """run: the one that was deployed to a real board."""
    samples = []
    client.switch("stream", True)
    for item in client.items(REST_S):
        samples += [item.values] if isinstance(item, Sample) else []
    client.switch("stream", False)
    return Measured(
        client.bench(RUNS) / RUNS,
        NetworkCost.load(run.cost_file).instructions if run else None,
        (np.mean(samples, axis=0) / 1000).tolist() if samples else [],
        bootloader_in(run.build / "upload.log") if run else None,
    )


@pytest.fixture(scope="module")
def report(
    request: pytest.FixtureRequest, subject: Subject, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Report]:
    """Written at the end, beside the emulated ones' temporary files or in build/."""
    is_real = subject.board not in EMULATED
    run = RunFolder(Path(request.config.getoption("--run"))) if is_real else None
    with subject.client() as client:
        answer = client.command("info")
        measured = measure(client, run)
    found = Report(subject.board, subject.port, answer.text, board_info(answer), measured)
    yield found
    folder = PROJECT / "build" if is_real else tmp_path_factory.mktemp("hil")
    found.save(folder / f"hil-{subject.board}.md")
    print(f"\n{folder / f'hil-{subject.board}.md'}")


@pytest.fixture(scope="module")
def found() -> dict[str, dict[str, object]]:
    """By board, what each case found so far."""
    return {}


@pytest.mark.parametrize("case", CASES)
def test_the_board_passes(
    subject: Subject, report: Report, found: dict[str, dict[str, object]], case: str
) -> None:
    began_s, why = time.monotonic(), ""
    try:
        found.setdefault(subject.board, {})[case] = CASES[case](subject)
    except (AssertionError, PipelineError) as error:
        why = " ".join(str(error).split())[:200] or "as the case says"
        raise
    finally:
        report.add(case, not why, time.monotonic() - began_s, why)
    assert case in found[subject.board]


def test_all_boards_find_the_same(found: dict[str, dict[str, object]]) -> None:
    """Of what was run above; benchmarks/deploy_hil.py runs both with longer waits."""
    boards = [found[board] for board in EMULATED if board in found]
    for case in CASES:
        assert len({repr(board[case]) for board in boards if case in board}) <= 1, case


def report_of(measured: Measured) -> Report:
    (answer,) = LineReader().feed(
        b"ok board=nano33ble imu=lsm9ds1 environment=none revision=1 firmware=1 contract=none "
        b"rate_hz=119.000 stream_hz=119.000 measured_hz=119.000 nominal_hz=119.000 "
        b"sensor_hz=116.250 pace=resampled window=112 hop=8 channels=6 classes=5 tick_hz=64000000 "
        b"overruns=0 dropped=0 stack_unused=0\n"
    )
    assert isinstance(answer, Message)
    return Report("nano33ble", "id:A1", answer.text, board_info(answer), measured)


def test_the_report_is_a_page_that_says_what_failed() -> None:
    report = report_of(Measured(96_000, 50_000, [0.01, -0.02, 1.003, 0.1, 0.2, -0.3], None))
    report.add("info", True, 0.1, "")
    report.add("long_idle", False, 3.0, "it slept")
    text = report.text()
    assert "1 of 2 cases passed" in text
    assert "| long idle | FAILED | 3.0 s | it slept |" in text
    assert "Revision 1, sensor lsm9ds1: 116.2 Hz measured, 119 Hz set;" in text
    assert "cannot show" in text
    assert len(text.splitlines()) < 60


@pytest.mark.parametrize(
    ("cycles", "verdict"),
    [(64_000, "OUTSIDE"), (96_000, "within"), (221_000, "OUTSIDE")],
)
def test_the_report_holds_measured_cycles_against_the_estimate(cycles: int, verdict: str) -> None:
    text = report_of(Measured(cycles, 50_000, [0.0] * 6, None)).text()
    bounds = CYCLES_PER_INSTRUCTION.times(50_000)
    assert f"{cycles:,} cycles measured; {bounds.lower:,.0f} to {bounds.upper:,.0f}" in text
    assert f"instructions: {verdict}" in text
    assert f"{cycles / 64e6 * 119 / 8:.1%}".replace("%", " % of the processor") in text


def test_the_report_asks_what_only_a_person_sees(tmp_path: Path) -> None:
    log = tmp_path / "upload.log"
    assert bootloader_in(log) is None
    log.write_text(r"< b'Arduino Bootloader (SAM-BA extended) 2.0 [Arduino:IKXYZ]\n\r\x00n'")
    measured = Measured(96_000, None, [0.012, 0.0, 0.998, 0.0, 0.0, 0.0], bootloader_in(log))
    text = report_of(measured).text()
    assert "Bootloader: Arduino Bootloader (SAM-BA extended) 2.0 [Arduino:IKXYZ]." in text
    assert "+0.012, +0.000, +0.998" in text
    assert all(question in text for question in QUESTIONS)


def test_a_serial_number_that_is_not_there_touches_no_other_board() -> None:
    with pytest.raises(PipelineError, match="No port has the serial number 0000-NOWHERE"):
        find_port("id:0000-NOWHERE")
