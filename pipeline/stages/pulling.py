"""What a board got wrong, brought back to learn from."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.stages.data import DATA
from pipeline.stages.writing import writing

if TYPE_CHECKING:
    from pipeline.capture.board_info import BoardInfo
    from pipeline.capture.client import BoardClient


@dataclass(frozen=True)
class PullOptions:
    """background: the label of 'no gesture'; seconds: of a false alarm, before its event."""

    person: str
    session: str
    dataset: str
    background: str
    seconds: float


@dataclass(frozen=True)
class Pulled:
    """kind: `false-alarm` or `missed`."""

    file: Path
    kind: str
    seconds: float


def pull(port: str, label: str, options: PullOptions) -> Pulled:
    """Save the board's last seconds under `label`: the newest movement, or, where that is the
    background, all of them.

    Raises PipelineError where the board has none, or the label cannot be one.
    """
    from pipeline.capture.client import BoardClient
    from pipeline.capture.ports import lasting_name, open_port
    from pipeline.datasets.recordings import check_name

    check_name("label", label)
    with open_port(port) as connection:
        client = BoardClient(connection)
        info = client.wait_ready()
        return keep(client, info, lasting_name(connection.device), label, options)


def keep(
    client: BoardClient,
    info: BoardInfo,
    port: str,
    label: str,
    options: PullOptions,
    event_us: int | None = None,
) -> Pulled:
    """As `pull`, from a board that is connected; event_us: of the event that was false."""
    from pipeline.capture import mistakes
    from pipeline.capture.pull import pull_samples
    from pipeline.capture.takes import About
    from pipeline.datasets.recordings import check_name, next_recording_path, save_recording

    folder = DATA / check_name("dataset", options.dataset)
    path = next_recording_path(folder, label, options.person, options.session)
    samples = pull_samples(client)
    if label == options.background:
        kind, part = mistakes.FALSE_ALARM, mistakes.false_alarm(samples, options.seconds, event_us)
    else:
        kind, part = mistakes.MISSED, mistakes.missed_gesture(samples)
    about = About(options.person, options.session)
    with writing(path):
        save_recording(mistakes.mistake_recording(part, kind, label, info, about, port), path)
    return Pulled(path, kind, len(part) / info.stream_hz)
