"""The folder of a run: the files of each stage, and their hashes."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pipeline.core.contract import Contract
from pipeline.core.errors import MismatchError, PipelineError
from pipeline.core.files import load_json, save_json
from pipeline.core.project import user_cache

HELD_OUT = "held_out"
ORIGIN = "run"  # a link from a build folder to its run


def build_folder(run: Path) -> Path:
    """The build folder of a run, in the cache of this user; it is made where it is missing."""
    place = run.resolve()
    cache = user_cache() / "built"
    folder = cache / hashlib.sha256(os.fsencode(place)).hexdigest()[:16]
    if not folder.is_dir():
        _make(cache)
        for other in cache.iterdir():
            origin = other / ORIGIN
            if origin.is_symlink() and not origin.exists():  # the run was deleted or moved
                shutil.rmtree(other, ignore_errors=True)
        _make(folder)
        (folder / ORIGIN).symlink_to(place)
    _require_ours(cache)
    return folder


def _make(folder: Path) -> None:
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise PipelineError(
            f"{folder} cannot be made: {error.strerror or error}.",
            "what is built of a run goes there; the disk is full, or you may not write in the "
            "folder",
            "make room, or set XDG_CACHE_HOME to a folder of your own",
        ) from None


def _require_ours(cache: Path) -> None:
    status = cache.stat()
    if status.st_uid != os.getuid() or status.st_mode & 0o022:
        raise PipelineError(
            f"{cache} may be written by others.",
            "code in it runs on this computer, so only you may write in it",
            f"delete it, or `chmod go-w {cache}`, or set XDG_CACHE_HOME to a folder of your own",
        )


class _File:
    """A file or folder of a run, by its path in it."""

    def __init__(self, path: str) -> None:
        self._path = path

    def __get__(self, run: RunFolder, _kind: type[RunFolder]) -> Path:
        return run.path / self._path


@dataclass(frozen=True)
class RunFolder:
    """`runs/<name>`: all artifacts of a model."""

    path: Path

    @property
    def name(self) -> str:
        """The name of the folder, also where the path is `.`."""
        return self.path.resolve().name

    contract_file = _File("contract.json")  # the contract; a run with it counts as trained
    hashes_file = _File("hashes.json")  # SHA-256 of every artifact
    keras_file = _File("model.keras")
    config_file = _File("config.yaml")  # all settings, with their defaults
    names_file = _File("names.json")  # labels and people as they were written; see OriginalNames
    snapshot_file = _File("snapshot.json")  # which version of the dataset it learned from
    metrics_file = _File("metrics.json")  # metrics of the float model, and the epochs
    splits_file = _File("splits.json")  # the names of the recordings of each part
    training = _File("training")  # logs and the checkpoint of the training
    checkpoint_file = _File("training/checkpoint.npz")  # removed at the end of the training
    epochs_file = _File("training/epochs.csv")  # losses of each epoch
    vocabulary_file = _File("vocabulary.json")  # of a text model, in the order of the numbers
    # Scaled windows: `calibration` (of the training part) and `test`. For gestures also
    # `test_targets`, `test_names` of recordings, and `test_scores` of the float model.
    windows_file = _File("windows.npz")
    # Of a text model: `rows` int8 [tokens, columns]; of a translation also `encoder_rows`.
    embedding_file = _File("embedding.npz")
    embedding_features_file = _File("embedding_features.npz")  # of gestures: GestureEmbedding
    scores_file = _File("scores.npz")  # outputs of the compiled C for the test part
    recordings_file = _File("recordings.npz")  # held out, for decision tuning and evaluation
    events_file = _File("events.json")  # of the compiled C on these recordings
    enrolment_file = _File("enrolment.bin")  # people and learned gestures, as a board keeps them
    evaluation_file = _File("evaluation.json")  # results of `gesture evaluate`
    series_file = _File("series.npz")  # the test rows, and the forecasts of the float model
    robustness_file = _File("robustness.json")  # accuracy under disturbances
    learning_curve_file = _File("learning_curve.json")  # accuracy by takes and by people
    report_file = _File("report.html")
    flatbuffer_file = _File("model.tflite")  # the quantized model
    encoder_file = _File("encoder.tflite")  # of translations and captions: the quantized encoder
    array_file = _File("model_data.c")  # the flatbuffer as a C array; its header is beside it
    sequence_file = _File("model_lstm.tflite")  # with LSTM operators, for other interpreters
    cost_file = _File("cost.json")  # the cost of each layer
    golden_file = _File("golden.npz")
    sources = _File("firmware")  # generated C, for firmware builds
    firmware_file = _File("firmware.json")  # facts of the firmware image

    @property
    def held_out(self) -> RunFolder:
        """The run in it, of the model that was trained without the test part."""
        return RunFolder(self.path / HELD_OUT)

    @property
    def tested(self) -> RunFolder:
        """The run with the results on the test part: `held_out`, or itself where there is none."""
        return self.held_out if self.held_out.path.is_dir() else self

    @property
    def is_resumable(self) -> bool:
        """Whether an unfinished training has kept something."""
        begun = (self.checkpoint_file, self.held_out.checkpoint_file, self.held_out.contract_file)
        return any(file.is_file() for file in begun)

    @property
    def build(self) -> Path:
        """The build folder, outside the run: objects, logs and the twin. It may be deleted."""
        return build_folder(self.path)

    def contract(self) -> Contract:
        """Read the contract; raises as Contract.load does."""
        return Contract.load(self.contract_file)

    def require(self, file: Path, stage: str) -> Path:
        """The file, unless it is missing; the error names the command `stage`, which writes it."""
        if not file.is_file():
            raise PipelineError(
                f"{file} is missing.",
                f"`gesture {stage}` has not been run on {self.path}, or did not finish",
                f"run `gesture {stage}` first",
            )
        return file


CONTRACT = "contract.json"
SOURCES = "firmware/"
# By the stage that makes them. The contract belongs to train and, after a conversion, to convert.
ARTIFACTS: Mapping[str, tuple[str, ...]] = {
    "train": (
        *(
            "config.yaml",
            "names.json",
            "snapshot.json",
            "metrics.json",
            "splits.json",
            "windows.npz",
        ),
        *("recordings.npz", "series.npz", "vocabulary.json", "model.keras", "confusion_matrix.png"),
        "embedding_features.npz",
        f"{HELD_OUT}/config.yaml",
    ),
    "convert": (
        *("model.tflite", "model_data.h", "model_data.c", "model_lstm.tflite", "embedding.npz"),
        *("golden.npz", "scores.npz", "events.json", "cost.json", SOURCES),
    ),
    "evaluate": ("evaluation.json",),
    "deploy": ("firmware.json",),
    "enrol": ("enrolment.bin",),
    "report": ("robustness.json", "learning_curve.json", "report.html"),
}
STAGE_OF = {name: stage for stage, names in ARTIFACTS.items() for name in names}


@dataclass(frozen=True)
class RunHashes:
    """Hashes of the artifacts of a run.

    Args:
        files: SHA-256 in hex, by the path in the run.
        coming: of the contracts that a running conversion will write, in order.
    """

    files: Mapping[str, str] = field(default_factory=dict)
    coming: tuple[str, ...] = ()

    def one(self) -> str:
        """One SHA-256 over the names and hashes of all artifacts."""
        text = json.dumps(dict(self.files), sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()

    def save(self, run: RunFolder) -> None:
        """Write hashes.json."""
        content = {"files": dict(self.files), "sha256": self.one()}
        save_json(run.hashes_file, {**content, "coming": list(self.coming)})

    @classmethod
    def load(cls, run: RunFolder) -> RunHashes:
        """Read hashes.json."""
        file = run.hashes_file
        if not file.is_file():
            raise MismatchError(
                f"{file} is missing.",
                "without it the run cannot be checked: an older version trained it, the training "
                "was cut short at its end, or the file was deleted",
                "train a new run",
            )
        content = load_json(file, "train")
        files, coming = content.get("files"), content.get("coming")
        if not isinstance(files, dict) or not isinstance(coming, list):
            raise _not_as_left(file, "train", "it was edited")
        hashes = cls({str(name): str(files[name]) for name in files}, tuple(map(str, coming)))
        if hashes.one() != content.get("sha256"):
            raise _not_as_left(file, "train", "it was edited")
        return hashes


def note(run: RunFolder, stage: str, contract: str | None = None) -> None:
    """Save the hashes of a stage's artifacts; contract: its text, where it is written later."""
    known = RunHashes.load(run) if run.hashes_file.is_file() else RunHashes()
    others = {name: value for name, value in known.files.items() if _stage_of(name) != stage}
    mine = {name: _sha256(run.path / name) for name in _there(run) if _stage_of(name) == stage}
    text = run.contract_file.read_bytes() if contract is None else contract.encode()
    own = {CONTRACT: hashlib.sha256(text).hexdigest()} if stage in ("train", "convert") else {}
    RunHashes({**others, **mine, **own}).save(run)


