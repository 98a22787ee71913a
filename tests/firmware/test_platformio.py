"""Real builds by PlatformIO, and what a user is told when one cannot be made."""

from __future__ import annotations

import shutil
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from pipeline.core.errors import ExitCode, PipelineError
from pipeline.deployment import platformio
from pipeline.deployment.platformio import VARIABLE, BuiltImage, build_firmware, ensure_build_core
from tests.firmware.building import MODEL, PROJECT
from tests.firmware.talking import qemu_command, start

TIMEOUT_S = 300.0


def model_with(folder: Path, old: str, new: str) -> Path:
    shutil.copytree(MODEL, folder)
    source = folder / "model_contract.c"
    source.write_text(source.read_text().replace(old, new))
    return folder


def build_virtual(model: Path | None, log: Path) -> BuiltImage:
    log.parent.mkdir(parents=True, exist_ok=True)
    return build_firmware("virtual", model, PROJECT, log, TIMEOUT_S)


def contract_on(image: BuiltImage) -> str:
    with start(qemu_command(image.path)) as board:
        return board.line().partition("contract=")[2]


@pytest.mark.usefixtures("qemu")
def test_builds_side_by_side_and_one_after_the_other_never_mix_models(tmp_path):
    names = ["a" * 64, "b" * 64, "none"]
    models = [model_with(tmp_path / name[0], "0123456789abcdef" * 4, name) for name in names[:2]]
    logs = [tmp_path / "runs" / name[0] / "log" for name in names]
    with ThreadPoolExecutor() as pool:
        images = list(pool.map(build_virtual, [*models, None], logs))
    assert [contract_on(image) for image in images] == names
    assert contract_on(build_virtual(models[1], logs[0])) == names[1]
    assert contract_on(build_virtual(None, logs[0])) == "none"


@pytest.mark.usefixtures("host_compiler")
def test_a_build_waits_for_the_first_one_in_its_folder(tmp_path):
    """PlatformIO empties a folder that it has never built in, and all that lies there."""
    first, second = tmp_path / "first.log", tmp_path / "second.log"
    with ThreadPoolExecutor() as pool:
        building = pool.submit(build_firmware, "native", None, PROJECT, first, TIMEOUT_S)
        give_up_at = time.monotonic() + TIMEOUT_S
        while not first.exists() or "Compiling" not in first.read_text():
            assert not building.done(), f"it compiled nothing: {building.exception()}"
            assert time.monotonic() < give_up_at
            time.sleep(0.01)
        build_firmware("native", None, PROJECT, second, TIMEOUT_S)
        building.result()
    assert "Compiling" not in second.read_text()


@pytest.mark.usefixtures("qemu")
def test_a_source_that_does_not_compile_is_named_with_its_line(tmp_path):
    model = model_with(tmp_path / "model", "int sum = 0;", "int sum = nothing;")
    with pytest.raises(PipelineError) as caught:
        build_virtual(model, tmp_path / "log")
    assert "model_contract.c" in caught.value.what
    assert "nothing" in caught.value.what
    assert str(tmp_path / "log") in caught.value.next_step
    assert "nothing" in (tmp_path / "log").read_text()


@pytest.mark.usefixtures("qemu")
@pytest.mark.parametrize(
    ("qualifier", "memory"), [("const", "FLASH"), ("", "RAM")], ids=["flash", "ram"]
)
def test_a_model_that_does_not_fit_says_what_overflows(tmp_path, qualifier, memory):
    array = f"static volatile {qualifier} int8_t large[1200000] = {{0}};\n"
    start_of_invoke = "static void invoke(const int8_t *input, int8_t *output) {\n"
    model = model_with(
        tmp_path / "model", start_of_invoke, array + start_of_invoke + "  (void)large[input[0]];\n"
    )
    with pytest.raises(PipelineError) as caught:
        build_virtual(model, tmp_path / "log")
    assert memory in caught.value.what


@pytest.mark.usefixtures("qemu")
def test_a_folder_that_is_no_model_is_named(tmp_path):
    with pytest.raises(PipelineError) as caught:
        build_virtual(tmp_path, tmp_path / "log")
    assert f"{tmp_path} holds no model_size.h" in caught.value.what


@pytest.mark.parametrize("environment", ["virtual", "native"])
def test_a_missing_compiler_comes_with_the_command_that_installs_it(
    tmp_path, monkeypatch, environment
):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(PipelineError) as caught:
        build_firmware(environment, None, PROJECT, tmp_path / "log", TIMEOUT_S)
    assert caught.value.exit_code == ExitCode.NO_TOOL
    assert "apt-get install" in caught.value.next_step


@pytest.mark.usefixtures("qemu")
def test_a_build_that_takes_too_long_is_ended(tmp_path):
    with pytest.raises(PipelineError, match="stopped after 0 s"):
        build_firmware("virtual", None, PROJECT, tmp_path / "log", 0.05)


def test_the_build_core_is_put_in_place_where_there_is_no_registry(tmp_path, monkeypatch):
    monkeypatch.setattr(platformio, "work_folder", lambda: tmp_path)
    monkeypatch.setattr(platformio, "registry_answers", lambda: False)
    ensure_build_core()
    folder = tmp_path / ".platformio" / "packages" / "tool-scons"
    assert {path.name for path in folder.iterdir()} == {".piopm", "package.json", "scons.py"}


def test_nothing_is_put_in_place_where_the_registry_answers(tmp_path, monkeypatch):
    monkeypatch.setattr(platformio, "work_folder", lambda: tmp_path)
    monkeypatch.setattr(platformio, "registry_answers", lambda: True)
    ensure_build_core()
    assert not list(tmp_path.iterdir())


def test_a_missing_scons_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr(platformio, "work_folder", lambda: tmp_path)
    monkeypatch.setattr(platformio, "registry_answers", lambda: False)
    monkeypatch.setattr(platformio, "SCONS_VERSION", "0.0.0")
    with pytest.raises(PipelineError) as caught:
        ensure_build_core()
    assert caught.value.exit_code == ExitCode.NO_TOOL
    assert "make setup" in caught.value.next_step


def test_the_real_board_needs_the_registry_once(tmp_path, monkeypatch):
    monkeypatch.delenv(VARIABLE, raising=False)
    monkeypatch.setattr(platformio, "work_folder", lambda: tmp_path)
    monkeypatch.setattr(platformio, "registry_answers", lambda: False)
    with pytest.raises(PipelineError, match="Arduino core") as caught:
        build_firmware("nano33ble", None, tmp_path, tmp_path / "log", TIMEOUT_S)
    assert caught.value.exit_code == ExitCode.NO_TOOL
    assert "gesture doctor" in caught.value.next_step
