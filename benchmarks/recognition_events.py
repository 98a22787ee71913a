"""Events: of continuous recordings, of motion that is no gesture, of gestures never learned."""

from __future__ import annotations

from benchmarks.recognition_folds import judged
from benchmarks.results_file import Row, row
from pipeline.training.metrics import EventScore, poisson_interval
from pipeline.workflows.evaluate import ProtocolScore

COMMAND = "python -m benchmarks.recognition"
PUBLISHED = "published: LSTM 0.87, echo-state network 0.88"


def events_rows() -> list[Row]:
    """Rows of events on test streams."""
    score = judged("uhh_imu", "uhh_imu", "lopo")
    called, rest = score.called.gestures, score.called.rest
    command = f"{COMMAND} events"
    note = f"{_told(called)}; people {_each(score)}; {PUBLISHED}; {_deciding(score)}"
    late = f"from a gesture's end to its event, median {called.latency_median_s:.2f} s"
    low, high = rest.false_alarms_interval
    still = (
        f"{rest.false} in {rest.hours:.1f} h put together from the recorded rests of people left "
        f"out, 95 % interval {low:.1f} to {high:.1f}"
    )
    return [
        row("uhh event F1", round(called.f1, 4), "", command, note, ">= 0.93"),
        row("uhh event latency", round(called.latency_p95_s, 2), "s", command, f"95 %; {late}"),
        row(
            "uhh false alarms per hour of rest",
            round(rest.false_alarms_per_hour, 2),
            "1/h",
            command,
            still,
        ),
    ]


def alarms_rows() -> list[Row]:
    """Rows of false alarms."""
    score = judged("spells", "gesture_conv1d", "kfold")
    called, unknown, rest = score.called.gestures, score.called.unknown, score.called.rest
    command = f"{COMMAND} alarms"
    false, hours = unknown.false + rest.false, unknown.hours + rest.hours
    low, high = (limit / hours for limit in poisson_interval(false))
    lowest, highest = unknown.false_alarms_interval
    note = (
        f"{false} in {hours:.1f} h, 95 % interval {low:.1f} to {high:.1f}: {rest.false} in "
        f"{rest.hours:.1f} h of rest, {unknown.false} in {unknown.hours:.1f} h with a bout of "
        "motion every 17 seconds, made of pieces of takes that no fold learned from, as quick "
        f"and strong as gestures; {_deciding(score)}"
    )
    restless = f"the bouts alone; 95 % interval {lowest:.1f} to {highest:.1f}"
    recall = f"spells, 5-fold by take, the same networks and policies; {_told(called)}"
    return [
        row("false alarms per hour", round(false / hours, 2), "1/h", command, note, "<= 1"),
        row(
            "false alarms per hour of unknown motion",
            round(unknown.false_alarms_per_hour, 2),
            "1/h",
            command,
            restless,
        ),
        row("recall at these false alarms", round(called.recall, 4), "", command, recall, ">= 0.9"),
    ]


def unseen_rows() -> list[Row]:
    """Rows of people that were not in the training data."""
    score = judged("spells", "gesture_conv1d", "unseen")
    takes = sum(one.takes for one in score.unseen)
    called = sum(one.called for one in score.unseen)
    each = ", ".join(f"{one.label} {one.called} of {one.takes}" for one in score.unseen)
    note = f"takes of a spell that was left out of training and are called something; {each}"
    share = round(called / takes, 4)
    return [row("unseen gestures called something", share, "", f"{COMMAND} unseen", note)]


def _told(score: EventScore) -> str:
    return (
        f"{score.found} of {score.takes} found, {score.wrong} by a wrong name, {score.again} "
        f"called again, {score.false} where nothing was"
    )


def _each(score: ProtocolScore) -> str:
    return ", ".join(f"{fold.called.gestures.f1:.2f}" for fold in score.folds)


def _deciding(score: ProtocolScore) -> str:
    ways = sorted({fold.how for fold in score.folds})
    return "policy " + " or ".join(ways)
