"""Real builds by PlatformIO: the images and what a user is told when one cannot be made."""

from __future__ import annotations

import ctypes
import itertools
import random
import re
import shutil
import subprocess
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from pipeline.conversion.c_source import c_array
from pipeline.core.errors import ExitCode, PipelineError
from pipeline.core.files import save_text_files
from pipeline.deployment import platformio
from pipeline.deployment.platformio import VARIABLE, BuiltImage, build_firmware, ensure_build_core
from tests.firmware.building import (
    APP,
    ARDUINO_BOARDS,
    FIRMWARE,
    MODEL,
    PROJECT,
    STRICT,
    board_sources,
    compile_c,
    include_flags,
    link_arduino,
)
from tests.firmware.talking import PERIOD_US, Talk, fast_replay, imu_file, qemu_command, start
from tests.fixtures.waiting import until
from tests.refusals import refuses

SAMPLES = 1000
CONVERSATION = [
    *("labels", "selftest", "load 0 7F00", "load 30 8102", "invoke", "load 47 0102", "bench 101"),
    *("stream", "nonsense", "x" * 300, "classify off", "scores off", "stream off"),
]


def swings(seed: int) -> list[list[int]]:
    """ax goes to one side or the other and stays there for a while; the rest is noise."""
    noise = random.Random(seed)
    rows: list[list[int]] = []
    while len(rows) < SAMPLES:
        level = noise.choice([-1100, -600, 0, 600, 1100])
        for _ in range(noise.randint(5, 60)):
            rows.append([level + noise.randint(-80, 80), *(noise.randint(-9, 9) for _ in range(5))])
    return rows[:SAMPLES]


def events_of(command: Sequence[str], **variables: str) -> list[str]:
    with start(command, **variables) as board:
        lines = board.until("warn sensor-stopped")
    assert lines[-1] == f"warn sensor-stopped samples={SAMPLES}"
    return [line for line in lines if line.startswith("event")]


