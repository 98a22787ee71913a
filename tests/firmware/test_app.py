"""The whole application on the native board, with sanitizers; and inputs that a fuzzer found."""

from __future__ import annotations

import shutil
import struct
import subprocess
from binascii import crc_hqx
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from zlib import crc32

import pytest

from tests.firmware.building import HERE, MODEL, NO_MODEL, SANITIZED, STRICT, compile_c, link_native
from tests.firmware.fuzzing import SOURCES, TASKS, model_of, unpack_corpus
from tests.firmware.talking import LIMIT_S, PERIOD_US, Talk, held_back, imu_file, start

WINDOW, HOP, CHANNELS, CLASSES = 8, 4, 6, 3
INPUT_BYTES = WINDOW * CHANNELS
CONTRACT = "0123456789abcdef" * 4
ENDED_AT = 16  # in the header of the sensor's memory


def network(values: list[int]) -> list[int]:
    """The left_right_model: int8 [WINDOW * CHANNELS] to int8 [CLASSES]."""
    total = sum(values[::CHANNELS])
    mean = abs(total) // WINDOW * (1 if total > 0 else -1)
    left, right = min(255, max(0, -2 * mean)), max(0, 2 * mean)
    return [left - 128, right - 128, 127 - left - right]


def hexadecimal(values: list[int]) -> str:
    return bytes(value & 0xFF for value in values).hex().upper()


def expected_selftest() -> int:
    state, outputs = 1, []
    for run in range(4):
        values = []
        for _ in range(INPUT_BYTES):
            state = (state * 1664525 + 1013904223) % 2**32
            byte = state >> 24
            values.append(int((byte - 256 if byte > 127 else byte) / 4**run))
        outputs += network(values)
    return crc_hqx(bytes(value & 0xFF for value in outputs), 0xFFFF)


@pytest.fixture
def board(sanitized_native):
    with start([str(sanitized_native)]) as talk:
        yield talk


def test_it_says_who_it_is(board: Talk):
    assert board.line() == f"hello board=native firmware=0.1.0 contract={CONTRACT}"
    assert board.line() == "warn no-sensor"
    info = dict(word.split("=") for word in board.ask("info").split()[1:])
    assert info.pop("tick_hz").isdigit()
    assert info == {
        "board": "native",
        "imu": "none",
        "environment": "none",
        "revision": "host",
        "firmware": "0.1.0",
        "contract": CONTRACT,
        "task": "gesture",
        "rate_hz": "119.000",
        "stream_hz": "0.000",
        "measured_hz": "0.000",
        "nominal_hz": "0.000",
        "sensor_hz": "0.000",
        "pace": "direct",
        "window": str(WINDOW),
        "hop": str(HOP),
        "channels": str(CHANNELS),
        "classes": str(CLASSES),
        "overruns": "0",
        "dropped": "0",
        "stack_unused": "0",
    }
    assert board.ask("labels") == "ok left right still"


def test_the_network_answers_what_it_should(board: Talk):
    values = [(37 * i) % 256 - 128 for i in range(INPUT_BYTES)]
    text = hexadecimal(values)
    for offset in range(0, INPUT_BYTES, 10):
        assert board.ask(f"load {offset} {text[2 * offset : 2 * offset + 20]}") == "ok"
    assert board.ask("invoke") == f"ok {hexadecimal(network(values))}"
    words = board.ask("bench 100").split()
    assert words[:2] == ["ok", "runs=100"]
    assert int(words[2].removeprefix("ticks=")) > 0
    assert board.ask("profile") == "err no-profile"


def test_load_stays_inside_the_input(board: Talk):
    assert board.ask(f"load {INPUT_BYTES - 1} 7F") == "ok"
    assert board.ask(f"load {INPUT_BYTES - 1} 7F7F") == "err out-of-range"
    assert board.ask(f"load {INPUT_BYTES} 7F") == "err out-of-range"
    assert board.ask(f"load {2**32 - 1} 7F") == "err out-of-range"
    assert board.ask(f"load {2**40} 7F") == "err out-of-range"


