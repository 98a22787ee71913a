"""One port of a capture: opened, asked for its board, and opened again after it was away.

No function waits: a board that is away must not delay the reading of other boards.
"""

from __future__ import annotations

from enum import Enum

from pipeline.capture.client import READY_TIMEOUT_S
from pipeline.capture.ports import BAUD, open_port, stable_name
from pipeline.capture.sender_recognition import Unrecognized
from pipeline.capture.sender_units import NEXT_STEP, Question
from pipeline.capture.senders import BOARD
from pipeline.capture.stream_decoder import StreamDecoder
from pipeline.core.board_profiles import BoardInfo
from pipeline.core.errors import NoBoardError, PipelineError

ASK_EVERY_S = 1.0
RETRY_EVERY_S = 0.5
AWAY_LIMIT_S = 60.0
NEVER_S = float("-inf")


class State(Enum):
    """The state of a link, as shown to a person."""

    ASKING = "asking who is there"
    STREAMING = "streaming"
    STOPPING = "stopping"
    STOPPED = "stopped"
    AWAY = "away"


class Link:
    """Keeps one port open and its board streaming. Times are in s of a monotonic clock."""

    def __init__(self, spec: str, decoder: StreamDecoder, now_s: float, baud: int = BAUD) -> None:
        """Open the port."""
        self._decoder = decoder
        self._baud = baud
        self.port = open_port(spec, baud)
        self._spec = stable_name(self.port.device)
        self.name = self.port.device
        self.state = State.ASKING
        self._since_s = now_s  # of this state
        self._asked_s = NEVER_S
        self._received_s = now_s
        self._away_since_s: float | None = None  # until it streams again
        self._requested_s: float | None = None  # of the first request to stream
        self._samples, self._sample_s = 0, now_s  # number of samples, and time of the newest
        self.is_given_up = False

    @property
    def is_open(self) -> bool:
        """Whether the port is open."""
        return self.state is not State.AWAY

    @property
    def was_useful(self) -> bool:
        """Whether samples have come from it, so that waiting for it makes sense."""
        return len(self._decoder.track) > 0

    def away_s(self, now_s: float) -> float:
        """How long the port has been away; 0 while it streams."""
        return 0.0 if self._away_since_s is None else now_s - self._away_since_s

    def read_into(self, buffer: memoryview, now_s: float) -> int:
        """Read into `buffer`; return the number of bytes."""
        count = self.port.read_into(buffer)
        if count:
            self._received_s = now_s
        return count

    def poll(self, now_s: float) -> bool:
        """Do what is due now; returns whether the port has just come back.

        Raises:
            PipelineError: NO_BOARD if the port is gone, no board answers, or no samples come;
                FAILED if the board's clock stands still.
        """
        self._check_samples(now_s)
        if self.state is State.AWAY:
            return self._try_again(now_s)
        answered, restarted, agreed = self._read_messages()
        if self.state is State.STOPPING:
            self.state = State.STOPPED if agreed else self.state
        elif self.state is State.ASKING:
            self._ask(answered, now_s)
        elif self.state is State.STREAMING and self._decoder.sender is BOARD:
            self._check(restarted, now_s)
        return False

    def mark_away(self, now_s: float) -> None:
        """The port is gone: from now on `poll` tries to open it."""
        self.port.close()
        self._requested_s = None
        self._away_since_s = now_s if self._away_since_s is None else self._away_since_s
        self._enter(State.AWAY, now_s)

    def stop(self, now_s: float) -> None:
        """Ask the board to stop; bytes on their way still arrive."""
        streams = self.is_open and self._decoder.sender is BOARD
        if streams:
            self._decoder.messages.clear()
            self.port.write(self._decoder.stream.stop)
        if self.is_open:
            self._enter(State.STOPPING if streams else State.STOPPED, now_s)

    @property
    def is_stopping(self) -> bool:
        """Whether the board has not answered to `stop` yet."""
        return self.state is State.STOPPING

    def close(self) -> None:
        """Close the port."""
        if self.is_open:
            self.port.close()

    def _enter(self, state: State, now_s: float) -> None:
        self.state, self._since_s, self._asked_s = state, now_s, NEVER_S

    def _try_again(self, now_s: float) -> bool:
        if now_s - self._asked_s < RETRY_EVERY_S:
            return False
        self._asked_s = now_s
        try:
            self.port = open_port(self._spec, self._baud)
        except PipelineError as error:
            if self.away_s(now_s) < AWAY_LIMIT_S:
                return False
            raise _stayed_away(self.name, error) from None
        self.name = self.port.device
        self._received_s = now_s
        self._enter(State.ASKING, now_s)
        return True

    def _read_messages(self) -> tuple[bool, bool, bool]:
        """Whether the board has answered `info`, has restarted, and has answered `ok`."""
        answered = restarted = agreed = False
        while self._decoder.messages:
            message = self._decoder.messages.popleft()
            restarted = restarted or message.kind == "hello"
            agreed = agreed or message.kind == "ok"
            answered = answered or (message.kind == "ok" and "board" in message.fields)
        return answered, restarted, agreed

    def _ask(self, answered: bool, now_s: float) -> None:
        if answered and self._decoder.sender is BOARD:
            stream = self._decoder.stream
            self.port.write(stream.resume if len(self._decoder.track) else stream.start)
            self._stream(now_s)
        elif self._decoder.sender not in (None, BOARD):
            self._stream(now_s)
        elif self._decoder.awaits_rows:
            self._since_s = now_s
        elif now_s - self._since_s > READY_TIMEOUT_S:
            raise self._decoder.info_error or self._nobody_known()
        elif now_s - self._asked_s >= ASK_EVERY_S:
            self.port.write(b"info\n")
            self._asked_s = now_s

    def _nobody_known(self) -> PipelineError:
        if not self._decoder.stream.is_imu:
            return _not_our_firmware(self.name)
        heard = self._decoder.unrecognized
        if heard.question is None:
            return _no_known_sender(self.name, heard)
        asks = _unknown_unit if heard.question.is_unit else _unknown_columns
        return asks(self.name, heard.question, _quoted(heard))

    def _stream(self, now_s: float) -> None:
        self._away_since_s = None
        self._received_s = now_s
        self._requested_s = now_s if self._requested_s is None else self._requested_s
        self._enter(State.STREAMING, now_s)

    def _check(self, restarted: bool, now_s: float) -> None:
        """After a restart or a silence, ask the board to stream again."""
        decoder = self._decoder
        if decoder.info is not None and not len(decoder.track):
            self._expect_samples(decoder.info, now_s)
        is_silent = now_s - self._received_s > decoder.stream.silent_after_s
        if restarted or (is_silent and not decoder.sensor_stopped):
            self._enter(State.ASKING, now_s)

    def _check_samples(self, now_s: float) -> None:
        """Refuse a board that answers but sends no samples, or whose clock stands still."""
        decoder = self._decoder
        if len(decoder.track) != self._samples or decoder.sensor_stopped:
            self._samples, self._sample_s = len(decoder.track), now_s
        if decoder.sender is not BOARD or not self._samples or not self.is_open:
            return
        if decoder.track.clock_is_stuck:
            raise _clock_is_stuck(self.name)
        if now_s - self._sample_s > decoder.stream.given_up_after_s:
            self.is_given_up = True
            raise _no_more_samples(self.name, decoder.stream.given_up_after_s)

    def _expect_samples(self, info: BoardInfo, now_s: float) -> None:
        requested_s = now_s if self._requested_s is None else self._requested_s
        is_late = now_s - requested_s > self._decoder.stream.samples_within_s
        if self._decoder.stream.is_imu:
            if info.imu == "none" or is_late:
                raise _no_samples(info)
        elif info.environment == "none":
            raise _no_environment(info)
        elif is_late:
            raise _no_readings(info)


