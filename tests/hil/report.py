"""One page on a board that was tried, to be sent back or attached to a bug."""

from __future__ import annotations

import platform
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pipeline import __version__
from pipeline.capture.protocol import BoardInfo
from pipeline.core.costs import CLOCK_HZ, cycles_of_instructions

BOOTLOADER = re.compile(r"Arduino Bootloader[^\n\[]*\[Arduino:\w+\]")
CANNOT_SHOW = (
    "whether the sensor reads what the hand does: samples of known gestures were injected",
    "how busy the processor is beside inferences",
    "the radio, the battery, heat, and a cable that is pulled",
)
QUESTIONS = (
    "What is printed on the board: does it say Rev2? Does that agree with the revision above?",
    "`gesture monitor`, the board flat on the table, parts up: is az about +1 and all else near 0?",
    "Standing with the socket up, then down, then on either long edge: what are ax, ay and az?",
    "Turned counterclockwise as seen from above, in each pose: which of gx, gy, gz moves, and is "
    "it positive?",
    "Each upload: did the port come back by itself? Had the button to be pressed twice, and when?",
    "Cable pulled and put back while `gesture monitor` ran: did it go on, and after how long?",
    "Current in mA, if you can measure it: streaming (`gesture monitor`), and with nobody reading?",
    "Computer, its system, and what is between board and computer (hub, cable, charger)?",
)


@dataclass(frozen=True)
class Measured:
    """What a board was asked for beside the cases.

    ticks: of an inference; instructions: that conversion estimated for it, None where that is not
    known; rest: the mean sample of a second, in the channels' units; bootloader: its own words.
    """

    ticks: float
    instructions: int | None
    rest: Sequence[float]
    bootloader: str | None


def bootloader_in(upload_log: Path) -> str | None:
    """What the bootloader said of itself when the board was last uploaded to."""
    text = upload_log.read_text("utf-8", errors="replace") if upload_log.is_file() else ""
    found = BOOTLOADER.findall(text)
    return found[-1] if found else None


@dataclass
class Report:
    board: str
    port: str
    shown: str  # the board's own answer to `info`
    info: BoardInfo  # the same, read
    measured: Measured
    results: list[tuple[str, str, float, str]] = field(default_factory=list)

    def add(self, case: str, passed: bool, seconds: float, why: str) -> None:
        self.results.append((case, "passed" if passed else "FAILED", seconds, why))

    def save(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(self.text(), "utf-8")

    def text(self) -> str:
        failed = sum(result == "FAILED" for _, result, _, _ in self.results)
        total_s = sum(seconds for _, _, seconds, _ in self.results)
        rows = [
            f"| {case.replace('_', ' ')} | {result} | {seconds:.1f} s | {why} |"
            for case, result, seconds, why in self.results
        ]
        return "\n".join(
            [
                f"# {self.board} at {self.port}",
                "",
                f"{len(self.results) - failed} of {len(self.results)} cases passed in "
                f"{total_s:.0f} s, with gesture {__version__}, Python "
                f"{platform.python_version()} on {platform.platform()}.",
                "",
                *self._findings(),
                "",
                f"The board says: `{self.shown}`",
                "",
                "| case | result | took | why |",
                "|---|---|---|---|",
                *rows,
                "",
                "What this cannot show: " + "; ".join(CANNOT_SHOW) + ".",
                "",
                "## What only you can see",
                "",
                *(f"{number}. {question}\n" for number, question in enumerate(QUESTIONS, 1)),
            ]
        )

    def _findings(self) -> list[str]:
        info, rest = self.info, ", ".join(f"{value:+.3f}" for value in self.measured.rest)
        return [
            f"- Revision {info.revision}, sensor {info.imu}: {info.sensor_hz:.1f} Hz measured, "
            f"{info.nominal_hz:g} Hz set; stream {info.measured_hz:.1f} Hz of {info.stream_hz:g}.",
            f"- Bootloader: {self.measured.bootloader or 'not known; upload.log does not say'}.",
            f"- Mean of a second of samples, board left alone: {rest} (g, deg/s).",
            f"- An inference: {self._inference()}.",
        ]

    def _inference(self) -> str:
        ticks = self.measured.ticks
        if self.info.tick_hz != CLOCK_HZ:
            return f"{ticks:,.0f} ticks of {self.info.tick_hz:,} Hz"
        said = [f"{ticks:,.0f} cycles measured"]
        if self.measured.instructions is not None:
            bounds = cycles_of_instructions(self.measured.instructions)
            within = bounds.lower <= ticks <= bounds.upper
            said.append(
                f"{bounds.lower:,.0f} to {bounds.upper:,.0f} estimated from "
                f"{self.measured.instructions:,} instructions: "
                f"{'within the bounds' if within else 'OUTSIDE THE BOUNDS'}"
            )
        if self.info.rate_hz > 0 and self.info.hop > 0:
            load = ticks / CLOCK_HZ * self.info.rate_hz / self.info.hop
            said.append(f"{100 * load:.1f} % of the processor at the model's rate")
        return "; ".join(said)
