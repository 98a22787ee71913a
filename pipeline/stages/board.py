"""A run on a board: built, started or uploaded, and proven."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.artifacts import PROJECT, GoldenVectors
from pipeline.costs import NetworkCost
from pipeline.errors import ExitCode, PipelineError
from pipeline.run_folder import RunFolder
from pipeline.stages.emulated import EMULATED
from pipeline.stages.images import build_image, log_file
from pipeline.stages.quantising import require_whole
from pipeline.stages.reporting import write_report
from pipeline.stages.runs import converted_contract, open_run
from pipeline.stages.tasks import TASKS

if TYPE_CHECKING:
    from pipeline.capture.port_list import FoundPort
    from pipeline.deployment.energy import Estimate
    from pipeline.deployment.firmware_image import FirmwareImage
    from pipeline.deployment.profile import Profile
    from pipeline.deployment.verify import Verified
    from pipeline.stages.uploading import Uploaded

OnStep = Callable[[str], None]

INTERPRETED = "nano33ble_tflm"  # TensorFlow Lite Micro in place of the compiled network
REAL = ("nano33ble", "nano33ble_small", INTERPRETED)  # one board, three images
BOARDS = (*REAL, *EMULATED)
NANO_BUDGET = PROJECT / "configs" / "nano33ble.yaml"
VECTORS_ON_BOARD = 32
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
    from pipeline.deployment.profile import FLAGS

    _check_board(board)
    _check_wishes(board, port, profile)
    run = open_run(path)
    contract_hash = converted_contract(run).hash()
    if board == INTERPRETED:
        require_whole(run, board)
    if board in REAL:
        _check_budget(run)
    flags = FLAGS if profile else ()
    on_step(f"building the firmware for {board}")
    image = build_image(run, board, contract_hash, flags)
    with _on_board(run, image, port, log_file(run, "upload", flags), on_step) as ready:
        TASKS[run.contract().task].prove(run, ready.port, on_step)
        told = _profile(run, board, ready.port, on_step) if profile else None
    instructions = _instructions(board, ready.verified)
    image = replace(image, instructions_per_inference=instructions)
    image.save(run.firmware_file)
    write_report(run)
    return Deployed(image, ready.verified, ready.unchanged, _estimate(board, ready.verified), told)


@dataclass(frozen=True)
class _Ready:
    """A board at a port that has proven what it runs."""

    port: str
    verified: Verified
    unchanged: bool


@contextmanager
def _on_board(
    run: RunFolder, image: FirmwareImage, port: str, log: Path, on_step: OnStep
) -> Iterator[_Ready]:
    """An emulated board runs as long as the block lasts."""
    from pipeline.boards.supervisor import start

    if image.board not in EMULATED:
        uploaded = _upload(run, image, port, log, on_step)
        yield _Ready(uploaded.device, uploaded.verified, uploaded.unchanged)
        return
    on_step(f"starting the {image.board} board")
    with start(image.board, Path(image.path), fast=True) as running:
        yield _Ready(running.port, _verify(run, running.port, on_step, image), unchanged=False)


def check_board(path: Path, port: str, on_step: OnStep) -> Verified:
    """Let a running board prove that it runs this run's model."""
    run = open_run(path)
    contract = converted_contract(run)
    verified = _verify(run, port, on_step)
    TASKS[contract.task].prove(run, port, on_step)
    return verified


def _check_board(board: str) -> None:
    if board not in BOARDS:
        raise PipelineError(
            f"There is no board `{board}`.",
            "the name is misspelt",
            f"use one of: {', '.join(BOARDS)}",
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