def test_selftest_compares_with_what_conversion_found(board: Talk):
    assert board.ask("selftest") == f"ok crc={expected_selftest():04X}"


@pytest.mark.usefixtures("host_compiler")
def test_selftest_finds_a_network_that_computes_something_else(tmp_path):
    model = shutil.copytree(MODEL, tmp_path / "model")
    source = model / "model_contract.c"
    source.write_text(source.read_text().replace("0x92B3", "0x1234"))
    image = link_native(tmp_path / "native", model)
    with start([str(image)]) as board:
        answer = board.ask("selftest")
    assert answer == f"err selftest crc={expected_selftest():04X} expected=1234"


def test_every_wrong_command_gets_its_one_answer(board: Talk):
    board.until("warn")
    board.send(b"nonsense\nstream\nbench 0\n" + b"x" * 300 + b"\n\n\r\nlabels\n")
    assert [board.line() for _ in range(5)] == [
        "err unknown-command",
        "err bad-argument",
        "err out-of-range",
        "err line-too-long",
        "ok left right still",
    ]


@pytest.mark.usefixtures("host_compiler")
def test_a_board_without_a_model_says_so(tmp_path):
    image = link_native(tmp_path / "native", NO_MODEL)
    with start([str(image)]) as board:
        assert board.line() == "hello board=native firmware=0.1.0 contract=none"
        for command in (
            "classify on",
            "scores on",
            "load 0 00",
            "invoke",
            "bench 1",
            "profile",
            "selftest",
            "text a",
            "more a",
            "generate 1 1 1 a",
            "translate 1 1 a",
            "caption 1 1",
            "observe 1",
        ):
            assert board.ask(command) == "err no-model"
        assert board.ask("labels") == "ok"
        assert board.ask("classify off") == "ok"
        assert " classes=0 " in board.ask("info")


@contextmanager
def waiting_board(image: Path, imu: Path) -> Iterator[tuple[Talk, Callable[[], None]]]:
    """A fast board whose sensor is silent until the second of the pair is called."""
    with (
        held_back(imu) as let_go,
        start([str(image)], GESTURE_IMU_FILE=str(imu), GESTURE_FAST="1") as board,
    ):
        yield board, let_go


def test_streamed_samples_are_those_of_the_sensor(sanitized_native, tmp_path):
    values = [[i, -i, 100 * i, -1000 * i, i % 7, 2_000_000 - i] for i in range(300)]
    times = [2**33 + PERIOD_US * i for i in range(300)]
    imu = imu_file(tmp_path / "imu", values, times)
    with waiting_board(sanitized_native, imu) as (board, let_go):
        assert board.ask("stream on") == "ok"
        assert board.ask("classify off") == "ok"
        let_go()
        *lines, last = board.until("warn sensor-stopped")
    assert len(lines) == 300
    for i, line in enumerate(lines):
        text, crc = line.rsplit(",", 1)
        fields = text.split(",")
        assert int(crc, 16) == crc32(text.encode())
        assert list(map(int, fields[:2])) == [i, times[i]]
        assert [round(float(field) * 1000) for field in fields[2:]] == values[i]
    assert last == "warn sensor-stopped samples=300"


RIGHT = [[1016, 0, 0, 0, 0, 0]]  # 127 steps of 8 thousandths: as far right as it goes


