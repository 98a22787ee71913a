"""`gesture capture` as a person types it: other people's sketches, keys, and wrong words."""

from __future__ import annotations

import socket
import threading
import time
from contextlib import AbstractContextManager, suppress
from pathlib import Path

import pytest

from pipeline.core.artifacts import Recording
from pipeline.core.errors import ExitCode
from pipeline.datasets.recordings import load_recording, takes_in
from tests.cli.commands import Ended, gesture
from tests.fixtures.screen import Screen, screen
from tests.fixtures.sketches import (
    BURST_ROWS,
    Piece,
    forwarder,
    imu_capture,
    imu_capture_when,
    row,
    sending,
)

LIMIT_S = 300.0


def capture(work: Path, *words: str, code: int = 0) -> Ended:
    return gesture("capture", "--label", "up", "--person", "anna", *words, cwd=work, code=code)


def recordings(work: Path) -> list[Recording]:
    return [load_recording(path) for path in takes_in(work / "data" / "mine")]


def numbers(take: Recording) -> list[int]:
    """Which rows of a sketch are in a take; see sketches.row."""
    return [round(float(value) * 8) for value in take.samples[:, 3]]


def test_the_tutorials_sketch_gives_a_take_a_burst(tmp_path: Path) -> None:
    with sending(imu_capture(bursts=3)) as port:
        ended = capture(tmp_path, "--count", "3", "--port", port)
    assert "tutorial's IMU_Capture sketch" in ended.said
    assert "not guaranteed: lost samples cannot be detected" in ended.said
    takes = recordings(tmp_path)
    assert [numbers(take) for take in takes] == [
        list(range(n * BURST_ROWS, (n + 1) * BURST_ROWS)) for n in range(3)
    ]
    assert {take.rate_hz for take in takes} == {119.0}
    assert all("IMU_Capture" in take.source and "not guaranteed" in take.source for take in takes)
    assert all(take.faults == () and take.clock is None for take in takes)


def test_the_tutorials_sketch_is_recognised_without_its_header(tmp_path: Path) -> None:
    with sending(imu_capture(bursts=2, header=False)) as port:
        ended = capture(tmp_path, "--count", "2", "--port", port)
    assert "tutorial's IMU_Capture sketch" in ended.said
    assert [len(take) for take in recordings(tmp_path)] == [BURST_ROWS, BURST_ROWS]


def test_a_burst_that_is_short_says_by_how_much(tmp_path: Path) -> None:
    pieces = [piece for n, piece in enumerate(imu_capture(bursts=2)) if n not in (50, 51, 52)]
    with sending(pieces) as port:
        ended = capture(tmp_path, "--count", "2", "--port", port, "--json")
    first, second = recordings(tmp_path)
    assert (len(first), len(second)) == (BURST_ROWS - 3, BURST_ROWS)
    assert [(fault.kind, fault.count) for fault in first.faults] == [("short-burst", 3)]
    assert second.faults == ()
    assert ended.json["faults"] == {"short-burst": 3}


@pytest.mark.parametrize(
    ("columns", "separator", "name"),
    [(6, ",", "commas"), (6, "\t", "tabs"), (3, ";", "semicolons")],
)
def test_rows_of_numbers_are_recorded_at_the_rate_they_come(
    tmp_path: Path, columns: int, separator: str, name: str
) -> None:
    with sending(forwarder(2000, 100.0, columns, separator)) as port:
        ended = capture(tmp_path, "--mode", "continuous", "--seconds", "4", "--port", port)
    assert f"rows of {columns} numbers separated by {name}" in ended.said
    assert "acceleration in g (gravity is 1 long)" in ended.said
    (take,) = recordings(tmp_path)
    assert take.rate_hz == 100.0
    assert take.channels == ("ax", "ay", "az", "gx", "gy", "gz")[:columns]
    if columns == 6:
        assert numbers(take) == list(range(len(take)))  # from the very first row


def test_a_damaged_row_is_left_out_and_reported(tmp_path: Path) -> None:
    pieces = list(forwarder(1000, 100.0, 6, ","))
    pieces[200] = (0.01, b"0.1,0.2,xx,0.4\r\n")
    with sending(pieces) as port:
        capture(tmp_path, "--mode", "continuous", "--seconds", "4", "--port", port)
    (take,) = recordings(tmp_path)
    assert [(f.kind, f.count, f.index) for f in take.faults] == [("corrupt", 1, 200)]
    assert numbers(take) == [n for n in range(len(take) + 1) if n != 200]


