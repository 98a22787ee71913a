"""What lint says about data that people recorded."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from pipeline.datasets.importers import import_files
from pipeline.datasets.lint import lint_dataset
from pipeline.datasets.recordings import save_recording
from tests.conftest import PROJECT
from tests.takes import take

SAMPLE = PROJECT / "data" / "sample"


def test_the_sample_data_only_clips(tmp_path: Path) -> None:
    report = lint_dataset(SAMPLE)
    assert report.takes == 120
    assert {finding.check for finding in report.findings} == {"clipping"}


def imported(shared_data: Path, name: str, dataset: Path) -> Path:
    import_files(shared_data / "gestures" / name, dataset, None, None, 119.0, 119)
    return dataset


def test_real_spells_clip_at_4_g_and_have_no_other_fault(tmp_path: Path, shared_data: Path) -> None:
    dataset = imported(shared_data, "spells", tmp_path)
    report = lint_dataset(dataset)
    assert {finding.check for finding in report.findings} == {"background", "clipping"}
    clipped = {
        path
        for path in dataset.glob("*/*.csv")
        if any(
            abs(float(cell)) >= 3.995
            for line in path.read_text("utf-8").splitlines()
            if line[0].isdigit()
            for cell in line.split(",")[2:5]
        )
    }
    assert {f.file for f in report.findings if f.check == "clipping"} == clipped
    assert len(clipped) == 65


def test_real_punches_of_three_people_are_unequal_and_clip(
    tmp_path: Path, shared_data: Path
) -> None:
    report = lint_dataset(imported(shared_data, "punch_flex", tmp_path))
    assert Counter(finding.check for finding in report.findings) == {
        **{"clipping": 12, "balance": 4},
        "background": 1,
    }
    assert any("ChiaHong95 made no circ, hori" in finding.what for finding in report.findings)


def test_real_recordings_without_gravity_are_told(tmp_path: Path, shared_data: Path) -> None:
    """Normalised to mean 0 and deviation 1 by those who published them."""
    for number in range(10):
        path = shared_data / "gestures" / "uhh_imu" / f"j_{number}_fullSet.npz"
        with pytest.warns(UserWarning, match="Python 2"), np.load(path, encoding="latin1") as data:
            samples = np.concatenate([data["acc"], data["gyro"]], axis=1).astype(np.float32)
        blank = take("mixed", number + 1, "j", n=len(samples), rate_hz=50.0)
        save_recording(replace(blank, samples=samples), tmp_path / f"{blank.name}.csv")
    found = [f for f in lint_dataset(tmp_path).findings if f.check == "gravity"]
    assert len(found) == 1
    assert "gravity is missing" in found[0].what
