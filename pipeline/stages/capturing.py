"""From boards to takes: ports are recorded, takes become files."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.stages.capture_plan import CaptureOptions, plan_of
from pipeline.stages.data import DATA
from pipeline.stages.recovery import Recovered, TakeKeeper, head_of, recover

if TYPE_CHECKING:
    from pipeline.capture.recorder import Watcher
    from pipeline.capture.session import Session

ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@dataclass(frozen=True)
class Captured:
    """files: one a take and board; takes: by label; faults: by kind, over all boards.

    interrupted: ended from outside before all that was asked for was there.
    """

    files: tuple[Path, ...]
    takes: dict[str, int]
    faults: dict[str, int]
    recovered: tuple[Recovered, ...]
    interrupted: bool


def capture(options: CaptureOptions, watcher: Watcher) -> Captured:
    """Record takes; each is a file as soon as it is complete.

    Ctrl-C ends it, and keeps the take in progress where it is long enough.
    Raises PipelineError (USAGE) for what cannot be recorded, (NO_BOARD) for a board that is
    missing or stays away; what was recorded before that is kept.
    """
    from pipeline.capture.ear import Ear
    from pipeline.capture.journal import Journal
    from pipeline.capture.ports import find_port
    from pipeline.capture.recorder import Recorder
    from pipeline.capture.session import Session
    from pipeline.capture.takes import About
    from pipeline.datasets.recordings import check_name

    dataset = DATA / check_name("dataset", options.dataset)
    about = About(check_name("person", options.person), check_name("session", options.session))
    plan = plan_of(options)
    ports = [find_port(spec) for spec in options.ports]
    recovered = recover(dataset)
    session = Session(plan, [Ear(plan.stream) for _ in ports])
    with _until_signalled() as stopped, Journal(dataset, head_of(plan, about, ports)) as journal:
        keeper = TakeKeeper(dataset, about, ports, session, journal, watcher.tell)
        with Recorder(session, options.ports, journal, keeper, watcher) as recorder:
            recorder.run(stopped)
    return _captured(session, keeper, recovered, interrupted=stopped())


def _captured(
    session: Session, keeper: TakeKeeper, recovered: list[Recovered], interrupted: bool
) -> Captured:
    faults: dict[str, int] = {}
    for ear in session.ears:
        for kind, count in ear.track.totals.items():
            faults[kind] = faults.get(kind, 0) + count
    return Captured(
        tuple(path for paths in keeper.files.values() for path in paths if path),
        dict(session.takes),
        {kind: count for kind, count in sorted(faults.items()) if count},
        tuple(recovered),
        interrupted and session.has_aim and not session.done,
    )


@contextmanager
def _until_signalled() -> Iterator[Callable[[], bool]]:
    """Whether Ctrl-C was pressed, or the process told to end. A second Ctrl-C does not wait."""
    signals: list[int] = []

    def on_signal(number: int, _: Any) -> None:
        if signals:
            raise KeyboardInterrupt
        signals.append(number)

    before = {number: signal.signal(number, on_signal) for number in ENDING}
    try:
        yield lambda: bool(signals)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
