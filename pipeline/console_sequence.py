"""What networks of text say, for people or as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.markup import escape
from rich.text import Text

from pipeline.console import err, out, print_json

if TYPE_CHECKING:
    from pipeline.stages.text import Judgement, Written


def show_judgements(judgements: Sequence[Judgement], as_json: bool) -> None:
    if as_json:
        print_json({"texts": judgements})
        return
    for judged in judgements:
        score = judged.scores[judged.label]
        out.print(Text.assemble((judged.label, "bold"), f" {score:.1%}  {judged.text}"))
        if judged.unknown:
            err.print(f"[dim]not known to it: {escape(', '.join(judged.unknown))}[/]")
        if judged.left_out:
            err.print(f"[dim]{judged.left_out} of {judged.tokens} {judged.level} were cut off[/]")


def show_written(written: Written, as_json: bool) -> None:
    if as_json:
        print_json(written)
        return
    print(written.prompt + written.text)  # to the character: rich would read brackets and tabs
    network = "int8" if written.int8 else "float"
    bits = f"{written.bits_per_character:.2f} bits a character on the text held out"
    err.print(f"[dim]{network} network, {bits}[/]")
