"""`kill -9` at random moments of commands: `python -m benchmarks.trust_kills`.

Real commands, in processes of their own. What passes for whole afterwards must be what an
undisturbed command leaves, byte for byte, or what was there before it. Where a command would wait
for TensorFlow, it gets at once what TensorFlow said before.
"""

from __future__ import annotations

import os
import shutil
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.results_file import record, row
from benchmarks.trust_training import (
    dataset_in,
    ended,
    forked,
    killed_after,
    new_folder,
    resume,
    train,
    warm_up,
)
from pipeline.core.errors import PipelineError
from pipeline.core.locks import Lock
from pipeline.core.run_folder import RunFolder, check
from pipeline.datasets.exporters import FORMATS
from pipeline.datasets.importers import ImportOptions
from pipeline.twin.library import Twin
from pipeline.workflows import convert, datasets, deploy, export, generated, report
from pipeline.workflows import train as workflow
from pipeline.workflows.jobs import kept
from pipeline.workflows.jobs.job import Job, Result
from tests.fixtures.run_commands import CONFIG, SETTINGS, ignore
from tests.takes import RATE_HZ

COMMAND = "python -m benchmarks.trust_kills"
KILLS = {
    "train": 100,
    "convert": 20,
    "evaluate": 60,
    "deploy": 10,
    "import": 40,
    "data export": 30,
    "export": 25,
    "report": 15,
}
LONGER = 1.1  # the last moment of a kill: so many times what the command takes
RUN, MADE, DATASET = Path("run"), Path("made"), Path("data/mine")
PERSON = "anna"
FOLD = Job("a fold", {})

Files = dict[str, bytes]  # by path in a folder


@dataclass(frozen=True)
class World:
    """What is there before a command. trained, converted: a run; takes: a dataset."""

    trained: Path
    converted: Path
    takes: Path


@dataclass(frozen=True)
class Command:
    """place: what it makes; work: the command; again: what goes on with it; passes: whether what
    is there passes for whole; begin: what is at the place before it."""

    place: Path
    work: Callable[[], object]
    passes: Callable[[], bool]
    again: Callable[[], object] | None = None
    begin: Path | None = None


@dataclass
class Found:
    """in_time: kills that came while the command was at work; broken: after which something passed
    for whole and was not; stuck: after which the command could not be done again."""

    in_time: int = 0
    broken: int = 0
    stuck: int = 0


def main() -> None:
    warm_up()
    chance = np.random.default_rng(1)
    with new_folder() as folder:
        os.environ["XDG_CACHE_HOME"] = str(folder / "cache")
        world = _world(folder)
        found = {
            name: _found(command, KILLS[name], chance)
            for name, command in commands_in(world).items()
        }
    broken = sum(one.broken for one in found.values())
    said = ", ".join(f"{name} {one.in_time} of {KILLS[name]}" for name, one in found.items())
    stuck = sum(one.stuck for one in found.values())
    kills = f"{sum(KILLS.values())} kills, in the midst of {said}"
    note = f"runs that pass for whole and are not; {kills}; {stuck} could not be done again"
    record("trust", [row("kill -9 at random moments", broken, "runs", COMMAND, note, "== 0")])
    print(f"{broken} broken; {note}; {found}")
    sys.exit(bool(broken))


def _world(folder: Path) -> World:
    world = World(folder / "trained", folder / "converted", dataset_in(folder))

    def work() -> None:
        workflow.train(CONFIG, SETTINGS, world.trained, ignore)
        shutil.copytree(world.trained, world.converted)
        convert.convert(world.converted, None, ignore)

    if ended(forked(work)):
        raise RuntimeError("there is no run to begin with")
    return world


def commands_in(world: World) -> Mapping[str, Command]:
    """The commands that are killed, by name."""
    begin = world.converted
    return {
        "train": Command(RUN, lambda: train(world.takes, 1, RUN), _is_run, go_on(world)),
        "convert": Command(RUN, lambda: _convert(world), _is_run, begin=world.trained),
        "evaluate": Command(MADE, lambda: _keep(world), _is_kept),
        "deploy": Command(RUN, _deploy, _is_run, begin=begin),
        "import": Command(DATASET, lambda: _import(world), DATASET.exists),
        "data export": Command(MADE, lambda: _export_data(world), MADE.exists),
        "export": Command(MADE, lambda: export.export(begin, MADE), MADE.exists),
        "report": Command(RUN, lambda: report.report(RUN, ignore), _is_run, begin=begin),
    }


