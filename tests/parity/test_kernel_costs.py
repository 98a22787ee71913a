"""What conversion says a network costs is what the linked image takes and QEMU counts."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.compiler import compile_network
from pipeline.compiler.cost import kernel_costs
from pipeline.core.errors import PipelineError
from pipeline.deployment.firmware_image import flash_tolerance, linked_network
from tests.parity.host_engine import vectors_for
from tests.parity.target_engine import HARNESS, build, kernel_names, our_sources, run

NETWORKS = ("gesture", "wand", "separable", "dense", "strides_and_dilations", "residual")
INSTRUCTIONS_OFF = 0.25  # share; docs/engine.md


@pytest.mark.usefixtures("qemu")
@pytest.mark.parametrize("name", NETWORKS)
def test_the_estimate_holds(name: str, keras_models: Path, tmp_path: Path) -> None:
    flatbuffer = (keras_models / f"{name}.tflite").read_bytes()
    network = compile_network(flatbuffer)
    image = build(tmp_path, "network", our_sources(flatbuffer, tmp_path), ("-O2",))
    empty = build(tmp_path, "empty", [HARNESS / "empty.c"], ("-O2",))
    vectors = vectors_for(network, 4)
    ran, bare = run(tmp_path, image, vectors), run(tmp_path, empty, vectors)
    linked = linked_network(image.elf)
    assert linked.ram_bytes == network.arena_bytes
    assert abs(linked.flash_bytes - network.cost.flash_bytes) <= flash_tolerance(network.cost)
    assert 0 <= network.cost.stack_bytes - (ran.stack - bare.stack) < 200
    assert network.cost.instructions == pytest.approx(ran.instructions, rel=INSTRUCTIONS_OFF)


def test_every_kernel_has_been_measured() -> None:
    assert set(kernel_names()) == {name.split()[0] for name in kernel_costs()}


def test_an_image_without_symbols_is_told(tmp_path: Path) -> None:
    for content in (b"", b"\x7fELF" + bytes(100)):
        (tmp_path / "x.elf").write_bytes(content)
        with pytest.raises(PipelineError, match="no symbol table"):
            linked_network(tmp_path / "x.elf")
