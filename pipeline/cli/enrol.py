"""`gesture enrol`: who is enrolled, and what that changes."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pipeline.cli import console
from pipeline.cli.capture import watching
from pipeline.cli.console import print_json, show_table
from pipeline.cli.dataset_argument import found
from pipeline.cli.parser import LATEST, App, Json, Run
from pipeline.core.errors import UsageError
from pipeline.core.plurals import counted
from pipeline.workflows import enrol as workflow
from pipeline.workflows import next_commands
from pipeline.workflows.enrol import Enrolled, People

app = App()


@app.command()
def enrol(
    run: Run = LATEST,
    person: Annotated[str | None, typer.Option(help="Who is to be recognized.")] = None,
    dataset: Annotated[
        Path | None,
        typer.Option(callback=found, help="Takes of that person: a name in data/, or a folder."),
    ] = None,
    port: Annotated[
        str | None,
        typer.Option(help="Of a board with this run: auto, a path, id:SERIAL or a URL."),
    ] = None,
    takes: Annotated[
        int, typer.Option(min=1, help="To capture of each gesture, without --dataset.")
    ] = workflow.TAKES,
    remove: Annotated[str | None, typer.Option(help="A person to remove.")] = None,
    show: Annotated[bool, typer.Option("--list", help="Say who is enrolled.")] = False,
    json: Json = False,
) -> None:
    """Teach a deployed model a person's way of the gestures.

    From a few takes of each gesture, without training. The takes come from a data set, or are
    captured from the board at --port; with --port the board keeps what it is taught.

    \b
    Example: gesture enrol runs/latest --person bea --dataset data/bea --port auto
    Example: gesture enrol runs/latest --person bea --port auto
    """
    if sum((person is not None, remove is not None, show)) != 1:
        raise UsageError(
            "It is not clear what to do.",
            "one of --person, --remove and --list says it",
            "give one of them: `gesture enrol RUN --person bea --dataset data/bea`",
        )
    if show:
        _refuse_takes(dataset)
        with console.steps(json) as on_step:
            there = workflow.people(run, port, on_step)
        _show_people(there, port, json)
    elif remove is not None:
        _refuse_takes(dataset)
        with console.steps(json) as on_step:
            left = workflow.remove(run, remove, port, on_step)
        _show_people(left, port, json)
    elif person is not None:
        enrolled = _enrolled(run, person, dataset, port, takes, json)
        _show_enrolled(enrolled, json)
        after = (enrolled.run, person, enrolled.dataset, enrolled.sent)
        console.show_next(next_commands.after_enrolment(*after), json)


def _refuse_takes(dataset: Path | None) -> None:
    if dataset is not None:
        raise UsageError(
            "No takes are needed here.",
            "--dataset is where the takes of --person come from",
            "leave --dataset out, or give --person",
        )


def _enrolled(
    run: Path, person: str, dataset: Path | None, port: str | None, takes: int, as_json: bool
) -> Enrolled:
    if dataset is not None:
        with console.steps(as_json) as on_step:
            return workflow.enrol_from_dataset(run, person, dataset, port, on_step)
    if port is None:
        raise UsageError(
            f"There are no takes of {person}.",
            "they come from a data set, or are captured from a board",
            "give --dataset, or --port of a board",
        )
    with watching(as_json) as view:
        return workflow.enrol_from_board(run, person, port, takes, view, view.report)


def _show_enrolled(enrolled: Enrolled, as_json: bool) -> None:
    if as_json:
        print_json(enrolled)
        return
    names = enrolled.names
    counts = ", ".join(
        f"{count} {names.shown('label', label)}" for label, count in enrolled.takes.items()
    )
    where = "and on the board" if enrolled.sent else "not on a board yet"
    show_table(
        f"{names.shown('person', enrolled.person)} is enrolled",
        [
            ("takes", counts),
            ("by the network alone", f"{enrolled.before} recognized"),
            ("enrolled", _recognized(enrolled)),
            ("earlier people", f"{enrolled.others_before} before, {enrolled.others_after} now"),
            ("people", ", ".join(names.all_shown("person", enrolled.people))),
            ("kept", f"in {enrolled.file}, {where}"),
        ],
    )


def _recognized(enrolled: Enrolled) -> str:
    """How many takes, and what to do where that says little, or is less than without them."""
    recognized = f"{enrolled.after} recognized, each by the other takes"
    if min(enrolled.takes.values()) == 1:
        return f"{recognized}; a gesture with one take has no other: make two at least"
    if enrolled.network_stays:
        return f"{recognized}: no more than before, so the network goes on deciding alone"
    if enrolled.after.right < enrolled.before.right:
        return f"{recognized}: fewer than before; record them again, or --remove the person"
    return recognized


def _show_people(people: People, port: str | None, as_json: bool) -> None:
    if as_json:
        print_json(people)
        return
    rows: list[tuple[str, object]] = [
        (
            people.names.shown("person", name),
            counted(len(set(gestures)), "gesture") + ", recognized now" * (name == people.person),
        )
        for name, gestures in people.people.items()
    ]
    rows += [(name, "a gesture that the board has learned") for name in people.learned]
    rows += [
        (people.names.shown("label", name), "another way of it, which the board has learned")
        for name in people.ways
    ]
    where = "in the run" if port is None else "on the board"
    show_table(f"people {where}", rows or [("nobody", "is enrolled")])
