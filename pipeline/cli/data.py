"""`gesture data` and `gesture simulate`: datasets, and what a person sees of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from pipeline.cli import console, snapshots
from pipeline.cli.asking import ask_about_label
from pipeline.cli.console import print_json, show_table
from pipeline.cli.dataset_argument import Dataset, found
from pipeline.cli.importing import data_import, show_imported
from pipeline.cli.parser import App, Json, NewLabel
from pipeline.core.errors import ExitCode
from pipeline.core.original_names import load_names
from pipeline.core.plurals import counted
from pipeline.core.project import DATA
from pipeline.datasets.catalogue import Published, SequenceEntry
from pipeline.datasets.editing import Trimmed
from pipeline.datasets.exporters import ExportReport
from pipeline.datasets.inventory import Inventory, datasets_in, inventory_of
from pipeline.datasets.lint import Finding, LintReport, lint_dataset
from pipeline.datasets.simulate import simulate_dataset
from pipeline.workflows import datasets as workflow
from pipeline.workflows import next_commands
from pipeline.workflows.datasets import RemoteDataset

app = App()
data_app = App(
    help="Bring recordings in, look them over, change them, hand them on.", no_args_is_help=True
)
app.add_typer(data_app, name="data")
data_app.add_typer(snapshots.app)


data_app.command("import")(data_import)


@data_app.command("get")
def data_get(
    name: Annotated[str, typer.Argument(help="A name that list --remote has.")],
    mirror: Annotated[
        Path | None,
        typer.Option("--from", envvar="GESTURE_DATA", help="A folder that may hold its files."),
    ] = None,
    dataset: Annotated[str | None, typer.Option(help="Else data/NAME.")] = None,
    json: Json = False,
) -> None:
    """Fetch a published dataset.

    Every file must have the SHA-256 that the catalogue has. Files are looked for in the folder
    given by --from (as FILE, NAME/FILE, gestures/NAME/FILE or text/NAME/FILE), else downloaded.

    \b
    Example: gesture data get spells
    """
    with console.steps(json) as on_step:
        on_step(f"fetching {name}")
        report = workflow.fetch(name, mirror, dataset)
    from pipeline.datasets.fetch import FetchedFiles

    if not isinstance(report, FetchedFiles):
        show_imported(report, json)
    elif json:
        print_json(report)
    else:
        rows = [("files", ", ".join(report.files)), ("content", report.content)]
        show_table(f"fetched {report.dataset}", rows)
    console.show_next(next_commands.after_fetching(name, report.dataset), json)


@data_app.command("stream")
def data_stream(
    dataset: Dataset,
    file: Annotated[Path, typer.Argument(help="The recording to write; as .txt only its samples.")],
    run: Annotated[
        Path | None, typer.Option(help="Only what this run held out, trained with --hold-out.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Order of the takes, and the rests.")] = 1,
    json: Json = False,
) -> None:
    """Join takes into one recording.

    With rests between them, so that a board or replay can be fed with it. A file that ends in
    .txt gets only the samples, as the example of `gesture export` reads them.

    \b
    Example: gesture data stream data/sample stream.csv --run runs/latest
    """
    with console.steps(json) as on_step:
        on_step(f"joining the takes of {dataset}")
        stream = workflow.make_stream(dataset, file, run, seed)
    seconds = stream.seconds
    if json:
        print_json({"file": file, "seconds": seconds, "intervals": stream.intervals})
    else:
        console.out.print(
            f"{escape(str(file))}: {counted(len(stream.intervals), 'take')} in {seconds:.1f} s"
        )


@data_app.command("lint")
def data_lint(dataset: Dataset, json: Json = False) -> None:
    """Find what a model should not learn.

    Mixed rates, gaps, clipping, stuck or swapped axes, gravity missing or in another unit,
    unequal shares, takes too short, and takes that are there twice. Each finding names file and
    line, and what to do; with any finding the exit code is 7. Nothing is changed.

    \b
    Example: gesture data lint data/mine
    """
    console.show_recovered(workflow.recover(dataset))
    with console.steps_and_progress(json) as (on_step, on_progress):
        on_step(f"looking at the takes of {dataset}")
        report = lint_dataset(dataset, on_progress)
    _show_lint(report, json)
    if report.findings:
        raise typer.Exit(ExitCode.FINDINGS)


@data_app.command("show")
def data_show(
    path: Annotated[
        Path, typer.Argument(callback=found, help="A dataset, one recording or one series.")
    ],
    out: Annotated[Path, typer.Option(help="The picture (.png) or page (.html) to write.")],
    json: Json = False,
) -> None:
    """Draw takes and class overlays.

    A dataset gives one overlay of all takes for each label, and as .html the takes one by one
    too; a recording gives its traces, with gaps and intervals marked.

    \b
    Example: gesture data show data/mine --out mine.html
    """
    with console.steps(json) as on_step:
        recordings = workflow.show(path, out, on_step)
    if json:
        print_json({"file": out, "recordings": recordings})
    else:
        console.out.print(f"{escape(str(out))}: {counted(recordings, 'recording')}")


@data_app.command("list")
def data_list(
    dataset: Annotated[
        Path | None, typer.Argument(callback=found, help="Else all datasets in data/.")
    ] = None,
    remote: Annotated[bool, typer.Option("--remote", help="Published ones, for get.")] = False,
    json: Json = False,
) -> None:
    """List datasets, or what is in one.

    \b
    Example: gesture data list data/mine
    """
    if remote:
        _show_catalogue(workflow.remote_datasets(), json)
    elif dataset is None:
        _show_datasets(datasets_in(DATA), json)
    else:
        console.show_recovered(workflow.recover(dataset))
        _show_inventory(inventory_of(dataset), json)


@data_app.command("trim")
def data_trim(
    file: Annotated[Path, typer.Argument(help="A recording.")],
    start: Annotated[float, typer.Option(min=0, help="Seconds after the first sample.")] = 0.0,
    stop: Annotated[
        float | None, typer.Option(min=0, help="Seconds after the first sample; else the end.")
    ] = None,
    json: Json = False,
) -> None:
    """Cut a recording to a part of it.

    The recording as it was stays beside it, with .untrimmed after its name.

    \b
    Example: gesture data trim data/mine/punch/anna-1-003.csv --start 0.2 --stop 1.1
    """
    _show_trimmed(workflow.trim(file, start, stop), json)


@data_app.command("relabel")
def data_relabel(
    files: Annotated[list[Path], typer.Argument(help="Recordings.")],
    label: Annotated[str, typer.Option(help="What was really done.")],
    new_label: NewLabel = False,
    json: Json = False,
) -> None:
    """Give recordings another label.

    Each moves to the folder of that label under the next free number, and its header is
    rewritten; nothing is overwritten.

    \b
    Example: gesture data relabel data/mine/punch/anna-1-003.csv --label flex
    """

    def relabelled_as(is_meant: bool) -> list[tuple[Path, Path]]:
        with console.steps(json) as on_step:
            return workflow.relabel(files, label, is_meant, on_step)

    _show_relabelled(ask_about_label(relabelled_as, new_label, json), json)


@data_app.command("export")
def data_export(
    dataset: Dataset,
    folder: Annotated[Path, typer.Argument(help="A new folder for the files.")],
    form: Annotated[str, typer.Option("--format", help="tutorial, edge-impulse or parquet.")],
    json: Json = False,
) -> None:
    """Write recordings for other tools.

    The CSV of the Arduino tutorial, the JSON that Edge Impulse's uploader takes, unsigned, or
    one table in Parquet. `gesture data import` reads all of them back. The first two cannot
    express gaps, so takes with gaps are left out and named; the exit code is then 3.

    \b
    Example: gesture data export data/mine for-others --format edge-impulse
    """
    with console.steps(json) as on_step:
        on_step(f"writing the takes of {dataset}")
        report = workflow.export_recordings(dataset, folder, form)
    _show_exported(report, folder, json)
    if report.left_out:
        raise typer.Exit(ExitCode.LEFT_OUT)


@app.command()
def simulate(
    folder: Annotated[Path, typer.Argument(help="Where the recordings go.")],
    people: Annotated[int, typer.Option(min=1, help="How many people.")] = 4,
    takes: Annotated[int, typer.Option(min=1, help="Takes a person and gesture.")] = 6,
    seed: Annotated[int, typer.Option(help="The same seed gives the same bytes.")] = 1,
    json: Json = False,
) -> None:
    """Make synthetic recordings.

    Several people, several gestures, and idle.

    \b
    Example: gesture simulate data/simulated --people 5 --takes 10
    """
    paths = simulate_dataset(folder, people, takes, seed)
    if json:
        print_json({"recordings": paths})
    else:
        console.out.print(
            f"{counted(len(paths), 'recording')} in {escape(str(paths[0].parent.parent))}"
        )


SHOWN = 5  # findings with the same fix; --json has them all


def _show_lint(report: LintReport, as_json: bool) -> None:
    """Findings with the same fix stand together, with the fix printed once."""
    if as_json:
        print_json(report)
        return
    groups: dict[tuple[str, str], list[Finding]] = defaultdict(list)
    for finding in report.findings:
        groups[finding.check, finding.next_step].append(finding)
    for (check, next_step), findings in groups.items():
        console.out.print(f"[bold yellow]{check}[/]")
        for finding in findings[:SHOWN]:
            console.out.print(f"  {escape(finding.place)}: {escape(finding.what)}", soft_wrap=True)
        if len(findings) > SHOWN:
            console.out.print(f"  and {len(findings) - SHOWN} more; --json lists them all")
        console.out.print(f"  [bold]next[/] {escape(next_step)}", soft_wrap=True)
    count = len(report.findings)
    found = counted(count, "finding") if count else "nothing found"
    console.out.print(
        f"{escape(str(report.dataset))}: {counted(report.takes, 'take')} looked at, {found}"
    )


def _show_datasets(datasets: Mapping[Path, int], as_json: bool) -> None:
    if as_json:
        print_json({"datasets": datasets})
    elif datasets:
        files = [(str(path), counted(count, "recording")) for path, count in datasets.items()]
        show_table("datasets", files)
    else:
        console.err.print(
            "There is no dataset in data/; `gesture capture` or `gesture data import` starts one."
        )


def _show_catalogue(datasets: Sequence[RemoteDataset], as_json: bool) -> None:
    if as_json:
        print_json({"datasets": datasets})
        return
    for entry in (dataset.entry for dataset in datasets):
        rows = [
            ("what", entry.what),
            *_content(entry),
            ("published", entry.published),
            ("but", entry.caveat),
            ("licence", entry.licence),
            ("from", entry.home),
            ("cite", entry.citation),
        ]
        show_table(entry.name, rows)
    console.out.print("gesture data get NAME fetches one")


def _content(entry: Published) -> list[tuple[str, str]]:
    if isinstance(entry, SequenceEntry):
        return [("content", entry.content), ("files", ", ".join(entry.files))]
    people = counted(entry.people, "person", "people")
    recorded = (
        f"{counted(entry.recordings, 'recording')}, {people}, {entry.rate_hz:g} Hz; {entry.units}"
    )
    return [("labels", ", ".join(entry.labels)), ("recorded", recorded)]


def _show_inventory(inventory: Inventory, as_json: bool) -> None:
    if as_json:
        print_json(inventory)
        return
    if inventory.series:
        _show_series(inventory)
    if not inventory.shares:
        return
    names = load_names(inventory.dataset)
    table = Table("label", "person", "sessions", "takes", "seconds", "Hz", box=None)
    for share in inventory.shares:
        rates = ", ".join(f"{rate_hz:g}" for rate_hz in share.rates_hz)
        label, person = names.shown("label", share.label), names.shown("person", share.person)
        sessions = ", ".join(names.all_shown("session", share.sessions))
        numbers = (str(share.takes), f"{share.seconds:.1f}", rates)
        table.add_row(*map(escape, (label, person, sessions)), *numbers)
    console.out.print(table)
    console.out.print(f"{counted(inventory.takes, 'take')} in {escape(str(inventory.dataset))}")
    if inventory.long:
        inside = sum(one.takes for one in inventory.long)
        between_s = sum(one.between_s for one in inventory.long)
        recordings = "1 long recording" if inside == 1 else f"{len(inventory.long)} long recordings"
        console.out.print(f"{inside} of them in {recordings}, with {between_s:.0f} s between them")


def _show_series(inventory: Inventory) -> None:
    table = Table("series", "readings", "missing", "every", box=None)
    for series in inventory.series:
        numbers = (str(series.readings), str(series.missing), f"{series.period_s:g} s")
        table.add_row(escape(str(series.file)), *numbers)
    console.out.print(table)


def _show_trimmed(trimmed: Trimmed, as_json: bool) -> None:
    if as_json:
        print_json(trimmed)
        return
    kept = f"{trimmed.kept:,} of {counted(trimmed.of, 'sample')} kept"
    console.out.print(f"{escape(str(trimmed.file))}: {kept}", soft_wrap=True)
    console.out.print(f"as it was: {escape(str(trimmed.untrimmed))}", soft_wrap=True)


def _show_relabelled(moved: Sequence[tuple[Path, Path]], as_json: bool) -> None:
    if as_json:
        print_json({"moved": [{"from": before, "to": after} for before, after in moved]})
        return
    for before, after in moved:
        console.out.print(escape(f"{before} -> {after}"), soft_wrap=True)


def _show_exported(report: ExportReport, folder: Path, as_json: bool) -> None:
    if as_json:
        left_out = [str(entry) for entry in report.left_out]
        rest = {"takes": report.takes, "left_out": left_out, "read_back": report.read_back}
        print_json({"files": report.files, **rest})
        return
    for entry in report.left_out:
        console.out.print(f"[yellow]left out[/] {escape(str(entry))}", soft_wrap=True)
    where = f"{counted(len(report.files), 'file')} in {escape(str(folder))}"
    console.out.print(f"{counted(report.takes, 'take')} in {where}", soft_wrap=True)
    for command in report.read_back:
        console.out.print(f"read back with: {escape(command)}", soft_wrap=True)
