"""The `gesture data` commands: parse, call one stage, print. Nothing heavy is imported here."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pipeline.errors import ExitCode

data_app = typer.Typer(
    help="Bring recordings in, look them over, change them, hand them on.", no_args_is_help=True
)

Json = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]
Dataset = Annotated[Path, typer.Argument(help="A folder of recordings.")]


@data_app.command("import")
def data_import(
    path: Annotated[Path, typer.Argument(help="A CSV file, an archive, or a folder of them.")],
    dataset: Annotated[str, typer.Option(help="Recordings go to data/DATASET.")],
    label: Annotated[str | None, typer.Option(help="Else the file's name.")] = None,
    person: Annotated[str | None, typer.Option(help="Else the sub-folder's name.")] = None,
    rate_hz: Annotated[float, typer.Option(min=1, help="Samples a second.")] = 119.0,
    take_rows: Annotated[int, typer.Option(min=2, help="Samples a take.")] = 119,
    json: Json = False,
) -> None:
    """Read recordings of others.

    The Arduino tutorial's CSV of 2019, with the header aX,aY,aZ,gX,gY,gZ; plain CSV, a recording
    a file, whose header names ax, ay and az; recordings of this tool; and the archives
    PERSON_GESTURE_fullSet.npz of UHH-IMU.

    What was odd about a file is noted. What cannot be read is named with file and line and
    left out; the exit code is then 3.

    \b
    Example: gesture data import ~/punch.csv --dataset mine --person anna
    """
    from pipeline import console
    from pipeline.stages import data as stage

    report = stage.import_data(path, dataset, label, person, rate_hz, take_rows)
    console.show_imported(report, json)
    if report.left_out:
        raise typer.Exit(ExitCode.LEFT_OUT)


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
    from pipeline import console, console_data
    from pipeline.stages import data as stage

    with console.steps(json) as on_step:
        on_step(f"fetching {name}")
        report = stage.fetch(name, mirror, dataset)
    console_data.show_fetched(report, json)


@data_app.command("stream")
def data_stream(
    dataset: Annotated[Path, typer.Argument(help="A folder of recordings.")],
    file: Annotated[Path, typer.Argument(help="The recording to write.")],
    run: Annotated[Path | None, typer.Option(help="Only takes this run held out.")] = None,
    seed: Annotated[int, typer.Option(help="Order of the takes, and the rests.")] = 1,
    json: Json = False,
) -> None:
    """Join takes into one recording.

    With rests between them, so that a board or replay can be fed with it.

    \b
    Example: gesture data stream data/sample stream.csv --run runs/latest
    """
    from pipeline import console
    from pipeline.stages import data as stage

    console.show_stream(stage.make_stream(dataset, file, run, seed), file, json)


@data_app.command("lint")
def data_lint(dataset: Dataset, json: Json = False) -> None:
    """Find what a model should not learn.

    Mixed rates, gaps, clipping, stuck or swapped axes, gravity missing or in another unit,
    unequal shares, takes too short, and takes that are there twice. Each finding names file and
    line, and what to do; with any finding the exit code is 7. Nothing is changed.

    \b
    Example: gesture data lint data/mine
    """
    from pipeline import console_capture, console_data
    from pipeline.stages import keeping as stage

    console_capture.show_recovered(stage.recover(dataset))
    report = stage.lint(dataset)
    console_data.show_lint(report, json)
    if report.findings:
        raise typer.Exit(ExitCode.FINDINGS)


@data_app.command("show")
def data_show(
    path: Annotated[Path, typer.Argument(help="A folder of recordings, one recording or series.")],
    out: Annotated[Path, typer.Option(help="The picture (.png) or page (.html) to write.")],
    json: Json = False,
) -> None:
    """Draw takes and class overlays.

    A dataset gives one overlay of all takes for each label, and as .html the takes one by one
    too; a recording gives its traces, with gaps and intervals marked.

    \b
    Example: gesture data show data/mine --out mine.html
    """
    from pipeline import console_data
    from pipeline.stages import keeping as stage

    console_data.show_drawn(stage.show(path, out), out, json)


@data_app.command("list")
def data_list(
    dataset: Annotated[Path | None, typer.Argument(help="Else all datasets in data/.")] = None,
    remote: Annotated[bool, typer.Option("--remote", help="Published ones, for get.")] = False,
    json: Json = False,
) -> None:
    """List datasets, or what is in one.

    \b
    Example: gesture data list data/mine
    """
    from pipeline import console_capture, console_data
    from pipeline.stages import data
    from pipeline.stages import keeping as stage

    if remote:
        console_data.show_catalogue(data.remote_datasets(), json)
    elif dataset is None:
        console_data.show_datasets(stage.find_datasets(), json)
    else:
        console_capture.show_recovered(stage.recover(dataset))
        console_data.show_inventory(stage.take_inventory(dataset), json)


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
    from pipeline import console_data
    from pipeline.stages import keeping as stage

    console_data.show_trimmed(stage.trim(file, start, stop), json)


@data_app.command("relabel")
def data_relabel(
    files: Annotated[list[Path], typer.Argument(help="Recordings.")],
    label: Annotated[str, typer.Option(help="What was really done.")],
    json: Json = False,
) -> None:
    """Give recordings another label.

    Each moves to the folder of that label under the next free number, and its header is
    rewritten; nothing is overwritten.

    \b
    Example: gesture data relabel data/mine/punch/anna-1-003.csv --label flex
    """
    from pipeline import console_data
    from pipeline.stages import keeping as stage

    console_data.show_relabelled(stage.relabel(files, label), json)


@data_app.command("export")
def data_export(
    dataset: Dataset,
    folder: Annotated[Path, typer.Argument(help="A new folder for the files.")],
    form: Annotated[str, typer.Option("--format", help="tutorial or edge-impulse.")],
    json: Json = False,
) -> None:
    """Write recordings for other tools.

    The CSV of the Arduino tutorial, which `gesture data import` reads back, or the JSON that
    Edge Impulse's uploader takes, unsigned. Takes with gaps are left out and named, since
    neither format can tell a gap; the exit code is then 3.

    \b
    Example: gesture data export data/mine for-others --format edge-impulse
    """
    from pipeline import console_data
    from pipeline.stages import keeping as stage

    report = stage.export(dataset, folder, form)
    console_data.show_exported(report, folder, json)
    if report.left_out:
        raise typer.Exit(ExitCode.LEFT_OUT)
