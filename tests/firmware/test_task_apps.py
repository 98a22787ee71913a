"""The whole application with models of text and forecasts, on the native board with sanitizers."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from pipeline.conversion.text_source import TextTable
from pipeline.core.contract import Level
from pipeline.twin.library import Twin
from pipeline.twin.text_twin import TextTwin
from tests import toy_forecast
from tests.firmware.building import FIRMWARE, link_native, link_virtual
from tests.firmware.talking import (
    LIMIT_S,
    Talk,
    answer_to_constants,
    environment_file,
    qemu_command,
    start,
)
from tests.toy_text import Toy, classified, classifier, tokens_of, translator, writer

LEVELS: tuple[Level, ...] = ("characters", "words")

pytestmark = pytest.mark.usefixtures("host_compiler")


def build(toy: Toy, folder: Path) -> Path:
    model = toy.write_sources(folder / "model")
    return link_native(folder / "native", model)


@pytest.fixture(scope="module")
def classifying(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(classifier(), tmp_path_factory.mktemp("classifying"))


@pytest.fixture(scope="module")
def writing(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(writer(), tmp_path_factory.mktemp("writing"))


@pytest.fixture(scope="module")
def translating(tmp_path_factory: pytest.TempPathFactory) -> dict[Level, Path]:
    folder = tmp_path_factory.mktemp("translating")
    return {level: build(translator(level), folder / level) for level in LEVELS}


def answer_to(text: str) -> str:
    outputs = classified(text, classifier())
    best = outputs.index(max(outputs))
    tokens = tokens_of(text, classifier())
    score = round((outputs[best] + 128) / 255 * 1000)
    digits = bytes(output & 0xFF for output in outputs).hex().upper()
    label = ("negative", "positive")[best]
    said = f"tokens={len(tokens)} unknown={tokens.count(1)}"
    return f"ok {label} {score // 1000}.{score % 1000:03} {digits} {said}"


def written_by(board: Talk, command: str) -> tuple[str, str]:
    """What it wrote, and its answer."""
    board.send(command)
    *lines, answer = board.until("ok", "err")
    parts = [line.removeprefix("text ") for line in lines if line.startswith("text ")]
    assert all(len(part) < 80 for part in parts)
    return json.loads(f'"{"".join(parts)}"'), answer


def test_it_says_by_which_constants_it_decides(
    classifying: Path, writing: Path, translating: dict[Level, Path]
) -> None:
    pairs = [
        (classifying, classifier()),
        (writing, writer()),
        (translating["words"], translator("words")),
    ]
    for image, toy in pairs:
        with start([str(image)]) as board:
            assert board.ask("constants") == answer_to_constants(toy.contract)


def test_a_text_is_classified_and_goes_on_over_lines(classifying: Path) -> None:
    with start([str(classifying)]) as board:
        assert " task=sentiment " in board.ask("info")
        assert board.ask("text The film, it's good!") == answer_to("The film, it's good!")
        assert board.ask("text bad") == answer_to("bad")
        assert board.ask("more and the") == answer_to("bad and the")
        assert board.ask("more 10 film\\u00e9d") == answer_to("bad and the 10 film\u00e9d")
        assert board.ask("text ...") == answer_to("")
        assert board.ask("labels") == "ok negative positive"


@pytest.mark.parametrize("text", ["x", "u00g0", "u0000", "ud83d", "ude42\\ud83d", ""])
def test_what_is_no_escape_says_so(
    classifying: Path, writing: Path, translating: dict[Level, Path], text: str
) -> None:
    with start([str(classifying)]) as board:
        for command in ("text", "more"):
            assert board.ask(f"{command} a\\{text}") == "err bad-argument"
    with start([str(writing)]) as board:
        assert board.ask(f"generate 1 1 1 a\\{text}") == "err bad-argument"
    with start([str(translating["words"])]) as board:
        assert board.ask(f"translate 1 1 a\\{text}") == "err bad-argument"


def test_a_model_of_another_task_says_so(
    classifying: Path, writing: Path, translating: dict[Level, Path]
) -> None:
    with start([str(classifying)]) as board:
        for command in (
            "generate 5 1 1 a",
            "translate 1 1 a",
            "caption 1 1",
            "draw 1 1",
            "classify on",
        ):
            assert board.ask(command) == "err wrong-task"
    with start([str(writing)]) as board:
        for command in ("text a", "more a", "translate 1 1 a", "classify on", "scores on"):
            assert board.ask(command) == "err wrong-task"
        assert board.ask("labels") == "ok"
        assert " task=generation " in board.ask("info")
    with start([str(translating["words"])]) as board:
        for command in ("text a", "generate 5 1 1 a", "classify on"):
            assert board.ask(command) == "err wrong-task"
        assert board.ask("labels") == "ok"
        assert " task=translation " in board.ask("info")


def test_the_board_writes_what_the_twin_does(writing: Path, tmp_path: Path) -> None:
    twin = TextTwin(Twin(writer().write_sources(tmp_path / "model"), tmp_path))
    with start([str(writing)]) as board:
        for prompt, temperature, seed in (
            ("tea", 1, 1),
            ('\n\\"é🙂 ', 0.5, 2**32 - 1),
            ("e", 0, 7),
        ):
            escaped = json.dumps(prompt)[1:-1]
            text, answer = written_by(board, f"generate 700 {temperature} {seed} {escaped}")
            assert answer == "ok characters=700"
            assert text == twin.generate(prompt, 700, temperature, seed)
        assert written_by(board, "generate 5 1 1 teb") == ("", "err unknown-character")


def test_the_next_command_waits_until_all_is_written(writing: Path) -> None:
    with start([str(writing)]) as board:
        board.until("warn")
        board.send("generate 2000 1 1 a\nlabels\ngenerate 1 1 1 a")
        lines = [line.split()[0] for line in board.until("ok")]
        assert set(lines[:-1]) == {"text"}
        assert board.line() == "ok"
        assert board.until("ok")[-1] == "ok characters=1"


TEXTS = {
    "characters": ("tea", '\n"é🙂 a?', " ", "bbb"),
    "words": ("The film, it's good!", "œuvre 東京", "nowhere", "the " * 40),
}


@pytest.mark.parametrize("level", LEVELS)
def test_the_board_translates_as_the_twin_does(
    translating: dict[Level, Path], tmp_path: Path, level: Level
) -> None:
    toy = translator(level)
    twin = TextTwin(Twin(toy.write_sources(tmp_path / "model"), tmp_path))
    with start([str(translating[level])]) as board:
        for number, text in enumerate(TEXTS[level] * 5):
            temperature, seed = (0, 1, 5)[number % 3], number * 2**27
            asked = f"translate {temperature} {seed} {json.dumps(text)[1:-1]}"
            found, answer = written_by(board, asked)
            assert found == twin.translate(text, temperature, seed)
            unknown = tokens_of(text, toy).count(1)
            assert answer == f"ok characters={len(found)} unknown={unknown}"


@pytest.mark.usefixtures("qemu")
def test_the_emulated_board_translates_as_the_twin_does(tmp_path: Path) -> None:
    toy = translator("characters")
    model = toy.write_sources(tmp_path / "model")
    image = link_virtual(tmp_path / "virtual", FIRMWARE / "src" / "main.c", model)
    twin = TextTwin(Twin(model, tmp_path))
    with start(qemu_command(image)) as board:
        for seed in range(10):
            found, answer = written_by(board, f"translate 2 {seed} tea at Z")
            assert found == twin.translate("tea at Z", 2, seed)
            assert answer == f"ok characters={len(found)} unknown=0"


def test_a_text_without_a_word_is_not_translated(translating: dict[Level, Path]) -> None:
    with start([str(translating["words"])]) as board:
        assert board.ask("translate 1 1 ... !") == "err bad-argument"
        assert board.ask("translate 1 1 ") == "err bad-argument"
        assert board.ask("translate 1 1 film " + "x" * 300) == "err line-too-long"
        assert board.ask("translate 1 1 film").startswith("ok characters=")


def test_long_words_fit_in_lines(tmp_path: Path) -> None:
    """Each is 64 bytes, and 192 characters when it is escaped."""
    toy = translator("words")
    words = tuple("ж" * 31 + letter for letter in "абвгдежзийкл")
    table = TextTable(
        words, toy.table.embedding[: len(words) + 2], toy.table.encoder[: len(words) + 2]
    )
    facts = toy.contract.vocabulary.model_copy(update={"size": len(words) + 2})
    contract = toy.contract.model_copy(update={"vocabulary": facts})
    with start([str(build(Toy(contract, table, toy.network), tmp_path))]) as board:
        found = [written_by(board, f"translate 5 {seed} x")[0] for seed in range(20)]
    assert max(len(text.split(" ")) for text in found) > 3
    assert {word for text in found for word in text.split(" ") if word} == set(words)


def test_the_next_command_waits_for_a_translation(translating: dict[Level, Path]) -> None:
    with start([str(translating["words"])]) as board:
        board.until("warn")
        board.send("translate 5 3 film\nlabels\ntranslate 5 3 film")
        *lines, answer = board.until("ok")
        assert {line.split()[0] for line in lines} == {"text"}
        assert board.line() == "ok"
        assert board.until("ok") == [*lines, answer]


PERIOD_MS = 1000  # the model's
READINGS = [[21_000, 1_013_250, 41_000]] * 8


@pytest.fixture(scope="module")
def forecasting(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("forecasting")
    model = toy_forecast.write_sources(folder / "model")
    return link_native(folder / "native", model)


@pytest.fixture
def series(tmp_path: Path) -> Path:
    times = [i * PERIOD_MS * 1000 for i in range(len(READINGS))]
    return environment_file(tmp_path / "series", READINGS, times, PERIOD_MS)


def test_it_says_by_which_constants_it_forecasts(forecasting: Path) -> None:
    with start([str(forecasting)]) as board:
        assert board.ask("constants") == answer_to_constants(toy_forecast.CONTRACT)


def rows_known(board: Talk) -> int:
    return int(board.ask("observe 41 21").removeprefix("ok rows="))


@pytest.mark.parametrize("command", ["stream on", "stream off", "classify off", "scores off"])
def test_what_has_nothing_to_do_with_the_window_leaves_it(forecasting: Path, command: str) -> None:
    with start([str(forecasting)]) as board:
        assert rows_known(board) == 1
        assert board.ask(command) == "ok"
        assert rows_known(board) == 2


def test_rows_of_the_host_follow_no_readings_of_another_period(
    forecasting: Path, series: Path
) -> None:
    with start([str(forecasting)], GESTURE_ENVIRONMENT_FILE=str(series)) as board:
        board.until("reading")
        assert board.ask("environment 300") == "ok period_ms=300"
        assert rows_known(board) == 1


def test_rows_of_the_host_follow_no_readings_that_have_ended(
    forecasting: Path, series: Path
) -> None:
    files = {"GESTURE_ENVIRONMENT_FILE": str(series), "GESTURE_FAST": "1"}
    with start([str(forecasting)], **files) as board:
        board.until("warn environment-ended")
        assert rows_known(board) == 1


def played_alone(image: Path, series: Path, sent: str = "") -> str:
    """What a fast board says until it ends by itself, its input having ended."""
    ended = subprocess.run(
        [image],
        input=sent,
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        env={"GESTURE_ENVIRONMENT_FILE": str(series), "GESTURE_FAST": "1"},
    )
    assert ended.returncode == 0
    return ended.stdout


def test_a_fast_board_plays_its_series_to_the_end(forecasting: Path, series: Path) -> None:
    assert "warn environment-ended" in played_alone(forecasting, series)


def test_a_fast_board_does_not_wait_for_a_series_that_is_left(
    sanitized_native: Path, series: Path
) -> None:
    said = played_alone(sanitized_native, series, "environment 1000\nenvironment 0\n")
    assert "ok period_ms=0" in said
