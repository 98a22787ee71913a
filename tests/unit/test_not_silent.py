"""A command whose work grows with the data says what it does, before it does it."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

import pytest

from pipeline.cli import app
from tests.takes import save_all, takes

WORDS = (
    "data import data/mine --dataset other",
    "data stream data/mine stream.csv",
    "data lint data/mine",
    "data show data/mine --out mine.png",
    "data export data/mine out --format tutorial",
)


def work(folder: Path, words: str) -> None:
    save_all(folder / "data" / "mine", takes(["flex", "punch"], ("anna", "bo")))
    app.app(shlex.split(words), standalone_mode=False)


@pytest.mark.parametrize("words", WORDS)
def test_it_says_what_it_does(
    words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    work(tmp_path, words)
    said = capsys.readouterr()
    assert "…" in said.err
    assert "data/mine" in said.err
    assert "…" not in said.out


@pytest.mark.parametrize("words", WORDS)
def test_for_a_program_there_is_json_only(
    words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    work(tmp_path, f"{words} --json")
    said = capsys.readouterr()
    assert said.err == ""
    assert json.loads(said.out)
