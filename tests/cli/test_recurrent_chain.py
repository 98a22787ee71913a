"""A recurrent network from recordings to a board, over windows and on a stream."""

from __future__ import annotations

import subprocess
from pathlib import Path

import numpy as np
import pytest

from pipeline.conversion.golden import to_int8
from pipeline.conversion.oracle import SteppedReference, run_oracle
from pipeline.core.artifacts import GoldenVectors
from pipeline.core.errors import ExitCode
from pipeline.core.run_folder import RunFolder
from pipeline.twin.library import Twin
from pipeline.workflows.generated import compiled
from tests.cli.commands import PROJECT, gesture
from tests.cli.conftest import UNTUNED

pytestmark = pytest.mark.xdist_group("recurrent")

LIMIT_S = 300.0
MOST_OFF = 0.04  # of a score: int8 for h and the weights
WARNINGS = ("-std=c11", "-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Werror", "-O2")
QUICK = ("--set", "fit.epochs=2", "--set", "augment.passes=1", "--set", UNTUNED, "--hold-out")
MODELS = {
    "streaming": ("gesture_conv_gru.yaml", "model.units=[7]", "window.mode=streaming"),
    "lstm": ("gesture_lstm.yaml", "model.units=[6, 5]"),
}


# GRUs over windows go this way in test_text_chain.py.
@pytest.fixture(scope="module", params=MODELS)
def run(request, work: Path, host_compiler: None) -> RunFolder:
    config, *settings = MODELS[request.param]
    words = [word for setting in settings for word in ("--set", setting)]
    folder = f"runs/recurrent-{request.param}"
    file = PROJECT / "configs" / config
    gesture("train", file, *QUICK, *words, "--run", folder, "--json", cwd=work)
    gesture("convert", folder, "--json", cwd=work)
    return RunFolder(work / folder)


# What does not look at the network is asked of the first, so that each is trained once only. LSTMs
# on the board's processor: tests/parity/test_recurrent_cells.py.
any_network = pytest.mark.parametrize("run", list(MODELS)[:1], indirect=True)


@any_network
@pytest.mark.usefixtures("qemu")
def test_a_board_proves_that_it_runs_it(run: RunFolder) -> None:
    deployed = gesture("deploy", run.path, "--board", "virtual", "--json", cwd=run.path)
    verified = deployed.json["verified"]
    assert verified["vectors"] > 0
    assert verified["contract_hash"] == run.contract().hash()


def test_a_person_can_be_enrolled_where_windows_are_seen(run: RunFolder) -> None:
    """A network that keeps a state over windows has no features of one."""
    words = ("enrol", run.path, "--person", "sim2", "--dataset", PROJECT / "data" / "sample")
    if run.contract().mode == "streaming":
        assert "Nobody can be enrolled" in gesture(*words, cwd=run.path, code=ExitCode.USAGE).said
        return
    enrolled = gesture(*words, "--json", cwd=run.path).json
    assert enrolled["after"]["count"] == sum(enrolled["takes"].values())
    assert enrolled["after"]["right"] > 0.4 * enrolled["after"]["count"]


def test_the_twin_gives_the_golden_vectors_and_goes_on_as_the_reference(run: RunFolder) -> None:
    contract, twin = run.contract(), Twin(run.sources, run.build)
    golden = GoldenVectors.load(run.golden_file)
    np.testing.assert_array_equal(twin.invoke(golden.inputs), golden.outputs)
    step = run.flatbuffer_file.read_bytes()
    network = compiled(step, contract)
    assert network.recurrence is not None
    assert contract.streaming == (contract.mode == "streaming")
    with np.load(run.windows_file) as windows:
        samples = to_int8(windows["test"], network.quantization)
    stream = samples[:3].reshape(-1, samples.shape[2])
    reference = SteppedReference.of(step, network.recurrence, run.build / "oracle.log")
    asked = stream if contract.streaming else samples[:3]
    expected = reference.scores(asked.reshape(-1, *asked.shape[-2:]), twin.feed)
    np.testing.assert_array_equal(twin.stream(stream), expected.reshape(-1, twin.classes))


def test_the_export_gives_the_golden_bytes(run: RunFolder, tmp_path: Path) -> None:
    folder = tmp_path / "exported"
    ended = gesture("export", run.path, folder, "--json", cwd=run.path)
    program, source = tmp_path / "runner", folder / "c" / "src"
    runner = PROJECT / "tests" / "fixtures" / "exported_runner.c"
    command = ["gcc", *WARNINGS, f"-I{source}", runner, *source.rglob("*.c"), "-o", program]
    subprocess.run(command, check=True, timeout=LIMIT_S)
    golden = GoldenVectors.load(run.golden_file)
    said = subprocess.run(
        [program], input=golden.inputs.tobytes(), capture_output=True, check=True, timeout=LIMIT_S
    )
    assert said.stdout == golden.outputs.tobytes()
    shown = (folder / "README.md").read_text()
    assert "`model.tflite` is one step of a recurrent network" in shown
    has_sequence = run.sequence_file.is_file()
    assert ("`model_lstm.tflite` takes a window of 112 samples" in shown) == has_sequence
    assert ("tflite/model_lstm.tflite" in ended.json["files"]) == has_sequence


def test_lstms_are_left_as_tensorflow_lite_has_them_too(run: RunFolder) -> None:
    assert run.sequence_file.is_file() == run.name.endswith("lstm")
    if run.sequence_file.is_file():
        quantization = run.contract().quantization
        assert quantization is not None
        with np.load(run.windows_file) as windows:
            inputs, expected = to_int8(windows["test"], quantization), windows["test_scores"]
        found = run_oracle(run.sequence_file, inputs, run.build / "oracle.log")
        assert np.abs((found.astype(float) + 128) / 256 - expected).max() < MOST_OFF


@any_network
def test_an_interpreter_does_not_take_it(run: RunFolder) -> None:
    refused = gesture(
        "deploy", run.path, "--board", "nano33ble_tflm", cwd=run.path, code=ExitCode.USAGE
    )
    assert "its network is recurrent" in refused.said
