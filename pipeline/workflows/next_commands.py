"""Which command goes on from where a stage has ended, as a shell reads it."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path

from pipeline.core.artifacts import Recording, person_of
from pipeline.core.board_profiles import EMULATED
from pipeline.core.contract import Task
from pipeline.core.enrolment import is_name
from pipeline.core.errors import PipelineError
from pipeline.core.files import load_json
from pipeline.core.project import DATA
from pipeline.core.run_folder import RunFolder
from pipeline.datasets.lint import (
    GOOD_TAKES,
    background_capture,
    has_background,
    is_background,
    labels_of_few_takes,
)
from pipeline.datasets.recordings import load_recordings
from pipeline.workflows.datasets import dataset_of
from pipeline.workflows.runs import LATEST

GESTURE_CONFIG = "gesture_rocket"  # both come with the tool
SERIES_CONFIG = "forecast_room"
CONFIG_OF = {  # of published datasets with a config of their own
    "uhh_imu": "uhh_imu",
    "watch": "watch",
    "imdb": "sentiment_conv1d",
    "tinyshakespeare": "generation_shakespeare",
    "weather": "forecast_weather",
    "color_names": "generation_colors",
    "dates": "translation_dates",
}
FILE_OF = {"weather": "beijing_2010_2014.csv"}  # of a dataset that is one file
EXAMPLE = "punch"  # of a gesture
STREAM = Path("build") / "stream.csv"
ASKED = {  # tasks that do something when they are asked: the command, and what comes after the run
    "sentiment": ("predict", "A text."),
    "generation": ("generate", "--prompt", "A text"),
    "translation": ("translate", "A text."),
    "caption": ("caption", "FILE"),
    "sketch": ("draw",),
}


def after_training(run: Path, task: str) -> tuple[str, ...]:
    """The command that follows `gesture train`."""
    if task in ("caption", "sketch"):  # most of them stay on this computer
        return (_gesture(*_asking(run, task)),)
    if task == "question":
        return (_gesture("ask", run, "recording.csv", "which came first?"),)
    return (_gesture("convert", run),)


def after_search(config: Path) -> tuple[str, ...]:
    """The command that follows `gesture search`."""
    return (_gesture("train", config),)


def after_conversion(run: Path) -> tuple[str, ...]:
    """The command that follows `gesture convert`."""
    return (_gesture("deploy", run),)


def after_deployment(run: Path, task: Task, board: str) -> tuple[str, ...]:
    """A real board is running; an emulated one ended with the deployment."""
    if task in ASKED:
        return (_gesture(*_asking(run, task)),)
    if board not in EMULATED:
        return (_gesture("monitor"),)
    if task != "gesture":
        return (_gesture("board", "start", board, "--run", run),)
    play = ("board", "start", board, "--run", run, "--imu", STREAM, "--loop")
    return (_gesture("data", "stream", dataset_of(run), STREAM), _gesture(*play))


def beside_board(run: Path | None, port: str) -> str:
    """The command that shows what a board with this run does; without a run it samples."""
    task = None if run is None else RunFolder(run).contract().task
    if run is None or task not in ASKED:
        return _gesture("monitor", "--port", port)
    return _gesture(*_asking(run, task), "--port", port)


def after_enrolment(run: Path, person: str, takes: Path, sent: bool) -> tuple[str, ...]:
    """takes: the dataset of the person's takes; sent: whether a board has it already."""
    if sent:
        return (_gesture("monitor"),)
    words = ("--person", person, "--dataset", takes, "--port", "auto")
    return (_gesture("enrol", run, *words),)


def after_learning(gesture: str, port: str, is_good: bool) -> tuple[str, ...]:
    """What a board has learned badly is forgotten, and learned again."""
    if is_good:
        return (_gesture("monitor", "--port", port),)
    again = ("learn", gesture, "--port", port)
    return (_gesture(*again, "--forget"), _gesture(*again))


def after_recording(dataset: Path, sensor: str = "imu") -> tuple[str, ...]:
    """What is missing in a dataset is recorded first."""
    if sensor != "imu":
        series = max(dataset.glob("*.csv"), default=dataset, key=lambda file: file.stat().st_mtime)
        return (_train(SERIES_CONFIG, series),)
    try:
        recordings = load_recordings(dataset)
    except PipelineError:
        return (_gesture("data", "lint", dataset),)
    enrolment = _enrolment(recordings, dataset)
    return (*_missing(recordings, dataset), *enrolment, _train(GESTURE_CONFIG, dataset))


def after_fetching(name: str, dataset: Path) -> tuple[str, ...]:
    """name: of the published dataset."""
    if name not in CONFIG_OF:
        return after_recording(dataset)
    config, data = CONFIG_OF[name], dataset / FILE_OF.get(name, "")
    return (_gesture("train", config) if dataset == DATA / name else _train(config, data),)


def after_demo() -> tuple[str, ...]:
    """The same with gestures of one's own, on a real board."""
    return (_takes_of([EXAMPLE], DATA / "mine"),)


def _asking(run: Path, task: str) -> tuple[object, ...]:
    command, *text = ASKED[task]
    return (command, run, *text)


def _enrolment(recordings: Sequence[Recording], dataset: Path) -> tuple[str, ...]:
    """The command for a person whose gestures the newest model knows, but not from this person."""
    run = RunFolder(LATEST)
    if not run.cost_file.is_file() or not run.embedding_features_file.is_file():
        return ()
    try:
        gestures = run.contract().gestures
        splits: dict[str, list[str]] = load_json(run.tested.splits_file, "train")
    except PipelineError:
        return ()
    known = {person_of(name) for names in splits.values() for name in names}
    people = {one.person for one in recordings if one.label in gestures} - known
    person = next(filter(is_name, sorted(people)), None)
    if person is None:
        return ()
    return (_gesture("enrol", LATEST, "--person", person, "--dataset", dataset),)


def _missing(recordings: Sequence[Recording], dataset: Path) -> tuple[str, ...]:
    """The captures of background and of gestures that a model needs as well."""
    few = labels_of_few_takes(recordings)
    background = [label for label in few if is_background(label)]
    if not has_background(recordings):
        background = ["idle"]
    gestures = [label for label in few if not is_background(label)]
    if all(is_background(one.label) and not one.intervals for one in recordings):
        gestures = [EXAMPLE]
    more = (_takes_of(gestures, dataset),) if gestures else ()
    return (*(background_capture(dataset, label) for label in background), *more)


def _takes_of(labels: Sequence[str], dataset: Path) -> str:
    guided = ("--mode", "guided") if len(labels) > 1 else ()
    options = (option for label in labels for option in ("--label", label))
    return _gesture("capture", *options, *guided, "--count", GOOD_TAKES, "--dataset", dataset.name)


def _train(config: str, data: Path) -> str:
    return _gesture("train", config, "--set", f"data.path={data}")


def _gesture(*words: object) -> str:
    return shlex.join(("gesture", *map(str, words)))
