"""Inputs that a fuzzer found worth keeping, played to the application again."""

from __future__ import annotations

import subprocess
from pathlib import Path
from random import Random

import pytest

from tests.firmware.building import HERE, SANITIZED, STRICT, compile_c
from tests.firmware.fuzzing import SOURCES, TASKS, model_of, unpack_corpus


@pytest.fixture(scope="module", params=TASKS)
def replay(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, host_compiler: None
) -> Path:
    folder = tmp_path_factory.mktemp("fuzz")
    model = model_of(request.param, folder / "model")
    sources = [*SOURCES, HERE / "fuzz_replay.c"]
    return compile_c(folder / "replay", sources, [*STRICT, *SANITIZED], model)


def played(replay: Path, *files: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([replay, *files], capture_output=True, text=True, timeout=60)


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
    ),
)
PIECES = (
    *(b"text ", b"more ", b"generate ", b"7 ", b"0.5 ", b"10000 1 1 ", b"1 ", b"\n", b"\r", b" "),
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
