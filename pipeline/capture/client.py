"""A client for a board at an open port: commands, answers, samples and events."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterator, Mapping, Sequence

from pipeline.capture.ports import Port
from pipeline.capture.protocol import (
    Damaged,
    Item,
    LineReader,
    Message,
    Sample,
    board_info,
    field_in,
    int8_of,
    number_in,
    unexpected_answer,
)
from pipeline.core.artifacts import Int8
from pipeline.core.board_profiles import BoardInfo
from pipeline.core.enrolment import NO_NAME
from pipeline.core.errors import MismatchError, NoBoardError, PipelineError, UsageError

COMMAND_TIMEOUT_S = 5.0
BENCH_TIMEOUT_S = 60.0
READY_TIMEOUT_S = 10.0
LATE_ANSWER_S = 0.5
READY_ATTEMPT_S = 1.0
PENDING_BYTES = 64 << 20  # of memory, for items that arrive before an answer
SAMPLE_BYTES, WORD_BYTES, LINE_BYTES = 500, 60, 200  # of memory; the text of a line comes on top
THOUSANDTHS = 1000
LOAD_BYTES = 112  # maximum of one `load`
LINE_CHARACTERS = 255
ANSWERS = ("ok", "err")

WHY = {
    "unknown-command": "the firmware is older or newer than this program, or the line was damaged",
    "bad-argument": "the command's words are not of the form that docs/serial-protocol.md gives",
    "out-of-range": "the model on the board is smaller than the one this command is meant for",
    "no-model": "the board was flashed without a model",
    "wrong-task": "its model is of another task than the command",
    "unknown-character": "the prompt has a character that training has never seen",
    "no-samples": "its motion sensor has given none since it started or since a hole, or none at a "
    "rate that its model can use",
    "no-sensor": "it has no sensors of temperature, pressure and humidity that answer",
    "bad-enrolment": "some of it was lost on the way, or it is of another version of the firmware",
    "wrong-contract": "it was made for another model than the one on the board",
    "flash": "the flash of the board could not be written",
    "no-profile": "its image does not count its layers; `gesture deploy --profile` builds one",
    "line-too-long": "the line end was lost between two commands",
    "not-injecting": "the board has restarted since `inject`",
    "no-centres": "its model was converted by an older program, or runs on TensorFlow Lite Micro",
    "unknown-name": "nobody and nothing of that name is on the board",
    "full": "it has learned as many gestures as it can keep",
    "background": "its model calls it when nothing is a gesture",
}
NEXT = {
    "unknown-name": "`gesture enrol --list --port auto` says who and what is there",
    "full": "`gesture learn NAME --forget` makes room; names: `gesture enrol --list --port auto`",
    "background": "choose another name",
    "no-samples": "ask again in some seconds; an emulated board hears nothing after the end of its "
    "recording. If that does not help: `gesture deploy RUN`",
}


class BoardClient:
    """A client for one board. Items that arrive before an answer stay pending, in order."""

    def __init__(self, port: Port) -> None:
        self._port = port
        self._reader = LineReader()
        self._pending: deque[Item] = deque()
        self._pending_bytes = 0

    def wait_ready(self, timeout_s: float = READY_TIMEOUT_S) -> BoardInfo:
        """Wait until the board answers, it may have been switched on just now; else NO_BOARD."""
        deadline = time.monotonic() + timeout_s
        while True:
            try:
                return board_info(self.command("info", READY_ATTEMPT_S))
            except PipelineError:
                if time.monotonic() > deadline:
                    raise
            # A late answer must not be taken for the answer to the next command.
            while self._next_of(ANSWERS, LATE_ANSWER_S) and time.monotonic() < deadline:
                pass

    def command(self, text: str, timeout_s: float = COMMAND_TIMEOUT_S) -> Message:
        """Send a command and return its `ok` answer; PipelineError for `err`, or none."""
        return self.commands((text,), timeout_s)[0]

    def commands(self, texts: Sequence[str], timeout_s: float = COMMAND_TIMEOUT_S) -> list[Message]:
        """Send several commands at once and return their `ok` answers; as `command`."""
        self._port.write("".join(f"{text}\n" for text in texts).encode("ascii"))
        answers = self._gather(ANSWERS, len(texts), timeout_s)
        for text, answer in zip(texts, answers, strict=False):
            if answer.kind == "err":
                raise _refused(text, answer)
        if len(answers) < len(texts):
            raise NoBoardError(
                f"The board at {self._port.device} did not answer `{texts[len(answers)][:40]}` "
                f"within {timeout_s:g} s.",
                "it runs other firmware, hangs, or the port belongs to something else",
                "press its reset button; if it stays silent, deploy again",
            )
        return answers

    def items(self, limit_s: float | None = None) -> Iterator[Item]:
        """Yield samples, messages and damaged lines for at most `limit_s`."""
        deadline = None if limit_s is None else time.monotonic() + limit_s
        while True:
            while self._pending:
                yield self._take_oldest()
            if deadline is not None and time.monotonic() > deadline:
                return
            for item in self._reader.feed(self._port.read()):
                self._keep(item)

    def take_pending(self, kind: str) -> list[Message]:
        """Remove and return the pending messages of one kind."""
        found: list[Message] = []
        for _ in range(len(self._pending)):
            item = self._take_oldest()
            if isinstance(item, Message) and item.kind == kind:
                found.append(item)
            else:
                self._keep(item)
        return found

    def _take_oldest(self) -> Item:
        item = self._pending.popleft()
        self._pending_bytes -= _memory_of(item)
        return item

    def _keep(self, item: Item) -> None:
        self._pending_bytes += _memory_of(item)
        self._pending.append(item)
        if self._pending_bytes > PENDING_BYTES:
            self._pending.clear()
            self._pending_bytes = 0
            raise NoBoardError(
                f"The board at {self._port.device} sends too much before its answer.",
                "it runs other firmware, hangs, or the port belongs to something else",
                "press its reset button; if it goes on, deploy again: `gesture deploy RUN`",
            )

    def info(self) -> BoardInfo:
        """The board's answer to `info`."""
        return board_info(self.command("info"))

    def labels(self) -> tuple[str, ...]:
        """Names of the classes, in the order of the scores."""
        return self.command("labels").words

    def learned(self) -> tuple[str, ...]:
        """Names of the gestures that it has learned; none if its model cannot learn."""
        try:
            names = self.command("people").fields.get("learned", NO_NAME)
        except NoBoardError:
            raise
        except PipelineError:
            return ()
        return () if names == NO_NAME else tuple(names.split(","))

    def switch(self, what: str, on: bool) -> None:
        """Turn `stream`, `classify` or `scores` on or off."""
        self.command(f"{what} {'on' if on else 'off'}")

    def run_vector(self, network_input: Int8) -> Int8:
        """Run the network once: int8 [elements] to int8 [classes]."""
        content = network_input.tobytes()
        for start in range(0, len(content), LOAD_BYTES):
            part = content[start : start + LOAD_BYTES]
            self.command(f"load {start} {part.hex().upper()}")
        answer = self.command("invoke")
        try:
            return int8_of(answer.words[0])
        except (ValueError, IndexError):
            raise unexpected_answer(answer) from None

    def observe(self, row: Sequence[int]) -> list[tuple[int, ...]]:
        """Send a row in thousandths; returns the forecasts in thousandths, none before a window."""
        command = " ".join(["observe", *map(_decimal, row)])
        require_fits(command, f"A row of {len(row)} channels")
        self.command(command)
        return [_thousandths_of(message) for message in self.take_pending("forecast")]

    def forecast(self, rows: Sequence[Sequence[int]], outputs: int) -> tuple[int, ...]:
        """Forecast from rows that fill the window; all in thousandths. There must be `outputs`."""
        *_, forecasts = (self.observe(row) for row in rows)
        if not forecasts or len(forecasts[-1]) != outputs:
            raise MismatchError(
                f"The board at {self._port.device} did not send {outputs} forecasts.",
                "the line was damaged on its way, or the board restarted meanwhile",
                "repeat the command; if it stays, deploy again: `gesture deploy RUN`",
            )
        return forecasts[-1]

    def bench(self, runs: int) -> int:
        """Time of `runs` runs of the network, in ticks; see BoardInfo.tick_hz."""
        return int(number_in(self.command(f"bench {runs}", BENCH_TIMEOUT_S), "ticks"))

    def profile(self) -> list[float]:
        """Time of each layer in one run, in ticks."""
        answer = self.command("profile", BENCH_TIMEOUT_S)
        runs, layers = number_in(answer, "runs"), int(number_in(answer, "layers"))
        forecasts = self.take_pending("layer")
        if runs < 1 or [line.words[:1] for line in forecasts] != _numbered(layers, len(forecasts)):
            raise unexpected_answer(answer)
        return [number_in(line, "ticks") / runs for line in forecasts]

    def selftest(self) -> str:
        """Run the self-test and return its CRC; MISMATCH if it is not the model's."""
        return field_in(self.command("selftest"), "crc")

    def constants(self) -> Mapping[str, str]:
        """The board's constants for scaling and for the decision, by name."""
        return self.command("constants").fields

    def image_crc(self, length: int) -> int:
        """CRC-32 of the first `length` bytes of the image in the board's flash."""
        answer = self.command(f"image {length}", BENCH_TIMEOUT_S)
        try:
            return int(field_in(answer, "crc"), 16)
        except ValueError:
            raise unexpected_answer(answer) from None

    def reboot(self) -> BoardInfo:
        """Restart the board and wait until it answers again."""
        self.take_pending("hello")
        self.command("reboot")
        if not self._next_hello(READY_TIMEOUT_S):
            raise NoBoardError(
                f"The board at {self._port.device} did not start again within {READY_TIMEOUT_S:g} "
                "s.",
                "a real board's port disappears for a moment when it restarts, or the firmware "
                "hangs",
                "press its reset button and repeat the command",
            )
        return self.info()

    def _next_hello(self, timeout_s: float) -> bool:
        if self.take_pending("hello"):
            return True
        return self._next_of(("hello",), timeout_s) is not None

    def _next_of(self, kinds: tuple[str, ...], timeout_s: float) -> Message | None:
        """The next message of one of these kinds; other items stay pending."""
        return next(iter(self._gather(kinds, 1, timeout_s)), None)

    def _gather(self, kinds: tuple[str, ...], count: int, timeout_s: float) -> list[Message]:
        """The next `count` messages of these kinds, or those that arrive in time."""
        deadline = time.monotonic() + timeout_s
        found: list[Message] = []
        while len(found) < count and time.monotonic() < deadline:
            for item in self._reader.feed(self._port.read()):
                if len(found) < count and isinstance(item, Message) and item.kind in kinds:
                    found.append(item)
                else:
                    self._keep(item)
        return found