def test_rows_that_are_not_understood_are_quoted(tmp_path: Path) -> None:
    pieces: list[Piece] = [(0.01, b"16384,12,-7,1,2,3\r\n")] * 2000
    with sending(pieces) as port:
        ended = capture(tmp_path, "--count", "1", "--port", port, code=ExitCode.NO_BOARD)
    assert "unit of its turning cannot be told" in ended.said
    assert "`16384,12,-7,1,2,3`" in ended.said
    assert '--units "counts 16384, counts 131"' in ended.said
    assert not (tmp_path / "data").exists()


def test_units_of_the_command_and_a_clock_in_the_rows(tmp_path: Path) -> None:
    pieces = [(0.01, b"%d 16384 0 0 %d 0 0\r\n\r\n" % (n * 10, n)) for n in range(900) if n != 300]
    with sending(pieces) as port:
        words = ("--mode", "continuous", "--seconds", "3.5", "--baud", "9600")
        units = ("--units", "counts 16384, counts 8")
        ended = capture(tmp_path, *words, *units, "--port", port)
    assert "a clock in ms, 100 Hz" in ended.said
    (take,) = recordings(tmp_path)
    first = numbers(take)[0]
    assert numbers(take) == [n for n in range(first, first + len(take) + 1) if n != 300]
    assert [gap.missing for gap in take.gaps] == [1]
    assert take.rate_hz == 100.0


def test_a_sketch_behind_a_socket(tmp_path: Path) -> None:
    def serve() -> None:
        connection, _ = server.accept()
        with connection, suppress(BrokenPipeError):
            for n in range(600):
                connection.sendall(row(n))
                time.sleep(0.005)

    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=serve, daemon=True).start()
        port = f"socket://127.0.0.1:{server.getsockname()[1]}"
        capture(tmp_path, "--mode", "continuous", "--seconds", "2", "--port", port)
    (take,) = recordings(tmp_path)
    first = numbers(take)[0]
    assert numbers(take) == list(range(first, first + len(take)))


def capturing_screen(work: Path, *words: str) -> AbstractContextManager[Screen]:
    return screen(work, "capture", "--label", "up", "--person", "anna", *words)


def test_keys_keep_discard_and_quit_and_the_terminal_is_as_before(tmp_path: Path) -> None:
    hand = threading.Semaphore(0)
    with (
        sending(imu_capture_when(lambda: hand.acquire(blocking=False))) as port,
        capturing_screen(tmp_path, "--port", port) as terminal,
    ):
        hand.release()
        terminal.until("takes: up 1")
        terminal.type(b"k")
        hand.release()
        terminal.until("takes: up 2")
        terminal.type(b"d")
        terminal.until("anna-1-002.csv: discarded")
        terminal.type(b"d")  # the first was kept: nothing is left to discard
        for _ in range(3):  # shown anew, so the key was heard
            terminal.until("takes: up 1")
        hand.release()
        terminal.until("takes: up 2")
        terminal.type(b"q")
        assert terminal.ended() == 0
        assert terminal.mode_now() == terminal.mode
    assert "ax " in terminal.shown
    assert "119" in terminal.shown
    assert [numbers(take)[0] for take in recordings(tmp_path)] == [0, 2 * BURST_ROWS]


def test_ctrl_c_in_a_terminal_ends_cleanly(tmp_path: Path) -> None:
    with (
        sending(forwarder(9000, 100.0, 6, ",")) as port,
        capturing_screen(tmp_path, "--mode", "continuous", "--port", port) as terminal,
    ):
        terminal.until("([3-9]|[0-9]{2,}) s  takes")
        terminal.type(b"\x03")
        assert terminal.ended() == 0  # no length was asked for: this is how it ends
        assert terminal.mode_now() == terminal.mode
    (take,) = recordings(tmp_path)
    assert numbers(take) == list(range(len(take)))
    assert "Traceback" not in terminal.shown


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "no label to record"),
        (("--label", "up", "--mode", "fast"), "no mode `fast`"),
        (("--label", "up", "--label", "down"), "2 labels were given"),
        (("--label", "up", "--mode", "continuous", "--count", "2"), "--count cannot be used"),
        (("--label", "up", "--sensor", "microphone"), "no sensor `microphone`"),
        (("--label", "up", "--port", "a", "--port", "a"), "named twice"),
        (("--label", "up", "--units", "feet"), "is not understood"),
    ],
)
def test_what_does_not_go_together_is_reported_before_any_port_is_opened(
    tmp_path: Path, words: tuple[str, ...], said: str
) -> None:
    assert said in gesture("capture", *words, cwd=tmp_path, code=ExitCode.USAGE).said
    assert not list(tmp_path.iterdir())


def test_a_port_that_is_not_there_leaves_nothing_behind(tmp_path: Path) -> None:
    capture(tmp_path, "--port", "/dev/ttyNOWHERE", code=ExitCode.NO_BOARD)
    assert not list(tmp_path.iterdir())
