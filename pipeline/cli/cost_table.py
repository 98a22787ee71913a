"""The cost of a network by layer, for people."""

from __future__ import annotations

from rich.markup import escape
from rich.table import Table

from pipeline.cli import console
from pipeline.core.costs import NetworkCost


def show_cost(cost: NetworkCost, occasion: str) -> None:
    """Print what each layer costs; occasion: when the network runs, in words."""
    columns = ("layer", "operators", "output", "MACs", "instructions", "flash", "RAM")
    table = Table(*columns, box=None, title=f"cost {occasion}", title_justify="left")
    for layer in cost.layers:
        shape = "x".join(map(str, layer.output_shape))
        numbers = (layer.macs, layer.instructions, layer.flash_bytes, layer.ram_bytes)
        words = map(escape, (layer.name, layer.operator, shape))
        table.add_row(*words, *(f"{number:,}" for number in numbers))
    totals = (cost.macs, cost.instructions, cost.flash_bytes, cost.ram_bytes)
    table.add_row("", "shared kernels", "", "", "", f"{cost.kernel_bytes:,}", "")
    if cost.text_bytes:
        table.add_row("", "vocabulary, embedding", "", "", "", f"{cost.text_bytes:,}", "")
    if cost.encoder_bytes:
        own = (cost.encoder_instructions, cost.encoder_bytes, cost.encoder_ram_bytes)
        of_encoder = (f"{number:,}" for number in own)
        table.add_row("", "encoder, each time it reads", "", "", *of_encoder)
    if cost.centre_bytes:
        table.add_row("", "people, learned gestures", "", "", "", f"{cost.centre_bytes:,}", "")
    table.add_row("all", "", "", *(f"{number:,}" for number in totals), style="bold")
    console.out.print(table)
    console.out.print(
        f"[dim]bytes; about {cost.stack_bytes:,} of stack; instructions are an estimate for a "
        "Cortex-M4F[/]",
        "",
    )