def announce(run: RunFolder, *contracts: str) -> None:
    """Save the hashes of coming texts of contract.json, to repeat an interrupted conversion."""
    coming = tuple(hashlib.sha256(text.encode()).hexdigest() for text in contracts)
    RunHashes(RunHashes.load(run).files, coming).save(run)


def check(run: RunFolder, remakes: str | None = None) -> str:
    """Check the hashes of all artifacts; returns one hash over them.

    Args:
        remakes: a stage that will make its artifacts again; they are not checked.

    Raises:
        PipelineError: MISMATCH, for the first artifact that is changed, missing or new.
    """
    if run.tested != run:
        check(run.tested, remakes)
    known = RunHashes.load(run)
    if known.coming and remakes != "convert":
        raise MismatchError(
            f"The last conversion of {run.path} was cut short, or is not done yet.",
            "it was stopped while it replaced the old files",
            f"run `gesture convert {run.path}` again",
        )
    for name in sorted(_there(run) | set(known.files)):
        stage = _stage_of(name)
        if stage != remakes:
            coming = known.coming if name == CONTRACT else ()
            _check_file(run.path / name, {known.files.get(name), *coming}, stage)
    return known.one()


def as_left(run: RunFolder, name: str) -> bool:
    """Whether an artifact is there and unchanged."""
    file = run.path / name
    if not (file.is_file() and run.hashes_file.is_file()):
        return False
    return RunHashes.load(run).files.get(name) == _sha256(file)


