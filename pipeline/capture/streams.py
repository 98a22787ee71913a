"""What a capture asks a board for: samples of its IMU, or readings of its environment."""

from __future__ import annotations

from dataclasses import dataclass

from pipeline.artifacts import ENVIRONMENT_CHANNELS, IMU_CHANNELS
from pipeline.capture.protocol import SENSOR_STOPPED

SILENT_AFTER_S = 2.0  # then a board that should send is asked again; it may have restarted
SAMPLES_WITHIN_S = 5.0


@dataclass(frozen=True)
class Stream:
    """A kind of samples that our firmware sends when it is told to.

    period_s: between two of them; 0 where the board says its rate. first: the command at the
    beginning; again: where the board has restarted or fallen silent; stop: at the end.
    ended: the reason of the board's warning that no more will come.
    """

    channels: tuple[str, ...]
    period_s: float
    first: bytes
    again: bytes
    stop: bytes
    ended: str

    @property
    def is_imu(self) -> bool:
        return self.channels == IMU_CHANNELS

    @property
    def period_ms(self) -> int:
        return round(self.period_s * 1000)

    @property
    def silent_after_s(self) -> float:
        """A line more should have come by then."""
        return SILENT_AFTER_S + 2 * self.period_s

    @property
    def samples_within_s(self) -> float:
        return SAMPLES_WITHIN_S + 2 * self.period_s


IMU = Stream(IMU_CHANNELS, 0.0, b"stream on\n", b"stream on\n", b"stream off\n", SENSOR_STOPPED)


def environment(period_s: float) -> Stream:
    """Said again, the board goes on with what it does; at the beginning it starts anew."""
    say, stop = f"environment {round(period_s * 1000)}\n".encode(), b"environment 0\n"
    return Stream(ENVIRONMENT_CHANNELS, period_s, stop + say, say, stop, "environment-ended")
