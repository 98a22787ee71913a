"""What is heard at one port: bytes and their times of arrival in, samples in their places out.

Pure: the same bytes at the same times give the same track, whether they come from a port or,
after a crash, from the journal.
"""

from __future__ import annotations

from collections import deque

from pipeline.artifacts import HostClock
from pipeline.capture.board_info import BoardInfo, board_info
from pipeline.capture.clipping import Clipping
from pipeline.capture.clock import ClockFit
from pipeline.capture.protocol import (
    MAX_LINE_BYTES,
    Damaged,
    Item,
    LineReader,
    Message,
    Sample,
    reading_of,
    warning_of,
)
from pipeline.capture.senders import (
    BOARD,
    BURST_ROWS,
    LONGEST_READING,
    Numbers,
    Pause,
    Sender,
    Shape,
    recognise,
)
from pipeline.capture.streams import IMU, Stream
from pipeline.capture.track import COUNT_WRAP, Row, Track
from pipeline.errors import PipelineError

PATIENCE_S = 1.5  # how long rows must come before they are plain rows; see senders.recognise
PERIOD_AFTER_ROWS = 64  # a rate nobody has told is measured over these
UNKNOWN_LINES = 512  # so many are kept of a stream that is not recognised yet
LATEST_US = 1 << 52  # a hundred years of a board's clock
USUAL_RATE_HZ = 119.0  # of a recording so short that it has no rate


class BurstEnd:
    """Stands among the rows where the sender has ended a movement."""


Heard = list[Row | BurstEnd]