def _check_file(file: Path, wanted: Iterable[str | None], stage: str) -> None:
    if not file.is_file():
        raise _not_as_left(file, stage, "it was deleted", "is missing")
    if _sha256(file) not in wanted:
        raise _not_as_left(file, stage, "it was edited, swapped or damaged")


def _there(run: RunFolder) -> set[str]:
    names = {CONTRACT, *STAGE_OF} - {SOURCES}
    sources = (file.relative_to(run.path) for file in run.sources.rglob("*") if file.is_file())
    return {name for name in names if (run.path / name).exists()} | {
        source.as_posix() for source in sources if not source.name.startswith(".")
    }


def _stage_of(name: str) -> str:
    if name.startswith(SOURCES):
        return "convert"
    return STAGE_OF.get(name, "train")


def _sha256(file: Path) -> str:
    try:
        return hashlib.sha256(file.read_bytes()).hexdigest()
    except OSError as error:
        raise _not_as_left(file, "train", f"it cannot be read: {error.strerror or error}") from None


def _not_as_left(file: Path, stage: str, why: str, what: str = "") -> PipelineError:
    again = "train a new run, or restore the file"
    return MismatchError(
        f"{file} {what or f'is not what `gesture {stage}` left'}.",
        f"{why}, or `gesture {stage}` was cut short",
        again if stage == "train" else f"`gesture {stage}` makes it again",
    )
