"""The one way to the terminal: what boards, files and networks say reaches it as text only.

A terminal obeys control characters: it moves, hides, answers, or writes to the clipboard. So no
text has any when it leaves here, whoever printed it; what a console itself adds, colours and
moves of its own live view, is not text to it and passes.
"""

from __future__ import annotations

import errno
import json
import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from io import StringIO
from typing import Any

from rich.console import Console, ConsoleDimensions, ConsoleOptions, RenderableType
from rich.segment import Segment
from rich.table import Table
from rich.text import Text

from pipeline.core.errors import ExitCode, PipelineError

# All but line end and tab: C0, DEL, C1, what turns the writing direction, other line ends, and
# halves of UTF-16 pairs, by which Python stands for bytes of file names that are no UTF-8.
_OBEYED = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]"
)

UNLIMITED = ConsoleDimensions(10_000, 25)  # columns where no terminal wraps: a file or a pipe


def visible(text: str) -> str:
    """The text with each character that a terminal would obey written out: `\\x1b`, `\\u202e`."""
    return _OBEYED.sub(lambda found: ascii(found[0])[1:-1], text)


class OutputError(PipelineError):
    """What is printed cannot be written. is_left: by whoever read it (`| head`)."""

    def __init__(self, error: OSError) -> None:
        super().__init__(
            f"The output cannot be written: {error.strerror or error}.",
            "it goes to a file on a full disk, or to a program that has ended",
            "make room, or let it go somewhere else",
        )
        self.is_left = isinstance(error, BrokenPipeError)


@contextmanager
def printing() -> Iterator[None]:
    """Raises:
    OutputError: standard output does not take what the block prints.
    """
    try:
        yield
    except OSError as error:
        if error.filename is not None:
            raise
        raise OutputError(error) from None


def close_output() -> None:
    """Nothing more is printed to standard output: Python would try once more at its end."""
    with suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)


class SafeConsole(Console):
    """Prints as rich does, and no foreign control character.

    Lines are left to the terminal to wrap, so that a path or hash can be copied in one piece.
    """

    def __init__(self, *, width: int | None = None, **options: Any) -> None:
        """width: in columns, where it is not for the terminal to say."""
        super().__init__(width=width, soft_wrap=True, highlight=False, emoji=False, **options)
        self._asks_terminal = width is None

    @property  # type: ignore[misc]  # nobody sets it
    def size(self) -> ConsoleDimensions:
        """Of the terminal; what is read by a program or from a file has no width."""
        if self._asks_terminal and not self.file.isatty():
            return UNLIMITED
        return super().size

    def print(self, *objects: Any, **options: Any) -> None:
        """Raises:
        OutputError: as `printing`.
        """
        with printing():
            super().print(*(self._fitting(thing) for thing in objects), **options)

    def _fitting(self, thing: Any) -> Any:
        """A table that is too wide even where its cells are wrapped between words becomes a list
        of its rows."""
        if not isinstance(thing, Table):
            return thing
        for column in thing.columns:
            cells = [column.header, *column.cells]
            column.min_width = max(self.measure(cell).minimum for cell in cells)
        needed = Segment.split_lines(self.render(thing))
        widest = max((Segment.get_line_length(line) for line in needed), default=0)
        return thing if widest <= self.width else self._listed(thing)

    def _listed(self, table: Table) -> Text:
        """Each row as a block: its first words, and below them the others, after their headers."""
        headers, *rows = zip(
            *(map(self._text, (column.header, *column.cells)) for column in table.columns),
            strict=True,
        )
        width = max(map(len, headers))
        lines = [self._text(table.title)] if table.title else []
        for row in rows:
            filled = [(header, cell) for header, cell in zip(headers, row, strict=True) if cell]
            for place, (header, cell) in enumerate(filled):
                beginning = f"  {header.plain:<{width}}  " if place else f"{header.plain} ".lstrip()
                lines.append(Text(beginning) + (cell if place else Text(cell.plain, "bold")))
        return Text("\n").join(lines)

    def _text(self, cell: Any) -> Text:
        return cell if isinstance(cell, Text) else self.render_str(str(cell))

    def on_broken_pipe(self) -> None:
        """Rich would end the program here."""
        raise OutputError(BrokenPipeError(errno.EPIPE, os.strerror(errno.EPIPE)))

    def render_str(self, text: str, **options: Any) -> Text:
        """Before it is laid out: so it takes the room that it needs."""
        return super().render_str(visible(text), **options)

    def render(
        self, renderable: RenderableType, options: ConsoleOptions | None = None
    ) -> Iterator[Segment]:
        """As its base; no segment of text has a character that a terminal would obey."""
        for segment in super().render(renderable, options):
            yield segment if segment.control else segment._replace(text=visible(segment.text))


def show_usage(error: Any, as_json: bool) -> None:
    """What an error of the command line's parser says: it repeats words that may be file names."""
    said = StringIO()
    error.show(file=said)
    if not as_json:
        print(visible(said.getvalue().rstrip()), file=sys.stderr)
        return
    command = error.ctx.command_path if error.ctx else "gesture"
    content = {
        "what": error.format_message(),
        "why": "the words of the command line are not those that this command knows",
        "next": f"see `{command} --help`",
        "exit_code": int(ExitCode.USAGE),
    }
    with printing():
        print(json.dumps({"error": content}, sort_keys=True))
