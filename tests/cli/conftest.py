"""Takes to look at; and a run on the sample data, made once, with few epochs: what it computes,
not how well."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.cli.commands import PROJECT, gesture
from tests.cli.compared import Compared, compare_configs
from tests.once import Once, built_with
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
# Where it is not asked how a policy is chosen: it is tried on hours of motion.
UNTUNED = "decision={smoothing_windows: 4, threshold: 0.75, release: 0.5, refractory_s: 0.6}"


@pytest.fixture(scope="session")
def compared_configs(once: Once, host_compiler: None) -> Compared:
    """`small.yaml` and `large.yaml`, each with two seeds and two folds; nobody changes it."""
    return once("compared-configs", compare_configs)


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


@pytest.fixture(scope="session")
def native_of_run(converted_run: Path, once: Once) -> Path:
    """The image of the run, and of its copies, for the native board."""
    return once("native-quick", built_with("native", converted_run / "firmware")).path


@pytest.fixture(scope="session")
def reported_run(converted_run: Path, once: Once) -> tuple[Path, Any]:
    """The run with its report, which nobody changes, and what was said of it."""

    def report(folder: Path) -> tuple[Path, Any]:
        run = shutil.copytree(converted_run, folder / "reported")
        return run, gesture("report", run, "--json", cwd=converted_run.parent.parent).json

    return once("reported", report)


@pytest.fixture(scope="session")
def deployed(converted_run: Path, once: Once, qemu: None) -> tuple[Path, str]:
    """The run on the virtual board, which nobody changes, and all that was printed."""

    def deploy(folder: Path) -> tuple[Path, str]:
        run = shutil.copytree(converted_run, folder / "run", ignore=shutil.ignore_patterns("build"))
        return run, gesture("deploy", run, "--board", "virtual", cwd=folder).said

    return once("deployed", deploy)


def make_run(folder: Path) -> Path:
    put_sample_data(folder)
    config = PROJECT / "configs" / "gesture_conv1d.yaml"
    gesture("train", config, *QUICK, "--run", "runs/quick", "--json", cwd=folder)
    gesture("convert", "runs/quick", "--json", cwd=folder)
    return folder / "runs" / "quick"


def put_sample_data(folder: Path) -> None:
    """Half of the takes of every label and person: the time of a command grows with them."""
    for take in (PROJECT / "data" / "sample").glob("*/*-00[135].csv"):
        place = folder / "data" / "sample" / take.parent.name / take.name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.symlink_to(take)


@pytest.fixture
def dataset(tmp_path: Path) -> Path:
    """data/mine: two labels by two people, five takes each."""
    return save_all(tmp_path / "data" / "mine", takes(["flex", "punch"], ("anna", "bo")))