def _memory_of(item: Item) -> int:
    """Its approximate size in memory, in bytes."""
    if isinstance(item, Sample):
        return SAMPLE_BYTES
    if isinstance(item, Damaged):
        return LINE_BYTES + len(item.line)
    return LINE_BYTES + sum(WORD_BYTES + len(word) for word in item.words)


def require_fits(command: str, what: str) -> None:
    """Refuse a command that is longer than a line to a board."""
    if len(command) > LINE_CHARACTERS:
        raise UsageError(
            f"{what} does not fit a line to the board.",
            f"a line has {LINE_CHARACTERS} characters, and this would have {len(command)}",
            "shorten it, or leave --port out: the same C then runs on this computer",
        )


def _decimal(thousandths: int) -> str:
    """The number without trailing zeros."""
    return f"{thousandths / THOUSANDTHS:.3f}".rstrip("0").rstrip(".")


def _thousandths_of(forecast: Message) -> tuple[int, ...]:
    try:
        return tuple(round(float(word) * THOUSANDTHS) for word in forecast.words[1:])
    except (ValueError, OverflowError):
        raise unexpected_answer(forecast) from None


def _numbered(layers: int, most: int) -> list[tuple[str, ...]]:
    """The first words of `layers` lines, at most `most` + 1: a board may report any number."""
    return [(str(number),) for number in range(min(layers, most + 1))]


def _refused(text: str, answer: Message) -> PipelineError:
    reason = answer.words[0] if answer.words else "no reason given"
    if reason == "selftest":
        fields = answer.fields
        return MismatchError(
            f"The board's self-test failed: it computed {fields.get('crc')}, "
            f"conversion found {fields.get('expected')}.",
            "the network on the board does not compute what it did where it was converted",
            "deploy again; if it stays, report it as a fault of the firmware",
        )
    return PipelineError(
        f"The board refused `{text[:40]}`: {' '.join(answer.words)}.",
        WHY.get(reason, "the firmware is of another version"),
        NEXT.get(reason, "deploy this version's firmware and a model to it: `gesture deploy RUN`"),
    )
