"""Takes to look at; and a run on the sample data, made once, with few epochs: what it computes,
not how well."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.commands import PROJECT, gesture
from tests.takes import save_all, takes

QUICK = (
    "--set",
    "fit.epochs=2",
    "--set",
    "model.convolutions=[{filters: 4, pool: 2}]",
    "--set",
    "augment.passes=1",
)


@pytest.fixture(scope="session")
def work(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder to stand in, with the sample data where the shipped config looks for it."""
    folder = tmp_path_factory.mktemp("work")
    (folder / "data").mkdir()
    (folder / "data" / "sample").symlink_to(PROJECT / "data" / "sample")
    return folder


@pytest.fixture(scope="session")
def converted_run(work: Path, host_compiler: None) -> Path:
    config = PROJECT / "configs" / "gesture_conv1d.yaml"
    trained = gesture("train", config, *QUICK, "--run", "runs/quick", "--json", cwd=work)
    assert trained.code == 0, trained.err
    converted = gesture("convert", "runs/quick", "--json", cwd=work)
    assert converted.code == 0, converted.err
    return work / "runs" / "quick"


@pytest.fixture
def dataset(tmp_path: Path) -> Path:
    """data/mine: two labels by two people, five takes each."""
    return save_all(tmp_path / "data" / "mine", takes(["flex", "punch"], ("anna", "bo")))
