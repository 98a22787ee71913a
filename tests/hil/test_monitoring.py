"""`gesture monitor` and `gesture pull` on emulated boards, as a person uses them."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path

import numpy as np
import pytest

from pipeline.core.errors import ExitCode
from pipeline.datasets.recordings import load_recording
from tests.cli.commands import gesture, running
from tests.fixtures.screen import screen
from tests.fixtures.waiting import until
from tests.tiny_model import swings

LIMIT_S = 300.0
CALLED = r"\d\.\d{3} s +(up|down) "


def lines_of(file: Path) -> list[dict[str, object]]:
    text = file.read_text("utf-8") if file.exists() else ""
    return [json.loads(line) for line in text.splitlines()]


def ended(process: subprocess.Popen[str]) -> None:
    process.send_signal(signal.SIGINT)
    assert process.wait(LIMIT_S) == ExitCode.INTERRUPTED


def monitoring(work: Path, *words: object) -> AbstractContextManager[subprocess.Popen[str]]:
    return running("monitor", *map(str, words), cwd=work)


def test_a_command_is_run_at_its_events_and_all_is_logged(bench_of, tmp_path):
    note = tmp_path / "two words" / "note"
    note.parent.mkdir()
    script = tmp_path / "write.py"
    script.write_text(
        "import os, sys\n"
        "with open(sys.argv[1], 'a') as f: f.write(os.environ['GESTURE_LABEL'] + sys.argv[2])\n"
    )
    command = f"{sys.executable} {script} '{note}' ' $HOME; '"
    log = tmp_path / "logs" / "calls.jsonl"
    with bench_of("native", True).start(swings(8)) as board:
        words = ("--port", board.port, "--log", log, "--on", "up", command)
        with monitoring(tmp_path, *words) as process:
            until(lambda: note.exists() and note.read_text().count("up") == 2)
            until(lambda: any("stopped" in str(line["note"]) for line in lines_of(log)))
            ended(process)
    assert note.read_text() == "up $HOME; up $HOME; "
    called = [line["event"]["label"] for line in lines_of(log) if line["event"]]
    assert called == ["up", "down", "up", "down"][: len(called)]
    assert len(called) >= 3
    assert all(line["at"].startswith("20") for line in lines_of(log))


def test_a_shell_reads_the_command_only_when_asked_to(bench_of, tmp_path):
    with bench_of("native", True).start(swings(8)) as board:
        words = ("--port", board.port, "--shell", "--on", "any", "echo $GESTURE_LABEL >> called")
        with monitoring(tmp_path, *words) as process:
            called = tmp_path / "called"
            until(lambda: called.exists() and "down" in called.read_text())
            ended(process)
    assert called.read_text().split()[:2] == ["up", "down"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--on", "up", "no-such-program-here"), "no program"),
        (("--on", "up", "echo 'unclosed"), "No closing quotation"),
        (("--on", "sideways", "true"), "never detects sideways"),
    ],
)
def test_a_command_that_cannot_be_run_is_reported_at_once(bench_of, tmp_path, words, said):
    with bench_of("native", True).start() as board:
        result = gesture("monitor", "--port", board.port, *words, cwd=tmp_path, code=ExitCode.USAGE)
    assert said in result.said


def test_in_a_terminal_keys_say_what_was_wrong(bench_of, tmp_path):
    played = swings(60)
    with (
        bench_of("native", True).start(played) as board,
        screen(tmp_path, "monitor", "--port", board.port, "--seconds", "1.5") as terminal,
    ):
        terminal.until("native at .*; keys record to data/mine")
        terminal.until(r"ax .*[▁▂▃▄▅▆▇]")
        terminal.until(r"\d+\.\d Hz +delay \d+ ms")
        terminal.until(r"up +[█◆][█◆┃ ]* \d\.\d\d")
        terminal.until(CALLED)
        terminal.type(b"w")
        terminal.until("false alarm: 1.[0-9] s in data/mine/idle/me-1-001.csv")
        terminal.type(b"2")
        terminal.until("missed: .* s in data/mine/down/me-1-001.csv")
        terminal.type(b"2")
        terminal.until("missed: .* s in data/mine/down/me-1-002.csv")
        terminal.type(b"u")
        terminal.until("data/mine/down/me-1-002.csv: deleted")
        terminal.until(r"\d called \((down \d+, )?up \d")
        terminal.until(r"◆.*┃|┃.*◆")
        terminal.type(b"\x03")
        terminal.until(
            r"(?s)watched for \d+ s: \d+ called \(.*marked: 1 wrong, 1 missed.*"
            "next  gesture capture --label idle .*next  gesture train .* data.path=data/mine"
        )
        assert terminal.ended() == ExitCode.INTERRUPTED
    assert not (tmp_path / "data" / "mine" / "down" / "me-1-002.csv").exists()
    wrong = load_recording(tmp_path / "data" / "mine" / "idle" / "me-1-001.csv")
    assert (wrong.label, wrong.pulled, wrong.gaps) == ("idle", "false-alarm", ())
    assert np.array_equal(wrong.thousandths, played.thousandths[wrong.seq])
    missed = load_recording(tmp_path / "data" / "mine" / "down" / "me-1-001.csv")
    assert (missed.label, missed.pulled) == ("down", "missed")
    assert np.abs(missed.samples[:, 0]).max() > 1.5


def test_pull_takes_the_newest_movement_for_a_missed_gesture(bench, tmp_path):
    played = swings(11)  # ends at rest after `down` and a second of `up`
    with bench.played(played) as board:
        pulled = gesture("pull", "--label", "up", "--port", board.port, "--json", cwd=tmp_path)
        again = gesture("pull", "--label", "idle", "--port", board.port, "--json", cwd=tmp_path)
    assert (pulled.json["kind"], again.json["kind"]) == ("missed", "false-alarm")
    take = load_recording(tmp_path / pulled.json["file"])
    assert np.array_equal(take.thousandths, played.thousandths[take.seq])
    assert take.board == bench.name


def test_a_board_that_has_kept_nothing_says_so(bench_of, tmp_path):
    with bench_of("native", True).start() as board:
        ended = gesture(
            "pull", "--label", "idle", "--port", board.port, cwd=tmp_path, code=ExitCode.FAILED
        )
    assert "has no samples" in ended.said
    assert not (tmp_path / "data").exists()


def test_a_board_that_can_call_nothing_says_so(bench_of, tmp_path):
    with (
        bench_of("native", False).start() as board,
        monitoring(tmp_path, "--port", board.port) as process,
    ):
        assert process.stderr is not None
        said = [process.stderr.readline() for _ in range(2)]
        ended(process)
    assert "has no model and detects nothing" in said[0]
    assert "has no working sensor" in said[1]


def test_the_only_emulated_board_is_found_and_waited_for(bench_of, tmp_path, monkeypatch):
    """Nobody names it; it ends, is started again, and its events are seen again."""
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    log = tmp_path / "calls.jsonl"

    def events() -> int:
        return sum(line.get("event") is not None for line in lines_of(log))

    bench = bench_of("native", True)
    with ExitStack() as stack:
        with bench.start(swings(8)):
            process = stack.enter_context(monitoring(tmp_path, "--log", log))
            until(events)
        before = events()
        assert process.poll() is None
        with bench.start(swings(8)):
            until(lambda: events() > before)
            ended(process)
            said = process.stderr.read()
    assert "Waiting for it to come back" in said
    assert "it is back" in said
