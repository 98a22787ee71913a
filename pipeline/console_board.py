"""What a person sees of a run that goes to a board, and of the board that has it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.markup import escape
from rich.table import Table

from pipeline.console import err, out, print_json, show_table

if TYPE_CHECKING:
    from pipeline.deployment.energy import Estimate
    from pipeline.deployment.profile import Profile
    from pipeline.deployment.verify import Verified
    from pipeline.stages.board import Deployed


def show_deployed(deployed: Deployed, as_json: bool) -> None:
    if as_json:
        print_json(deployed)
        return
    image = deployed.image
    rows: list[tuple[str, object]] = [
        ("flash", f"{image.flash_bytes:,} bytes"),
        ("RAM", f"{image.ram_bytes:,} bytes"),
    ]
    if image.instructions_per_inference is not None:
        rows.append(("inference", f"{image.instructions_per_inference:,} instructions"))
    if deployed.estimate is not None:
        rows += _estimates(deployed.estimate)
    already = ", where it was already" if deployed.unchanged else ""
    title = f"on the {image.board} board{already}"
    show_table(title, [*rows, *_proofs(deployed.verified)])
    if deployed.profile is not None:
        show_profile(deployed.profile)


def _estimates(estimate: Estimate) -> list[tuple[str, object]]:
    how = "measured" if estimate.measured else "on the real chip, by these instructions"
    return [
        ("time", f"{estimate.inference_ms:.2f} ms an inference, {how}"),
        ("energy", f"about {estimate.inference_uj:.1f} µJ an inference, the chip alone"),
    ]


def show_profile(profile: Profile) -> None:
    """What each layer took on the board, beside the estimate."""
    table = Table("layer", "operators", "estimate", profile.unit, "by estimate", box=None)
    for layer in profile.layers:
        estimate = layer.estimated_instructions
        ratio = f"{layer.measured / estimate:.2f}" if estimate else "-"
        words = (escape(layer.name), escape(layer.operator))
        table.add_row(*words, f"{estimate:,}", f"{layer.measured:,.0f}", ratio)
    out.print(table)


def show_checked(verified: Verified, as_json: bool) -> None:
    if as_json:
        print_json(verified)
    else:
        show_table("the board runs this model", _proofs(verified))


def _proofs(verified: Verified) -> list[tuple[str, object]]:
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


def show_port(port: str, as_json: bool) -> None:
    if as_json:
        print_json({"port": port})
    else:
        out.print(f"port  {escape(port)}")
        err.print("[dim]The board is switched on when the port is first opened. Ctrl-C ends it.[/]")