def _no_samples(info: BoardInfo) -> PipelineError:
    return NoBoardError(
        "The board sent no samples.",
        f"its sensor ({info.imu}) does not measure, or has stopped",
        "press the board's reset button; with an emulated board, start it with `--imu FILE.csv`",
    )


def _no_environment(info: BoardInfo) -> PipelineError:
    return NoBoardError(
        f"The {info.board} board has no sensors of temperature, pressure and humidity.",
        "it is a Nano 33 BLE without `Sense`, or its sensors do not answer; an emulated board has "
        "them only with a series",
        "use a Nano 33 BLE Sense, or start an emulated board with `--environment FILE.csv`",
    )


def _no_readings(info: BoardInfo) -> PipelineError:
    return NoBoardError(
        "The board sent no readings of its environment.",
        f"its sensors ({info.environment}) were found, but they give no readings now",
        "press the board's reset button; with an emulated board, start it again",
    )


def _not_our_firmware(device: str) -> PipelineError:
    return NoBoardError(
        f"No board answered at {device} within {READY_TIMEOUT_S:g} s.",
        "the board hangs, or runs another sketch; only our firmware reads the environment's "
        "sensors",
        "press its reset button, or deploy our firmware: `gesture deploy`",
    )


def _no_known_sender(device: str, heard: Unrecognized) -> PipelineError:
    return NoBoardError(
        f"Nothing that can be recorded came from {device} within {READY_TIMEOUT_S:g} s."
        + _quoted(heard),
        "the board hangs, runs a sketch that sends something else, at another speed, or one that "
        "waits for a movement before it sends"
        if not heard.first_lines
        else "these are no rows of numbers, or the port has another speed, see --baud",
        f"press its reset button, or move the board if its sketch waits for that; {ROWS}",
    )


