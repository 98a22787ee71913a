"""A run on a board: built, started or uploaded, proven, watched."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.artifacts import PROJECT, Event, GoldenVectors, Recording
from pipeline.costs import NetworkCost
from pipeline.errors import ExitCode, PipelineError
from pipeline.run_folder import RunFolder
from pipeline.stages.quantising import require_whole
from pipeline.stages.reporting import write_report
from pipeline.stages.runs import converted_contract, open_run
from pipeline.stages.text_board import prove_text

if TYPE_CHECKING:
    from pipeline.boards.supervisor import RunningBoard
    from pipeline.capture.monitor import Seen
    from pipeline.capture.port_list import FoundPort
    from pipeline.deployment.energy import Estimate
    from pipeline.deployment.firmware_image import FirmwareImage
    from pipeline.deployment.profile import Profile
    from pipeline.deployment.verify import Verified
    from pipeline.stages.uploading import Uploaded
    from pipeline.training.events import Calls

OnStep = Callable[[str], None]

EMULATED = ("virtual", "native")
INTERPRETED = "nano33ble_tflm"  # TensorFlow Lite Micro in place of the compiled network
REAL = ("nano33ble", "nano33ble_small", INTERPRETED)  # one board, three images
BOARDS = (*REAL, *EMULATED)
NANO_BUDGET = PROJECT / "configs" / "nano33ble.yaml"
VECTORS_ON_BOARD = 32
BUILD_TIMEOUT_S = 600.0
READING_INSTRUCTIONS = 20_000_000  # of a text: 0.4 s, as long as the board holds its samples


@dataclass(frozen=True)
class Deployed:
    """unchanged: the board ran this image already; estimate: None for a native board."""

    image: FirmwareImage
    verified: Verified
    unchanged: bool
    estimate: Estimate | None
    profile: Profile | None


def setup() -> None:
    """Make PlatformIO able to build, also where its registry cannot be reached."""
    from pipeline.deployment.platformio import ensure_build_core

    ensure_build_core(PROJECT)


def list_ports() -> list[FoundPort]:
    """Ports with something plugged in, boards first, then those of emulated boards."""
    from pipeline.boards.slots import running_boards
    from pipeline.capture.port_list import emulated_port, plugged_in_ports

    return [*plugged_in_ports(), *map(emulated_port, running_boards())]


def deploy(path: Path, board: str, port: str, profile: bool, on_step: OnStep) -> Deployed:
    """Build, start or upload, and let the board prove that it runs this model.

    profile: with an image that counts each layer, and tells.
    """
    from pipeline.deployment import profile as profiling

    _check_board(board, BOARDS)
    _check_wishes(board, port, profile)
    run = open_run(path)
    contract_hash = converted_contract(run).hash()
    if board == INTERPRETED:
        require_whole(run, board)
    if board in REAL:
        _check_budget(run)
    flags = profiling.FLAGS if profile else ()
    on_step(f"building the firmware for {board}")
    image = _build(run, board, contract_hash, flags)
    if board in EMULATED:
        from pipeline.boards.supervisor import start

        on_step(f"starting the {board} board")
        with start(board, Path(image.path), fast=True) as running:
            verified, unchanged = _verify(run, running.port, on_step, image), False
            prove_text(run, running.port, on_step)
            told = _profile(run, board, running.port, on_step) if profile else None
    else:
        uploaded = _upload(run, image, port, _log(run, "upload", flags), on_step)
        verified, unchanged = uploaded.verified, uploaded.unchanged
        prove_text(run, uploaded.device, on_step)
        told = _profile(run, board, uploaded.device, on_step) if profile else None
    image = replace(image, instructions_per_inference=_instructions(board, verified))
    image.save(run.firmware_file)
    write_report(run)
    return Deployed(image, verified, unchanged, _estimate(board, verified), told)


def check_board(path: Path, port: str, on_step: OnStep) -> Verified:
    """Let a running board prove that it runs this run's model."""
    run = open_run(path)
    converted_contract(run)
    verified = _verify(run, port, on_step)
    prove_text(run, port, on_step)
    return verified


@contextmanager
def start_board(
    board: str, run: Path | None, imu: Path | None, environment: Path | None, fast: bool
) -> Iterator[RunningBoard]:
    """An emulated board with the model of `run`, or with none, for as long as the block lasts."""
    from pipeline.boards.supervisor import start
    from pipeline.datasets.recordings import load_recording
    from pipeline.datasets.series_file import load_series

    _check_board(board, EMULATED)
    recording = None if imu is None else load_recording(imu)
    series = None if environment is None else load_series(environment)
    if run is None:
        image = _build_without_model(board)
    else:
        folder = open_run(run)
        image = Path(_build(folder, board, converted_contract(folder).hash()).path)
    with start(board, image, recording, series, fast=fast) as running:
        yield running


def watch_stream(path: Path, board: str, stream: Recording) -> Calls:
    """Play a stream to an emulated board's sensor, and judge what the board calls out."""
    from pipeline.boards.supervisor import start
    from pipeline.training.events import judge

    run = open_run(path)
    contract = converted_contract(run)
    image = Path(_build(run, board, contract.hash()).path)
    events: list[Event] = []
    with start(board, image, stream, fast=True) as running:
        for seen in _seen_at(running.port):
            if seen.event is not None:
                events.append(seen.event)
            elif seen.sensor_stopped:
                break
    return judge(events, stream, contract.gestures)


def _seen_at(port: str) -> Iterator[Seen]:
    from pipeline.capture.client import BoardClient
    from pipeline.capture.monitor import watch
    from pipeline.capture.ports import open_port

    with open_port(port) as connection:
        yield from watch(BoardClient(connection))


