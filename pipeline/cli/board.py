"""`gesture board` and `gesture ports`: boards that are emulated, plugged in or built."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from pipeline.capture.port_list import FoundPort
from pipeline.cli import console
from pipeline.cli.console import print_json, show_table
from pipeline.cli.parser import App, Json, Port, Run
from pipeline.core.board_profiles import BOARDS
from pipeline.deployment.platformio import BuiltImage
from pipeline.deployment.verify import Verified
from pipeline.workflows import boards, next_commands
from pipeline.workflows import deploy as workflow

app = App()
board_app = App(help="Run a virtual or native board; build one's image.", no_args_is_help=True)
app.add_typer(board_app, name="board")


@board_app.command("start")
def board_start(
    board: Annotated[str, typer.Argument(help="virtual or native.")],
    run: Annotated[
        Path | None, typer.Option(help="Classify with this run; else only stream.")
    ] = None,
    imu: Annotated[Path | None, typer.Option(help="A recording to feed the sensor.")] = None,
    environment: Annotated[
        Path | None, typer.Option(help="A series to feed its environment sensors.")
    ] = None,
    realtime: Annotated[
        bool, typer.Option("--realtime/--fast", help="At the sensor's pace, or as fast as it goes.")
    ] = True,
    loop: Annotated[
        bool, typer.Option("--loop", help="Play the recording of --imu again and again.")
    ] = False,
    json: Json = False,
) -> None:
    """Start an emulated board.

    Prints the port that monitor, capture or any other program can open. The board is switched
    on when its port is first opened. Ctrl-C ends it.

    \b
    Example: gesture board start virtual --run runs/latest --imu stream.csv --loop
    """
    with ExitStack() as stack:
        with console.steps(json) as on_step:
            starting = boards.start_board(
                board, run, imu, environment, not realtime, loop=loop, on_step=on_step
            )
            running = stack.enter_context(starting)
        _show_port(running.port, next_commands.beside_board(run, running.port), json)
        running.wait()


@board_app.command("check")
def board_check(
    run: Run,
    port: Port = "auto",
    json: Json = False,
) -> None:
    """Does a board run this run?

    It must give the contract's hash and the golden vectors' bytes.

    \b
    Example: gesture board check runs/latest --port auto
    """
    with console.steps(json) as on_step:
        verified = workflow.check_board(run, port, on_step)
    if json:
        print_json(verified)
    else:
        show_table("the board runs this model", proofs(verified))


@board_app.command("build")
def board_build(
    board: Annotated[str, typer.Argument(help=f"{', '.join(BOARDS)} or sketch.")],
    run: Annotated[Path | None, typer.Option(help="With this run's model; else none.")] = None,
    json: Json = False,
) -> None:
    """Build an image only.

    Prints where it lies and what it takes of flash and RAM. `sketch` is the example of the
    Arduino library that `gesture export` makes of the run. Where GESTURE_ARDUINO_CORE names a
    folder, the real board is built from the Arduino core's sources in it (docs/hil.md).

    \b
    Example: gesture board build nano33ble --run runs/latest
    """
    with console.steps(json) as on_step:
        on_step(f"building the firmware for {board}")
        built = workflow.build_only(board, run)
    _show_built(board, built, json)


@app.command()
def ports(json: Json = False) -> None:
    """List boards and their ports.

    With serial number, what runs on the board, which program holds the port, and the command
    that grants access where it is missing.

    \b
    Example: gesture ports
    """
    _show_ports(workflow.list_ports(), json)


def proofs(verified: Verified) -> list[tuple[str, object]]:
    """Rows that say what a board has proven."""
    image = [("image", f"CRC {verified.image_crc}, read back from the flash and equal")]
    return [
        ("board", f"{verified.board}, revision {verified.revision}"),
        ("sensor", _sensor(verified)),
        ("environment", verified.environment),
        ("contract", f"{verified.contract_hash[:12]}, read back and equal"),
        *(image if verified.image_crc is not None else []),
        ("golden vectors", f"{verified.vectors} run on the board, every byte equal"),
        ("self-test", f"CRC {verified.selftest_crc}, as found at conversion"),
    ]


def _sensor(verified: Verified) -> str:
    if verified.imu == "none":
        return "none"
    rates = f"{verified.sensor_hz:.1f} Hz measured, {verified.nominal_hz:g} Hz set"
    return f"{verified.imu}, {rates}"


def _show_built(board: str, built: BuiltImage, as_json: bool) -> None:
    if as_json:
        print_json(built)
        return
    rows: list[tuple[str, object]] = [
        ("flash", f"{built.flash_bytes:,} bytes"),
        ("RAM", f"{built.ram_bytes:,} bytes"),
    ]
    show_table(f"{board}: {built.path}", rows)


def _show_port(port: str, command: str, as_json: bool) -> None:
    if as_json:
        print_json({"port": port})
    else:
        console.out.print(f"port  {escape(port)}")
        console.err.print(
            "[dim]The board is switched on when the port is first opened. Ctrl-C ends it.[/]"
        )
        console.err.print(f"[dim]In another terminal: {escape(command)}[/]", soft_wrap=True)


def _show_ports(ports: Sequence[FoundPort], as_json: bool) -> None:
    if as_json:
        print_json({"ports": ports})
        return
    if not ports:
        console.err.print(
            "No port was found: no board is plugged in (or its cable only charges), and none is "
            "emulated. `gesture board start native` starts one."
        )
    for port in ports:
        rows = [("what", port.what)]
        rows += [("serial number", port.serial_number)] if port.serial_number else []
        rows += [("VID:PID", port.vid_pid)] if port.vid_pid else []
        rows += [("held by", holder) for holder in port.held_by]
        rows += [("no access", f"type: {port.fix}")] if port.fix else []
        show_table(port.device, rows)
