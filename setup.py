"""Puts firmware/ and other files of the tool into the wheel. All else is in pyproject.toml."""

import shutil
from collections.abc import Iterator
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

PROJECT_FILES = ("platformio.ini", "LICENSE", "configs", "data/sample", "firmware")
PLACE = Path("pipeline") / "project"  # pipeline/core/project.py looks here


class BuildWithProject(build_py):
    def run(self) -> None:
        super().run()
        if self.editable_mode:
            return
        for file in project_files():
            target = Path(self.build_lib) / PLACE / file
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, target)

    def get_source_files(self) -> list[str]:
        return [*super().get_source_files(), *map(str, project_files())]


def project_files() -> Iterator[Path]:
    for name in PROJECT_FILES:
        found = [Path(name)] if Path(name).is_file() else sorted(Path(name).rglob("*"))
        yield from (file for file in found if file.is_file() and "__pycache__" not in file.parts)


setup(cmdclass={"build_py": BuildWithProject})
