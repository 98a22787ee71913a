"""One page on a board that was tried, to be attached to a bug."""

from __future__ import annotations

import platform
from dataclasses import dataclass, field
from pathlib import Path

from pipeline import __version__
from pipeline.capture.board_info import BoardInfo

CANNOT_SHOW = (
    "whether the sensor reads what the hand does: samples of known gestures were injected",
    "the radio, the battery, heat, and a cable that is pulled",
)


@dataclass
class Report:
    board: str
    port: str
    told: str  # the board's own answer to `info`
    info: BoardInfo  # the same, read
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
                f"Revision {self.info.revision}, sensor {self.info.imu}: "
                f"{self.info.sensor_hz:.1f} Hz measured, {self.info.nominal_hz:g} Hz set.",
                "",
                f"The board says: `{self.told}`",
                "",
                "| case | result | took | why |",
                "|---|---|---|---|",
                *rows,
                "",
                "What this cannot show: " + "; ".join(CANNOT_SHOW) + ".",
                "",
            ]
        )
