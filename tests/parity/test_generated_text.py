"""The generated C is what a reader expects, the same every time, and clean for every compiler."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.compiler import compile_network
from pipeline.core.files import save_text_files
from tests.parity.graphs import GraphBuilder, small_network
from tests.parity.host_engine import KERNELS, ROOT, WARNINGS, HostEngine, assert_parity
from tests.parity.keras_models import NAMES
from tests.parity.random_graphs import random_network

GOLDEN = Path(__file__).with_name("golden")
CORTEX_M4 = ("-mcpu=cortex-m4", "-mthumb", "-mfpu=fpv4-sp-d16", "-mfloat-abi=hard")
COMPILERS = {
    "gcc": ("host_compiler", ()),
    "clang": ("clang", ()),
    "arm-none-eabi-gcc": ("qemu", CORTEX_M4),
}


@pytest.mark.parametrize("name", ["model_network.h", "model_network.c"])
def test_the_text_of_a_small_network(name: str) -> None:
    assert compile_network(small_network()).sources[name] == (GOLDEN / name).read_text("utf-8")


def test_the_small_network_gives_the_oracles_bytes(engine: HostEngine) -> None:
    assert_parity(engine, small_network())


def test_the_same_flatbuffer_gives_the_same_text() -> None:
    flatbuffer = random_network(3)
    assert compile_network(flatbuffer) == compile_network(bytes(bytearray(flatbuffer)))


@pytest.mark.parametrize("hash_seed", ["1", "2"])
def test_another_process_gives_the_same_text(hash_seed: str, tmp_path: Path) -> None:
    """Sets and dictionaries are ordered otherwise there."""
    file = tmp_path / "network.tflite"
    file.write_bytes(random_network(3))
    code = (
        "import pathlib, sys; from pipeline.compiler import compile_network;"
        "network = compile_network(pathlib.Path(sys.argv[1]).read_bytes());"
        "print(*network.sources.values(), sep='', end='')"
    )
    result = subprocess.run(
        [sys.executable, "-c", code, str(file)],
        env={**os.environ, "PYTHONHASHSEED": hash_seed, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert result.stdout == "".join(compile_network(file.read_bytes()).sources.values())


@pytest.mark.parametrize("seed", range(20))
def test_there_is_one_function_a_layer_and_one_call_of_it(seed: int) -> None:
    network = compile_network(random_network(seed))
    text = network.sources["model_network.c"]
    names = [layer.name for layer in network.layers]
    assert re.findall(r"^static void layer_(\w+)\(", text, re.MULTILINE) == names
    assert re.findall(r"^  layer_(\w+)\(", text, re.MULTILINE) == names


def test_only_the_two_files_are_made() -> None:
    assert sorted(compile_network(small_network()).sources) == [
        "model_network.c",
        "model_network.h",
    ]


def complaints(compiler: str, folder: Path, source: Path) -> str:
    """What the compiler says of `source`."""
    _, target = COMPILERS[compiler]
    flags = [*WARNINGS, *target, "-O2", f"-I{folder}", f"-I{KERNELS}"]
    command = [compiler, *flags, "-c", str(source), "-o", str(folder / "x.o")]
    return subprocess.run(command, capture_output=True, text=True).stderr


@pytest.mark.parametrize("compiler", COMPILERS)
def test_networks_compile_without_a_warning(
    compiler: str, keras_models: Path, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    request.getfixturevalue(COMPILERS[compiler][0])
    for name in NAMES:
        flatbuffer = (keras_models / f"{name}.tflite").read_bytes()
        save_text_files(tmp_path, compile_network(flatbuffer).sources)
        assert complaints(compiler, tmp_path, tmp_path / "model_network.c") == ""


@pytest.mark.parametrize(
    ("tensors", "layers"),
    [
        (("net_1/conv_1/x", "net_1/conv_1_2/x;net_1/more_1/y"), ("conv", "conv_1")),
        (("net/conv_1/x", "net/conv_2/x"), ("conv_1", "conv_2")),
        (("net_1/conv_2/x", "net_1/conv_3/x"), ("conv_2", "conv_3")),  # once more, in one process
        (("net_1/same_1/x", "net_1/same_1/y"), ("same", "same_logistic")),
        (("alone", "StatefulPartitionedCall_1:0"), ("alone", "logistic")),
    ],
)
def test_numbers_that_tracing_added_are_taken_off(tensors, layers) -> None:
    graph = GraphBuilder()
    source = graph.activation("input", (1, 6), 0.1, 0)
    middle = graph.activation(tensors[0], (1, 6), 1 / 128, 0)
    output = graph.activation(tensors[1], (1, 6), 1 / 256, -128)
    graph.operator("TANH", [source], middle)
    graph.operator("LOGISTIC", [middle], output)
    network = compile_network(graph.finish(source, output))
    assert tuple(layer.name for layer in network.layers) == layers


@pytest.mark.parametrize(
    "name",
    ["int", "a */ int b; /*", "layer; system()", "ünïcödé", "1st", "", "tanh", "arena", "x" * 300],
)
def test_any_layer_name_makes_sound_c(name: str, engine: HostEngine) -> None:
    graph = GraphBuilder()
    source = graph.activation("input", (1, 6), 0.1, 0)
    middle = graph.activation(name, (1, 6), 1 / 128, 0)
    output = graph.activation(name, (1, 6), 1 / 256, -128)
    graph.operator("TANH", [source], middle)
    graph.operator("LOGISTIC", [middle], output)
    assert_parity(engine, graph.finish(source, output), count=10)