class Ear:
    """One port's listener. `sender` is None until it is known who sends.

    failing: the newest reading of the environment did not come, for want of a sensor.
    """

    def __init__(self, stream: Stream = IMU) -> None:
        self.stream = stream
        self.sender: Sender | None = None
        self.info: BoardInfo | None = None
        self.misunderstood: PipelineError | None = None  # what the board said of itself
        self.track = Track(len(stream.channels), stream.period_s * 1e6)
        self.messages: deque[Message] = deque(maxlen=64)  # for whoever holds the line
        self.clipping = Clipping()
        self.sensor_stopped = False
        self.failing = False
        self._is_asked_for = stream.is_imu  # what comes before is of an earlier capture
        self._clock = ClockFit()
        self._reader = LineReader()
        self._shape: Shape | None = None
        self._unknown: deque[tuple[bytes, int]] = deque(maxlen=UNKNOWN_LINES)  # lines, and when
        self._sounds_like_board = False
        self._rest = b""  # of a line, while foreign
        self._burst_rows = 0
        self._rate_hz = 0.0

    def rate_hz(self) -> float:
        """That of a board's sample lines, else the sender's, else that of the samples in whole Hz.

        Once asked for it stays, so that all takes of a capture have the same.
        """
        if self._rate_hz == 0:
            if self.stream.period_s:
                return 1 / self.stream.period_s
            told = (
                self.info.stream_hz if self.info else 0.0,
                self.sender.rate_hz if self.sender else 0.0,
            )
            measured = self.track.fitted_rate_hz() or (self.info.measured_hz if self.info else 0.0)
            self._rate_hz = next(filter(None, (*told, float(round(measured)))), USUAL_RATE_HZ)
        return self._rate_hz

    @property
    def channels(self) -> tuple[str, ...]:
        """Of what is heard; none before it is known who sends."""
        if self.sender is None:
            return ()
        return self.stream.channels if self.sender is BOARD else self.sender.channels

    @property
    def clock(self) -> HostClock | None:
        """None for a sender without a clock."""
        return self._clock.clock() if self.sender is BOARD else None

    def hear(self, data: bytes, host_us: int) -> Heard:
        """What the bytes add at the end of the track, in order. Never raises."""
        heard = self._hear(data, host_us)
        for row in heard:
            if isinstance(row, Row) and self.stream.is_imu:
                self.clipping.add(row.values)
        return heard

    def _hear(self, data: bytes, host_us: int) -> Heard:
        if self._shape is not None:
            return self._hear_rows(data, host_us)
        heard: Heard = []
        for item in self._reader.feed(data):
            heard += self._take(item, host_us)
        if self.sender is None and self.stream.is_imu:
            heard += self._recognise(data, host_us)
        return heard

    def lose_line(self, seconds: float) -> None:
        """The port went away and is back: what was on its way is gone."""
        self.track.mark("unplugged", round(seconds * 1000))
        self.track.after_silence()
        self._reader = LineReader()
        self._rest = b""

    def finish(self) -> Heard:
        return list(self.track.finish())

    def _take(self, item: Item, host_us: int) -> list[Row]:
        if isinstance(item, Message):
            return self._take_message(item, host_us)
        if self.sender is not BOARD:
            # Of before we asked who is there: a board that an earlier capture left streaming.
            self._sounds_like_board = self._sounds_like_board or isinstance(item, Sample)
        elif isinstance(item, Damaged):
            self.track.mark("corrupt")
        elif self.stream.is_imu:
            return self._place(item, host_us)
        return []

    def _place(self, sample: Sample, host_us: int) -> list[Row]:
        if not _is_possible(sample):
            self.track.mark("refused")
            return []
        if self.track.period_us == 0 and len(self.track) >= PERIOD_AFTER_ROWS:
            self.track.period_us = 1e6 / (self.track.fitted_rate_hz() or USUAL_RATE_HZ)
        self.sensor_stopped = self.failing = False
        reboots = self.track.totals["reboot"]
        rows = self.track.add(sample, host_us)
        if self.track.totals["reboot"] > reboots:
            self._clock = ClockFit()
        for row in rows:
            self._clock.add(row.t_us, host_us)
        return rows

    def _take_message(self, message: Message, host_us: int) -> list[Row]:
        reading = reading_of(message)
        if reading is not None:
            wanted = self._is_asked_for and not self.stream.is_imu
            return self._place(reading, host_us) if wanted else []
        self.messages.append(message)
        if message.kind == "hello" and self.sender is BOARD:
            self.track.expect_restart()
        elif message.kind == "ok":
            self._take_answer(message)
        elif message.kind == "warn":
            self.sensor_stopped |= warning_of(message) == self.stream.ended
            self.failing |= warning_of(message) == "no-reading"
        return []

    def _take_answer(self, message: Message) -> None:
        if "board" in message.fields:
            self._take_info(message)
        elif not self.stream.is_imu and "period_ms" in message.fields:
            self._is_asked_for = message.fields["period_ms"] == str(self.stream.period_ms)

    def _take_info(self, message: Message) -> None:
        try:
            self.info = board_info(message)
        except PipelineError as error:
            self.misunderstood = error  # or damaged on the way: the port's keeper asks again
            return
        if self.sender is BOARD:
            self.track.after_silence()  # it is asked again only where it had fallen silent
        self.sender = BOARD
        if self.stream.period_s:
            return
        rate_hz = self.info.measured_hz or self.info.stream_hz
        self.track.period_us = 1e6 / rate_hz if rate_hz > 0 else self.track.period_us

    def _recognise(self, data: bytes, host_us: int) -> Heard:
        if self._sounds_like_board:
            return []
        self._unknown.extend((line, host_us) for line in self._lines(data))
        if not self._unknown:
            return []
        waited_s = (host_us - self._unknown[0][1]) / 1e6
        found = recognise([line for line, _ in self._unknown], waited_s, PATIENCE_S)
        if found is None:
            return []
        self.sender, self._shape = found
        self.track = Track(channels=len(self.sender.channels))
        return [heard for line, at_us in self._unknown for heard in self._hear_row(line, at_us)]

    def _lines(self, data: bytes) -> list[bytes]:
        *lines, rest = (self._rest + data).split(b"\n")
        self._rest = rest[: MAX_LINE_BYTES + 1]
        return [line.rstrip(b"\r") for line in lines]

    def _hear_rows(self, data: bytes, host_us: int) -> Heard:
        return [heard for line in self._lines(data) for heard in self._hear_row(line, host_us)]

    def _hear_row(self, line: bytes, host_us: int) -> Heard:
        assert self._shape is not None
        item = self._shape.parse(line)
        if isinstance(item, Numbers):
            self._burst_rows += 1
            seq = len(self.track)
            return list(self.track.add(Sample(seq, host_us, item.values), host_us))
        if isinstance(item, Pause):
            return self._end_burst()
        self.track.mark("corrupt")
        return []

    def _end_burst(self) -> Heard:
        rows, self._burst_rows = self._burst_rows, 0
        if self.sender is None or not self.sender.bursts or rows == 0:
            return []
        if rows < BURST_ROWS:
            self.track.mark("short-burst", BURST_ROWS - rows, before_next=False)
        return [BurstEnd()]


def _is_possible(sample: Sample) -> bool:
    """Its CRC is right by chance where it holds what no board counts and no sensor reads."""
    return (
        sample.seq < COUNT_WRAP
        and sample.t_us < LATEST_US
        and all(abs(value) <= LONGEST_READING * 1000 for value in sample.values)
    )