def _found(command: Command, kills: int, chance: np.random.Generator) -> Found:
    _begin(command)
    before = _files(command.place)
    _undisturbed_s(command)  # what is compiled once is in the cache from then on
    longest_s = _undisturbed_s(command) * LONGER
    whole, found = _files(command.place), Found()
    for _ in range(kills):
        _begin(command)
        found.in_time += killed_after(command.work, float(chance.uniform(0, longest_s)))
        if command.passes():
            found.broken += not _is_sound(command, before, whole)
        again = ended(forked(command.again or command.work))
        done_before = command.place == MADE  # an export never writes over one
        found.stuck += (again != 0 and not done_before) or _files(command.place) != whole
    return found


def _undisturbed_s(command: Command) -> float:
    _begin(command)
    started = time.monotonic()
    if ended(forked(command.work)):
        raise RuntimeError(f"it does not work undisturbed: {command}")
    return time.monotonic() - started


def _is_sound(command: Command, before: Files, whole: Files) -> bool:
    """A dataset is as whole as its files are: the command that was killed is done again."""
    now = _files(command.place)
    if command.place == DATASET:
        return now.items() <= whole.items()
    return _artifacts(now) in (_artifacts(before), _artifacts(whole))


def _artifacts(files: Files) -> Files:
    """Without what each command renders anew of them: the report, and the hashes."""
    return {name: files[name] for name in files if name not in ("report.html", "hashes.json")}


def _begin(command: Command) -> None:
    shutil.rmtree(command.place, ignore_errors=True)
    if command.begin is not None:
        shutil.copytree(command.begin, command.place)


def _files(folder: Path) -> Files:
    """But for what nobody takes for a part of it: hidden files, and how a training went."""
    files = (path for path in folder.rglob("*") if path.is_file())
    names = {str(path.relative_to(folder)): path for path in files}
    return {
        name: path.read_bytes()
        for name, path in names.items()
        if not any(part.startswith(".") or part == "training" for part in Path(name).parts)
    }


def _is_run() -> bool:
    """Whether a command that reads runs would take it."""
    try:
        check(RunFolder(RUN))
    except PipelineError:
        return False
    return True


def _is_kept() -> bool:
    return kept.load(FOLD, MADE) is not None


def go_on(world: World) -> Callable[[], object]:
    """As the messages say: resume it, or begin where nothing was begun."""

    def work() -> None:
        run = RunFolder(RUN)
        if not run.config_file.exists():
            train(world.takes, 1, RUN)
        elif not run.contract_file.exists():
            resume(RUN)
        else:
            report.report(RUN, ignore)

    return work


def _convert(world: World) -> None:
    """What TensorFlow would say is what it said of the same run before."""
    known = RunFolder(world.converted)
    twin = Twin(known.sources, known.build)

    def write_flatbuffer(_keras: Path, _calibration: object, flatbuffer: Path, _log: Path) -> None:
        flatbuffer.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(known.flatbuffer_file, flatbuffer)

    vars(convert).update(write_flatbuffer=write_flatbuffer)
    vars(generated).update(reference_outputs=lambda *_: twin.invoke)
    convert.convert(RUN, None, ignore)


def _keep(world: World) -> None:
    """What a fold has computed is kept, unless it is there."""
    with Lock(kept.place_of(FOLD, MADE), "evaluate"):
        if not _is_kept():
            kept.save(FOLD, Result({"int8": 1.0}, _files(world.converted), 1.0), MADE)


def _deploy() -> None:
    deploy.deploy(RUN, "native", "auto", False, ignore)


def _import(world: World) -> None:
    datasets.import_data(
        world.takes, DATASET.name, ImportOptions(person=PERSON, rate_hz=RATE_HZ, take_rows=2)
    )


def _export_data(world: World) -> None:
    datasets.export_recordings(world.takes, MADE, FORMATS[0])


if __name__ == "__main__":
    main()
