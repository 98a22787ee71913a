"""What every board must do, whichever it is: one list of cases, none of which can tell them apart.

A case is given a Subject and answers with what it found, in values that are the same on every
board: what depends on time or on the board's name is checked in the case. It raises AssertionError
or PipelineError where the board is wrong.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from pipeline.capture.client import BoardClient
from pipeline.capture.feedback import pull_samples
from pipeline.capture.link_statistics import LinkStatistics
from pipeline.capture.ports import open_port
from pipeline.capture.protocol import Damaged, Sample, event_of, network_output_of
from pipeline.capture.requests import injecting, send
from pipeline.core.artifacts import GoldenVectors, Recording
from pipeline.core.contract import Contract
from pipeline.core.errors import NoBoardError, PipelineError
from pipeline.twin.library import Twin

VECTORS = 32
LEAST_KEPT, MOST_KEPT = 700, 1024  # samples
RATE_TOLERANCE = 0.02
LATE_S = 1.0  # by which the newest sample of a starved board may be late
RETURN_S = 120.0  # in which a board that restarts must be back; an emulated one may be starved
WRONG_LINES = {
    "fly": "unknown-command",
    "info please": "bad-argument",
    "stream maybe": "bad-argument",
    "load 0 0g": "bad-argument",
    "load 0 " + "00" * 113: "out-of-range",
    "load 4294967296 00": "out-of-range",
    "bench 0": "out-of-range",
    "bench 101": "out-of-range",
    "sample " + "00" * 32: "not-injecting",
    "x" * 300: "line-too-long",
    "\x01\x02\x7f": "unknown-command",
}
WAITING_S, PAUSE_S = 3.0, 0.1  # for lines that are on their way: at most, and without any


@dataclass(frozen=True)
class Subject:
    """port: as `open_port` takes it. gestures: at the contract's rate, with things to call.
    seconds: how long the cases that wait do so. attempts: at a stretch in which no sample is lost;
    an emulated board whose computer is busy loses some, and counts them."""

    board: str
    port: str
    contract: Contract
    golden: GoldenVectors
    twin: Twin
    gestures: Recording
    seconds: float
    attempts: int = 1

    @contextmanager
    def client(self) -> Iterator[BoardClient]:
        """A connection to the board that was named, and to no other."""
        with open_port(self.port) as port:
            client = BoardClient(port)
            info = client.wait_ready()
            assert info.board == self.board, f"{self.port} is a {info.board}"
            yield client


def info(subject: Subject) -> Any:
    with subject.client() as client:
        reported = client.info()
    contract = subject.contract
    assert reported.contract == contract.hash()
    assert (reported.window, reported.hop) == (contract.window, contract.hop)
    assert reported.tick_hz > 0
    return (
        reported.contract,
        reported.rate_hz,
        reported.window,
        reported.hop,
        reported.channels,
        reported.classes,
    )


def labels(subject: Subject) -> Any:
    with subject.client() as client:
        reported = client.labels()
    assert reported == subject.contract.labels
    return reported


def selftest(subject: Subject) -> Any:
    with subject.client() as client:
        return client.selftest()


def golden_vectors(subject: Subject) -> Any:
    golden = subject.golden
    with subject.client() as client:
        outputs = [client.run_vector(vector) for vector in golden.inputs[:VECTORS]]
    assert np.array_equal(outputs, golden.outputs[: len(outputs)])
    return hashlib.sha256(np.array(outputs).tobytes()).hexdigest()


def time_of_an_inference(subject: Subject) -> Any:
    with subject.client() as client:
        assert client.bench(10) > 0


def rate_and_stream(subject: Subject) -> Any:
    """Samples at the rate the board promises, in order, none lost, none damaged."""
    with subject.client() as client:
        for _ in range(subject.attempts):
            before = client.info()
            statistics = streamed(client, subject.seconds)
            reported = client.info()
            lost = reported.overruns - before.overruns + reported.dropped - before.dropped
            if lost == 0:
                break
    assert lost == statistics.lost == 0
    assert statistics.received > 0.8 * subject.seconds * reported.stream_hz
    assert abs(statistics.rate_hz / reported.stream_hz - 1) < RATE_TOLERANCE
    assert abs(reported.measured_hz / reported.stream_hz - 1) < RATE_TOLERANCE


def streamed(client: BoardClient, seconds: float) -> LinkStatistics:
    """What was seen of the samples of so many seconds, without the end of a stream before."""
    take_what_waits(client)
    statistics = LinkStatistics()
    client.switch("stream", True)
    for item in client.items(seconds):
        statistics.add(item, time.time_ns() // 1000)
        assert not isinstance(item, Damaged), item
    client.switch("stream", False)
    return statistics


def take_what_waits(client: BoardClient) -> None:
    """What was on its way when a stream was switched off: a busy board sends it late."""
    deadline = time.monotonic() + WAITING_S
    while list(client.items(PAUSE_S)) and time.monotonic() < deadline:
        pass


def gestures_called(subject: Subject) -> Any:
    """Injected samples give the events of the twin, at their times and with their scores."""
    with subject.client() as client, injecting(client, subject.gestures.rate_hz):
        client.take_pending("event")
        send(client, subject.gestures)
        events = [event_of(message) for message in client.take_pending("event")]
    expected = subject.twin.replay(subject.gestures).events
    assert expected
    assert events == expected
    return [(event.t_us, event.label, event.score) for event in expected]


def scores_reported(subject: Subject) -> Any:
    with subject.client() as client:
        client.switch("scores", True)
        with injecting(client, subject.gestures.rate_hz):
            client.take_pending("score")
            send(client, subject.gestures)
            reported = [network_output_of(message) for message in client.take_pending("score")]
        client.switch("scores", False)
    found = b"".join(output.tobytes() for _, output in filter(None, reported))
    assert found == subject.twin.replay(subject.gestures).scores.tobytes()
    return hashlib.sha256(found).hexdigest()


def a_wrong_rate(subject: Subject) -> Any:
    """Samples at half the rate are reported, and nothing is called."""
    slow = replace(subject.gestures, t_us=2 * subject.gestures.t_us)
    with subject.client() as client, injecting(client, subject.gestures.rate_hz / 2):
        client.take_pending("event")
        send(client, slow)
        warnings = [message.words[0] for message in client.take_pending("warn")]
        assert client.take_pending("event") == []
    assert "rate-off" in warnings


def lost_samples(subject: Subject) -> Any:
    """A hole in time and readings no sensor gives: the board goes on and calls what follows."""
    gestures = subject.gestures
    noise = replace(gestures, samples=np.full_like(gestures.samples, 16000.0))
    with subject.client() as client, injecting(client, gestures.rate_hz):
        client.take_pending("warn")
        send(client, noise)
        assert "bad-sample" in [message.words[0] for message in client.take_pending("warn")]
        client.command(f"inject {round(gestures.rate_hz * 1000)}")
        client.take_pending("event")
        send(client, gestures)
        events = [message.words for message in client.take_pending("event")]
    assert len(events) == len(subject.twin.replay(gestures).events)
    return events


def the_last_seconds(subject: Subject) -> Any:
    with subject.client() as client, injecting(client, subject.gestures.rate_hz):
        send(client, subject.gestures)
        pulled = pull_samples(client)
    kept = len(pulled)  # noise takes more room than the motion of a hand
    assert min(LEAST_KEPT, len(subject.gestures)) <= kept <= MOST_KEPT
    assert np.array_equal([s.values for s in pulled], subject.gestures.thousandths[-kept:])
    assert [s.t_us for s in pulled] == subject.gestures.t_us[-kept:].tolist()
    return len(pulled)


def wrong_lines(subject: Subject) -> Any:
    answers = {}
    with subject.client() as client:
        for line, reason in WRONG_LINES.items():
            try:
                client.command(line)
            except PipelineError as error:
                answers[line] = reason if reason in error.what else error.what
        assert client.labels() == subject.contract.labels
    assert answers == WRONG_LINES
    return answers


def no_fault_reported(subject: Subject) -> Any:
    """The board has not restarted by itself since the last case: it would have said so."""
    with subject.client() as client:
        assert [m for m in client.take_pending("warn") if m.words[0] == "fault"] == []


def reboot(subject: Subject) -> Any:
    """It comes back, on the same port or anew, with the same model, and reports no fault."""
    with subject.client() as client:
        client.command("reboot")
    deadline = time.monotonic() + RETURN_S
    while True:
        try:
            with subject.client() as client:
                faults = [m.text for m in client.take_pending("warn") if m.words[0] == "fault"]
                assert faults == []
                return client.info().contract
        except PipelineError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.2)


def long_idle(subject: Subject) -> Any:
    """Nobody asks anything; then it answers at once and has dropped nothing."""
    for _ in range(subject.attempts):
        overruns, samples, contract = idled(subject)
        if overruns == 0:
            break
    assert overruns == 0
    # Before them, some may be missing that were lost, and counted, before the first question.
    since_us = samples[-1].t_us - 1e6 * (subject.seconds - LATE_S)
    idle = [one.seq for one in samples if one.t_us > since_us]
    assert idle == list(range(idle[0], idle[0] + len(idle)))
    assert len(idle) > subject.seconds * subject.contract.rate_hz / 2
    return contract


def idled(subject: Subject) -> tuple[int, Sequence[Sample], str]:
    """Overruns of a stretch without questions, its samples, and the contract.

    A board that does not answer then may have no overruns either: else it had no processor.
    """
    samples: Sequence[Sample] = ()
    silent: NoBoardError | None = None
    with subject.client() as client:
        before = client.info()
        list(client.items(subject.seconds))
        try:
            samples = pull_samples(client)
        except NoBoardError as error:
            silent = error
    with subject.client() as client:
        after = client.info()
    if silent is not None and after.overruns == before.overruns:
        raise silent
    return after.overruns - before.overruns, samples, after.contract


def nothing_said_unasked(subject: Subject) -> Any:
    """With everything off the line is silent."""
    with subject.client() as client:
        for switch in ("stream", "classify", "scores"):
            client.switch(switch, False)
        take_what_waits(client)
        said = list(client.items(1.0))
        client.switch("classify", True)
    assert said == [], said


CASES: dict[str, Callable[[Subject], Any]] = {
    case.__name__: case
    for case in (
        info,
        labels,
        selftest,
        golden_vectors,
        time_of_an_inference,
        rate_and_stream,
        gestures_called,
        scores_reported,
        a_wrong_rate,
        lost_samples,
        the_last_seconds,
        wrong_lines,
        no_fault_reported,
        nothing_said_unasked,
        long_idle,
        reboot,
    )
}
