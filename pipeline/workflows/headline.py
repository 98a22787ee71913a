"""The headline of a gesture run: what its user will feel, how sure that is, and for whom."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from pipeline.core.shares import Share, percent_range
from pipeline.reports.facts import ClassResult, Headline, Verdict
from pipeline.training.learning_curve import LearningCurves

PEOPLE_FOR_STRANGERS = 3  # to learn from some and to test on another, in turn
NAMED = 3  # more people are counted


def make_headline(
    verdict: Verdict,
    background: str | None,
    called: Mapping[str, Any] | None,
    people: Collection[str],
    curves: LearningCurves | None,
) -> Headline:
    """The headline of a run.

    Args:
        verdict: of its windows.
        background: the label of no gesture.
        called: metrics of the events of gestures; None before conversion.
        people: all who made gestures.
        curves: learning curves, where they are computed.
    """
    gestures = [one for one in verdict.classes if one.windows and one.label != background]
    share, what = _counted(gestures or verdict.classes, called)
    return Headline(
        share=share,
        what=what,
        people=len(verdict.people),
        holds=_holds(verdict),
        others=_others(verdict, people, curves),
        more=tuple(_more(verdict, gestures, people)),
    )


def _counted(
    classes: Collection[ClassResult], called: Mapping[str, Any] | None
) -> tuple[Share, str]:
    if called is not None and called["takes"]:
        return Share(called["found"], called["takes"]), "held-out gestures were called by name"
    rights = [Share.of(one.recall, one.windows) for one in classes]
    share = Share(sum(one.right for one in rights), sum(one.count for one in rights))
    return share, "held-out gestures were recognized, each from one window"


def _holds(verdict: Verdict) -> str:
    who = _listed([person.person for person in verdict.people])
    if verdict.leaky:
        return "It holds for nobody: pieces of the same takes were learned from."
    if not verdict.strangers:
        return f"It holds for {who}, moving as in the recordings."
    few = " Another person may differ more than the interval says." * (len(verdict.people) == 1)
    return f"It holds for a stranger: no recording of {who} was learned from.{few}"


def _listed(names: list[str]) -> str:
    if len(names) > NAMED:
        return f"{len(names)} people"
    return " and ".join(filter(None, (", ".join(names[:-1]), names[-1])))


def _others(verdict: Verdict, people: Collection[str], curves: LearningCurves | None) -> str:
    """What those expect for whom the figure does not hold."""
    if verdict.leaky:
        return ""
    if verdict.strangers:
        return "People in the recordings can expect more."
    if curves is not None and curves.people is not None:
        last = curves.people.points[-1]
        return (
            f"For a stranger expect about {last.accuracy:.0%} ({percent_range(last.interval)}), by "
            f"{curves.model} after {last.count} other people."
        )
    if len(people) >= PEOPLE_FOR_STRANGERS:
        return "For a stranger expect less: `gesture evaluate --protocol lopo` measures how much."
    missing = PEOPLE_FOR_STRANGERS - len(people)
    more = "one more person" if missing == 1 else f"{missing} more people"
    return (
        f"For a stranger expect less. Takes of {_listed(sorted(people))} alone cannot show how "
        f"much: record {more}, with `gesture capture --person NAME`."
    )


def _more(
    verdict: Verdict, gestures: Collection[ClassResult], people: Collection[str]
) -> Iterator[str]:
    """What would change the picture most: another person, takes of a gesture, two mixed up."""
    if len(people) == 1:
        who = _listed([*people])
        yield f"Another person would change the picture most: all takes are of {who}."
    elif len(verdict.people) == 1 and verdict.strangers:
        yield (
            f"The other {len(people) - 1} people would change the picture most: `gesture evaluate` "
            "tests each person in turn."
        )
    if gestures:
        yield _least_sure(gestures)
    pair = _most_confused(verdict)
    if pair is not None:
        yield pair


def _least_sure(gestures: Collection[ClassResult]) -> str:
    share = {one.label: Share.of(one.recall, one.windows) for one in gestures}
    width = {label: one.interval[1] - one.interval[0] for label, one in share.items()}
    label = max(width, key=lambda name: width[name])
    said = f"{share[label]} right, so probably {percent_range(share[label].interval)}"
    if len(gestures) > 1 and len(set(width.values())) == 1:
        who, which = f"All gestures are equally unsure (`{label}`: {said})", "each"
    else:
        who, which = f"`{label}` is least sure ({said})", "it"
    return f"{who}: more takes of {which} would make the figure surer."


def _most_confused(verdict: Verdict) -> str | None:
    pairs = {
        (true, predicted): count
        for true, row in zip(verdict.labels, verdict.confusion, strict=True)
        for predicted, count in zip(verdict.labels, row, strict=True)
        if true != predicted and count
    }
    if not pairs:
        return None
    true, predicted = max(pairs, key=lambda pair: pairs[pair])
    windows = sum(verdict.confusion[verdict.labels.index(true)])
    count = Share(pairs[true, predicted], windows)
    return f"`{true}` was most often taken for `{predicted}` ({count}): more takes of both help."
