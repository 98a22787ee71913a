"""`gesture board build`: an image and what it takes, of the exported sketch too."""

from __future__ import annotations

import os
import subprocess
import zipfile
from pathlib import Path

import pytest

from pipeline.core.run_folder import RunFolder
from pipeline.deployment.platformio import VARIABLE
from tests.cli.commands import PROJECT, gesture
from tests.fixtures.arduino_sources import IMAGE, put_compiler, write_sources
from tests.fixtures.compiler_output import Complaints, complaints

CORE = os.environ.get(VARIABLE)
LIMIT_S = 900


def test_an_image_is_built_and_its_size_printed(work: Path, host_compiler: None) -> None:
    ended = gesture("board", "build", "native", "--json", cwd=work)
    assert ended.code == 0, ended.told
    assert Path(ended.json["path"]).read_bytes().startswith(b"\x7fELF")
    told = gesture("board", "build", "native", cwd=work).told
    assert f"flash {ended.json['flash_bytes']:,} bytes" in told
    assert f"RAM {ended.json['ram_bytes']:,} bytes" in told


def test_the_sketch_is_a_project_of_the_exported_library(
    converted_run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, str(write_sources(tmp_path / "sources")))
    monkeypatch.setenv("PATH", f"{put_compiler(tmp_path / 'bin').parent}:{os.environ['PATH']}")
    ended = gesture("board", "build", "sketch", "--run", converted_run, "--json", cwd=converted_run)
    assert ended.code == 0, ended.told
    assert Path(ended.json["path"]).read_bytes() == IMAGE
    folder = RunFolder(converted_run).build / "sketch"
    (archive,) = (folder / "exported" / "arduino").glob("*.zip")
    with zipfile.ZipFile(archive) as packed:
        for name in packed.namelist():
            assert (folder / "project" / "lib" / name).read_bytes() == packed.read(name)
    library = folder / "project" / "lib" / archive.stem
    sketch = (folder / "project" / "src" / "Gesture.ino").read_bytes()
    assert sketch == (library / "examples" / "Gesture" / "Gesture.ino").read_bytes()


@pytest.mark.skipif(CORE is None, reason=f"{VARIABLE} names no folder of the core's sources")
@pytest.mark.parametrize(
    ("environment", "log"), [("nano33ble", "build-nano33ble.log"), ("sketch", "sketch/build.log")]
)
def test_make_builds_on_the_real_core(converted_run: Path, environment: str, log: str) -> None:
    command = ["make", "board-build", f"CORE={CORE}", f"ENV={environment}", f"RUN={converted_run}"]
    result = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, timeout=LIMIT_S)
    assert result.returncode == 0, result.stderr
    assert "flash" in result.stdout
    assert "RAM" in result.stdout
    text = (RunFolder(converted_run).build / log).read_text("utf-8")
    assert "SUCCESS" in text
    assert complaints(text) == Complaints(0, 0, 0)
