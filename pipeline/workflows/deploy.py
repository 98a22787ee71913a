"""`gesture deploy` and `gesture board`: builds firmware, uploads it, and verifies the board."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import zip_longest
from pathlib import Path

from pipeline.boards.supervisor import instructions_of_ticks, start
from pipeline.capture.client import BoardClient
from pipeline.capture.port_list import FoundPort, emulated_port, plugged_in_ports
from pipeline.capture.ports import open_port
from pipeline.capture.requests import (
    board_drawing,
    classify_text,
    describe_recording,
    translate_text,
    write_text,
)
from pipeline.capture.usb_boards import Usb
from pipeline.config.budget import load_budget
from pipeline.core.artifacts import GoldenVectors
from pipeline.core.board_profiles import (
    BOARDS,
    EMULATED,
    INTERPRETED,
    NANO33BLE,
    REAL_IMAGES,
    BoardProfile,
    UsbBoard,
    require_profile,
)
from pipeline.core.board_slots import running_boards
from pipeline.core.contract import Contract, Task
from pipeline.core.costs import NetworkCost
from pipeline.core.errors import MismatchError, PipelineError, UsageError
from pipeline.core.files import writing
from pipeline.core.progress import OnStep
from pipeline.core.project import CONFIGS, PROJECT
from pipeline.core.run_folder import RunFolder, note
from pipeline.core.sketches import BoardDrawing
from pipeline.deployment import profile
from pipeline.deployment.export_files import BOARD, put_sketch
from pipeline.deployment.find_board import Reporter, find_board
from pipeline.deployment.firmware_image import FirmwareImage
from pipeline.deployment.platformio import BuiltImage, build_firmware
from pipeline.deployment.profile import FLAGS, Estimate, Profile, take_profile
from pipeline.deployment.upload import Timeouts, open_patiently, upload
from pipeline.deployment.verify import Verified, runs_image, verify_board
from pipeline.twin.sketch_twin import SketchTwin
from pipeline.twin.text_twin import TextTwin
from pipeline.workflows.board_obstacles import READING_INSTRUCTIONS, contract_on_boards
from pipeline.workflows.boards import board_at, board_that_runs
from pipeline.workflows.export import export_locked
from pipeline.workflows.generated import (
    BUILD_TIMEOUT_S,
    build_image,
    build_without_model,
    load_table,
    log_file,
    require_generated,
    require_window_model,
    run_twin,
)
from pipeline.workflows.predict import CHARACTERS, SEED, TEMPERATURE
from pipeline.workflows.report import write_report
from pipeline.workflows.run_facts import held_out_bouts
from pipeline.workflows.runs import locked_run, open_run, require_space

NANO_BUDGET = CONFIGS / "nano33ble.yaml"
VECTORS_ON_BOARD = 32


@dataclass(frozen=True)
class Deployed:
    """The result of a deployment; unchanged: the board ran this image already."""

    image: FirmwareImage
    verified: Verified
    unchanged: bool
    estimate: Estimate | None
    profile: Profile | None
    run: Path
    task: Task


def list_ports() -> list[FoundPort]:
    """Ports of USB devices, boards first, then ports of emulated boards."""
    return [*plugged_in_ports(), *map(emulated_port, running_boards())]


def deploy(path: Path, board: str, port: str, profile: bool, on_step: OnStep) -> Deployed:
    """Build the firmware, start or upload it, and verify that the board runs this model.

    Args:
        port: `auto`, a path or `id:SERIAL`.
        profile: whether to measure each layer.
    """
    require_board(board)
    _check_options(board, port, profile)
    with locked_run(path, "deploy") as run:
        require_space(run)
        return _deploy(run, board, port, FLAGS if profile else (), on_step)


def _deploy(
    run: RunFolder, board: str, port: str, flags: tuple[str, ...], on_step: OnStep
) -> Deployed:
    """Deploy a locked run; flags: of an image that measures its layers, or none."""
    contract_hash = contract_on_boards(run).hash()
    if board in INTERPRETED:
        require_window_model(run, board)
    if board in REAL_IMAGES:
        _check_budget(run)
    on_step(f"building the firmware for {board}")
    image = build_image(run, board, contract_hash, flags)
    with _on_board(run, image, port, log_file(run, "upload", flags), on_step) as ready:
        _prove_task(run, ready.device, on_step)
        profiled = _profile(run, board, ready.device, on_step) if flags else None
    if board == "virtual":  # it alone counts instructions
        counted = round(instructions_of_ticks(ready.verified.ticks_per_inference))
        image = replace(image, instructions_per_inference=counted)
    image.save(run.firmware_file)
    note(run, "deploy")
    write_report(run)
    contract = run.contract()
    estimate = _estimate(board, ready.verified, contract)
    return Deployed(
        image, ready.verified, ready.unchanged, estimate, profiled, run.path, contract.task
    )


@contextmanager
def _on_board(
    run: RunFolder, image: FirmwareImage, port: str, log: Path, on_step: OnStep
) -> Iterator[Uploaded]:
    """Upload and verify; an emulated board runs during the block."""
    if image.board not in EMULATED:
        yield _upload(run, image, port, log, on_step)
        return
    on_step(f"starting the {image.board} board")
    with start(image.board, Path(image.path), fast=True) as running:
        verified = _verify_at(run, running.port, on_step, image)
        yield Uploaded(verified, unchanged=False, device=running.port)


def check_board(path: Path, port: str, on_step: OnStep) -> Verified:
    """Verify that a running board has the run's model."""
    run = open_run(path)
    contract_on_boards(run)
    port = board_at(port, on_step)
    verified = _verify_at(run, port, on_step)
    _prove_task(run, port, on_step)
    return verified


