"""Inputs that a fuzzer found worth keeping, played to the application again."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from building import APP, HERE, PROJECT, SANITIZED, STRICT, compile_c

pytestmark = pytest.mark.xdist_group("firmware")
CORPUS = PROJECT / "tests" / "fixtures" / "corpus" / "commands"


@pytest.fixture(scope="module")
def replay(tmp_path_factory: pytest.TempPathFactory, host_compiler: None) -> Path:
    sources = [HERE / "fuzz_commands.c", HERE / "fuzz_replay.c", *APP]
    return compile_c(tmp_path_factory.mktemp("fuzz") / "replay", sources, [*STRICT, *SANITIZED])


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
