"""What is exported comes back by the import without a changed sample."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from pipeline.core.artifacts import Interval, Recording
from pipeline.datasets.exporters import FORMATS, export_dataset
from pipeline.datasets.importers import ImportOptions, import_files
from pipeline.datasets.recordings import load_recordings, save_recording
from pipeline.datasets.streams import even_clock

LABELS = ("wave", "flex-up", "idle")
PEOPLE = ("anna", "bo_2")


def recording(
    random: np.random.Generator, label: str, person: str, session: str, rate_hz: float, rows: int
) -> Recording:
    """Readings of a board that lies at different angles, with the size of real ones."""
    samples = np.hstack([random.normal(0, 0.1, (rows, 3)), random.normal(0, 60, (rows, 3))])
    samples[:, 2] += 1
    seq, t_us = even_clock(rows, rate_hz)
    return Recording(
        samples=samples.round(3).astype(np.float32),
        seq=seq,
        t_us=t_us,
        rate_hz=rate_hz,
        label=label,
        person=person,
        session=session,
    )


def dataset(folder: Path, seed: int, rate_hz: float, lengths: list[int]) -> list[Recording]:
    random = np.random.default_rng(seed)
    takes = [
        recording(random, label, person, session, rate_hz, rows)
        for label in LABELS
        for person in PEOPLE
        for session in ("1", "b")
        for rows in lengths
    ]
    for n, take in enumerate(takes):
        name = f"{take.person}-{take.session}-{n + 1:03d}.csv"
        save_recording(take, folder / take.label / name)
    return load_recordings(folder)


def read_back(exported: Path, into: Path, commands: tuple[str, ...]) -> list[Recording]:
    for command in commands:
        words = command.split()
        options = {
            flag.removeprefix("--").replace("-", "_"): float(value)
            for flag, value in pairwise(words)
            if flag in ("--rate-hz", "--take-rows")
        }
        take_rows = int(options["take_rows"]) if "take_rows" in options else None
        chosen = ImportOptions(rate_hz=options.get("rate_hz"), take_rows=take_rows)
        report = import_files(Path(words[3]), into, chosen)
        assert report.left_out == ()
    assert exported.is_dir()
    return load_recordings(into)


def contents(takes: list[Recording]) -> list[tuple[str, str, float, bytes]]:
    return sorted(
        (take.label, take.person, take.rate_hz, take.thousandths.tobytes()) for take in takes
    )


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize(
    ("seed", "rate_hz", "lengths"), [(1, 119.0, [119]), (2, 62.5, [60, 131]), (3, 104.0, [40])]
)
def test_takes_come_back_with_label_person_and_rate(
    tmp_path: Path, form: str, seed: int, rate_hz: float, lengths: list[int]
) -> None:
    takes = dataset(tmp_path / "mine", seed, rate_hz, lengths)
    report = export_dataset(tmp_path / "mine", tmp_path / "out", form)
    assert report.left_out == ()
    back = read_back(tmp_path / "out", tmp_path / "back", report.read_back)
    assert contents(back) == contents(takes)


@pytest.mark.parametrize("form", ["edge-impulse", "parquet"])
def test_labels_inside_a_recording_come_back(tmp_path: Path, form: str) -> None:
    random = np.random.default_rng(4)
    whole = recording(random, "stream", "anna", "1", 50.0, 600)
    parts = (Interval(50, 100, "wave"), Interval(300, 380, "flex"))
    marked = Recording(**{**vars(whole), "intervals": parts})
    save_recording(marked, tmp_path / "mine" / "stream" / "anna-1-001.csv")
    report = export_dataset(tmp_path / "mine", tmp_path / "out", form)
    (back,) = read_back(tmp_path / "out", tmp_path / "back", report.read_back)
    assert back.intervals == parts
    assert np.array_equal(back.thousandths, marked.thousandths)


def test_gaps_and_several_rates_come_back_from_parquet(tmp_path: Path) -> None:
    random = np.random.default_rng(5)
    takes = [recording(random, "wave", "anna", "1", rate_hz, 200) for rate_hz in (50.0, 100.0)]
    keep = np.delete(np.arange(200), [70, 71, 72])
    for n, take in enumerate(takes, 1):
        parts = {"samples": take.samples[keep], "seq": take.seq[keep], "t_us": take.t_us[keep]}
        lossy = Recording(**{**vars(take), **parts})
        save_recording(lossy, tmp_path / "mine" / "wave" / f"anna-1-{n:03d}.csv")
    report = export_dataset(tmp_path / "mine", tmp_path / "out", "parquet")
    back = read_back(tmp_path / "out", tmp_path / "back", report.read_back)
    assert contents(back) == contents(load_recordings(tmp_path / "mine"))
    assert [[gap.missing for gap in take.gaps] for take in back] == [[3], [3]]


def test_a_table_of_parquet_is_what_pandas_users_expect(tmp_path: Path) -> None:
    import pandas as pd

    takes = dataset(tmp_path / "mine", 3, 100.0, [50])
    (file,) = export_dataset(tmp_path / "mine", tmp_path / "out", "parquet").files
    frame = pd.read_parquet(file)
    assert len(frame) == sum(map(len, takes))
    by_take = {name: some for name, some in frame.groupby("take")}
    assert set(by_take) == {take.name for take in takes}
    first = by_take[takes[0].name]
    assert set(first["label"]) == {takes[0].label}
    assert first["ax (g)"].tolist() == (takes[0].thousandths[:, 0] / 1000).tolist()


def test_labels_of_edge_impulse_are_those_of_its_uploader(tmp_path: Path) -> None:
    random = np.random.default_rng(4)
    whole = recording(random, "stream", "anna", "1", 50.0, 100)
    marked = Recording(**{**vars(whole), "intervals": (Interval(10, 20, "wave"),)})
    save_recording(marked, tmp_path / "mine" / "stream" / "anna-1-001.csv")
    export_dataset(tmp_path / "mine", tmp_path / "out", "edge-impulse")
    (entry,) = json.loads((tmp_path / "out" / "info.labels").read_text())["files"]
    assert entry["path"] == "stream.anna-1-001.json"
    assert entry["label"] == {
        "type": "multi-label",
        "labels": [{"label": "wave", "startIndex": 10, "endIndex": 19}],
    }
