"""What a person reads in the terminal, or, with --json, what a program does."""

from __future__ import annotations

import json
import tempfile
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, is_dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel
from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from pipeline.artifacts import Recording
from pipeline.costs import NetworkCost
from pipeline.errors import ExitCode, PipelineError

if TYPE_CHECKING:
    from pipeline.artifacts import Figure
    from pipeline.datasets.importers import ImportReport
    from pipeline.stages.learning import Converted
    from pipeline.stages.settling import Decided
    from pipeline.training.fit import Epoch
    from pipeline.training.run_files import Trained

out = Console(highlight=False, emoji=False)
err = Console(stderr=True, highlight=False, emoji=False)


def plain(result: Any) -> Any:
    """Dataclasses, parts of a contract, paths and tuples as what JSON knows."""
    if isinstance(result, BaseModel):
        return result.model_dump(mode="json")
    if is_dataclass(result) and not isinstance(result, type):
        return plain(asdict(result))
    if isinstance(result, Mapping):
        return {str(key): plain(value) for key, value in result.items()}
    if isinstance(result, list | tuple):
        return [plain(value) for value in result]
    return str(result) if isinstance(result, Path) else result


def print_json(result: Any) -> None:
    print(json.dumps(plain(result), sort_keys=True), flush=True)


def show_table(title: str, rows: Sequence[tuple[str, object]]) -> None:
    """Of plain words: none is read as markup."""
    out.print(Text(title, "bold"), soft_wrap=True)  # a path that is cut cannot be copied
    table = Table(show_header=False, box=None)
    for name, value in rows:
        table.add_row(Text(name), Text(str(value)))
    out.print(table, "")


def show_failure(error: BaseException, as_json: bool) -> int:
    """Tell what went wrong; the exit code. An error nobody foresaw leaves a report in a file."""
    if isinstance(error, KeyboardInterrupt):
        err.print("interrupted")
        return ExitCode.INTERRUPTED
    if not isinstance(error, PipelineError):
        error = _bug(error)
    if as_json:
        told = {"what": error.what, "why": error.why, "next": error.next_step}
        print_json({"error": {**told, "exit_code": int(error.exit_code)}})
    else:
        err.print(f"[bold red]error[/] {escape(error.what)}")
        err.print(f"  [bold]why[/]   {escape(error.why)}")
        err.print(f"  [bold]next[/]  {escape(error.next_step)}")
    return error.exit_code


def _bug(error: BaseException) -> PipelineError:
    with tempfile.NamedTemporaryFile(
        "w", prefix="gesture-", suffix=".log", delete=False, encoding="utf-8"
    ) as log:
        traceback.print_exception(error, file=log)
    return PipelineError(
        f"Something went wrong that should not have: {type(error).__name__}: {error}",
        "this is a fault of the program, not yours",
        f"please report it, with the file {log.name}",
    )


@contextmanager
def steps(as_json: bool) -> Iterator[Callable[[str], None]]:
    """A line that says what is being done now."""
    if as_json:
        yield lambda _: None
        return
    with err.status("starting") as status:

        def on_step(text: str) -> None:
            err.print(f"[dim]… {escape(text)}[/]")
            status.update(escape(text))

        yield on_step


