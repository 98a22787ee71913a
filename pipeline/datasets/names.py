"""Names in a dataset: any text that people write gets a name that files and boards can carry.

`names.json` in the folder of the dataset keeps the texts, so that people read what they wrote.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from itertools import chain, count
from pathlib import Path

from pipeline.core.artifacts import Recording
from pipeline.core.errors import PipelineError
from pipeline.core.files import writing
from pipeline.core.original_names import NAMES, OriginalNames, in_ascii, load_names, tidy
from pipeline.datasets.recording_file import LONGEST_NAME, check_name, is_name

LONGEST_PERSON = 15  # a board that is enrolled keeps no more
WITH_HYPHENS = ("label", "dataset")
_PORTS = {f"{of}{number}" for of in ("com", "lpt") for number in range(1, 10)}
OF_WINDOWS = {"con", "prn", "aux", "nul"} | _PORTS  # no files there, whatever comes after a dot


class DatasetNames:
    """The names of a dataset, and those that are added to it.

    Nothing is written before `save`.

    Attributes:
        said: a sentence for each text that was mapped for the first time.
    """

    def __init__(self, dataset: Path) -> None:
        """Read the names of a dataset, which need not exist yet; for kind dataset, of its parent.

        Raises:
            PipelineError: names.json is damaged.
        """
        self._dataset = dataset
        self._old = load_names(dataset)
        self._new: dict[str, dict[str, str]] = {}
        self._taken: dict[str, set[str]] = {}
        self.said: list[str] = []

    @property
    def originals(self) -> OriginalNames:
        """The names with those that are added."""
        return self._old | OriginalNames(self._new)

    def name(self, kind: str, text: str) -> str:
        """The ASCII name of a text in somebody's data.

        Two texts never share a name, and no two names differ only by case. So `Rene` gets another
        name where Rene stands for `René` already; call it once for a text, not with its result.

        Args:
            kind: label, person, session or dataset.
            text: as people write it.

        Raises:
            PipelineError: USAGE, for an empty text.
        """
        text = tidy(text)
        if not text:
            check_name(kind, text)
        mapped = self.originals.texts.get(kind, {})
        known = self.originals.known(kind, text)
        if known != text or (text in self._names(kind) and text not in mapped):
            return known
        name = text
        if not self._is_free(kind, text):
            name = next(name for name in _like(kind, text) if self._is_free(kind, name))
            self._new.setdefault(kind, {})[name] = text
            self.said.append(
                f"The {kind} {text!r} is {name} in files and on boards; you will read {text!r}."
            )
        self._names(kind).add(name)
        return name

    def typed(self, kind: str, text: str) -> str:
        """The ASCII name of a text that somebody typed; they may type the ASCII name itself.

        Raises:
            PipelineError: USAGE, for a text without a letter or digit, or a new one that is a path.
        """
        mapped, text = self.originals.texts.get(kind, {}), tidy(text)
        if text not in mapped.values() and ("/" in text or not in_ascii(text, hyphens=False)):
            check_name(kind, text)
        return text if text in mapped else self.name(kind, text)

    def save(self) -> None:
        """Add the new names to names.json.

        Raises:
            PipelineError: it cannot be written, or another command gave a name meanwhile.
        """
        if not self._new:
            return
        with _alone_in(self._dataset):
            there = load_names(self._dataset)
            for kind, texts in self._new.items():
                for name, text in texts.items():
                    if there.shown(kind, name) not in (name, text):
                        raise _taken_meanwhile(kind, name, self._dataset)
            (there | OriginalNames(self._new)).save(self._dataset)
        self._old, self._new = self.originals, {}

    def _is_free(self, kind: str, name: str) -> bool:
        others = {other.casefold() for other in self._names(kind)}
        folded = name.casefold()
        fits = is_name(kind, name) and len(name) <= _longest(kind)
        return fits and folded not in OF_WINDOWS and folded not in others

    def _names(self, kind: str) -> set[str]:
        """All ASCII names of a kind that the dataset has."""
        if kind not in self._taken:
            mapped = self._old.texts.get(kind, {})
            there = (name for name in _names_in(self._dataset, kind) if is_name(kind, name))
            self._taken[kind] = {*mapped, *there}
        return self._taken[kind]


def dataset_name(dataset: Path, kind: str, text: str) -> str:
    """The ASCII name of one text in a dataset, kept in its names.json; see DatasetNames.name.

    DatasetNames is for several, and where something is said or nothing may be written yet.
    """
    names = DatasetNames(dataset)
    name = names.name(kind, text)
    names.save()
    return name


def shown_name(dataset: Path, kind: str, name: str) -> str:
    """What people read for an ASCII name of a dataset."""
    return load_names(dataset).shown(kind, name)


def _longest(kind: str) -> int:
    return LONGEST_PERSON if kind == "person" else LONGEST_NAME


def as_written(
    recording: Recording, names: OriginalNames, fits: Callable[[str], bool]
) -> Recording:
    """A recording with its label and person as people wrote them, where such a text fits."""
    intervals = (
        replace(part, label=names.shown("label", part.label, fits)) for part in recording.intervals
    )
    return replace(
        recording,
        label=names.shown("label", recording.label, fits),
        person=names.shown("person", recording.person, fits),
        intervals=tuple(intervals),
    )


def _like(kind: str, text: str) -> Iterator[str]:
    """ASCII names for a text: the nearest one, then the same with a number."""
    most = _longest(kind)
    name = in_ascii(text, hyphens=kind in WITH_HYPHENS) or kind
    for end in chain([""], (f"_{number}" for number in count(2))):
        yield name[: most - len(end)].rstrip("_-") + end


def _names_in(dataset: Path, kind: str) -> Iterator[str]:
    if kind in ("label", "dataset"):
        return (path.name for path in dataset.glob("[!.]*/"))
    place = 0 if kind == "person" else 1
    takes = (path.stem.split("-") for path in dataset.glob("*/*-*-*.csv"))
    return (parts[place] for parts in takes)


@contextmanager
def _alone_in(folder: Path) -> Iterator[None]:
    """One process at a time changes names.json, also while another lock of the folder is held."""
    with writing(folder / NAMES):
        folder.mkdir(parents=True, exist_ok=True)
        handle = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
        try:
            with suppress(OSError):  # a file system without locks
                fcntl.flock(handle, fcntl.LOCK_EX)
            yield
        finally:
            os.close(handle)


def _taken_meanwhile(kind: str, name: str, dataset: Path) -> PipelineError:
    return PipelineError(
        f"The {kind} {name} of {dataset} got another meaning meanwhile.",
        "another command has added names to the dataset at the same time",
        "run the command again; it has written nothing",
    )
