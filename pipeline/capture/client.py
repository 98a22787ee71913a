"""Talks to a board over an open port: commands and answers among samples and events."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterator, Sequence
from typing import Protocol

from pipeline.artifacts import Int8
from pipeline.capture.board_info import (
    BoardInfo,
    board_info,
    field_in,
    not_understood,
    number_in,
)
from pipeline.capture.protocol import Item, LineReader, Message, int8_of
from pipeline.errors import ExitCode, PipelineError

COMMAND_TIMEOUT_S = 5.0
BENCH_TIMEOUT_S = 60.0
READY_TIMEOUT_S = 10.0
GREETING_WAIT_S = 0.5  # a board that was just switched on says hello; others say nothing
READY_ATTEMPT_S = 1.0
THOUSANDTHS = 1000
LOAD_BYTES = 112  # most bytes of one `load`
LINE_CHARACTERS = 255
ANSWERS = ("ok", "err")

WHY = {
    "unknown-command": "the firmware is older or newer than this program, or the line was damaged",
    "bad-argument": "the command's words are not of the form that docs/serial-protocol.md gives",
    "out-of-range": "the model on the board is smaller than the one this command is meant for",
    "no-model": "the board was flashed without a model",
    "wrong-task": "its model is of another task than the command",
    "unknown-character": "the prompt has a character that training has never seen",
    "no-sensor": "it has no sensors of temperature, pressure and humidity that answer",
    "no-profile": "its image does not count its layers; `gesture deploy --profile` builds one",
    "line-too-long": "the line end was lost between two commands",
    "not-injecting": "the board has restarted since it was told to take samples from here",
}


class ByteStream(Protocol):
    """What a client needs of a port; pipeline.capture.ports.Port is one."""

    device: str

    def read(self) -> bytes:
        """What has arrived; waits a short while for the first byte, else empty."""

    def write(self, data: bytes) -> None: ...


class BoardClient:
    """One board. Whatever arrives between a command and its answer is kept, in order."""

    def __init__(self, port: ByteStream) -> None:
        self._port = port
        self._reader = LineReader()
        self._kept: deque[Item] = deque()

    def wait_ready(self, timeout_s: float = READY_TIMEOUT_S) -> BoardInfo:
        """Wait until the board answers, be it just switched on or long running."""
        deadline = time.monotonic() + timeout_s
        self._next_hello(GREETING_WAIT_S)
        while True:
            try:
                return board_info(self.command("info", READY_ATTEMPT_S))
            except PipelineError:
                if time.monotonic() > deadline:
                    raise
            # Asked too early, an answer may still come: it must not answer the next question.
            while self._next_of(ANSWERS, GREETING_WAIT_S):
                pass

    def command(self, text: str, timeout_s: float = COMMAND_TIMEOUT_S) -> Message:
        """Send a command; its `ok` answer. Raises PipelineError for `err` and for silence."""
        return self.commands((text,), timeout_s)[0]

    def commands(self, texts: Sequence[str], timeout_s: float = COMMAND_TIMEOUT_S) -> list[Message]:
        """As `command`, of several that do not wait for one another; few enough for one write."""
        self._port.write("".join(f"{text}\n" for text in texts).encode("ascii"))
        answers = self._gather(ANSWERS, len(texts), timeout_s)
        for text, answer in zip(texts, answers, strict=False):
            if answer.kind == "err":
                raise _refused(text, answer)
        if len(answers) < len(texts):
            raise self._unanswered(texts[len(answers)], timeout_s)
        return answers

    def _unanswered(self, text: str, timeout_s: float) -> PipelineError:
        return PipelineError(
            f"The board at {self._port.device} did not answer `{text[:40]}` "
            f"within {timeout_s:g} s.",
            "it runs other firmware, hangs, or the port belongs to something else",
            "press its reset button; if it stays silent, deploy again",
            ExitCode.NO_BOARD,
        )

    def items(self, limit_s: float | None = None) -> Iterator[Item]:
        """Samples, messages and damaged lines as they come, for at most `limit_s`."""
        deadline = None if limit_s is None else time.monotonic() + limit_s
        while True:
            while self._kept:
                yield self._kept.popleft()
            if deadline is not None and time.monotonic() > deadline:
                return
            self._kept.extend(self._reader.feed(self._port.read()))

    def take_kept(self, kind: str) -> list[Message]:
        """The messages of one kind that arrived during commands; what else did stays."""
        kept, self._kept = self._kept, deque()
        found: list[Message] = []
        for item in kept:
            if isinstance(item, Message) and item.kind == kind:
                found.append(item)
            else:
                self._kept.append(item)
        return found

    def info(self) -> BoardInfo:
        return board_info(self.command("info"))

    def labels(self) -> tuple[str, ...]:
        """The classes, in the order of the scores."""
        return self.command("labels").words

    def switch(self, what: str, on: bool) -> None:
        """Turn `stream`, `classify` or `scores` on or off."""
        self.command(f"{what} {'on' if on else 'off'}")

    def run_vector(self, network_input: Int8) -> Int8:
        """Run the network once: int8 [elements] in, int8 [classes] out."""
        content = network_input.tobytes()
        for start in range(0, len(content), LOAD_BYTES):
            part = content[start : start + LOAD_BYTES]
            self.command(f"load {start} {part.hex().upper()}")
        answer = self.command("invoke")
        try:
            return int8_of(answer.words[0])
        except (ValueError, IndexError):
            raise not_understood(answer) from None

    def observe(self, row: Sequence[int]) -> list[tuple[int, ...]]:
        """Tell a board that forecasts the next row of its series, in thousandths; what it says
        comes next, in thousandths, or nothing while its window is not full."""
        command = " ".join(["observe", *map(_decimal, row)])
        require_fits(command, f"A row of {len(row)} channels")
        self.command(command)
        return [_thousandths_of(message) for message in self.take_kept("forecast")]

    def forecast(self, rows: Sequence[Sequence[int]], outputs: int) -> tuple[int, ...]:
        """What comes after rows that fill its window, in thousandths. Raises PipelineError where
        the board does not say so many numbers."""
        *_, told = (self.observe(row) for row in rows)
        if not told or len(told[-1]) != outputs:
            raise PipelineError(
                f"The board at {self._port.device} did not tell {outputs} forecasts.",
                "the line was damaged on its way, or the board restarted meanwhile",
                "repeat the command; if it stays, deploy again: `gesture deploy RUN`",
                ExitCode.MISMATCH,
            )
        return told[-1]

    def bench(self, runs: int) -> int:
        """Ticks that `runs` runs of the network took together; see BoardInfo.tick_hz."""
        return int(number_in(self.command(f"bench {runs}", BENCH_TIMEOUT_S), "ticks"))

    def profile(self) -> list[float]:
        """Ticks that each layer of the network takes a run, in order."""
        answer = self.command("profile", BENCH_TIMEOUT_S)
        runs, layers = number_in(answer, "runs"), int(number_in(answer, "layers"))
        told = [item for item in self._kept if isinstance(item, Message) and item.kind == "layer"]
        if [line.words[:1] for line in told] != [(str(number),) for number in range(layers)]:
            raise not_understood(answer)
        self._kept = deque(item for item in self._kept if item not in told)
        return [number_in(line, "ticks") / runs for line in told]

    def selftest(self) -> str:
        """The CRC the board found. Raises PipelineError (MISMATCH) where it is not the model's."""
        return field_in(self.command("selftest"), "crc")

    def image_crc(self, length: int) -> int:
        """CRC-32 of the first `length` bytes of the image that runs, as the flash holds them."""
        answer = self.command(f"image {length}", BENCH_TIMEOUT_S)
        try:
            return int(field_in(answer, "crc"), 16)
        except ValueError:
            raise not_understood(answer) from None

    def reboot(self) -> BoardInfo:
        """Restart the board and wait until it answers again."""
        self._forget_hellos()
        self.command("reboot")
        if not self._next_hello(READY_TIMEOUT_S):
            raise _silent_after_restart(self._port.device)
        return self.info()

    def _forget_hellos(self) -> None:
        self._kept = deque(item for item in self._kept if not _is_hello(item))

    def _next_hello(self, timeout_s: float) -> bool:
        """Whether the board has said hello, or does in time; a hello is told once."""
        if any(_is_hello(item) for item in self._kept):
            self._forget_hellos()
            return True
        return self._next_of(("hello",), timeout_s) is not None

    def _next_of(self, kinds: tuple[str, ...], timeout_s: float) -> Message | None:
        """The next message of one of these kinds to arrive; what else arrives is kept."""
        return next(iter(self._gather(kinds, 1, timeout_s)), None)

    def _gather(self, kinds: tuple[str, ...], count: int, timeout_s: float) -> list[Message]:
        """The next `count` of them, or as many as arrive in time."""
        deadline = time.monotonic() + timeout_s
        found: list[Message] = []
        while len(found) < count and time.monotonic() < deadline:
            for item in self._reader.feed(self._port.read()):
                if len(found) < count and isinstance(item, Message) and item.kind in kinds:
                    found.append(item)
                else:
                    self._kept.append(item)
        return found


