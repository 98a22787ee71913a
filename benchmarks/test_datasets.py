"""What benchmarks train is kept, but never taken for a run of other settings."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.datasets import trained
from pipeline.datasets.simulate import simulate_dataset

pytestmark = pytest.mark.xdist_group("tensorflow")

QUICK = ("augment.passes=1", "unknown.share=0", "window.hop=40", "fit.epochs=1")


def test_a_run_is_trained_again_only_where_its_settings_are_others(tmp_path: Path) -> None:
    simulate_dataset(tmp_path / "takes", people=3, takes=2, seed=1)
    settings = (f"data.path={tmp_path / 'takes'}", *QUICK)
    run = trained("gesture_dense", settings, tmp_path / "run")
    first, left = run.contract(), run.path / "left"
    left.touch()
    trained("gesture_dense", settings, run.path)
    assert left.exists()
    trained("gesture_dense", (*settings, "fit.seed=2"), run.path)
    assert not left.exists()
    assert run.contract().hashes.config != first.hashes.config
    run.contract_file.unlink()  # as a training leaves it that was killed
    trained("gesture_dense", (*settings, "fit.seed=2"), run.path)
    assert run.contract_file.is_file()