def _prove_task(run: RunFolder, port: str, on_step: OnStep) -> None:
    """Compare what a model writes, says of a text or draws with what the twin does."""
    prove = {
        "sentiment": prove_classification,
        "generation": prove_generation,
        "translation": prove_translation,
        "caption": prove_captions,
        "sketch": prove_drawings,
    }.get(run.contract().task)
    if prove is not None:
        prove(run, port, on_step)


def require_board(board: str, boards: Sequence[str] = BOARDS) -> None:
    """Refuse a name that is none of `boards`."""
    if board not in boards:
        raise UsageError(
            f"There is no board `{board}`.",
            "the name is misspelt",
            f"use one of: {', '.join(boards)}",
        )


def _check_options(board: str, port: str, profile: bool) -> None:
    if board in EMULATED and port != "auto":
        raise UsageError(
            f"The {board} board is not at {port}.",
            "it is emulated: deploy starts it, behind a port of its own",
            "leave the port out, or name a real board: `--board nano33ble`",
        )
    if board in REAL_IMAGES and require_profile(board).bootloader is None:
        raise UsageError(
            f"A {require_profile(board).title} is not uploaded to by this tool.",
            "its bootloader speaks a protocol of its own, which is not understood here yet",
            "let PlatformIO do it: "
            f"`GESTURE_MODEL_DIR=RUN/firmware pio run --environment {board} --target upload`",
        )
    if board in INTERPRETED and profile:
        raise UsageError(
            f"The layers of {board} cannot be counted.",
            "--profile counts the calls of the compiled network, and TensorFlow Lite Micro "
            "interprets it as a whole",
            "leave --profile out, or profile the compiled network: `--board nano33ble`",
        )


def _check_budget(run: RunFolder) -> None:
    cost = NetworkCost.load(run.require(run.cost_file, "convert"))
    budget = load_budget(NANO_BUDGET)
    contract = run.contract()
    if contract.vocabulary is not None or contract.mixture is not None:  # none waits for it
        budget = budget.model_copy(update={"hop_instructions": READING_INSTRUCTIONS})
    budget.require_fit(cost)