def require_fits(command: str, what: str) -> None:
    """Raises PipelineError (USAGE) for a command that is longer than a line to a board."""
    if len(command) > LINE_CHARACTERS:
        raise PipelineError(
            f"{what} does not fit a line to the board.",
            f"a line has {LINE_CHARACTERS} characters, and this would have {len(command)}",
            "shorten it, or leave --port out: the firmware's C on this computer says the same",
            ExitCode.USAGE,
        )


def _decimal(thousandths: int) -> str:
    """With no more digits than it needs."""
    return f"{thousandths / THOUSANDTHS:.3f}".rstrip("0").rstrip(".")


def _thousandths_of(forecast: Message) -> tuple[int, ...]:
    try:
        return tuple(round(float(word) * THOUSANDTHS) for word in forecast.words[1:])
    except (ValueError, OverflowError):
        raise not_understood(forecast) from None


def _is_hello(item: Item) -> bool:
    return isinstance(item, Message) and item.kind == "hello"


def _silent_after_restart(device: str) -> PipelineError:
    return PipelineError(
        f"The board at {device} did not start again within {READY_TIMEOUT_S:g} s.",
        "a real board's port disappears for a moment when it restarts, or the firmware hangs",
        "press its reset button and repeat the command",
        ExitCode.NO_BOARD,
    )


def _refused(text: str, answer: Message) -> PipelineError:
    reason = answer.words[0] if answer.words else "no reason given"
    if reason == "selftest":
        fields = answer.fields
        return PipelineError(
            f"The board's self-test failed: it computed {fields.get('crc')}, "
            f"conversion found {fields.get('expected')}.",
            "the network on the board does not compute what it did where it was converted",
            "deploy again; if it stays, report it as a fault of the firmware",
            ExitCode.MISMATCH,
        )
    return PipelineError(
        f"The board refused `{text[:40]}`: {' '.join(answer.words)}.",
        WHY.get(reason, "the firmware is of another version"),
        "deploy this version's firmware and a model to it: `gesture deploy RUN`",
    )
