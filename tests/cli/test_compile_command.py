"""`gesture compile`: a model to a folder of C that proves itself."""

from __future__ import annotations

import subprocess
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from pipeline.core.errors import ExitCode, MismatchError, PipelineError
from pipeline.workflows import compile as workflow
from pipeline.workflows.compile import Request, compile_model
from tests.cli.commands import PROJECT, gesture
from tests.parity.graphs import with_ends
from tests.parity.random_streams import random_stream
from tests.parity.several_ends import several_ends

pytestmark = pytest.mark.usefixtures("host_compiler")
LIMIT_S = 100


@pytest.fixture
def model(tmp_path: Path) -> Path:
    file = tmp_path / "hello.tflite"
    file.write_bytes(with_ends(np.float32, np.float32))
    return file


def made(folder: Path, goal: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["make", "-C", folder, goal], capture_output=True, text=True, timeout=LIMIT_S
    )


def test_a_model_becomes_a_folder_that_proves_itself(model: Path, tmp_path: Path) -> None:
    np.savez(tmp_path / "mine.npz", np.linspace(-9, 9, 24, dtype=np.float32).reshape(3, 8))
    words = ("compile", model, "out", "--vectors", "mine.npz", "--json")
    ended = gesture(*words, cwd=tmp_path).json
    assert ended["proofs"][0]["compared"] == ended["vectors"] == workflow.VECTORS + 3
    cost = ended["cost"]
    assert cost["layers"][0]["operator"] == "TANH"
    stacks = [proof["stack_bytes"] for proof in ended["proofs"] if proof["stack_bytes"]]
    assert all(cost["stack_bytes"] - 200 < measured <= cost["stack_bytes"] for measured in stacks)
    folder = tmp_path / "out"
    files = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
    assert files == set(ended["files"])
    wanted = {"README.md", "LICENSE", "Makefile", "cost.json", "example/main.c"}
    assert files >= wanted | {"src/model_hello.h", "arduino/model_hello.zip", "proof/golden.bin"}
    assert not any("conv" in name for name in files)  # kernels that it does not call
    assert "203 compared, 0 unequal" in made(folder, "proof").stdout
    golden = bytearray((folder / "proof" / "golden.bin").read_bytes())
    golden[-1] ^= 1
    (folder / "proof" / "golden.bin").write_bytes(golden)
    failed = made(folder, "proof")
    assert "1 unequal" in failed.stdout
    assert failed.returncode != 0


