"""Errors and warnings are counted as a compiler and a linker really print them."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.fixtures.compiler_output import Complaints, complaints

WARNED = "static int unused;\n"
BROKEN = "int broken = nothing;\n"
UNLINKED = "int setup(void);\nint main(void) { return setup(); }\n"

pytestmark = pytest.mark.usefixtures("host_compiler")


def output_of(folder: Path, place: str, text: str) -> str:
    source = folder / place
    source.parent.mkdir(parents=True, exist_ok=True)
    source.write_text(text)
    command = ["gcc", "-Wall", "-Wextra", place, "-o", "program"]
    result = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=60)
    assert result.stderr
    return result.stderr


@pytest.mark.parametrize(
    ("place", "text", "expected"),
    [
        ("firmware/a.c", WARNED + "int main(void) { return 0; }\n", Complaints(0, 0, 1)),
        ("arduino-core/a.c", WARNED + "int main(void) { return 0; }\n", Complaints(0, 0, 0)),
        ("firmware/a.c", BROKEN, Complaints(1, 0, 0)),
        ("x/arduino-core/a.c", BROKEN, Complaints(1, 0, 0)),
        ("firmware/a.c", '#include "nowhere.h"\n', Complaints(1, 0, 0)),
        ("firmware/a.c", UNLINKED, Complaints(0, 1, 0)),
    ],
)
def test_each_kind_is_counted(tmp_path: Path, place: str, text: str, expected: Complaints) -> None:
    assert complaints(output_of(tmp_path, place, text)) == expected