def _check_board(board: str, known: tuple[str, ...]) -> None:
    if board not in known:
        raise PipelineError(
            f"There is no {'board' if known == BOARDS else 'emulated board'} `{board}`.",
            "the name is misspelt" if board not in BOARDS else "a real board starts by itself",
            f"use one of: {', '.join(known)}",
            ExitCode.USAGE,
        )


def _check_wishes(board: str, port: str, profile: bool) -> None:
    """What was asked for and would not happen is refused, before anything is built."""
    if board in EMULATED and port != "auto":
        raise PipelineError(
            f"The {board} board is not at {port}.",
            "it is emulated: deploy starts it, behind a port of its own",
            "leave the port out, or name a real board: `--board nano33ble`",
            ExitCode.USAGE,
        )
    if board == INTERPRETED and profile:
        raise PipelineError(
            f"The layers of {board} cannot be counted.",
            "--profile counts the calls of the compiled network, and TensorFlow Lite Micro "
            "interprets it as a whole",
            "leave --profile out, or profile the compiled network: `--board nano33ble`",
            ExitCode.USAGE,
        )


def _build(
    run: RunFolder, board: str, contract_hash: str, flags: tuple[str, ...] = ()
) -> FirmwareImage:
    from pipeline.deployment.firmware_image import FirmwareImage
    from pipeline.deployment.network_check import check_network
    from pipeline.deployment.platformio import build

    log = _log(run, f"build-{board}", flags)
    built = build(board, run.sources, PROJECT, log, BUILD_TIMEOUT_S, flags)
    if board == "virtual":  # built by the compiler that conversion reckons with
        cost = NetworkCost.load(run.require(run.cost_file, "convert"))
        check_network(built.path.with_suffix(".elf"), cost)
    return FirmwareImage(
        board=board,
        path=str(built.path),
        flash_path=str(built.flash),
        flash_bytes=built.flash_bytes,
        ram_bytes=built.ram_bytes,
        contract_hash=contract_hash,
        sha256=hashlib.sha256(built.flash.read_bytes()).hexdigest(),
        profiled=bool(flags),
    )


def _log(run: RunFolder, name: str, flags: tuple[str, ...]) -> Path:
    """Objects lie beside it: those that are built with other flags have a place of their own."""
    folder = run.build / "profiled" if flags else run.build
    folder.mkdir(parents=True, exist_ok=True)
    return folder / f"{name}.log"


def _build_without_model(board: str) -> Path:
    from pipeline.deployment.platformio import build

    log = PROJECT / "build" / f"build-{board}.log"
    log.parent.mkdir(exist_ok=True)
    return build(board, None, PROJECT, log, BUILD_TIMEOUT_S).path


def _check_budget(run: RunFolder) -> None:
    """Before the long build: what the network takes must leave the Arduino core its room."""
    from pipeline.budget import load_budget

    cost = NetworkCost.load(run.require(run.cost_file, "convert"))
    budget = load_budget(NANO_BUDGET)
    if run.contract().vocabulary is not None:
        budget = budget.model_copy(update={"instructions": READING_INSTRUCTIONS})
    budget.require_fit(cost)


def _upload(
    run: RunFolder, image: FirmwareImage, port: str, log: Path, on_step: OnStep
) -> Uploaded:
    from pipeline.capture.usb_boards import Usb
    from pipeline.deployment.upload import Waits
    from pipeline.stages.uploading import Wanted, put_on_board

    golden = GoldenVectors.load(run.require(run.golden_file, "convert"))
    content = Path(image.flash_path).read_bytes()
    wanted = Wanted(REAL[0], content, run.contract(), golden, VECTORS_ON_BOARD)
    return put_on_board(wanted, Usb(), port, log, on_step, Waits())


def _verify(
    run: RunFolder, port: str, on_step: OnStep, image: FirmwareImage | None = None
) -> Verified:
    from pipeline.capture.client import BoardClient
    from pipeline.capture.ports import open_port
    from pipeline.deployment.verify import verify

    golden = GoldenVectors.load(run.require(run.golden_file, "convert"))
    on_step(f"asking the board at {port} to prove what it runs")
    with open_port(port) as connection:
        client = BoardClient(connection)
        client.wait_ready()
        content = None if image is None else Path(image.flash_path).read_bytes()
        return verify(client, run.contract(), golden, VECTORS_ON_BOARD, image=content)


def _profile(run: RunFolder, board: str, port: str, on_step: OnStep) -> Profile:
    from pipeline.boards.virtual import instructions_of_ticks
    from pipeline.capture.client import BoardClient
    from pipeline.capture.ports import open_port
    from pipeline.deployment.profile import take_profile

    cost = NetworkCost.load(run.require(run.cost_file, "convert"))
    on_step("counting each layer")
    with open_port(port) as connection:
        client = BoardClient(connection)
        tick_hz = client.wait_ready().tick_hz
        if board == "virtual":
            return take_profile(client, cost, "instructions", instructions_of_ticks)
        if board == "native":
            return take_profile(client, cost, "ns", lambda ticks: ticks * 1e9 / tick_hz)
        return take_profile(client, cost, "cycles", lambda ticks: ticks)


def _instructions(board: str, verified: Verified) -> int | None:
    """Only the fast virtual board counts time in instructions."""
    from pipeline.boards.virtual import instructions_of_ticks

    if board != "virtual":
        return None
    return round(instructions_of_ticks(verified.ticks_per_inference))


def _estimate(board: str, verified: Verified) -> Estimate | None:
    from pipeline.boards.virtual import instructions_of_ticks
    from pipeline.deployment import energy

    ticks = verified.ticks_per_inference
    if board == "virtual":
        return energy.estimate_from_instructions(instructions_of_ticks(ticks))
    return energy.estimate_from_cycles(ticks) if board in REAL else None
