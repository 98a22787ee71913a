"""A capture and a monitor as messages for a page."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence

from pipeline.capture.link_statistics import LinkStatistics, MonitorEntry
from pipeline.capture.recorder import PortView
from pipeline.capture.session import Session, TakeCommand
from pipeline.core.original_names import OriginalNames
from pipeline.studio.worker import Channel
from pipeline.workflows.monitor import Pulled, Summary

UPDATE_EVERY_S = 1 / 30  # a page draws as often
MOST_SAMPLES = 480  # of one message


class CaptureMessages:
    """The view of a capture: its state and its samples as messages, its commands from the page."""

    update_every_s = UPDATE_EVERY_S

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._shown: dict[str, int] = {}  # samples, by port
        self._state: dict[str, object] = {}

    def update(self, session: Session, ports: Sequence[PortView]) -> None:
        """Send the samples since the last time, and the state if it is another."""
        for port in ports:
            self._send_samples(port)
        shown = session.plan.shown
        state: dict[str, object] = {
            "prompt": session.prompt,
            "in_progress": session.in_progress,
            "takes": {shown(label): n for label, n in sorted(session.take_counts.items())},
            "of": session.plan.count,
            "seconds": round(session.seconds),
            "ports": [_port_state(port) for port in ports],
        }
        if state != self._state:
            self._state = state
            self._channel.send("capture", **state)

    def report(self, text: str) -> None:
        """Send a line of text."""
        self._channel.on_step(text)

    def next_command(self) -> TakeCommand | None:
        """A command of the page."""
        command = self._channel.next_command()
        return None if command is None else TakeCommand(command["command"])

    def _send_samples(self, port: PortView) -> None:
        track = port.decoder.track
        new = min(len(track) - self._shown.get(port.name, 0), MOST_SAMPLES)
        self._shown[port.name] = len(track)
        if new > 0:
            times, values = track.newest_times_us(new), track.newest(new)
            self._channel.show(
                "samples", port=port.name, t_us=times, values=values, at_s=time.time()
            )


def _port_state(port: PortView) -> dict[str, object]:
    decoder = port.decoder
    faults = {kind: count for kind, count in sorted(decoder.track.totals.items()) if count}
    return {
        "name": port.name,
        "state": port.state,
        "rate_hz": round(decoder.track.newest_rate_hz, 1),
        "faults": faults,
        "clipped": decoder.clipping.samples,
        "channels": decoder.channels,
    }


class MonitorMessages:
    """The view of a monitor."""

    live = True
    update_every_s = UPDATE_EVERY_S

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._names = OriginalNames()
        self._newest: tuple[int, int] | None = None
        self._state: dict[str, object] = {}

    def begin(self, title: str, names: OriginalNames) -> None:
        """A board is connected."""
        self._names, self._newest = names, None
        self._channel.send("connected", title=title)

    def show(self, entry: MonitorEntry) -> None:
        """An event, or a note."""
        event = entry.event
        if event is None:
            self._channel.on_step(entry.note)
            return
        label = self._names.shown("label", event.label)
        self._channel.send("event", label=label, score=event.score, t_us=event.t_us)

    def update(
        self, statistics: LinkStatistics, labels: Sequence[str], called: Mapping[str, int]
    ) -> None:
        """Send new samples, scores and the state of the link."""
        self._send_samples(statistics)
        smoothing = statistics.smoothing
        state: dict[str, object] = {
            "labels": self._names.all_shown("label", labels),
            "scores": [round(score, 3) for score in statistics.scores],
            "smoothed": [] if smoothing is None else [round(s, 3) for s in smoothing.scores],
            "thresholds": [] if smoothing is None else smoothing.thresholds,
            "called": {self._names.shown("label", name): n for name, n in called.items()},
            "rate_hz": round(statistics.rate_hz, 1),
            "delay_ms": round(statistics.delay_ms),
            "lost": statistics.lost,
            "damaged": statistics.damaged,
        }
        if state != self._state:
            self._state = state
            self._channel.show("monitor", **state)

    def report(self, text: str) -> None:
        """A line of text."""
        self._channel.on_step(text)

    def show_pulled(self, pulled: Pulled) -> None:
        """A mistake was recorded."""
        self._channel.send("pulled", file=pulled.file, kind=pulled.kind, seconds=pulled.seconds)

    def pressed_keys(self) -> str:
        """What was clicked since the last call: the keys of `gesture monitor`."""
        keys = ""
        while (command := self._channel.next_command()) is not None:
            keys += str(command["command"])
        return keys

    def end(self, summary: Summary, next_commands: Sequence[str]) -> None:
        """The summary."""
        self._channel.send("summary", summary=summary, next=next_commands)

    def _send_samples(self, statistics: LinkStatistics) -> None:
        new = []
        for sample in reversed(statistics.samples):
            if (sample.seq, sample.t_us) == self._newest:
                break
            new.append(sample)
        if new:
            self._newest = (new[0].seq, new[0].t_us)
            new.reverse()
            self._channel.show(
                "samples",
                port="",
                t_us=[sample.t_us for sample in new],
                values=[sample.values for sample in new],
                at_s=time.time(),
            )