def twin_events(
    library: Path, rows: list[list[int]], times: list[int], nominal_us: int
) -> list[str]:
    class Event(ctypes.Structure):
        _fields_ = (
            ("t_us", ctypes.c_uint64),
            ("class_index", ctypes.c_uint32),
            ("sum", ctypes.c_uint32),
        )

    twin = ctypes.CDLL(str(library))
    n = len(rows)
    room = 2 * n // twin.twin_hop() + 1
    values = (ctypes.c_int32 * (6 * n))(*(value for row in rows for value in row))
    inputs = (ctypes.c_int8 * (room * twin.twin_window() * twin.twin_channels()))()
    scores = (ctypes.c_int8 * (room * twin.twin_classes()))()
    events, count = (Event * room)(), ctypes.c_uint32()
    twin.twin_reset(10**9 // nominal_us)
    windows = twin.twin_replay(
        values,
        (ctypes.c_uint32 * n)(*range(n)),
        (ctypes.c_uint64 * n)(*times),
        n,
        inputs,
        scores,
        (ctypes.c_uint64 * room)(),
        events,
        ctypes.byref(count),
    )
    if times[1] - times[0] == PERIOD_US:
        assert windows == (n - twin.twin_window()) // twin.twin_hop() + 1
    lines = []
    for event in events[: count.value]:
        score = twin.twin_score_thousandths(None, event.sum) / 1000
        label = ["left", "right", "still"][event.class_index]
        lines.append(f"event {event.t_us} {label} {score:.3f}")
    return lines


@pytest.mark.usefixtures("host_compiler")
@pytest.mark.parametrize("period_us", [PERIOD_US, 5000, 8600])
def test_virtual_native_and_twin_call_the_same_events(
    virtual_image, native_image, tmp_path, period_us
):
    """At the model's rate, at one that is resampled, and at one whose header is wrong."""
    rows = swings(seed=1)
    times = [7_000_000_000 + i * period_us for i in range(SAMPLES)]
    nominal_us = PERIOD_US if period_us == 8600 else period_us
    imu = imu_file(tmp_path / "imu", rows, times, nominal_us)
    on_qemu = events_of(qemu_command(virtual_image.path, *fast_replay(imu)))
    native = events_of([str(native_image.path)], GESTURE_IMU_FILE=str(imu), GESTURE_FAST="1")
    sources = [*APP, *board_sources("twin")]
    of_a_board = {"app", "enrolment_store", "protocol", "ring"}
    sources = [path for path in sources if path.parent.name not in of_a_board]
    library = compile_c(tmp_path / "twin.so", sources, [*STRICT, "-shared", "-fPIC", "-O2"])
    assert len(on_qemu) > 5
    assert on_qemu == native == twin_events(library, rows, times, nominal_us)


def test_a_fast_replay_is_the_same_every_time(virtual_image, swinging):
    outputs = []
    for _ in range(2):
        with start(qemu_command(virtual_image.path, *fast_replay(swinging))) as board:
            outputs.append(board.until("warn sensor-stopped"))
    assert outputs[0] == outputs[1]
    assert sum(line.startswith("event") for line in outputs[0]) == 10


def test_both_boards_give_the_same_answers(virtual_image, native_image):
    def answers(command: list[str]) -> list[str]:
        with start(command) as board:
            board.until("warn no-sensor")
            return [board.ask(line) for line in CONVERSATION]

    on_qemu = answers(qemu_command(virtual_image.path))
    assert on_qemu == answers([str(native_image.path)])
    assert on_qemu[0] == "ok left right still"


def info(board: Talk) -> dict[str, str]:
    return dict(word.split("=", 1) for word in board.ask("info").split()[1:])


def test_the_virtual_board_starts_and_says_who_it_is(virtual_image):
    with start(qemu_command(virtual_image.path)) as board:
        assert board.line().startswith("hello board=virtual firmware=")
        assert board.line() == "warn no-sensor"
        said = info(board)
        assert said["board"] == "virtual"
        assert said["imu"] == "none"
        assert 2048 < int(said["stack_unused"]) < 4096
        assert board.ask("reboot") == "ok"
        assert board.line().startswith("hello board=virtual")


def test_a_live_sensor_is_read_while_the_host_writes_it(virtual_image, tmp_path):
    """The board's memory is a file; the host adds samples while the board runs."""
    memory = imu_file(tmp_path / "psram", [[1016, 0, 0, 0, 0, 0]] * 60)
    content = bytearray(memory.read_bytes()).ljust(16 << 20, b"\0")
    content[8:12], content[16:20] = bytes(4), bytes(4)
    memory.write_bytes(content)
    shared = f"memory-backend-file,id=m,size=16M,mem-path={memory},share=on"
    command = qemu_command(virtual_image.path, "-object", shared)
    command[command.index("mps2-an386")] = "mps2-an386,memory-backend=m"
    with start(command) as board, memory.open("r+b", buffering=0) as psram:
        assert board.line().startswith("hello")
        assert info(board)["imu"] == "emulated"
        assert board.ask("stream on") == "ok"
        for count in (1, 30, 60):
            psram.seek(8)
            psram.write(count.to_bytes(4, "little"))
            assert board.until(f"{count - 1},")[-1].startswith(f"{count - 1},")
        psram.seek(16)
        psram.write(b"\1")
        assert board.until("warn sensor")[-1] == "warn sensor-stopped samples=60"


@pytest.mark.parametrize("board", ["virtual", "native"])
def test_a_recording_that_loops_goes_on_with_numbers_and_times(board, tmp_path, request):
    """Its third sample is dropped, each time."""
    image = request.getfixturevalue(f"{board}_image").path
    rows = [[row, -row, 1000 + row, 0, 0, 0] for row in range(10)]
    times = [500 + row * PERIOD_US for row in range(10)]
    dropped = [t | 1 << 63 if row == 2 else t for row, t in enumerate(times)]
    imu = imu_file(tmp_path / "imu", rows, dropped, flags=3)
    if board == "virtual":
        command, variables = qemu_command(image, *fast_replay(imu)), {}
    else:
        command, variables = [str(image)], {"GESTURE_IMU_FILE": str(imu), "GESTURE_FAST": "1"}
    with start(command, **variables) as talk:
        assert talk.ask("stream on") == "ok"
        said = [line.split(",")[:-1] for _ in range(60) if (line := talk.line())[0].isdigit()]
    seen = [[int(word.replace(".", "")) for word in words] for words in said]
    assert seen[-1][0] - seen[0][0] > 30  # some laps
    for seq, t_us, *values in seen:
        assert t_us == times[seq % 10] + seq // 10 * 10 * PERIOD_US
        assert values == rows[seq % 10]
        assert seq % 10 != 2
    assert {later[0] - earlier[0] for earlier, later in itertools.pairwise(seen)} == {1, 2}


def symbols(image: Path) -> set[str]:
    listing = subprocess.run(
        ["arm-none-eabi-nm", image], capture_output=True, text=True, check=True, timeout=60
    )
    return {line.split()[-1] for line in listing.stdout.splitlines()}


def test_the_image_has_no_heap_and_no_float_printing(virtual_image):
    linked = symbols(virtual_image.path)
    assert "app_poll" in linked
    forbidden = {"malloc", "_malloc_r", "calloc", "realloc", "free", "_sbrk", "printf", "snprintf"}
    assert not linked & forbidden


def test_an_image_of_gestures_has_nothing_of_text_drawings_and_forecasts(virtual_image):
    folders = [
        FIRMWARE / "lib" / name
        for name in ("text", "writer", "translator", "sampler", "sketcher", "forecast")
    ]
    headers = "".join(path.read_text() for folder in folders for path in folder.glob("*.h"))
    functions = set(re.findall(r"^\w.* (\w+)\(", headers, re.MULTILINE))
    assert {"passage_add", "writer_write", "sampler_draw", "forecast_push"} <= functions
    assert {"sketcher_draw", "normal_at", "power_root"} <= functions
    state = {"passage", "writing", "drawing", "escape_read", "escape_write"}
    assert not symbols(virtual_image.path) & (functions | state)


def test_sizes_are_those_of_the_linker(virtual_image):
    listing = subprocess.run(
        ["arm-none-eabi-size", virtual_image.path],
        capture_output=True,
        text=True,
        check=True,
        timeout=300,
    )
    text, data, bss = map(int, listing.stdout.splitlines()[1].split()[:3])
    assert virtual_image.flash_bytes == text + data
    assert virtual_image.ram_bytes == data + bss
    assert virtual_image.flash_bytes < 24 << 10  # 4 KB of it: the low-pass, and samples packed
    assert virtual_image.ram_bytes < 28 << 10


@pytest.mark.usefixtures("qemu")
def test_the_interpreter_is_called_as_its_library_declares_it(tmp_path):
    save_text_files(tmp_path, c_array(b"a model"))
    fixtures = PROJECT / "tests" / "fixtures"
    stubs = [f"-I{fixtures / stub}" for stub in ("tflm_stub", "tiny_model")]
    warnings = ["-std=gnu++14", "-Wall", "-Wextra", "-Wconversion", "-Werror", f"-I{tmp_path}"]
    flags = ["-mcpu=cortex-m4", "-mfpu=fpv4-sp-d16", "-mfloat-abi=softfp", "-O2", "-c"]
    command = ["arm-none-eabi-g++", *flags, *warnings, *stubs, *include_flags(MODEL)]
    result = subprocess.run(
        [*command, str(FIRMWARE / "engines/tflm/network.cpp"), "-o", str(tmp_path / "object")],
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert result.returncode == 0, result.stderr


@pytest.mark.usefixtures("host_compiler")
@pytest.mark.parametrize("board", ARDUINO_BOARDS)
def test_a_port_compiles_and_links_against_what_the_core_declares(tmp_path, board):
    assert link_arduino(tmp_path / board, board).is_file()


def test_nothing_is_asked_of_the_real_boards_compiler_that_it_lacks():
    """PlatformIO builds for the Nano 33 BLE with GCC 7.2: no intrinsics of the Arm DSP extension,
    and no -ffile-prefix-map."""
    texts = [path.read_text() for path in FIRMWARE.rglob("*.[ch]*") if path.is_file()]
    assert len(texts) > 50
    assert not any("arm_acle.h" in text for text in texts)
    script = (FIRMWARE / "model_sources.py").read_text()
    assert not any("-ffile-prefix-map=" in line for line in script.splitlines())


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
    names = ["a" * 64, "b" * 64]
    models = [model_with(tmp_path / name[0], "0123456789abcdef" * 4, name) for name in names]
    logs = [tmp_path / "my runs" / name[0] / "log" for name in names]  # a space, as in many homes
    with ThreadPoolExecutor() as pool:
        images = list(pool.map(build_virtual, models, logs))
    assert [contract_on(image) for image in images] == names
    assert contract_on(build_virtual(models[1], logs[0])) == names[1]
    assert contract_on(build_virtual(None, logs[0])) == "none"


@pytest.mark.usefixtures("host_compiler")
def test_a_build_waits_for_the_first_one_in_its_folder(tmp_path):
    """PlatformIO empties a folder that it has never built in, and all that lies there."""
    (tmp_path / "my build").mkdir()
    first, second = (tmp_path / "my build" / f"{which}.log" for which in ("first", "second"))
    with ThreadPoolExecutor() as pool:
        building = pool.submit(build_firmware, "native", None, PROJECT, first, TIMEOUT_S)
        until(lambda: building.done() or (first.exists() and "Compiling" in first.read_text()))
        build_firmware("native", None, PROJECT, second, TIMEOUT_S)
        building.result()
    assert "Compiling" in first.read_text()
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
def test_a_model_that_does_not_fit_says_what_overflows(tmp_path):
    """One after the other in one place: the second build compiles the model alone."""
    start_of_invoke = "static void invoke(const int8_t *input, int8_t *output) {\n"
    for qualifier, memory in (("const", "FLASH"), ("", "RAM")):
        array = f"static volatile {qualifier} int8_t large[1200000] = {{0}};\n"
        shutil.rmtree(tmp_path / "model", ignore_errors=True)
        large = array + start_of_invoke + "  (void)large[input[0]];\n"
        model = model_with(tmp_path / "model", start_of_invoke, large)
        with refuses(what=memory):
            build_virtual(model, tmp_path / "log")


@pytest.mark.usefixtures("qemu")
def test_a_folder_that_is_no_model_is_named(tmp_path):
    with refuses(what=f"{tmp_path} holds no model_size.h"):
        build_virtual(tmp_path, tmp_path / "log")


@pytest.mark.parametrize("environment", ["virtual", "native"])
def test_a_missing_compiler_comes_with_the_command_that_installs_it(
    tmp_path, monkeypatch, environment
):
    monkeypatch.setenv("PATH", str(tmp_path))
    with refuses(code=ExitCode.NO_TOOL, next_step="apt-get install"):
        build_firmware(environment, None, PROJECT, tmp_path / "log", TIMEOUT_S)


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
    with refuses(code=ExitCode.NO_TOOL, next_step="make setup"):
        ensure_build_core()


def test_the_real_board_needs_the_registry_once(tmp_path, monkeypatch):
    monkeypatch.delenv(VARIABLE, raising=False)
    monkeypatch.setattr(platformio, "work_folder", lambda: tmp_path)
    monkeypatch.setattr(platformio, "registry_answers", lambda: False)
    with refuses("Arduino core", ExitCode.NO_TOOL, next_step="gesture doctor"):
        build_firmware("nano33ble", None, tmp_path, tmp_path / "log", TIMEOUT_S)
