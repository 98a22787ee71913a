"""`gesture studio`: the whole way in a browser."""

from __future__ import annotations

from typing import Annotated

import typer

from pipeline.cli import console
from pipeline.cli.parser import App

app = App()


@app.command()
def studio(
    port: Annotated[int, typer.Option(min=0, max=65535, help="Of the page; 0 for any.")] = 8765,
    no_browser: Annotated[
        bool, typer.Option("--no-browser", help="Only print the address of the page.")
    ] = False,
) -> None:
    """Record, train, try and deploy in a browser.

    The page is served on this computer and for this computer alone, without a network and
    without an account. It does what the commands do, with the same files. Ctrl-C ends it.

    \b
    Example: gesture studio
    """
    from pipeline.studio.server import serve

    serve(port, not no_browser, _show_address)


def _show_address(address: str) -> None:
    console.out.print(f"studio  {address}", soft_wrap=True)
    console.err.print("[dim]Ctrl-C ends it.[/]")
