"""A make variable is one word to what it is handed to, whatever is in it: nothing of it is run."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.conftest import PROJECT

TEXT = (PROJECT / "Makefile").read_text("utf-8")
VARIABLES = [*re.findall(r"^([A-Z]+) +\?=", TEXT, re.M), "CORE", "ACCEPT"]
TARGETS = re.findall(r"^([a-z-]+):.*##", TEXT, re.M)
# These take no variable.
HARMLESS_ONLY = {
    "check",
    "clean",
    "help",
    "tools",
    "test",
    "quick",
    "demo",
    "results",
    "docs",
    "wheel",
}
WRONG = ("a b; touch run", "$(shell touch run)", "`touch run`", "a'; touch run; '", '"$HOME"', "$x")
SAY = '#!/bin/sh\nprintf "[%s]" "$@" >> said\n[ -n "$CORE" ] || true\n'


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The Makefile alone, and programs that say what they are given."""
    shutil.copy(PROJECT / "Makefile", tmp_path)
    (tmp_path / "bin").mkdir()
    for name in ("gesture", "pytest", "python", "pip", "uv"):
        (tmp_path / "bin" / name).write_text(SAY)
        (tmp_path / "bin" / name).chmod(0o755)
    for name in ("pyproject.toml", "requirements.lock"):
        (tmp_path / name).touch()
    return tmp_path


def make(folder: Path, *words: str) -> str:
    """What the programs were given."""
    done = [] if words[0] in ("setup", "lock") else ["-o", "setup", "-o", ".venv/installed"]
    subprocess.run(
        ["make", "-s", "-o", "tools", *done, "BIN=bin", *words],
        cwd=folder,
        capture_output=True,
        timeout=300,
    )
    said = folder / "said"
    return said.read_text("utf-8") if said.exists() else ""


@pytest.mark.parametrize("target", sorted(set(TARGETS) - HARMLESS_ONLY))
def test_no_variable_of_any_target_is_run(folder: Path, target: str) -> None:
    for wrong in WRONG:
        make(folder, target, *(f"{name}={wrong}" for name in VARIABLES))
        assert not (folder / "run").exists(), wrong


@pytest.mark.parametrize("wrong", WRONG)
def test_a_label_arrives_as_it_was_written(folder: Path, wrong: str) -> None:
    said = make(folder, "capture", f"LABEL={wrong}", f"PERSON={wrong}")
    assert f"[--label][{wrong}][--person][{wrong}]" in said


def test_every_variable_is_quoted_where_it_is_used() -> None:
    recipes = "".join(re.findall(r"^\t.*\n", TEXT, re.M))
    for name in VARIABLES:
        assert f"$({name})" not in recipes


def test_setup_does_not_install_in_silence(folder: Path) -> None:
    """It says beforehand that it takes minutes, and pip says what it does."""
    done = subprocess.run(
        ["make", "-s", "BIN=bin", "PYTHON=true", "setup"],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert "some minutes" in done.stdout
    said = (folder / "said").read_text("utf-8")
    assert "[install]" in said
    assert "quiet" not in said
    assert "[setup]" in said