def test_the_same_model_gives_the_same_files_and_never_over_others(
    model: Path, tmp_path: Path
) -> None:
    folders = [tmp_path / name for name in ("a", "b")]
    for folder in folders:
        compile_model(Request(model, folder, count=12), lambda _: None)
    first, second = (
        {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*.*")}
        for folder in folders
    )
    assert first == second
    said = gesture("compile", model, "a", cwd=tmp_path, code=ExitCode.USAGE).said
    assert "a exists already" in said


def test_nothing_is_written_where_an_output_differs(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = workflow.run_oracle_on_all
    monkeypatch.setattr(
        workflow, "run_oracle_on_all", lambda *words, **more: [-one for one in run(*words, **more)]
    )
    with pytest.raises(MismatchError):
        compile_model(Request(model, tmp_path / "out", count=12), lambda _: None)
    assert {path.name for path in tmp_path.iterdir()} == {model.name}


def test_nothing_else_is_left_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    file = tmp_path / "net.tflite"
    file.write_bytes(with_ends(np.int8, np.int8))
    request = Request(file, tmp_path / "out", strip_ends=True, count=12)
    assert "changed nothing" in " ".join(compile_model(request, lambda _: None).notes)
    assert [*temporary.iterdir()] == []
    file.write_bytes(file.read_bytes()[:300] + bytes(300))
    with pytest.raises(PipelineError):
        compile_model(replace(request, folder=tmp_path / "other"), lambda _: None)
    assert {path.name for path in tmp_path.iterdir()} == {"net.tflite", "out", "temporary"}


def test_vectors_are_checked_before_anything_slow(model: Path, tmp_path: Path) -> None:
    np.savez(tmp_path / "mine.npz", np.zeros((3, 7), np.float32))
    words = ("compile", model, "out", "--vectors", "mine.npz")
    said = gesture(*words, cwd=tmp_path, code=ExitCode.USAGE).said
    assert "shape [3, 7]" in said
    assert "computing the outputs" not in said


def test_all_inputs_and_outputs_are_proven(tmp_path: Path) -> None:
    file = tmp_path / "several.tflite"
    file.write_bytes(several_ends())
    left, right = np.ones((2, 4, 6), np.float32), np.full((2, 4, 6), 7, np.uint8)
    np.savez(tmp_path / "mine.npz", offset=np.zeros((2, 3), np.int8), right=right, left=left)
    request = Request(file, tmp_path / "out", vectors=tmp_path / "mine.npz", count=20)
    result = compile_model(request, lambda _: None)
    assert all(proof.compared == 22 for proof in result.proofs)
    assert [said.split(":")[0] for said in result.inputs[:2]] == ["input_left", "input_right"]
    folder = tmp_path / "out"
    golden = folder / "proof" / "golden.bin"
    assert made(folder, "all").returncode == 0
    sound, at = golden.read_bytes(), 0
    for size in (8, 8, 8, 8, 4 * 24):  # of the outputs, from the last one on
        at += size
        golden.write_bytes(sound[:-at] + bytes([sound[-at] ^ 1]) + sound[len(sound) - at + 1 :])
        assert "22 compared, 1 unequal" in made(folder, "proof").stdout, at


def test_the_next_command_can_be_copied(model: Path, tmp_path: Path) -> None:
    said = gesture("compile", model, "out dir", cwd=tmp_path).said
    command = said.rpartition("`make ")[2].partition("`")[0]
    assert (
        "0 unequal"
        in subprocess.run(
            f"make {command}", shell=True, cwd=tmp_path, capture_output=True, text=True
        ).stdout
    )


def test_convert_sends_models_here(model: Path, tmp_path: Path) -> None:
    said = gesture("convert", model, cwd=tmp_path, code=ExitCode.USAGE).said
    assert f"gesture compile {model} FOLDER" in " ".join(said.split())


def test_a_network_streams_where_a_hop_is_asked_for(tmp_path: Path) -> None:
    network = random_stream(1)
    file = tmp_path / "stream.tflite"
    file.write_bytes(network.flatbuffer)
    request = Request(file, tmp_path / "out", hop=network.hop, count=40)
    result = compile_model(request, lambda _: None)
    assert (result.feed, result.keeps_state) == (network.hop, True)
    assert result.vectors > 8
    header = (tmp_path / "out" / "src" / "model_stream.h").read_text()
    assert f"Goes on by {network.hop} samples" in header


@pytest.mark.parametrize("hop", [1, 10_000])
def test_a_hop_that_a_model_cannot_take_is_refused(model: Path, tmp_path: Path, hop: int) -> None:
    out = tmp_path / "out"
    ended = gesture("compile", model, out, "--hop", hop, cwd=tmp_path, code=ExitCode.USAGE)
    assert f"cannot take {hop} samples at a time" in " ".join(ended.said.split())
    assert not out.exists()


def test_a_model_of_other_people_is_proven(tmp_path: Path) -> None:
    file = PROJECT.parent / "shared" / "data" / "models" / "wake_vad.tflite"
    if not file.is_file():
        pytest.skip(f"{file} is not here")
    result = compile_model(Request(file, tmp_path / "out", count=24), lambda _: None)
    assert all(proof.compared == 24 for proof in result.proofs)
    assert not result.notes
    header = (tmp_path / "out" / "src" / "model_wake_vad.h").read_text()
    assert "keeps what it needs for the next call" in header
