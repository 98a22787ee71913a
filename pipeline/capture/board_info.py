"""What a board says of itself: the answer to `info`."""

from __future__ import annotations

from dataclasses import dataclass

from pipeline.capture.protocol import Message
from pipeline.errors import ExitCode, PipelineError


@dataclass(frozen=True)
class BoardInfo:
    """The answer to `info`. `contract` is a SHA-256 in hex, or "none" without a model.
    `imu` and `environment` are the sensors' parts, or "none".

    Rates: `rate_hz` is what the model wants, `stream_hz` that of sample lines and `measured_hz`
    at which they really come, `nominal_hz` and `sensor_hz` the same of the sensor itself.
    """

    board: str
    imu: str
    environment: str
    revision: str
    firmware: str
    contract: str
    rate_hz: float
    stream_hz: float
    measured_hz: float
    nominal_hz: float
    sensor_hz: float
    pace: str
    window: int
    hop: int
    channels: int
    classes: int
    tick_hz: int
    overruns: int
    dropped: int


def board_info(answer: Message) -> BoardInfo:
    """What an `ok` to `info` says. Raises PipelineError (MISMATCH) where a field is missing."""
    return BoardInfo(
        board=field_in(answer, "board"),
        imu=field_in(answer, "imu"),
        environment=field_in(answer, "environment"),
        revision=field_in(answer, "revision"),
        firmware=field_in(answer, "firmware"),
        contract=field_in(answer, "contract"),
        rate_hz=number_in(answer, "rate_hz"),
        stream_hz=number_in(answer, "stream_hz"),
        measured_hz=number_in(answer, "measured_hz"),
        nominal_hz=number_in(answer, "nominal_hz"),
        sensor_hz=number_in(answer, "sensor_hz"),
        pace=field_in(answer, "pace"),
        window=int(number_in(answer, "window")),
        hop=int(number_in(answer, "hop")),
        channels=int(number_in(answer, "channels")),
        classes=int(number_in(answer, "classes")),
        tick_hz=int(number_in(answer, "tick_hz")),
        overruns=int(number_in(answer, "overruns")),
        dropped=int(number_in(answer, "dropped")),
    )


def number_in(answer: Message, name: str) -> float:
    """The number called `name`. Raises PipelineError (MISMATCH) where there is none."""
    try:
        return float(field_in(answer, name))
    except ValueError:
        raise not_understood(answer) from None


def field_in(answer: Message, name: str) -> str:
    """As number_in, of a word."""
    try:
        return answer.fields[name]
    except KeyError:
        raise not_understood(answer) from None


def not_understood(answer: Message) -> PipelineError:
    return PipelineError(
        f"The board's answer is not understood: {answer.text[:120]}",
        "its firmware is of another version than this program",
        "deploy again: `gesture deploy RUN`",
        ExitCode.MISMATCH,
    )