def test_scores_once_a_hop_and_the_order_sample_score_event(sanitized_native, tmp_path):
    imu = imu_file(tmp_path / "imu", RIGHT * 40)
    with waiting_board(sanitized_native, imu) as (board, let_go):
        assert board.ask("stream on") == "ok"
        assert board.ask("scores on") == "ok"
        let_go()
        lines = board.until("warn sensor-stopped")[:-1]
    kinds = "".join("n" if line[0].isdigit() else line[0] for line in lines)
    later_windows = "nnnns" * ((40 - WINDOW) // HOP - 1)
    assert kinds == "n" * WINDOW + "s" + "nnnnse" + later_windows
    scores = {line.split()[2] for line in lines if line.startswith("score")}
    assert scores == {hexadecimal(network([127, 0, 0, 0, 0, 0] * WINDOW))}
    events = [line for line in lines if line.startswith("event")]
    assert events == [f"event {11 * PERIOD_US} right 0.996"]


def test_many_commands_at_once_do_not_hold_the_samples_up(sanitized_native, tmp_path):
    imu = imu_file(tmp_path / "imu", [[0] * 6] * 200, [0] * 200)
    commands = tmp_path / "commands"  # a file, so that all are there from the start on
    commands.write_text("stream on\n" + "labels\n" * 6)
    with commands.open() as sent:
        said = subprocess.run(
            [sanitized_native],
            stdin=sent,
            capture_output=True,
            text=True,
            timeout=LIMIT_S,
            env={"GESTURE_IMU_FILE": str(imu), "GESTURE_FAST": "1"},
        ).stdout
    kinds = "".join("n" if line[0].isdigit() else line[0] for line in said.splitlines())
    assert kinds.count("o") == 7
    assert "oo" not in kinds


def test_no_events_while_classify_is_off(sanitized_native, tmp_path):
    imu = imu_file(tmp_path / "imu", RIGHT * 40)
    with waiting_board(sanitized_native, imu) as (board, let_go):
        assert board.ask("classify off") == "ok"
        let_go()
        assert board.until("warn sensor-stopped") == ["warn sensor-stopped samples=40"]


def test_it_says_how_many_samples_were_lost(sanitized_native, tmp_path):
    imu = imu_file(tmp_path / "imu", [[0] * 6] * 1000, [0] * 1000)
    with start([str(sanitized_native)], GESTURE_IMU_FILE=str(imu)) as board:
        lines = board.until("warn sensor-stopped")
        assert "warn overrun lost=744 seq=744" in lines
        assert lines[-1] == "warn sensor-stopped samples=256"  # once, so the next is the answer
        for _ in range(3):
            board.send("labels")
            assert board.line() == "ok left right still"
        assert " overruns=744 " in board.ask("info")


@pytest.mark.parametrize(
    ("channel", "value"), [(2, 32_001), (0, -(2**31)), (3, 4_000_001), (5, -4_000_001)]
)
def test_a_reading_that_no_sensor_gives_is_reported_once_a_second(
    sanitized_native, tmp_path, channel, value
):
    rows = [[32_000, 0, -32_000, 0, 4_000_000, -4_000_000] for _ in range(40)]
    rows[7][channel] = rows[8][channel] = value
    imu = imu_file(tmp_path / "imu", rows)
    with waiting_board(sanitized_native, imu) as (board, let_go):
        assert board.ask("stream on") == "ok"
        assert board.ask("classify off") == "ok"
        let_go()
        lines = board.until("warn sensor-stopped")
        assert board.ask("labels") == "ok left right still"
    assert [line for line in lines[:-1] if line.startswith("warn")] == ["warn bad-sample seq=7"]
    assert len([line for line in lines if line[0].isdigit()]) == 40


def test_a_sensor_that_dies_is_reported_and_its_return_is_seen(sanitized_native, tmp_path):
    imu = imu_file(tmp_path / "imu", RIGHT * 80)
    with waiting_board(sanitized_native, imu) as (board, let_go), imu.open("r+b", 0) as memory:
        assert board.ask("stream on") == "ok"
        memory.seek(ENDED_AT)
        memory.write(struct.pack("<I", 1))
        assert board.line() == "warn sensor-stopped samples=0"
        let_go()
        lines = board.until("warn sensor-stopped")
    assert len([line for line in lines if line[0].isdigit()]) == 80
    assert [line for line in lines if line.startswith("event")]
    assert lines[-1] == "warn sensor-stopped samples=80"


def test_reboot_starts_again(board: Talk):
    board.until("warn no-sensor")
    assert board.ask("reboot") == "ok"
    assert board.line().startswith("hello ")


@pytest.fixture(scope="module", params=TASKS)
def replay(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, host_compiler: None
) -> Path:
    folder = tmp_path_factory.mktemp("fuzz")
    model = model_of(request.param, folder / "model")
    sources = [*SOURCES, HERE / "fuzz_replay.c"]
    return compile_c(folder / "replay", sources, [*STRICT, *SANITIZED], model)


def played(replay: Path, *files: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([replay, *files], capture_output=True, text=True, timeout=300)


def test_whatever_a_fuzzer_found_is_answered_line_by_line(replay: Path, tmp_path: Path) -> None:
    files = unpack_corpus(tmp_path)
    assert len(files) > 20
    ended = played(replay, *files)
    assert ended.returncode == 0, ended.stderr[-2000:]


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"\r\n\r\n\n",
        b"x" * 255 + b"\n" + b"x" * 256 + b"\n" + b"\x00\n\xff\xff\n",
        b"reboot\ninfo\nreb" + b"oot\n" * 3,
        b"load 0 " + b"F" * 224 + b"\nload 0 " + b"F" * 226 + b"\ninvoke\nbench 100\nselftest\n",
        b"stream on\nscores on\n" + bytes(range(256)) * 20 + b"\n",
    ],
)
def test_edges_that_a_person_thought_of(replay: Path, tmp_path: Path, sent: bytes) -> None:
    (tmp_path / "sent").write_bytes(sent)
    ended = played(replay, tmp_path / "sent")
    assert ended.returncode == 0, ended.stderr[-2000:]


