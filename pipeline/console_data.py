"""What `gesture data`, `gesture ports` and `gesture doctor` tell, for people or as JSON."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rich.markup import escape
from rich.table import Table

from pipeline.console import err, out, print_json, show_imported, show_table
from pipeline.errors import ExitCode

if TYPE_CHECKING:
    from pipeline.capture.port_list import FoundPort
    from pipeline.datasets.catalogue import Published
    from pipeline.datasets.editing import Trimmed
    from pipeline.datasets.exporters import ExportReport
    from pipeline.datasets.fetching import FetchedFiles
    from pipeline.datasets.importers import ImportReport
    from pipeline.datasets.inventory import Inventory
    from pipeline.datasets.lint import Finding, LintReport
    from pipeline.stages.data import RemoteDataset
    from pipeline.stages.doctor import Check

STATUS_COLOURS = {"ok": "green", "note": "yellow", "fault": "red"}
SHOWN = 5  # findings that are mended alike; --json has them all


def show_lint(report: LintReport, as_json: bool) -> None:
    """Findings that are mended alike stand together, with what to do told once."""
    if as_json:
        print_json(report)
        return
    groups: dict[tuple[str, str], list[Finding]] = defaultdict(list)
    for finding in report.findings:
        groups[finding.check, finding.next_step].append(finding)
    for (check, next_step), findings in groups.items():
        out.print(f"[bold yellow]{check}[/]")
        for finding in findings[:SHOWN]:
            out.print(f"  {escape(finding.place)}: {escape(finding.what)}", soft_wrap=True)
        if len(findings) > SHOWN:
            out.print(f"  and {len(findings) - SHOWN} more; --json lists them all")
        out.print(f"  [bold]next[/] {escape(next_step)}", soft_wrap=True)
    found = f"{len(report.findings)} findings" if report.findings else "nothing found"
    out.print(f"{escape(str(report.dataset))}: {report.takes} takes looked at, {found}")


def show_drawn(recordings: int, file: Path, as_json: bool) -> None:
    if as_json:
        print_json({"file": file, "recordings": recordings})
    else:
        out.print(f"{escape(str(file))}: {recordings} recording{'s' if recordings > 1 else ''}")


def show_datasets(datasets: Mapping[Path, int], as_json: bool) -> None:
    if as_json:
        print_json({"datasets": datasets})
    elif datasets:
        files = [(str(path), f"{count} recordings") for path, count in datasets.items()]
        show_table("datasets", files)
    else:
        err.print(
            "There is no dataset in data/; `gesture capture` or `gesture data import` starts one."
        )


def show_catalogue(datasets: Sequence[RemoteDataset], as_json: bool) -> None:
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
    out.print("gesture data get NAME fetches one")


def _content(entry: Published) -> list[tuple[str, str]]:
    from pipeline.datasets.catalogue import SequenceEntry

    if isinstance(entry, SequenceEntry):
        return [("content", entry.content), ("files", ", ".join(entry.files))]
    people = "1 person" if entry.people == 1 else f"{entry.people} people"
    recorded = f"{entry.recordings} recordings, {people}, {entry.rate_hz:g} Hz; {entry.units}"
    return [("labels", ", ".join(entry.labels)), ("recorded", recorded)]


def show_fetched(report: ImportReport | FetchedFiles, as_json: bool) -> None:
    from pipeline.datasets.fetching import FetchedFiles

    if not isinstance(report, FetchedFiles):
        show_imported(report, as_json)
    elif as_json:
        print_json(report)
    else:
        rows = [("files", ", ".join(report.files)), ("content", report.content)]
        show_table(f"fetched {report.dataset}", rows)


def show_inventory(inventory: Inventory, as_json: bool) -> None:
    if as_json:
        print_json(inventory)
        return
    if inventory.series:
        _show_series(inventory)
    if not inventory.shares:
        return
    table = Table("label", "person", "sessions", "takes", "seconds", "Hz", box=None)
    for share in inventory.shares:
        rates = ", ".join(f"{rate_hz:g}" for rate_hz in share.rates_hz)
        sessions = ", ".join(share.sessions)
        numbers = (str(share.takes), f"{share.seconds:.1f}", rates)
        table.add_row(*map(escape, (share.label, share.person, sessions)), *numbers)
    out.print(table)
    out.print(f"{inventory.takes} takes in {escape(str(inventory.dataset))}")


def _show_series(inventory: Inventory) -> None:
    table = Table("series", "readings", "missing", "every", box=None)
    for series in inventory.series:
        numbers = (str(series.readings), str(series.missing), f"{series.period_s:g} s")
        table.add_row(escape(str(series.file)), *numbers)
    out.print(table)


def show_trimmed(trimmed: Trimmed, as_json: bool) -> None:
    if as_json:
        print_json(trimmed)
        return
    kept = f"{trimmed.kept} of {trimmed.of} samples kept"
    out.print(f"{escape(str(trimmed.file))}: {kept}", soft_wrap=True)
    out.print(f"as it was: {escape(str(trimmed.untrimmed))}", soft_wrap=True)


def show_relabelled(moved: Sequence[tuple[Path, Path]], as_json: bool) -> None:
    if as_json:
        print_json({"moved": [{"from": before, "to": after} for before, after in moved]})
        return
    for before, after in moved:
        out.print(escape(f"{before} -> {after}"), soft_wrap=True)


def show_exported(report: ExportReport, folder: Path, as_json: bool) -> None:
    if as_json:
        left_out = [str(entry) for entry in report.left_out]
        rest = {"takes": report.takes, "left_out": left_out, "read_back": report.read_back}
        print_json({"files": report.files, **rest})
        return
    for entry in report.left_out:
        out.print(f"[yellow]left out[/] {escape(str(entry))}", soft_wrap=True)
    where = f"{len(report.files)} files in {escape(str(folder))}"
    out.print(f"{report.takes} takes in {where}", soft_wrap=True)
    for command in report.read_back:
        out.print(f"read back with: {escape(command)}", soft_wrap=True)


def show_ports(ports: Sequence[FoundPort], as_json: bool) -> None:
    if as_json:
        print_json({"ports": ports})
        return
    if not ports:
        err.print(
            "No port was found: no board is plugged in (or its cable only charges), and none is "
            "emulated. `gesture board start native` starts one."
        )
    for port in ports:
        rows = [("what", port.what)]
        rows += [("serial number", port.serial_number)] if port.serial_number else []
        rows += [("VID:PID", port.vid_pid)] if port.vid_pid else []
        rows += [("held by", holder) for holder in port.held_by]
        rows += [("no access", f"type: {port.mend}")] if port.mend else []
        show_table(port.device, rows)


def show_checks(checks: Iterable[Check], as_json: bool) -> int:
    """Each check as it is made; the exit code."""
    made = []
    for check in checks:
        made.append(check)
        if not as_json:
            _show_check(check)
    if as_json:
        print_json({"checks": made})
    broken = any(check.status == "fault" for check in made)
    return ExitCode.FINDINGS if broken else ExitCode.DONE


def _show_check(check: Check) -> None:
    colour = STATUS_COLOURS[check.status]
    text = f"[{colour}]{check.status:<5}[/] {escape(check.name)}: {escape(check.found)}"
    out.print(text, soft_wrap=True)
    if check.next_step:
        out.print(f"      [bold]next[/] {escape(check.next_step)}", soft_wrap=True)
