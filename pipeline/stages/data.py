"""Recordings: simulated, imported, joined."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from pipeline.artifacts import Recording
from pipeline.config_gestures import load_gesture_config
from pipeline.files import load_json, reading
from pipeline.stages.runs import open_run

if TYPE_CHECKING:
    from pipeline.datasets.catalogue import Published, RemoteFile
    from pipeline.datasets.fetching import FetchedFiles
    from pipeline.datasets.importers import ImportReport

DATA = Path("data")
REST_S = (1.5, 2.5)


@dataclass(frozen=True)
class RemoteDataset:
    entry: Published
    files: tuple[RemoteFile, ...]


def simulate(folder: Path, people: int, takes: int, seed: int) -> list[Path]:
    from pipeline.datasets.simulate import RATE_HZ, simulate_dataset

    return simulate_dataset(folder, people, takes, seed, RATE_HZ)


def import_data(
    path: Path, dataset: str, label: str | None, person: str | None, rate_hz: float, take_rows: int
) -> ImportReport:
    from pipeline.datasets.importers import import_files
    from pipeline.datasets.recordings import check_name

    folder = DATA / check_name("dataset", dataset)
    return import_files(path, folder, label, person, rate_hz, take_rows)


def remote_datasets() -> list[RemoteDataset]:
    """What `fetch` can bring here, with the addresses of its files."""
    from pipeline.datasets.catalogue import CATALOGUE, files_of

    return [RemoteDataset(entry, tuple(files_of(entry))) for entry in CATALOGUE]


def fetch(name: str, mirror: Path | None, dataset: str | None) -> ImportReport | FetchedFiles:
    """A published dataset, from `mirror` or from where it was published, into data/."""
    from pipeline.datasets.fetching import fetch_dataset
    from pipeline.datasets.recordings import check_name

    return fetch_dataset(name, mirror, DATA / check_name("dataset", dataset or name))


def make_stream(dataset: Path, file: Path, run: Path | None, seed: int) -> Recording:
    """All takes of a dataset, or those a run held out, as one recording with rests between."""
    from pipeline.datasets.recordings import load_recordings, save_recording
    from pipeline.datasets.streams import join_takes

    takes = load_recordings(dataset)
    if run is not None:
        names = held_out_names(run)
        takes = [take for take in takes if take.name in names]
    order = np.random.default_rng(seed).permutation(len(takes))
    stream = join_takes([takes[i] for i in order], REST_S, seed)
    save_recording(stream, file)
    return stream


def held_out_names(run: Path) -> set[str]:
    """Names of the takes that a run's training never saw."""
    folder = open_run(run)
    file = folder.require(folder.splits_file, "train")
    with reading(file, "train"):
        return set(load_json(file, "train")["test"])


def dataset_of(run: Path) -> Path:
    """The folder of recordings a run was trained on."""
    folder = open_run(run)
    return load_gesture_config(folder.require(folder.config_file, "train")).data.path
