"""How large the house is, and how far one command goes through it: `python -m benchmarks.house`.

A file is touched by a command where a function of it is called, on the sample data and the native
board; the body of a module, which any import runs, does not count.
"""

from __future__ import annotations

import ast
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType

from benchmarks.results_file import Row, record, row
from pipeline.core.project import PROJECT
from pipeline.workflows import convert, deploy, train
from tests.fixtures.run_commands import CONFIG, SETTINGS, ignore

COMMAND = "python -m benchmarks.house"
PACKAGE = PROJECT / "pipeline"
TREES = ("pipeline", "tests", "benchmarks")
BEFORE = {  # what was counted before the loose files went into packages
    "packages and loose files": 65,
    "loose files": 56,
    "imports between them": 268,
    "files touched by train": 56,
    "files touched by deploy": 46,
    "lines": 75_140,
}

# What only these tasks need, by the names of files in the package, beside the one core that fits,
# quantizes and compiles.
TASKS = {
    "encoders and decoders": (
        "pairs",
        "pairs_task",
        "encoder_decoder",
        "encoder_decoder_child",
        "padded_batches",
        "own_tokens",
    ),
    "translation": (
        "translation",
        "translation_task",
        "translation_metrics",
        "translation_settings",
        "translate",
        "text_pairs",
        "datasets/dates",
        "subwords",
    ),
    "captions": (
        "captions",
        "caption_task",
        "caption_settings",
        "frozen_convolutions",
        "describe",
        "bouts",
        "bout_words",
    ),
    "questions": ("questions", "question_task"),
    "drawings": (
        "sketches",
        "sketch_task",
        "sketch_rnn",
        "sketch_settings",
        "mixture",
        "mixture_density",
        "mixture_outputs",
        "mixture_outputs_child",
        "sketch_twin",
        "svg_strokes",
        "drawings",
        "draw",
    ),
}


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="house-") as name:
        run = Path(name) / "run"
        trained = touched(lambda: train.train(CONFIG, SETTINGS, run, ignore))
        convert.convert(run, None, ignore)
        deployed = touched(lambda: deploy.deploy(run, "native", "auto", False, ignore))
    record(
        "house",
        [
            row("files touched by train", len(trained), "", COMMAND, listed(trained), "<= 30"),
            row("files touched by deploy", len(deployed), "", COMMAND, listed(deployed), "<= 30"),
            *source_rows(),
        ],
    )


def source_rows() -> list[Row]:
    """What the source alone says."""
    files = sorted(PACKAGE.rglob("*.py"))
    missing = [name for file in files for name in without_docstring(file)]
    units, loose = units_of(PACKAGE)
    undocumented = ", ".join(missing[:10]) or "none"
    return [
        row("files", len(files), "", COMMAND, "of the package"),
        row("lines", lines(), "", COMMAND, "of Python: the package, tests, benchmarks", ""),
        row("packages and loose files", len(units), "", COMMAND, "in the package"),
        *(
            row(f"lines for {task}", lines_of(task), "", COMMAND, listed(set(TASKS[task])))
            for task in TASKS
        ),
        row("loose files", loose, "", COMMAND, "in the package, outside its packages", "== 0"),
        row("imports between them", len(arrows(units)), "", COMMAND, "pairs, counted once"),
        row("public names without docstring", len(missing), "", COMMAND, undocumented, "== 0"),
    ]


def units_of(package: Path) -> tuple[set[str], int]:
    """The packages and loose files in a package, and how many are loose files."""
    loose = {file.stem for file in package.glob("*.py")} - {"__init__"}
    return loose | {file.parent.name for file in package.glob("*/__init__.py")}, len(loose)


def arrows(units: set[str]) -> set[tuple[str, str]]:
    """Which unit imports which other one."""
    found = set()
    for file in PACKAGE.rglob("*.py"):
        unit = file.relative_to(PACKAGE).parts[0].removesuffix(".py")
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("pipeline."):
                found.add((unit, str(node.module).split(".")[1]))
    return {(unit, other) for unit, other in found if unit != other and unit in units}


def touched(command: Callable[[], object]) -> set[str]:
    """Files of the package in which `command` calls a function."""
    found: set[str] = set()

    def watch(frame: FrameType, event: str, _: object) -> None:
        if event == "call" and frame.f_code.co_name != "<module>":
            found.add(frame.f_code.co_filename)

    threading.setprofile(watch)
    sys.setprofile(watch)
    try:
        command()
    finally:
        sys.setprofile(None)
        threading.setprofile(None)
    files = {Path(name) for name in found if name.endswith(".py")}  # a template is compiled too
    return {str(file.relative_to(PACKAGE)) for file in files if file.is_relative_to(PACKAGE)}


def listed(files: set[str]) -> str:
    """Names in one line."""
    return ", ".join(sorted(files))


def lines() -> int:
    """Of Python."""
    files = (file for tree in TREES for file in (PROJECT / tree).rglob("*.py"))
    return sum(len(file.read_text("utf-8").splitlines()) for file in files)


def lines_of(task: str) -> int:
    """Of the files that only a task needs."""
    files = [one for name in TASKS[task] for one in sorted(PACKAGE.rglob(f"{name}.py"))]
    return sum(len(file.read_text("utf-8").splitlines()) for file in files)


def without_docstring(file: Path) -> Iterator[str]:
    """Public functions and classes at the top of a module, and public methods of its classes."""
    tree = ast.parse(file.read_text("utf-8"))
    for node in definitions(tree):
        if not ast.get_docstring(node):
            yield f"{file.relative_to(PACKAGE)}:{node.name}"
        if isinstance(node, ast.ClassDef):
            for method in definitions(node):
                if not ast.get_docstring(method):
                    yield f"{file.relative_to(PACKAGE)}:{node.name}.{method.name}"


Definition = ast.FunctionDef | ast.ClassDef


def definitions(node: ast.Module | ast.ClassDef) -> Iterator[Definition]:
    """Public functions and classes directly inside a node."""
    found = (child for child in node.body if isinstance(child, Definition))
    return (child for child in found if not child.name.startswith("_"))


if __name__ == "__main__":
    main()
