"""One port while a capture lasts: opened, asked who is there, and opened again when it goes.

Nothing here waits: with several boards, one that is away must not keep the others from being read.
"""

from __future__ import annotations

from enum import Enum

from pipeline.capture.board_info import BoardInfo
from pipeline.capture.client import READY_TIMEOUT_S
from pipeline.capture.ear import Ear
from pipeline.capture.ports import lasting_name, open_port
from pipeline.capture.senders import BOARD
from pipeline.errors import ExitCode, PipelineError

ASK_EVERY_S = 1.0
RETRY_EVERY_S = 0.5
AWAY_LIMIT_S = 60.0
NEVER_S = float("-inf")


class State(Enum):
    ASKING = "asking who is there"
    STREAMING = "streaming"
    STOPPING = "stopping"
    STOPPED = "stopped"
    AWAY = "away"


class Link:
    """Keeps one port open and its board streaming. Times are seconds of one steady clock."""

    def __init__(self, spec: str, ear: Ear, now_s: float) -> None:
        """Raises PipelineError (NO_BOARD) where the port cannot be opened."""
        self._ear = ear
        self.port = open_port(spec)
        self._spec = lasting_name(self.port.device)
        self.name = self.port.device
        self.state = State.ASKING
        self._since_s = now_s  # of this state
        self._asked_s = NEVER_S
        self._heard_s = now_s
        self._away_since_s: float | None = None  # until it streams again

    @property
    def is_open(self) -> bool:
        return self.state is not State.AWAY

    @property
    def was_useful(self) -> bool:
        """Samples have come from it: it is worth waiting for."""
        return len(self._ear.track) > 0

    def away_s(self, now_s: float) -> float:
        return 0.0 if self._away_since_s is None else now_s - self._away_since_s

    def read_into(self, room: memoryview, now_s: float) -> int:
        count = self.port.read_into(room)
        if count:
            self._heard_s = now_s
        return count

    def tend(self, now_s: float) -> bool:
        """Do what is due; whether the port has come back just now.

        Raises PipelineError (NO_BOARD) where the port is gone, or nobody answers at first.
        """
        if self.state is State.AWAY:
            return self._try_again(now_s)
        answered, restarted, agreed = self._read_messages()
        if self.state is State.STOPPING:
            self.state = State.STOPPED if agreed else self.state
        elif self.state is State.ASKING:
            self._ask(answered, now_s)
        elif self.state is State.STREAMING and self._ear.sender is BOARD:
            self._check(restarted, now_s)
        return False

    def lose(self, now_s: float) -> None:
        """The port is gone: from now on it is looked for."""
        self.port.close()
        self._away_since_s = now_s if self._away_since_s is None else self._away_since_s
        self._enter(State.AWAY, now_s)

    def stop(self, now_s: float) -> None:
        """Ask the board to stream no more; what is on its way still comes."""
        streams = self.is_open and self._ear.sender is BOARD
        if streams:
            self._ear.messages.clear()
            self.port.write(self._ear.stream.stop)
        if self.is_open:
            self._enter(State.STOPPING if streams else State.STOPPED, now_s)

    @property
    def is_stopping(self) -> bool:
        return self.state is State.STOPPING

    def close(self) -> None:
        if self.is_open:
            self.port.close()

    def _enter(self, state: State, now_s: float) -> None:
        self.state, self._since_s, self._asked_s = state, now_s, NEVER_S

    def _try_again(self, now_s: float) -> bool:
        if now_s - self._asked_s < RETRY_EVERY_S:
            return False
        self._asked_s = now_s
        try:
            self.port = open_port(self._spec)
        except PipelineError as error:
            if self.away_s(now_s) < AWAY_LIMIT_S:
                return False
            raise _stayed_away(self.name, error) from None
        self.name = self.port.device
        self._heard_s = now_s
        self._enter(State.ASKING, now_s)
        return True

    def _read_messages(self) -> tuple[bool, bool, bool]:
        """Whether the board has said who it is, that it has restarted, and that it obeys."""
        answered = restarted = agreed = False
        while self._ear.messages:
            message = self._ear.messages.popleft()
            restarted = restarted or message.kind == "hello"
            agreed = agreed or message.kind == "ok"
            answered = answered or (message.kind == "ok" and "board" in message.fields)
        return answered, restarted, agreed

    def _ask(self, answered: bool, now_s: float) -> None:
        if answered and self._ear.sender is BOARD:
            stream = self._ear.stream
            self.port.write(stream.again if len(self._ear.track) else stream.first)
            self._stream(now_s)
        elif self._ear.sender not in (None, BOARD):
            self._stream(now_s)
        elif now_s - self._since_s > READY_TIMEOUT_S:
            raise self._ear.misunderstood or self._nobody()
        elif now_s - self._asked_s >= ASK_EVERY_S:
            self.port.write(b"info\n")
            self._asked_s = now_s

    def _stream(self, now_s: float) -> None:
        self._away_since_s = None
        self._heard_s = now_s
        self._enter(State.STREAMING, now_s)

    def _check(self, restarted: bool, now_s: float) -> None:
        """A board that has restarted does not stream until it is told to."""
        ear = self._ear
        if ear.info is not None and not len(ear.track):
            self._expect_samples(ear.info, now_s)
        is_silent = now_s - self._heard_s > ear.stream.silent_after_s
        if restarted or (is_silent and not ear.sensor_stopped):
            self._enter(State.ASKING, now_s)

    def _expect_samples(self, info: BoardInfo, now_s: float) -> None:
        is_late = now_s - self._since_s > self._ear.stream.samples_within_s
        if self._ear.stream.is_imu:
            if info.imu == "none" or is_late:
                raise _no_samples(info)
        elif info.environment == "none":
            raise _no_environment(info)
        elif is_late:
            raise _no_readings(info)

    def _nobody(self) -> PipelineError:
        return (_nobody_known if self._ear.stream.is_imu else _not_our_firmware)(self.name)


