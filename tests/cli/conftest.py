"""Takes to look at; and a run on the sample data, made once, with few epochs: what it computes,
not how well."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.cli.commands import PROJECT, gesture
from tests.once import Once
from tests.takes import save_all, takes

QUICK = (
    "--set",
    "fit.epochs=2",
    "--set",
    "model.convolutions=[{filters: 4, pool: 2}]",
    "--set",
    "augment.passes=1",
    "--hold-out",
)


@pytest.fixture(scope="session")
def work(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder to stand in, with the sample data where the shipped config looks for it."""
    folder = tmp_path_factory.mktemp("work")
    put_sample_data(folder)
    return folder


@pytest.fixture(scope="session")
def converted_run(work: Path, once: Once, host_compiler: None) -> Path:
    """A copy of each worker's own: commands write into it."""
    shutil.copytree(once("quick", make_run), work / "runs" / "quick", symlinks=True)
    return work / "runs" / "quick"


def make_run(folder: Path) -> Path:
    put_sample_data(folder)
    config = PROJECT / "configs" / "gesture_conv1d.yaml"
    gesture("train", config, *QUICK, "--run", "runs/quick", "--json", cwd=folder)
    gesture("convert", "runs/quick", "--json", cwd=folder)
    return folder / "runs" / "quick"


def put_sample_data(folder: Path) -> None:
    (folder / "data").mkdir()
    (folder / "data" / "sample").symlink_to(PROJECT / "data" / "sample")


@pytest.fixture
def dataset(tmp_path: Path) -> Path:
    """data/mine: two labels by two people, five takes each."""
    return save_all(tmp_path / "data" / "mine", takes(["flex", "punch"], ("anna", "bo")))
