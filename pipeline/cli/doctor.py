"""`gesture doctor`: checks of this computer."""

from __future__ import annotations

from collections.abc import Iterable

import typer
from rich.markup import escape

from pipeline.cli import console
from pipeline.cli.console import print_json
from pipeline.cli.parser import App, Json
from pipeline.core.errors import ExitCode
from pipeline.workflows import doctor as workflow
from pipeline.workflows.doctor import Check

app = App()

STATUS_COLOURS = {"ok": "green", "note": "yellow", "fault": "red"}


@app.command()
def doctor(json: Json = False) -> None:
    """Say what is missing or in the way.

    Looks at Python and its packages, compilers, QEMU, PlatformIO and its registry, boards and
    who holds their ports, permissions and disk. Each line is ok, or says what to do. Ends with
    exit code 7 where something is broken.

    \b
    Example: gesture doctor
    """
    raise typer.Exit(_show_checks(workflow.examine(), json))


def _show_checks(checks: Iterable[Check], as_json: bool) -> int:
    made = []
    for check in checks:
        made.append(check)
        if not as_json:
            colour = STATUS_COLOURS[check.status]
            text = f"[{colour}]{check.status:<5}[/] {escape(check.name)}: {escape(check.found)}"
            console.out.print(text, soft_wrap=True)
            if check.next_step:
                console.out.print(f"      [bold]next[/] {escape(check.next_step)}", soft_wrap=True)
    if as_json:
        print_json({"checks": made})
    broken = any(check.status == "fault" for check in made)
    return ExitCode.FINDINGS if broken else ExitCode.DONE