def _unknown_unit(device: str, question: Question, quoted: str) -> PipelineError:
    return NoBoardError(
        f"The rows from {device} cannot be recorded: {question.what}.{quoted}",
        "a unit is not guessed: takes in a wrong one look right, and teach a model nothing",
        f"{NEXT_STEP}; or move the board about while the command listens",
    )


def _unknown_columns(device: str, question: Question, quoted: str) -> PipelineError:
    return NoBoardError(
        f"The rows from {device} cannot be recorded: {question.what}.{quoted}",
        "the columns have no names, or are those of other sensors",
        ROWS,
    )


ROWS = (
    "rows need an acceleration, such as `0.1,0.2,0.9`, `aX:0.1 aY:0.2 aZ:0.9`, JSON or Teleplot; a "
    "first line such as `t_ms,aX,aY,aZ,gX,gY,gZ` names the columns; or deploy our firmware: "
    "`gesture deploy`"
)


def _quoted(heard: Unrecognized) -> str:
    if not heard.first_lines:
        return ""
    return " The first lines: " + ", ".join(f"`{line}`" for line in heard.first_lines) + "."


def _clock_is_stuck(device: str) -> PipelineError:
    return PipelineError(
        f"The clock of the board at {device} stands still while it counts samples.",
        "its firmware is broken, or something else sends in its name",
        "press its reset button, or deploy our firmware: `gesture deploy`; the last recorded "
        "times are wrong",
    )


def _no_more_samples(device: str, seconds: float) -> PipelineError:
    return NoBoardError(
        f"The board at {device} has sent no sample for {seconds:.0f} s.",
        "it hangs, or its sensor has stopped without a warning",
        "press its reset button and start the capture again; the recordings so far are saved",
    )


def _stayed_away(device: str, error: PipelineError) -> PipelineError:
    return NoBoardError(
        f"The board at {device} did not come back within {AWAY_LIMIT_S:g} s.",
        error.what,
        "plug it in and start the capture again; the recordings so far are saved",
    )