@contextmanager
def epochs(as_json: bool) -> Iterator[Callable[[Epoch], None]]:
    """A bar that grows with each epoch of training."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    columns = (
        TextColumn("training"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.description}"),
    )
    with Progress(*columns, console=err, disable=as_json) as progress:
        task = progress.add_task("", total=None)

        def on_epoch(epoch: Epoch) -> None:
            held = epoch.validation_loss
            told = f"loss {epoch.loss:.3f}" if held is None else f"validation loss {held:.3f}"
            progress.update(task, completed=epoch.number, total=epoch.of, description=told)

        try:
            yield on_epoch
        except PipelineError:  # a bar before it would look like work that was begun
            progress.update(task, visible=progress.tasks[task].completed > 0)
            raise


def show_simulated(paths: Sequence[Path], as_json: bool) -> None:
    if as_json:
        print_json({"recordings": paths})
    else:
        out.print(f"{len(paths)} recordings in {escape(str(paths[0].parent.parent))}")


def show_imported(report: ImportReport, as_json: bool) -> None:
    takes = [(label, person, count) for (label, person), count in sorted(report.takes.items())]
    if as_json:
        named = [{"label": label, "person": person, "takes": n} for label, person, n in takes]
        left_out = [str(entry) for entry in report.left_out]
        noted = [str(entry) for entry in report.noted]
        told = {"dataset": report.dataset, "takes": named, "left_out": left_out, "noted": noted}
        print_json(told)
        return
    for entry in report.left_out:
        out.print(f"[yellow]left out[/] {escape(str(entry))}", soft_wrap=True)
    for entry in report.noted:
        out.print(f"[dim]noted[/]    {escape(str(entry))}", soft_wrap=True)
    show_table(
        f"{report.total} takes in {report.dataset}",
        [(f"{label} by {person}", count) for label, person, count in takes],
    )


def show_stream(stream: Recording, file: Path, as_json: bool) -> None:
    seconds = len(stream) / stream.rate_hz
    if as_json:
        print_json({"file": file, "seconds": seconds, "intervals": stream.intervals})
    else:
        out.print(f"{escape(str(file))}: {len(stream.intervals)} takes in {seconds:.1f} s")


def show_trained(trained: Trained, as_json: bool) -> None:
    if as_json:
        print_json(trained)
        return
    show_table(
        f"trained {trained.run}",
        [
            *_accuracy(trained),
            *_figures(trained.figures),
            ("split", trained.split_note),
            ("report", trained.report),
        ],
    )


def _accuracy(trained: Trained) -> list[tuple[str, object]]:
    if trained.accuracy is None:
        return []
    return [("accuracy", f"{trained.accuracy:.1%} of {trained.test_windows} held out")]


def _figures(figures: Sequence[Figure]) -> list[tuple[str, object]]:
    return [(figure.name, f"{figure.value:.4g} {figure.unit}".rstrip()) for figure in figures]


def show_converted(converted: Converted, as_json: bool) -> None:
    if as_json:
        print_json(converted)
        return
    show_table(
        f"converted {converted.run}",
        [
            ("byte-equal", f"to {converted.reference} on {converted.vectors} vectors"),
            *_int8_accuracy(converted),
            *_figures(converted.figures),
            ("variant", converted.variant),
            ("streaming", _streaming(converted)),
            *_events(converted.decided),
            ("contract", converted.contract_hash[:12]),
        ],
    )
    show_cost(converted.cost, converted.occasion)


def show_cost(cost: NetworkCost, occasion: str) -> None:
    """What each layer takes for an answer, and all of them together."""
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
    table.add_row("all", "", "", *(f"{number:,}" for number in totals), style="bold")
    out.print(table)
    out.print(
        f"[dim]bytes; {cost.stack_bytes:,} of stack; instructions are an estimate for a "
        "Cortex-M4F[/]",
        "",
    )


def _streaming(converted: Converted) -> str:
    if converted.obstacle is None:
        return "only what is new is computed"
    return f"no, every window is computed anew: {converted.obstacle}"


def _int8_accuracy(converted: Converted) -> list[tuple[str, object]]:
    if converted.int8_accuracy is None:
        return []
    return [("int8 accuracy", f"{converted.int8_accuracy:.1%}")]


def _events(decided: Decided | None) -> list[tuple[str, object]]:
    """Nothing of what was not held out, and of what has no gestures."""
    if decided is None:
        return []
    rows: list[tuple[str, object]] = [("decision", decided.how)]
    events, unknown = decided.events, decided.unknown
    if events.takes:
        rows.append(("gestures", f"{events.found} of {events.takes} held-out ones called by name"))
    if unknown.hours:
        low, high = unknown.false_alarms_interval
        told = f"{unknown.false_alarms_per_hour:.1f} an hour of motion that is no gesture"
        rows.append(("false alarms", f"{told} ({low:.1f} to {high:.1f})"))
    return rows
