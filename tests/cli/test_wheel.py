"""What a wheel holds is enough: from an empty folder to a board, with no checkout near."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest

from pipeline import __version__
from tests.cli.conftest import QUICK
from tests.conftest import PROJECT, need

INSIDE = {  # where a folder of the checkout is in the wheel
    "pipeline": "pipeline",
    "firmware": "pipeline/project/firmware",
    "configs": "pipeline/project/configs",
    "data/sample": "pipeline/project/data/sample",
}
LIMIT_S = 300
BUILD = """
import sys
from setuptools import build_meta
print(getattr(build_meta, sys.argv[1])(sys.argv[2]))
"""


def run(*command: str | Path, cwd: Path, **variables: str) -> str:
    ended = subprocess.run(
        list(map(str, command)),
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": "", **variables},
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Made of the source distribution, as an index would have it."""
    folder = tmp_path_factory.mktemp("wheel")
    packed = build("sdist", folder, PROJECT)
    run("tar", "-xzf", packed, cwd=folder)
    return build("wheel", folder, packed.with_name(packed.name.removesuffix(".tar.gz")))


def build(kind: str, folder: Path, sources: Path) -> Path:
    """What setuptools writes besides goes to `folder`; it would read an old list of files."""
    (folder / "extra.cfg").write_text(f"[egg_info]\negg_base = {folder}\n")
    command = (sys.executable, "-c", BUILD, f"build_{kind}", folder)
    printed = run(*command, cwd=sources, DIST_EXTRA_CONFIG=str(folder / "extra.cfg"))
    return folder / printed.splitlines()[-1]


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The `gesture` of a fresh environment, which borrows all other packages of this one."""
    folder = tmp_path_factory.mktemp("venv")
    run(sys.executable, "-m", "venv", "--without-pip", folder, cwd=folder)
    pip = (sys.executable, "-m", "pip", "--python", folder / "bin" / "python")
    run(*pip, "install", "--quiet", "--no-deps", "--no-index", wheel, cwd=folder)
    (place,) = folder.glob("lib/python*/site-packages")
    (place / "borrowed.pth").write_text(sysconfig.get_path("purelib"))
    return folder / "bin" / "gesture"


def expected_files() -> set[str]:
    return {
        f"{place}/{file.relative_to(PROJECT / folder)}"
        for folder, place in INSIDE.items()
        for file in (PROJECT / folder).rglob("*")
        if file.is_file() and "__pycache__" not in file.parts
    }


OWN_FILES = {"pipeline/project/platformio.ini", "pipeline/project/LICENSE"}


def test_a_wheel_has_every_file(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as packed:
        names = {name for name in packed.namelist() if name.startswith("pipeline/")}
    assert names == expected_files() | OWN_FILES
    assert wheel.name == f"gesture_pipeline-{__version__}-py3-none-any.whl"


def test_the_chain_goes_in_an_empty_folder(installed: Path, tmp_path: Path) -> None:
    need("gcc")
    before = files_of(installed.parent.parent)

    def gesture(*words: str) -> str:
        return run(installed, *words, cwd=tmp_path, PYTHONDONTWRITEBYTECODE="1")

    gesture("train", "gesture_conv1d", *QUICK)
    gesture("convert", "--budget", "nano33ble")
    gesture("deploy", "--board", "native")  # the board proves what it runs
    gesture("export", "runs/latest", "exported")
    assert {path.name for path in tmp_path.iterdir()} == {"runs", "exported"}
    assert files_of(installed.parent.parent) == before


def files_of(folder: Path) -> set[Path]:
    return {path for path in folder.rglob("*") if path.is_file()}