def _upload(
    run: RunFolder, image: FirmwareImage, port: str, log: Path, on_step: OnStep
) -> Uploaded:
    golden = GoldenVectors.load(run.require(run.golden_file, "convert"))
    content = Path(image.flash_path).read_bytes()
    profile = require_profile(image.board)
    request = UploadRequest(
        profile.name, content, run.contract(), golden, VECTORS_ON_BOARD, profile
    )
    return put_on_board(request, Usb(), port, log, on_step, Timeouts())


def _verify_at(
    run: RunFolder, port: str, on_step: OnStep, image: FirmwareImage | None = None
) -> Verified:
    golden = GoldenVectors.load(run.require(run.golden_file, "convert"))
    on_step(f"asking the board at {port} to prove what it runs")
    with open_port(port) as connection:
        client = BoardClient(connection)
        client.wait_ready()
        content = None if image is None else Path(image.flash_path).read_bytes()
        return verify_board(client, run.contract(), golden, VECTORS_ON_BOARD, image=content)


def _profile(run: RunFolder, board: str, port: str, on_step: OnStep) -> Profile:
    cost = NetworkCost.load(run.require(run.cost_file, "convert"))
    on_step("measuring each layer")
    with open_port(port) as connection:
        client = BoardClient(connection)
        tick_hz = client.wait_ready().tick_hz
        if board == "virtual":
            return take_profile(client, cost, "instructions", instructions_of_ticks)
        if board == "native":
            return take_profile(client, cost, "ns", lambda ticks: ticks * 1e9 / tick_hz)
        return take_profile(client, cost, "cycles", lambda ticks: ticks)


def _estimate(board: str, verified: Verified, contract: Contract) -> Estimate | None:
    ticks = verified.ticks_per_inference
    inferences_hz = contract.rate_hz / contract.hop
    if board == "virtual":
        return profile.estimate_from_instructions(instructions_of_ticks(ticks), inferences_hz)
    return profile.estimate_from_cycles(ticks, inferences_hz) if board in REAL_IMAGES else None


SKETCH = "sketch"  # the example of the exported Arduino library, on a Nano 33 BLE Sense


def build_only(board: str, path: Path | None) -> BuiltImage:
    """Build the image of a board with the model of a converted run; None: without a model."""
    require_board(board, (*BOARDS, SKETCH))
    if path is None:
        if board in (*INTERPRETED, SKETCH):
            raise UsageError(
                f"{board} cannot be built without a run.",
                "its image needs the run's model",
                "name a run: `--run runs/latest`",
            )
        return build_without_model(board)
    with locked_run(path, "board build", reads=True) as run:
        return _build(board, run)


def _build(board: str, run: RunFolder) -> BuiltImage:
    contract_on_boards(run)
    if board in INTERPRETED:
        require_window_model(run, board)
    if board == SKETCH:
        folder = run.build / SKETCH
        place = folder / "project"
        shutil.rmtree(folder, ignore_errors=True)
        export_locked(run, folder / "exported")
        put_sketch(folder / "exported", place, PROJECT)
        return build_firmware(BOARD, None, place, folder / "build.log", BUILD_TIMEOUT_S)
    require_generated(run)
    log = log_file(run, f"build-{board}", ())
    return build_firmware(board, run.sources, PROJECT, log, BUILD_TIMEOUT_S)


ASKING_TIMEOUT_S = 3.0  # the board may run any firmware


@dataclass(frozen=True)
class UploadRequest:
    """An image for a board, the name that its firmware reports, and golden vectors to verify it."""

    board: str
    image: bytes
    contract: Contract
    golden: GoldenVectors
    vectors: int
    profile: BoardProfile = NANO33BLE


@dataclass(frozen=True)
class Uploaded:
    """A board that is verified; unchanged: it ran this image already."""

    verified: Verified
    unchanged: bool
    device: str


