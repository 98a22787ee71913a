"""`gesture data snapshot`, `changes` and `restore`: versions of a dataset."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from pipeline.cli import console
from pipeline.cli.console import print_json, show_table
from pipeline.cli.dataset_argument import Dataset
from pipeline.cli.parser import App, Json
from pipeline.core.errors import UsageError
from pipeline.datasets.snapshot_changes import NOW, Changes, changes_between
from pipeline.datasets.snapshot_restore import Restored, restore_snapshot
from pipeline.datasets.snapshots import (
    Snapshot,
    Taken,
    require_dataset,
    snapshot_like,
    snapshots_of,
    take_snapshot,
)

app = App()
SHOWN = 10  # files of one kind; --json has them all


@app.command()
def snapshot(
    dataset: Dataset,
    name: Annotated[str | None, typer.Option(help="Else the day.")] = None,
    show: Annotated[bool, typer.Option("--list", help="Say which snapshots there are.")] = False,
    json: Json = False,
) -> None:
    """Keep a dataset as it is now.

    As a version that `changes` compares and `restore` brings back; training says from which one
    it learned. Every file is kept once, in .snapshots of the dataset.

    \b
    Example: gesture data snapshot mine --name before-cleaning
    Example: gesture data snapshot mine --list
    """
    if show and name is not None:
        raise UsageError(
            "--name and --list are given together.",
            "one takes a snapshot, the other only says which there are",
            "leave one of them out",
        )
    if show:
        require_dataset(dataset)
        _show_snapshots(dataset, snapshots_of(dataset), snapshot_like(dataset), json)
        return
    with console.steps(json) as on_step:
        taken = take_snapshot(dataset, name, on_step)
    _show_taken(dataset, taken, json)


@app.command()
def changes(
    dataset: Dataset,
    one: Annotated[str | None, typer.Argument(help="A snapshot; else the newest.")] = None,
    two: Annotated[str | None, typer.Argument(help="A later one; else what is there now.")] = None,
    json: Json = False,
) -> None:
    """What changed in a dataset.

    Since its newest snapshot, since ONE, or from ONE to TWO: takes that were added, removed,
    relabelled, renamed or changed.

    \b
    Example: gesture data changes mine
    Example: gesture data changes mine before-cleaning 2026-11-30
    """
    _show_changes(changes_between(dataset, one, two), json)


@app.command()
def restore(
    dataset: Dataset,
    name: Annotated[str, typer.Argument(help="A snapshot; `snapshot --list` shows them.")],
    json: Json = False,
) -> None:
    """Bring a version of a dataset back.

    Nothing is lost: what is there now becomes a snapshot first. All contents are checked before
    the first file changes.

    \b
    Example: gesture data restore mine before-cleaning
    """
    with console.steps(json) as on_step:
        restored = restore_snapshot(dataset, name, on_step)
    _show_restored(restored, json)


def _show_taken(dataset: Path, taken: Taken, as_json: bool) -> None:
    kept = taken.snapshot
    if as_json:
        print_json({"dataset": dataset, "is_new": taken.is_new, **_facts(kept)})
    elif taken.is_new:
        show_table(f"snapshot {kept.name}", [("dataset", dataset), ("files", len(kept.files))])
        console.show_next((f"gesture data changes {dataset.name} {kept.name}",), as_json)
    else:
        console.out.print(
            f"{escape(str(dataset))} has not changed since the snapshot {escape(kept.name)}"
        )


def _facts(kept: Snapshot) -> dict[str, object]:
    return {"name": kept.name, "made": kept.made, "files": len(kept.files)}


def _show_snapshots(
    dataset: Path, known: Sequence[Snapshot], like: str | None, as_json: bool
) -> None:
    if as_json:
        print_json({"dataset": dataset, "snapshots": [_facts(one) for one in known], "now": like})
        return
    if not known:
        console.out.print(f"no snapshot of {escape(str(dataset))} was taken yet")
        return
    table = Table("snapshot", "made", "files", "", box=None)
    for one in known:
        now = "as it is now" if one.name == like else ""
        table.add_row(escape(one.name), one.made, f"{len(one.files):,}", now)
    console.out.print(table)


def _show_changes(found: Changes, as_json: bool) -> None:
    if as_json:
        print_json(found)
        return
    till = "now" if found.two == NOW else found.two
    if not found.count:
        console.out.print(f"nothing changed from {escape(found.one)} to {escape(till)}")
        return
    console.out.print(f"from {escape(found.one)} to {escape(till)}")
    for kind, lines in {
        "added": found.added,
        "removed": found.removed,
        "relabelled": [f"{old} -> {new}" for old, new in found.relabelled],
        "renamed": [f"{old} -> {new}" for old, new in found.renamed],
        "changed": [f"{path}: {what}" for path, what in found.changed],
    }.items():
        _show_kind(kind, lines)


def _show_kind(kind: str, lines: Sequence[str]) -> None:
    if not lines:
        return
    console.out.print(f"[bold]{kind}[/] {len(lines)}")
    for line in lines[:SHOWN]:
        console.out.print(f"  {escape(line)}", soft_wrap=True)
    if len(lines) > SHOWN:
        console.out.print(f"  and {len(lines) - SHOWN} more; --json lists them all")


def _show_restored(restored: Restored, as_json: bool) -> None:
    if as_json:
        print_json(restored)
        return
    files = f"{restored.written} written, {restored.removed} removed"
    rows: list[tuple[str, object]] = [("dataset", restored.dataset), ("files", files)]
    if restored.before:
        rows.append(("what was there", f"is the snapshot {restored.before}"))
    show_table(f"restored {restored.name}", rows)
