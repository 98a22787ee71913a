"""docs/serial-protocol.md says what the firmware and the host do: no more, no less, no other."""

from __future__ import annotations

import dataclasses
import re

from pipeline.capture.client import LOAD_BYTES, WHY
from pipeline.capture.feedback import PULL_LINES
from pipeline.capture.protocol import MESSAGE_KINDS, BoardInfo, Sample, parse_line
from pipeline.capture.requests import SAMPLE_RECORD, SAMPLES_A_LINE
from pipeline.conversion.contract_source import LEAST_PERIOD_MS, MOST_PERIOD_MS
from pipeline.twin.text_twin import HIGHEST_TEMPERATURE, ONE_E4
from pipeline.workflows.predict import LONGEST_BY_BOARD
from tests.conftest import PROJECT

PAGE = (PROJECT / "docs" / "serial-protocol.md").read_text("utf-8")
FROM_BOARD, TO_BOARD = PAGE.split("## To the board")
FIRMWARE = PROJECT / "firmware" / "lib"
APP = "\n".join(path.read_text("utf-8") for path in sorted((FIRMWARE / "app").glob("*.c")))
COMMANDS = (FIRMWARE / "protocol" / "command.c").read_text("utf-8")


def rows(part: str) -> list[list[str]]:
    """The cells of a part's tables, without their heads."""
    lines = [line for line in part.splitlines() if line.startswith("|")]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return cells[2:]


def quoted(text: str) -> list[str]:
    return re.findall(r"`([^`]+)`", text)


def defined(file: str, name: str) -> int:
    found = re.search(rf"#define {name} (\d+)", (FIRMWARE / "protocol" / file).read_text("utf-8"))
    assert found is not None
    return int(found[1])


def test_the_sample_line_on_the_page_is_one() -> None:
    example = re.search(r"```\n(seq,.*)\n(\d.*)\n```", FROM_BOARD)
    assert example is not None
    columns, line = example.groups()
    assert columns.count(",") == line.count(",")
    assert isinstance(parse_line(line.encode()), Sample)


def test_every_message_and_no_other_is_on_the_page() -> None:
    kinds = {word.split()[0] for row in rows(FROM_BOARD) for word in quoted(row[0])}
    assert kinds == MESSAGE_KINDS


def test_every_warning_and_no_other_is_on_the_page() -> None:
    said = set(re.findall(r"`warn ([a-z-]+)", FROM_BOARD))
    sent = set(re.findall(r'"warn ([a-z-]+)', APP)) | set(
        re.findall(r'send_warning\("([a-z-]+)', APP)
    )
    assert said == sent


def test_every_command_and_no_other_is_on_the_page() -> None:
    table = COMMANDS[COMMANDS.index("RULES[]") : COMMANDS.index("};")]
    known = dict(re.findall(r'\{"(\w+)", COMMAND_\w+, parse_(\w+)\}', table))
    forms = {"nothing": 0, "on_off": 1, "runs": 1, "number": 1, "samples": 1, "load": 2}
    forms |= {"period": 1, "text": 1, "generation": 4, "values": 2}
    said = {
        words[0]: len(words) - 1
        for row in rows(TO_BOARD)
        for words in (word.split() for word in quoted(row[0]))
    }
    assert said == {name: forms[form] for name, form in known.items()}


def test_every_error_and_no_other_is_on_the_page() -> None:
    said = set(re.findall(r"`err ([a-z-]+)", TO_BOARD))
    sent = set(re.findall(r'"err ([a-z-]+)', APP))
    assert said == sent
    assert set(WHY) | {"selftest"} == sent


def test_the_fields_of_info_are_those_on_the_page() -> None:
    (answer,) = (row[1] for row in rows(TO_BOARD) if row[0] == "`info`")
    sender = APP[APP.index("void add_identity") : APP.index("void answer_labels")]
    sent = re.findall(r'" (\w+)="', sender)
    assert re.findall(r"(\w+)=…", answer) == sent
    assert {field.name for field in dataclasses.fields(BoardInfo)} <= set(sent)


def test_the_limits_on_the_page_are_those_of_the_firmware() -> None:
    assert defined("line.h", "LINE_MAX_CHARACTERS") == 255
    assert defined("command.h", "COMMAND_MAX_CHARACTERS") == 255
    assert defined("command.h", "COMMAND_MAX_LOAD_BYTES") == LOAD_BYTES == 112
    assert defined("command.h", "COMMAND_SAMPLE_BYTES") == SAMPLE_RECORD.itemsize == 32
    assert SAMPLES_A_LINE == 3
    assert "one to three samples" in PAGE
    assert f"{PULL_LINES} at most" in PAGE
    assert f"#define PULL_LINES {PULL_LINES}u" in APP
    history = (FIRMWARE / "history" / "history.h").read_text("utf-8")
    assert "#define HISTORY_SAMPLES 1024u" in history
    assert "of the last 1024 it has had" in PAGE
    assert "at most 255 characters a line" in PAGE
    assert "at most 112 a line" in PAGE
    most_written = defined("command.h", "COMMAND_MAX_WRITTEN")
    assert f"N characters (1 to {most_written})" in PAGE
    assert most_written == LONGEST_BY_BOARD
    assert "SEED a number below 2^32" in PAGE
    assert defined("command.h", "COMMAND_MAX_TEMPERATURE_E4") == HIGHEST_TEMPERATURE * ONE_E4
    least_ms = defined("command.h", "COMMAND_LEAST_PERIOD_MS")
    most_ms = defined("command.h", "COMMAND_MOST_PERIOD_MS")
    assert f"({least_ms} to {most_ms})" in PAGE
    assert f"outside {least_ms} to {most_ms}" in PAGE
    assert (least_ms, most_ms) == (LEAST_PERIOD_MS, MOST_PERIOD_MS)
    most_runs = defined("command.h", "COMMAND_MAX_BENCH_RUNS")
    assert f"N times (1 to {most_runs})" in PAGE