def put_on_board(
    request: UploadRequest, usb: Usb, port: str, log: Path, on_step: OnStep, timeouts: Timeouts
) -> Uploaded:
    """Upload an image if the board does not run it yet, and verify the board.

    After an error, a new call starts from the beginning.

    Args:
        port: `auto`, a path or `id:SERIAL`.
        log: for each step and each word to the bootloader, with the time in s.
    """
    with _log_file(log) as write:
        reporter = Reporter(on_step, write)
        board = find_board(usb, port, request.profile, reporter, timeouts.person_s)
        unchanged = _runs_already(request, usb, board, reporter, timeouts)
        if unchanged:
            reporter.report("unchanged: the board runs this image already, nothing is uploaded")
        else:
            board = upload(usb, board, request.image, request.profile, reporter, timeouts)
        verified = _verify_uploaded(request, usb, board, reporter, timeouts)
        return Uploaded(verified, unchanged, board.device)


def _runs_already(
    request: UploadRequest, usb: Usb, board: UsbBoard, reporter: Reporter, timeouts: Timeouts
) -> bool:
    """Whether the board already runs the image; a board without an answer does not."""
    if board.in_bootloader:
        return False
    try:
        with _client(usb, board, timeouts, ASKING_TIMEOUT_S) as client:
            return runs_image(client, request.contract, request.image)
    except PipelineError as error:
        reporter.log(f"it does not say what it runs: {error.what}")
        return False


def _verify_uploaded(
    request: UploadRequest, usb: Usb, board: UsbBoard, reporter: Reporter, timeouts: Timeouts
) -> Verified:
    reporter.report(f"asking the board at {board.device} to prove what it runs")
    with _client(usb, board, timeouts, timeouts.application_s) as client:
        if (found := client.info().board) != request.board:
            raise MismatchError(
                f"The board calls itself {found}, not {request.board}.",
                "another board answers at this port, or it runs other firmware",
                "name the right one with --port; `gesture ports` lists them",
            )
        return verify_board(
            client, request.contract, request.golden, request.vectors, image=request.image
        )


@contextmanager
def _client(usb: Usb, board: UsbBoard, timeouts: Timeouts, ready_s: float) -> Iterator[BoardClient]:
    with open_patiently(usb, board, timeouts) as port:
        client = BoardClient(port)
        client.wait_ready(ready_s)
        yield client


@contextmanager
def _log_file(path: Path) -> Iterator[Callable[[str], None]]:
    start = time.monotonic()
    with writing(path), path.open("w", buffering=1, encoding="utf-8") as file:

        def write(text: str) -> None:
            file.write(f"{time.monotonic() - start:8.3f} {text}\n")

        try:
            yield write
        except PipelineError as error:
            write(f"failed: {error}")
            raise


WORDS = 300  # more than fit in a line, with unknown ones
TEXTS = 8
DRAWINGS = 3
PEN = ("down", "lifted")
BOUTS = 3  # each has some hundred samples
TEXT_CHARACTERS = 18  # fit in a line, however they are escaped


def prove_generation(run: RunFolder, port: str, on_step: Callable[[str], None]) -> None:
    """Compare generated text of the board and the twin; MISMATCH at the first difference."""
    on_step(f"comparing {CHARACTERS} generated characters")
    prompt = load_table(run, run.contract()).entries[0]
    with board_that_runs(run, port) as client:
        found = write_text(client, prompt, CHARACTERS, TEMPERATURE, SEED)
    expected = TextTwin(run_twin(run)).generate(prompt, CHARACTERS, TEMPERATURE, SEED)
    if found != expected:
        at = next(n for n in range(CHARACTERS) if found[: n + 1] != expected[: n + 1])
        raise _differs(f"character {at} is {found[at : at + 1]!r}, expected {expected[at]!r}")


