"""`gesture doctor`: checks of this computer."""

from __future__ import annotations

import typer
from rich.markup import escape

from pipeline.cli import console
from pipeline.cli.console import print_json
from pipeline.cli.parser import App, Json
from pipeline.core.errors import ExitCode
from pipeline.workflows import doctor as workflow

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
    made = []
    for check in workflow.examine():
        made.append(check)
        if not json:
            colour = STATUS_COLOURS[check.status]
            text = f"[{colour}]{check.status:<5}[/] {escape(check.name)}: {escape(check.found)}"
            console.out.print(text, soft_wrap=True)
            if check.next_step:
                console.out.print(f"      [bold]next[/] {escape(check.next_step)}", soft_wrap=True)
    if json:
        print_json({"checks": made})
    if any(check.status == "fault" for check in made):
        raise typer.Exit(ExitCode.FINDINGS)
