"""Decodes a board's samples, and finds those that were lost, late, or sent after a restart."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass

from pipeline.capture.clock import ClockFit, rate_of_arrival
from pipeline.capture.protocol import (
    SENSOR_STOPPED,
    Damaged,
    Item,
    LineReader,
    Message,
    Sample,
    board_info,
    is_possible,
    plausible_rate_hz,
    reading_of,
    warning_of,
)
from pipeline.capture.sender_clock import tidy_rate_hz
from pipeline.capture.sender_lines import LineSplitter
from pipeline.capture.sender_recognition import MOST_LINES, Recognizer, Unrecognized
from pipeline.capture.sender_rows import Numbers, Pause, RowReader
from pipeline.capture.senders import BOARD, Sender
from pipeline.capture.track import Track, TrackSample
from pipeline.core.artifacts import ENVIRONMENT_CHANNELS, IMU_CHANNELS, HostClock
from pipeline.core.board_profiles import BoardInfo
from pipeline.core.errors import PipelineError
from pipeline.core.imu_columns import Role

SILENT_AFTER_S = 2.0  # after this time we ask the board again; it may have restarted
SAMPLES_WITHIN_S = 5.0
GIVEN_UP_AFTER_S = 75.0  # a board may be away for 60 s, and then it has to be asked
FAILING_S = 600.0  # environment sensors may fail this long


@dataclass(frozen=True)
class SensorStream:
    """The samples of one kind of sensor, and the commands that start and stop them.

    Attributes:
        period_s: time between two samples; 0 if the board reports its rate.
        resume: the command after the board has restarted or stopped sending.
        ended: the reason in the board's warning that no more samples come.
    """

    channels: tuple[str, ...]
    period_s: float
    start: bytes
    resume: bytes
    stop: bytes
    ended: str

    @property
    def is_imu(self) -> bool:
        """Whether these are the samples of the IMU."""
        return self.channels == IMU_CHANNELS

    @property
    def period_ms(self) -> int:
        """The period as the command states it."""
        return round(self.period_s * 1000)

    @property
    def silent_after_s(self) -> float:
        """The next line should have come within this time."""
        return SILENT_AFTER_S + 2 * self.period_s

    @property
    def given_up_after_s(self) -> float:
        """A board that was silent this long sends nothing any more."""
        return GIVEN_UP_AFTER_S if self.is_imu else FAILING_S + 2 * self.period_s

    @property
    def samples_within_s(self) -> float:
        """The first sample should have come within this time."""
        return SAMPLES_WITHIN_S + 2 * self.period_s


IMU = SensorStream(
    IMU_CHANNELS, 0.0, b"stream on\n", b"stream on\n", b"stream off\n", SENSOR_STOPPED
)


def environment(period_s: float) -> SensorStream:
    """Readings of the environment every `period_s`.

    A board that gets the command again goes on. At the beginning it is stopped first.
    """
    say, stop = f"environment {round(period_s * 1000)}\n".encode(), b"environment 0\n"
    return SensorStream(ENVIRONMENT_CHANNELS, period_s, stop + say, say, stop, "environment-ended")


FULL_SCALES = ((2, 4, 8, 16), (125, 250, 500, 1000, 2000))  # g, deg/s: the usual ones of IMUs
NEAR = 0.005  # a clipped value is this close to full scale, as a share of it
ACCELERATIONS = 3


class Clipping:
    """Counts in `samples` how many samples had an axis that stayed at a full scale.

    One value at the full scale of a smaller range may be chance; two in a row are clipping.
    """

    def __init__(self) -> None:
        self.samples = 0
        self._before: tuple[int, ...] = ()

    def add(self, values: tuple[int, ...]) -> None:
        """Add a sample: three or six values, in thousandths of g and deg/s."""
        stays = (
            at
            for at, pair in enumerate(zip(values, self._before, strict=False))
            if pair[0] == pair[1]
        )
        self.samples += any(_at_an_end(at, values[at]) for at in stays)
        self._before = values


def _at_an_end(axis: int, thousandths: int) -> bool:
    scales = FULL_SCALES[axis >= ACCELERATIONS]
    size = abs(thousandths) / 1000
    return any(abs(size - scale) <= NEAR * scale for scale in scales)


PERIOD_AFTER_ROWS = 64  # an unknown rate is measured over these
USUAL_RATE_HZ = 119.0  # of a recording that is too short to have a rate
ANOTHER_RATE = 0.05  # a burst whose arrivals differ so much from the usual rate has its own
FASTEST_ARRIVAL_HZ = 1500.0  # rows that come faster were kept, and came all at once


class BurstEnd:
    """Marks the end of a burst among the samples."""


Decoded = list[TrackSample | BurstEnd]


class Bursts:
    """Counts the rows of bursts.

    Attributes:
        missing: how many rows the newest burst has too few.
        rate_hz: of the rows in the newest burst, by their arrivals.
    """

    def __init__(self, usual_rows: int = 0) -> None:
        self._usual_rows, self._newest_rows = usual_rows, 0
        self._arrived_us: list[int] = []
        self.missing, self.rate_hz = 0, 0.0

    def add(self, arrived_us: int) -> None:
        """Add a row."""
        self._arrived_us.append(arrived_us)

    def end(self) -> bool:
        """End the burst; False if there is none. Two of the same length show the usual one."""
        rows = len(self._arrived_us)
        if not rows:
            return False
        self._usual_rows = rows if rows == self._newest_rows else self._usual_rows
        self._newest_rows = rows
        self.missing = max(0, self._usual_rows - rows)
        self.rate_hz = rate_of_arrival(self._arrived_us)
        self._arrived_us.clear()
        return True


class StreamDecoder:
    """Decodes the bytes of one port into a track of samples.

    Attributes:
        failing: the newest reading of the environment is missing, because a sensor failed.
        info_error: why the board's answer to `info` could not be read.
    """

    def __init__(
        self, stream: SensorStream = IMU, units: Mapping[Role, float] | None = None
    ) -> None:
        """`units` are those of another sender's rows, as factors to g and deg/s, if known."""
        self.stream = stream
        self.sender: Sender | None = None
        self.info: BoardInfo | None = None
        self.info_error: PipelineError | None = None
        self.track = Track(len(stream.channels), stream.period_s * 1e6)
        self.messages: deque[Message] = deque(maxlen=64)  # for the link
        self.clipping = Clipping()
        self.sensor_stopped = False
        self.failing = False
        self._is_asked_for = stream.is_imu  # earlier lines belong to an earlier capture
        self._clock = ClockFit()
        self._reader = LineReader()
        self._rows: RowReader | None = None  # of another sender
        self._recognizer = Recognizer(units)
        self._lines = LineSplitter()  # of another sender
        self._unknown: deque[tuple[bytes, int]] = deque(maxlen=MOST_LINES)  # and their host_us
        self._looks_like_board = False
        self._bursts = Bursts()
        self._rate_hz = 0.0

    def rate_hz(self) -> float:
        """The rate of the sample lines, else the sender's, else the measured one in whole Hz.

        After the first call it stays the same, so that all takes of a capture have one rate.
        """
        if self._rate_hz == 0:
            if self.stream.period_s:
                return 1 / self.stream.period_s
            self._rate_hz = self._known_rate_hz() or USUAL_RATE_HZ
        return self._rate_hz

    def _known_rate_hz(self) -> float:
        fitted = self.track.fitted_rate_hz()
        if self.sender is None or self.sender is BOARD:
            measured = fitted or (self.info.measured_hz if self.info else 0.0)
            reported = plausible_rate_hz(self.info.stream_hz, fitted) if self.info else 0.0
            return reported or float(round(measured))
        if self.sender.has_clock and self.sender.rate_hz:
            return self.sender.rate_hz
        arrived_hz = tidy_rate_hz(self._bursts.rate_hz or self.track.rate_without_pauses_hz())
        if not 0 < arrived_hz <= FASTEST_ARRIVAL_HZ:
            return self.sender.rate_hz
        usual_hz = self.sender.rate_hz
        return usual_hz if abs(arrived_hz - usual_hz) <= ANOTHER_RATE * usual_hz else arrived_hz

    @property
    def channels(self) -> tuple[str, ...]:
        """Names of the channels; none before the sender is recognized."""
        if self.sender is None:
            return ()
        return self.stream.channels if self.sender is BOARD else self.sender.channels

    @property
    def clock(self) -> HostClock | None:
        """The board's clock relative to this computer's; None for a sender without a clock."""
        return self._clock.clock() if self.sender and self.sender.has_clock else None

    @property
    def awaits_rows(self) -> bool:
        """Whether another sender has sent its header, and waits for a movement."""
        return self.sender is None and self._recognizer.saw_header

    @property
    def unit_question(self) -> str:
        """Which unit of another sender's rows is not known yet; "" if none."""
        question = self._recognizer.question
        return question.what if question and question.is_unit else ""

    @property
    def unrecognized(self) -> Unrecognized:
        """What came from a sender that is not recognized."""
        return self._recognizer.unrecognized()

    def feed(self, data: bytes, host_us: int) -> Decoded:
        """Add bytes; returns the new samples at the end of the track, in order. Never raises."""
        decoded = self._feed(data, host_us)
        for row in decoded:
            if isinstance(row, TrackSample) and self.stream.is_imu:
                self.clipping.add(row.values)
        return decoded

    def _feed(self, data: bytes, host_us: int) -> Decoded:
        if self._rows is not None:
            return [
                decoded
                for line in self._lines.feed(data)
                for decoded in self._decode_row(line, host_us)
            ]
        decoded: Decoded = []
        for item in self._reader.feed(data):
            decoded += self._decode_item(item, host_us)
        if self.sender is None and self.stream.is_imu:
            decoded += self._recognize_sender(data, host_us)
        return decoded

    def mark_unplugged(self, seconds: float) -> None:
        """Mark that the port was away for `seconds`; the bytes on their way are lost."""
        self.track.mark("unplugged", round(seconds * 1000))
        self.track.after_silence()
        self._reader = LineReader()
        self._lines = LineSplitter()

    def finish(self) -> Decoded:
        """End the stream; return the last samples."""
        return list(self.track.finish())

    def _decode_item(self, item: Item, host_us: int) -> list[TrackSample]:
        if isinstance(item, Message):
            return self._decode_message(item, host_us)
        if self.sender is not BOARD:
            # These may come before the first answer: an earlier capture left the board streaming.
            self._looks_like_board = self._looks_like_board or isinstance(item, Sample)
        elif isinstance(item, Damaged):
            self.track.mark("corrupt")
        elif self.stream.is_imu:
            return self._place(item, host_us)
        return []

    def _place(self, sample: Sample, host_us: int) -> list[TrackSample]:
        if not is_possible(sample):
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

    def _decode_message(self, message: Message, host_us: int) -> list[TrackSample]:
        reading = reading_of(message)
        if reading is not None:
            wanted = self._is_asked_for and not self.stream.is_imu
            return self._place(reading, host_us) if wanted else []
        self.messages.append(message)
        if message.kind == "hello" and self.sender is BOARD:
            self.track.expect_restart()
        elif message.kind == "ok":
            self._decode_answer(message)
        elif message.kind == "warn":
            self.sensor_stopped |= warning_of(message) == self.stream.ended
            self.failing |= warning_of(message) == "no-reading"
        return []

    def _decode_answer(self, message: Message) -> None:
        if "board" in message.fields:
            self._decode_info(message)
        elif not self.stream.is_imu and "period_ms" in message.fields:
            self._is_asked_for = message.fields["period_ms"] == str(self.stream.period_ms)

    def _decode_info(self, message: Message) -> None:
        try:
            self.info = board_info(message)
        except PipelineError as error:
            self.info_error = error  # the line may be damaged: the link asks again
            return
        if self.sender is BOARD:
            self.track.after_silence()  # it is asked again only after a silence
        self.sender = BOARD
        if self.stream.period_s:
            return
        rate_hz = self.info.measured_hz or self.info.stream_hz
        self.track.period_us = 1e6 / rate_hz if rate_hz > 0 else self.track.period_us

    def _recognize_sender(self, data: bytes, host_us: int) -> Decoded:
        if self._looks_like_board:
            return []
        for line in self._lines.feed(data):
            self._unknown.append((line, host_us))
            self._recognizer.add(line, host_us)
        found = self._recognizer.recognize(host_us)
        if found is None:
            return []
        self.sender, self._rows = found.sender, RowReader(found.format)
        self._bursts = Bursts(found.sender.burst_rows)
        self.track = Track(channels=len(self.sender.channels))
        return [
            decoded for line, at_us in self._unknown for decoded in self._decode_row(line, at_us)
        ]

    def _decode_row(self, line: bytes, host_us: int) -> Decoded:
        assert self._rows is not None
        decoded: Decoded = []
        for item in self._rows.read(line, host_us):
            if isinstance(item, Numbers):
                decoded += self._place_row(item, host_us)
            elif not isinstance(item, Pause):
                self.track.mark("corrupt")
            elif self.sender is not None and self.sender.bursts and self._bursts.end():
                if self._bursts.missing:
                    self.track.mark("short-burst", self._bursts.missing, before_next=False)
                decoded.append(BurstEnd())
        return decoded

    def _place_row(self, row: Numbers, host_us: int) -> list[TrackSample]:
        self._bursts.add(host_us)
        if row.placed.restarted:
            self.track.mark("reboot")
            self._clock = ClockFit()
        rows = self.track.add(Sample(row.placed.seq, row.placed.t_us, row.values), host_us)
        for sample in rows:
            self._clock.add(sample.t_us, host_us)
        return rows