SAMPLE = b"%016X" % 1 + b"E8030000" * 6
LINES = (
    *(b"info", b"labels", b"constants", b"invoke", b"selftest", b"bench 2", b"profile"),
    *(b"image 100", b"reboot"),
    *(
        b"stream on",
        b"scores on",
        b"classify off",
        b"load 0 7F",
        b"load 3 80",
        b"pull 0",
        b"pull 3",
    ),
    *(b"inject 119000", b"inject 0", b"sample " + SAMPLE, b"sample " + SAMPLE * 3),
    *(
        b"environment 300",
        b"environment 1000",
        b"environment 0",
        b"observe 1 -2.5",
        b"observe -0 0.5",
    ),
    *(
        b"text tea",
        b"more film",
        b"generate 7 0.5 1 at",
        b"generate 200 0 1 e",
        b"generate 1 1 1 x",
        b"translate 1 1 the film",
        b"caption 1 1",
        b"draw 1 4",
    ),
)
PIECES = (
    *(
        b"text ",
        b"more ",
        b"generate ",
        b"translate ",
        b"caption ",
        b"draw ",
        b"7 ",
        b"0.5 ",
        b"10000 1 1 ",
        b"1 ",
        b"\n",
        b"\r",
        b" ",
    ),
    *(b"\\n", b"\\u00e9", b"\\ud83d\\ude42", b"\\ud83d", b"\\", b"\\u0", b"\xc3\xa9", b"\xf0\x9f"),
    *(b"tea", b"film", b"it's", b"x" * 70, b"\xff", b"\x00", b"-", b".", b"2000000 ", SAMPLE),
    *(b"pull ", b"inject ", b"sample ", b"observe ", b"environment ", b"image "),
)


def any_commands(random: Random) -> bytes:
    """Whole lines, and pieces of which lines come by chance."""
    chosen = (random.choice((LINES, PIECES)) for _ in range(random.randrange(1, 40)))
    return b"".join(b"\n" * (kind is LINES) + random.choice(kind) for kind in chosen) + b"\n"


def test_commands_of_every_kind_are_answered_line_by_line(replay: Path, tmp_path: Path) -> None:
    random = Random(6)
    files = [tmp_path / str(number) for number in range(60)]
    for file in files:
        file.write_bytes(any_commands(random))
    ended = played(replay, *files)
    assert ended.returncode == 0, ended.stderr[-2000:]
