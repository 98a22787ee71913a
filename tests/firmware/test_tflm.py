"""TensorFlow Lite Micro as an engine: what is around the interpreter, on this computer."""

from __future__ import annotations

import subprocess
from pathlib import Path

import numpy as np
import pytest

from pipeline.conversion.c_source import c_array
from pipeline.core.artifacts import Int8
from pipeline.core.files import save_text_files
from tests.firmware.building import FIRMWARE, HERE, PROJECT

WINDOW, CHANNELS, CLASSES = 8, 6, 3
NEVER = -1


@pytest.fixture
def outputs(tmp_path: Path, host_compiler: None):
    """int8 [n, feed, CHANNELS] to int8 [n, CLASSES]."""

    def run(feeds: Int8, failing: int = NEVER) -> Int8:
        sizes = {"WINDOW": WINDOW, "FEED": feeds.shape[1], "CHANNELS": CHANNELS, "CLASSES": CLASSES}
        text = "".join(f"#define MODEL_{name} {size}\n" for name, size in sizes.items())
        save_text_files(tmp_path, {**c_array(b"a model"), "model_size.h": text})
        fixtures = PROJECT / "tests" / "fixtures"
        folders = [tmp_path, fixtures / "tflm_stub", fixtures / "tiny_model"]
        sources = [FIRMWARE / "engines" / "tflm" / "network.cpp", HERE / "tflm_driver.cpp"]
        data = tmp_path / "data.o"
        subprocess.run(
            ["gcc", "-c", tmp_path / "model_data.c", "-o", data], check=True, timeout=300
        )
        program = tmp_path / "driver"
        flags = ["-std=c++14", "-fsanitize=address,undefined", f"-DFAILING_INVOKE={failing}"]
        includes = [f"-I{folder}" for folder in folders]
        command = ["g++", *flags, *includes, *sources, data, "-o", program]
        subprocess.run(command, check=True, timeout=120)
        result = subprocess.run(
            [program], input=feeds.tobytes(), capture_output=True, check=True, timeout=60
        )
        return np.frombuffer(result.stdout, np.int8).reshape(-1, CLASSES)

    return run


@pytest.mark.parametrize("feed", [WINDOW, 2, 1])
def test_the_interpreter_is_given_the_last_window(outputs, feed):
    samples = np.random.default_rng(feed).integers(-9, 10, (40, CHANNELS)).astype(np.int8)
    found = outputs(samples.reshape(-1, feed, CHANNELS))
    padded = np.concatenate([np.zeros((WINDOW, CHANNELS), np.int8), samples]).astype(int)
    ends = range(WINDOW + feed, len(padded) + 1, feed)
    expected = [padded[end - WINDOW : end, :CLASSES].sum(axis=0) for end in ends]
    assert np.array_equal(found, np.array(expected))


def test_a_failed_inference_scores_nothing(outputs):
    feeds = np.ones((2, WINDOW, CHANNELS), np.int8)
    assert outputs(feeds, failing=1).tolist() == [[WINDOW] * CLASSES, [-128] * CLASSES]
