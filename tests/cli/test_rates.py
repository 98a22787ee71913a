"""Windows in seconds fit themselves to the rate of the data, and `gesture train` says to what."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from pipeline.config.gesture_settings import load_gesture_config
from pipeline.core.run_folder import RunFolder
from pipeline.datasets.simulate import simulate_dataset
from pipeline.workflows.resolved_config import in_samples
from tests.cli.commands import gesture

CONFIG = """
data: {path: data/at}
window: {length_s: 0.94, hop_s: 0.07}
split: {hold_out: true}
augment: {passes: 1}
model: {convolutions: [{filters: 4, kernel: 5, pool: 2}, {filters: 4, pool: 2}]}
fit: {epochs: 1}
"""
# samples of a window and of a hop: about 0.94 s and 0.07 s, a hop of whole strides of 4
SAMPLES = {50: (48, 4), 62: (60, 4), 100: (96, 8), 104: (96, 8), 119: (112, 8), 200: (188, 16)}

pytestmark = pytest.mark.xdist_group("tensorflow")


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("rates")
    for rate_hz in SAMPLES:
        simulate_dataset(folder / f"data/at{rate_hz}", 1, 5, 1, rate_hz=float(rate_hz))
    (folder / "seconds.yaml").write_text(CONFIG, "utf-8")
    return folder


def trained(work: Path, *settings: str) -> tuple[str, RunFolder]:
    """What `gesture train` prints, and its run."""
    run = "runs/" + "-".join(settings).replace("/", "-")
    options = [word for setting in settings for word in ("--set", setting)]
    said = gesture("train", "seconds.yaml", "--run", run, *options, cwd=work)
    return said.said, RunFolder(work / run)


@pytest.mark.parametrize("rate_hz", SAMPLES)
def test_a_window_in_seconds_fits_itself_to_the_data(work: Path, rate_hz: int) -> None:
    where = f"data.path={work}/data/at{rate_hz}"
    config, said = in_samples(load_gesture_config(work / "seconds.yaml", [where]))
    length, hop = SAMPLES[rate_hz]
    assert config.data.rate_hz == rate_hz
    assert (config.window.length, config.window.hop) == (length, hop)
    assert f"{length} samples ({length / rate_hz:.2f} s), a hop {hop} " in said
    assert f"at {rate_hz} Hz" in said


def test_a_run_has_the_window_in_samples(work: Path) -> None:
    said, run = trained(work, "data.path=data/at62")
    contract, (length, hop) = run.contract(), SAMPLES[62]
    assert (contract.rate_hz, contract.window, contract.hop) == (62, length, hop)
    assert f"{length} samples" in said
    assert "are brought to" not in said
    kept = yaml.safe_load(run.config_file.read_text("utf-8"))
    assert (kept["window"]["length"], kept["window"]["hop"]) == (length, hop)
    assert not {"length_s", "hop_s"} & kept["window"].keys()
    assert kept["data"]["rate_hz"] == 62


def test_recordings_are_brought_to_the_rate_of_the_model(work: Path) -> None:
    said, run = trained(work, "data.path=data/at50", "data.rate_hz=119")
    contract = run.contract()
    assert (contract.rate_hz, contract.window, contract.hop) == (119, *SAMPLES[119])
    assert "Recordings are brought to 119 Hz: 25 at 50 Hz." in said


def test_a_window_is_in_samples_or_in_seconds_and_not_in_both(work: Path) -> None:
    refused = gesture("train", "seconds.yaml", "--set", "window.hop=8", cwd=work, code=2)
    assert "window: has hop and hop_s; write hop in samples or hop_s in seconds" in refused.said


def test_an_evaluation_says_once_what_a_window_is(work: Path, host_compiler: None) -> None:
    settings = ("--set", "data.path=data/at50", "--set", "split.folds=2")
    said = gesture("evaluate", "seconds.yaml", *settings, "--protocol", "kfold", cwd=work).said
    length, hop = SAMPLES[50]
    assert said.count(f"A window is {length} samples (0.96 s), a hop {hop} ") == 1