def prove_translation(run: RunFolder, port: str, on_step: Callable[[str], None]) -> None:
    """Compare translations of the board and the twin; MISMATCH at the first difference."""
    on_step(f"comparing {TEXTS} translations")
    texts = _texts(run)
    with board_that_runs(run, port) as client:
        found = [translate_text(client, text, TEMPERATURE, SEED) for text in texts]
    twin = TextTwin(run_twin(run))
    for text, translation in zip(texts, found, strict=True):
        expected = twin.translate(text, TEMPERATURE, SEED)
        if translation != expected:
            raise _differs(f"{text!r} became {translation!r}, expected {expected!r}")


def prove_captions(run: RunFolder, port: str, on_step: Callable[[str], None]) -> None:
    """Compare captions of the board and the twin; MISMATCH at the first difference."""
    bouts = held_out_bouts(run, run.contract(), BOUTS)
    on_step(f"comparing captions of {len(bouts)} recordings")
    with board_that_runs(run, port) as client:
        found = [describe_recording(client, bout, TEMPERATURE, SEED) for bout in bouts]
    twin = TextTwin(run_twin(run))
    for bout, caption in zip(bouts, found, strict=True):
        expected = twin.describe(bout, TEMPERATURE, SEED)
        if caption != expected:
            raise _differs(f"a recording became {caption!r}, expected {expected!r}")


def prove_drawings(run: RunFolder, port: str, on_step: Callable[[str], None]) -> None:
    """Compare drawings of the board and the twin; MISMATCH at the first difference."""
    on_step(f"comparing {DRAWINGS} drawings")
    with board_that_runs(run, port) as client:
        found = [board_drawing(client, TEMPERATURE, seed) for seed in range(DRAWINGS)]
    twin = SketchTwin(run_twin(run))
    for seed, drawing in enumerate(found):
        expected = twin.draw(TEMPERATURE, seed)
        pairs = zip_longest(_words_of(drawing), _words_of(expected))
        for number, (has, wanted) in enumerate(pairs, start=1):
            if has != wanted:
                raise _differs(f"step {number} of a drawing is {has}, expected {wanted}")


def _words_of(drawing: BoardDrawing) -> list[str]:
    """Each move in words, and what comes after them."""
    moves = (f"{dx} {dy} {PEN[lifted]}" for dx, dy, lifted in drawing.moves.tolist())
    return [*moves, "the end" if drawing.has_ended else "none"]


def _texts(run: RunFolder) -> list[str]:
    """Texts of a vocabulary; words that are cut are unknown."""
    vocabulary = run.contract().vocabulary
    assert vocabulary is not None  # text has one
    between = " " if vocabulary.level == "words" else ""
    entries = load_table(run, run.contract()).entries
    numbers = range(TEXTS * TEXT_CHARACTERS)
    chosen = [entries[number * number % len(entries)] for number in numbers]
    parts = (chosen[first::TEXTS] for first in range(TEXTS))
    return [between.join(part)[:TEXT_CHARACTERS] for part in parts]


def prove_classification(run: RunFolder, port: str, on_step: Callable[[str], None]) -> None:
    """Compare the scores of the board and the twin for a long text; MISMATCH if they differ."""
    on_step(f"comparing the scores of a text of {WORDS} words")
    vocabulary = run.contract().vocabulary
    assert vocabulary is not None  # text has one
    entries = load_table(run, run.contract()).entries
    words = [entries[number * number % len(entries)] for number in range(WORDS)]
    text = ", ".join(
        word.upper() if number % 7 else f"{word}-é" for number, word in enumerate(words)
    )
    with board_that_runs(run, port) as client:
        found = classify_text(client, text, vocabulary.level)
    expected = TextTwin(run_twin(run)).sentiment(text)
    if found.tolist() != expected.tolist():
        raise _differs(f"the scores are {found.tolist()}, expected {expected.tolist()}")


def _differs(difference: str) -> PipelineError:
    return MismatchError(
        f"The board's answer differs from the twin's: {difference}.",
        "the image was built from other sources, or by a compiler that broke them",
        "convert and deploy again; if it stays, report it as a fault of the firmware",
    )
