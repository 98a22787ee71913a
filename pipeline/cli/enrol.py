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
        _show_people(workflow.people(run, port), json)
    elif remove is not None:
        _show_people(workflow.remove(run, remove, port), json)
    elif person is not None:
        enrolled = _enrolled(run, person, dataset, port, takes, json)
        _show_enrolled(enrolled, json)
        after = (enrolled.run, person, enrolled.dataset, enrolled.sent)
        console.show_next(next_commands.after_enrolment(*after), json)


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
            ("enrolled", f"{enrolled.after} recognized, each by the other takes"),
            ("earlier people", f"{enrolled.others_before} before, {enrolled.others_after} now"),
            ("people", ", ".join(names.all_shown("person", enrolled.people))),
            ("kept", f"in {enrolled.file}, {where}"),
        ],
    )


def _show_people(people: People, as_json: bool) -> None:
    if as_json:
        print_json(people)
        return
    rows: list[tuple[str, object]] = [
        (
            people.names.shown("person", name),
            f"{len(gestures)} gestures{', recognized now' * (name == people.person)}",
        )
        for name, gestures in people.people.items()
    ]
    rows += [(name, "a gesture that the board has learned") for name in people.learned]
    show_table("people", rows or [("nobody", "is enrolled")])
