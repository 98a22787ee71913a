"""An encoder keeps the convolutions that a run of gestures has learned."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from pipeline.config.caption_settings import CaptionConfig
from pipeline.config.file import load_section
from pipeline.core.errors import UsageError
from pipeline.core.run_folder import RunFolder
from pipeline.workflows.train import train

pytestmark = pytest.mark.xdist_group("tensorflow")

ROOT = Path(__file__).parents[2]
SAMPLE = f"data.path={ROOT / 'data' / 'sample'}"
CONVOLUTIONS = "convolutions: [{filters: 6, kernel: 5, pool: 4}]"
CAPTIONS = (
    SAMPLE,
    "data.rate_hz=50",
    "bouts={seconds: 6, parts: 1, training: 40, testing: 8}",
    f"model.encoder={{kind: conv_gru, units: [8], {CONVOLUTIONS}}}",
    "model.decoder.units=[8]",
    "fit.epochs=2",
)


@pytest.fixture(scope="module")
def gestures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run at 50 Hz."""
    settings = (
        SAMPLE,
        "data.rate_hz=50",
        "window={length: 52, hop: 8}",
        f"model={{kind: conv_gru, units: [8], {CONVOLUTIONS}}}",
        "fit.epochs=1",
        "split.hold_out=true",
    )
    run = tmp_path_factory.mktemp("gestures") / "run"
    train(ROOT / "configs" / "gesture_conv_gru.yaml", settings, run, print)
    return run


def captions(run: Path, *settings: str) -> RunFolder:
    train(ROOT / "configs" / "caption_bouts.yaml", (*CAPTIONS, *settings), run, print)
    return RunFolder(run)


def weights_of(run: RunFolder) -> list[np.ndarray]:
    from pipeline.training.run_files import load_network

    return load_network(run.keras_file).get_layer("conv1").get_weights()


def test_training_leaves_them_and_scales_as_they_were_trained(
    gestures: Path, tmp_path: Path
) -> None:
    run = captions(tmp_path / "captions", f"model.convolutions={gestures}")
    for kept, learned in zip(weights_of(run), weights_of(RunFolder(gestures)), strict=True):
        np.testing.assert_array_equal(kept, learned)
    assert run.contract().samples.scaling == RunFolder(gestures).contract().scaling


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ("data.rate_hz=25", "at 50 Hz; here are .* at 25 Hz"),
        ("data.channels=[ax, ay, az]", "read ax, ay, az, gx, gy, gz at 50 Hz; here are ax, ay"),
        (
            "model.encoder={kind: conv_gru, units: [8], convolutions: [{filters: 7, kernel: 5}]}",
            "The encoder has other convolutions than",
        ),
        ("model.encoder={kind: gru, units: [8]}", "The encoder has other convolutions than"),
    ],
)
def test_others_are_refused(gestures: Path, tmp_path: Path, setting: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        captions(tmp_path / "captions", f"model.convolutions={gestures}", setting)


def test_a_path_without_a_run_is_said(tmp_path: Path) -> None:
    for path, why in ((tmp_path / "nothing", "misspelt"), (ROOT / "README.md", "it is a file")):
        with pytest.raises(UsageError, match="There is no run at") as raised:
            captions(tmp_path / "captions", f"model.convolutions={path}")
        assert why in raised.value.why


def test_a_run_of_captions_is_none_of_gestures(tmp_path: Path) -> None:
    other = captions(tmp_path / "other")
    with pytest.raises(UsageError, match="has no convolutions of gestures"):
        captions(tmp_path / "captions", f"model.convolutions={other.path}")
    file = ROOT / "configs" / "caption_bouts.yaml"
    assert load_section(file, CaptionConfig, (SAMPLE,)).model.convolutions is None
