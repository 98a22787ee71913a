"""Inputs that a fuzzer found worth keeping, played to the application again."""

from __future__ import annotations

import subprocess
from pathlib import Path
from random import Random

import pytest
from building import APP, HERE, PROJECT, SANITIZED, STRICT, compile_c
from toy_text import judge, writer

pytestmark = pytest.mark.xdist_group("firmware")
CORPUS = PROJECT / "tests" / "fixtures" / "corpus" / "commands"


@pytest.fixture(scope="module")
def replay(tmp_path_factory: pytest.TempPathFactory, host_compiler: None) -> Path:
    sources = [HERE / "fuzz_commands.c", HERE / "fuzz_replay.c", *APP]
    return compile_c(tmp_path_factory.mktemp("fuzz") / "replay", sources, [*STRICT, *SANITIZED])


@pytest.fixture(scope="module", params=[judge, writer])
def of_text(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, host_compiler: None
) -> Path:
    """The same with a model of text."""
    folder = tmp_path_factory.mktemp("fuzz")
    model = request.param().write_sources(folder / "model")
    sources = [HERE / "fuzz_commands.c", HERE / "fuzz_replay.c", *APP]
    return compile_c(folder / "replay", sources, [*STRICT, *SANITIZED], model)


def played(replay: Path, *files: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([replay, *files], capture_output=True, text=True, timeout=60)


def test_whatever_a_fuzzer_found_is_answered_line_by_line(replay: Path) -> None:
    files = sorted(CORPUS.iterdir())
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


PIECES = (
    *(b"text ", b"more ", b"generate ", b"7 ", b"0.5 ", b"10000 1 1 ", b"1 ", b"\n", b"\r", b" "),
    *(b"\\n", b"\\u00e9", b"\\ud83d\\ude42", b"\\ud83d", b"\\", b"\\u0", b"\xc3\xa9", b"\xf0\x9f"),
    *(b"tea", b"film", b"it's", b"x" * 70, b"\xff", b"\x00", b"invoke\n", b"selftest\n", b"info\n"),
)


def test_text_of_every_kind_is_answered_line_by_line(of_text: Path, tmp_path: Path) -> None:
    random = Random(6)
    files = [tmp_path / str(number) for number in range(60)]
    for file in files:
        count = random.randrange(1, 40)
        file.write_bytes(b"".join(random.choice(PIECES) for _ in range(count)) + b"\n")
    ended = played(of_text, *files)
    assert ended.returncode == 0, ended.stderr[-2000:]
