"""From data to a network in C that is proven, and what that C says to a recording."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.artifacts import Event, Figure, GoldenVectors
from pipeline.budget import Budget, load_budget
from pipeline.config_fit import TaskConfig
from pipeline.config_tasks import load_task_config
from pipeline.contract import Contract
from pipeline.costs import NetworkCost
from pipeline.errors import ExitCode, PipelineError
from pipeline.files import atomic_write, save_text_files
from pipeline.run_folder import RunFolder
from pipeline.stages import quantising
from pipeline.stages.network_input import NetworkInput, network_input, save_embedding
from pipeline.stages.reporting import write_report
from pipeline.stages.run_windows import load_windows
from pipeline.stages.runs import (
    contract_for,
    converted_contract,
    named_run,
    new_run,
    open_run,
    point_latest_at,
)
from pipeline.stages.settling import Decided, Proven
from pipeline.stages.tasks import TASKS

if TYPE_CHECKING:
    from pipeline.compiler import CompiledNetwork
    from pipeline.conversion.text_source import TextTable
    from pipeline.training.fit import Epoch
    from pipeline.training.run_files import Trained

OnStep = Callable[[str], None]


@dataclass(frozen=True)
class Converted:
    """vectors: how many were compared byte for byte with the reference; obstacle: why the network
    does not stream, None where it does; occasion: when it answers, in words; variant: `fast`, or
    `compact` and why; cost: of an answer, without the firmware around it."""

    run: Path
    contract_hash: str
    vectors: int
    reference: str
    int8_accuracy: float | None
    flatbuffer_bytes: int
    occasion: str
    obstacle: str | None
    variant: str
    cost: NetworkCost
    decided: Decided | None
    figures: tuple[Figure, ...]


def train(
    config_file: Path, settings: Sequence[str], run: Path | None, on_epoch: Callable[[Epoch], None]
) -> Trained:
    """Fit a model; the run folder has everything that convert needs, and the report."""
    config = load_task_config(config_file, settings)
    folder = named_run(run) if run is not None else new_run(config_file.stem)
    return _trained(config, folder, on_epoch)


def resume(path: Path, on_epoch: Callable[[Epoch], None]) -> Trained:
    """Go on with a training that was broken off, after its last whole epoch.

    Raises PipelineError for a run that is trained already, or whose data have changed since.
    """
    run = open_run(path)
    if run.contract_file.exists():
        raise PipelineError(
            f"{run.path} is trained already.",
            "its training was not broken off",
            f"`gesture convert {run.path}` is next; train a new run for other settings",
            ExitCode.USAGE,
        )
    config = load_task_config(run.require(run.config_file, "train"))
    return _trained(config, run, on_epoch)


def _trained(config: TaskConfig, run: RunFolder, on_epoch: Callable[[Epoch], None]) -> Trained:
    trained = TASKS[config.task].train(config, run, on_epoch)
    write_report(run)
    point_latest_at(run)
    return trained


def convert(path: Path, budget_file: Path | None, on_step: OnStep) -> Converted:
    """Quantise, compile to C, and prove the C equal to its reference before any of it counts."""
    from pipeline.conversion.supported import require_supported

    run = open_run(path)
    require_supported(run.require(run.keras_file, "train"))
    budget = Budget() if budget_file is None else load_budget(budget_file)
    made, proven = _proven(run, budget, on_step)
    settled = TASKS[proven.contract.task].settle(proven)
    _keep(made, proven, settled.contract)
    write_report(run)
    return Converted(
        run=run.path,
        contract_hash=settled.contract.hash(),
        vectors=len(made.vectors.inputs),
        reference=quantising.name_of_reference(made.network),
        int8_accuracy=settled.int8_accuracy,
        flatbuffer_bytes=run.flatbuffer_file.stat().st_size,
        occasion=settled.contract.occasion,
        obstacle=made.network.obstacle,
        variant=made.variant,
        cost=made.network.cost,
        decided=settled.decided,
        figures=settled.figures,
    )


@dataclass(frozen=True)
class _Made:
    """What a run is converted to. variant: which of the networks it is, in words; crc: what its
    self-test must come to; table: of text."""

    network: CompiledNetwork
    variant: str
    vectors: GoldenVectors
    crc: int
    table: TextTable | None

    def save_sources(self, folder: Path, contract: Contract) -> None:
        from pipeline.conversion.contract_source import contract_source
        from pipeline.conversion.text_source import text_source

        text = {} if self.table is None else text_source(contract, self.table)
        constants = contract_source(contract, self.crc)
        save_text_files(folder, {**self.network.sources, **constants, **text})


def _proven(run: RunFolder, budget: Budget, on_step: OnStep) -> tuple[_Made, Proven]:
    """Quantised, compiled to C, and compared; all of it in a draft."""
    from pipeline.conversion import golden
    from pipeline.twin import Twin

    trained = run.contract()
    windows = load_windows(run, TASKS[trained.task].windows)
    draft = RunFolder(run.build / "converted")
    shutil.rmtree(draft.path, ignore_errors=True)
    log = run.build / "convert.log"
    on_step("quantising to int8")
    given = network_input(run, trained, windows, draft.keras_file, log)
    quantising.quantise(given.keras_file, given.calibration, draft.flatbuffer_file, log)
    on_step("compiling to C")
    flatbuffer = draft.flatbuffer_file.read_bytes()
    network, variant = _fitting(flatbuffer, trained, budget, given)
    contract = trained.converted(network.quantisation, flatbuffer, network.obstacle is None)
    on_step("asking for the reference")
    answer = quantising.reference(draft.flatbuffer_file, network, log)
    vectors, crc = golden.make_golden(answer, network.quantisation, given.test)
    made = _Made(network, variant, vectors, crc, given.table(network.quantisation))
    made.save_sources(draft.sources, contract)
    on_step(f"comparing {len(vectors.inputs)} vectors, byte for byte")
    twin = Twin(draft.sources, run.build)
    golden.compare_outputs(vectors, twin.invoke(vectors.inputs), "the compiled C")
    return made, Proven(run, draft, contract, twin, windows, on_step)


def _keep(made: _Made, proven: Proven, contract: Contract) -> None:
    """contract: as the task has settled it."""
    run, draft = proven.run, proven.draft
    made.save_sources(draft.sources, contract)
    if made.table is not None:
        save_embedding(draft.embedding_file, made.table)
    made.vectors.save(draft.golden_file)
    made.network.cost.save(draft.cost_file)
    quantising.export_sequence(run, proven.windows["calibration"], draft.sequence_file)
    _publish(run, draft, contract)


def replay(path: Path, file: Path) -> list[Event]:
    """What a board with this run would call out, given the recording `file`."""
    from pipeline.datasets.recordings import load_recording
    from pipeline.twin import Twin

    run = open_run(path)
    contract_for(run, "gesture", "replay")
    converted_contract(run)
    twin = Twin(run.sources, run.build)
    return twin.replay(load_recording(file)).events


def _fitting(
    flatbuffer: bytes, contract: Contract, budget: Budget, given: NetworkInput
) -> tuple[CompiledNetwork, str]:
    """The network, compact only where it must be, and in words which of the two it is."""

    def compiled(compact: bool = False) -> CompiledNetwork:
        network = quantising.compiled(flatbuffer, contract, compact)
        return replace(network, cost=network.cost.with_text(given.text_bytes))

    fast = compiled()
    overruns = budget.overruns(fast.cost)
    if not overruns:
        return fast, "fast"
    compact = compiled(compact=True)
    if budget.overruns(compact.cost):
        budget.require_fit(fast.cost)
    return compact, f"compact: the fast one would take {', '.join(overruns.values())}"


def _publish(run: RunFolder, draft: RunFolder, contract: Contract) -> None:
    """What the draft has and no more. The contract is written last: it is what makes the run count
    as converted."""
    from pipeline.conversion.c_array import c_array

    flatbuffer = draft.flatbuffer_file.read_bytes()
    with atomic_write(run.flatbuffer_file) as unfinished:
        unfinished.write_bytes(flatbuffer)
    save_text_files(run.path, c_array(flatbuffer))
    texts = {source.name: source.read_text("utf-8") for source in draft.sources.iterdir()}
    save_text_files(run.sources, texts)
    for file in (
        *(draft.golden_file, draft.scores_file, draft.cost_file, draft.events_file),
        *(draft.embedding_file, draft.sequence_file),
    ):
        _publish_file(file, run.path / file.name)
    contract.save(run.contract_file)


def _publish_file(draft: Path, place: Path) -> None:
    if not draft.is_file():
        place.unlink(missing_ok=True)
        return
    with atomic_write(place) as unfinished:
        unfinished.write_bytes(draft.read_bytes())