def _no_samples(info: BoardInfo) -> PipelineError:
    return PipelineError(
        "The board sent no samples.",
        f"its sensor ({info.imu}) does not measure, or has stopped",
        "press the board's reset button; with an emulated board, start it with `--imu FILE.csv`",
        ExitCode.NO_BOARD,
    )


def _no_environment(info: BoardInfo) -> PipelineError:
    return PipelineError(
        f"The {info.board} board has no sensors of temperature, pressure and humidity.",
        "it is a Nano 33 BLE without `Sense`, or its sensors do not answer; an emulated board has "
        "them where it was given a series",
        "use a Nano 33 BLE Sense, or start an emulated board with `--environment FILE.csv`",
        ExitCode.NO_BOARD,
    )


def _no_readings(info: BoardInfo) -> PipelineError:
    return PipelineError(
        "The board sent no readings of its environment.",
        f"its sensors ({info.environment}) were found, and give nothing now",
        "press the board's reset button; with an emulated board, start it again",
        ExitCode.NO_BOARD,
    )


def _not_our_firmware(device: str) -> PipelineError:
    return PipelineError(
        f"No board answered at {device} within {READY_TIMEOUT_S:g} s.",
        "the board hangs, or runs another sketch; only our firmware reads the environment's "
        "sensors",
        "press its reset button, or deploy our firmware: `gesture deploy`",
        ExitCode.NO_BOARD,
    )


def _nobody_known(device: str) -> PipelineError:
    return PipelineError(
        f"Nothing that can be recorded came from {device} within {READY_TIMEOUT_S:g} s.",
        "the board hangs, runs a sketch that sends something else, or one that waits for a "
        "movement before it sends",
        "press its reset button, or move the board if it runs the tutorial's sketch, and try "
        "again; rows must have three or six numbers, or deploy our firmware: `gesture deploy`",
        ExitCode.NO_BOARD,
    )


def _stayed_away(device: str, error: PipelineError) -> PipelineError:
    return PipelineError(
        f"The board at {device} did not come back within {AWAY_LIMIT_S:g} s.",
        error.what,
        "plug it in and start the capture again; what was recorded so far is kept",
        ExitCode.NO_BOARD,
    )
