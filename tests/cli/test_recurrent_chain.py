"""A recurrent network from recordings to a board, over windows and on a stream."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from pipeline.artifacts import GoldenVectors, RunFolder
from pipeline.conversion.golden import quantise
from pipeline.conversion.stepped_reference import SteppedReference
from pipeline.stages.quantising import compiled
from pipeline.twin import Twin
from tests.cli.commands import PROJECT, gesture

QUICK = ("--set", "fit.epochs=2", "--set", "augment.passes=1")
MODELS = {
    "window": ("gesture_gru.yaml", "model.units=[8, 6]"),
    "streaming": ("gesture_conv_gru.yaml", "model.units=[7]", "window.mode=streaming"),
}


@pytest.fixture(scope="module", params=MODELS)
def run(request, work: Path, host_compiler: None) -> RunFolder:
    config, *settings = MODELS[request.param]
    words = [word for setting in settings for word in ("--set", setting)]
    folder = f"runs/recurrent-{request.param}"
    file = PROJECT / "configs" / config
    trained = gesture("train", file, *QUICK, *words, "--run", folder, "--json", cwd=work)
    assert trained.code == 0, trained.told
    converted = gesture("convert", folder, "--json", cwd=work)
    assert converted.code == 0, converted.told
    return RunFolder(work / folder)


@pytest.mark.usefixtures("qemu")
@pytest.mark.parametrize("board", ["virtual", "native"])
def test_a_board_proves_that_it_runs_it(run: RunFolder, board: str) -> None:
    deployed = gesture("deploy", run.path, "--board", board, "--json", cwd=run.path)
    assert deployed.code == 0, deployed.told


def test_the_twin_gives_the_golden_vectors_and_goes_on_as_the_reference(run: RunFolder) -> None:
    contract, twin = run.contract(), Twin(run.sources, run.build)
    golden = GoldenVectors.load(run.golden_file)
    np.testing.assert_array_equal(twin.invoke(golden.inputs), golden.outputs)
    step = run.flatbuffer_file.read_bytes()
    network = compiled(step, contract)
    assert network.recurrence is not None
    assert contract.streaming == (contract.mode == "streaming")
    with np.load(run.windows_file) as windows:
        samples = quantise(windows["test"], network.quantisation)
    stream = samples[:3].reshape(-1, samples.shape[2])
    reference = SteppedReference.of(step, network.recurrence, run.build / "oracle.log")
    asked = stream if contract.streaming else samples[:3]
    expected = reference.answers(asked.reshape(-1, *asked.shape[-2:]), twin.feed)
    np.testing.assert_array_equal(twin.stream(stream), expected.reshape(-1, twin.classes))


def test_it_can_be_reproduced(run: RunFolder) -> None:
    verified = gesture("verify", run.path, cwd=run.path)
    assert verified.code == 0, verified.told


def test_an_interpreter_does_not_take_it(run: RunFolder) -> None:
    refused = gesture("deploy", run.path, "--board", "nano33ble_tflm", cwd=run.path)
    assert "its network is recurrent" in refused.told
