"""How many small faults the tests notice: `python -m benchmarks.house_mutate [MUTANTS]`.

mutmut (https://mutmut.readthedocs.io) changes one operator, number or argument of a function at a
time, in a copy of the project, and runs the tests that call this function. A mutant is killed where
one of them fails. Names of the mutants that survived are printed; `mutmut show NAME` in FOLDER
shows one.

Texts do not count: a mutant that changes only a string, an error's message or `strict=` of zip is
left out. Of the others a sample with a fixed seed is tried.
"""

from __future__ import annotations

import ast
import json
import random
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from benchmarks.results_file import record, row
from pipeline.core.project import PROJECT

COMMAND = "python -m benchmarks.house_mutate"
FOLDER = PROJECT / "build" / "mutate"
MUTANTS, SEED = 240, 0
COPIED = ("pipeline", "tests", "benchmarks", "firmware", "configs", "data", "pyproject.toml")

# By module: the test files that prove its behaviour.
TESTS = {
    "pipeline/training/decision_tuning.py": ("unit/test_decision_tuning.py",),
    "pipeline/datasets/splits.py": ("unit/test_splits.py",),
    "pipeline/capture/protocol.py": ("unit/test_protocol.py",),
    "pipeline/capture/track.py": ("unit/test_track.py",),
    "pipeline/capture/clock.py": ("unit/test_track.py",),
    "pipeline/compiler/fixedpoint.py": ("unit/test_fixedpoint.py",),
    "pipeline/compiler/memory_plan.py": ("parity/test_memory_plan.py",),
}
SURVIVED = (0, 33)  # mutmut's exit codes: all tests passed; no test calls the function

Function = ast.FunctionDef | ast.AsyncFunctionDef


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else MUTANTS
    _copy_project()
    _mutmut("none")  # matches no mutant: it only makes them, and measures which test calls what
    names = sorted(name for module in TESTS for name in mutants_of(FOLDER / "mutants" / module))
    sample = random.Random(SEED).sample(names, min(count, len(names)))
    _mutmut(*sample)
    survivors = [name for name, code in _exit_codes(sample).items() if code in SURVIVED]
    print("\n".join(["survived:", *survivors]))
    note = f"{len(sample)} of {len(names)} mutants of {len(TESTS)} modules, seed {SEED}"
    killed = round(1 - len(survivors) / len(sample), 3)
    record("house", [row("mutations killed", killed, "", COMMAND, note, ">= 0.9")])


def mutants_of(file: Path) -> Iterator[str]:
    """Names of the mutants in a file that mutmut has written, but for those of texts.

    A function `f` stands there as x_f__mutmut_orig, x_f__mutmut_1 and so on.
    """
    module = ".".join(file.relative_to(FOLDER / "mutants").with_suffix("").parts)
    tree = ast.parse(file.read_text("utf-8"))
    defined = {node.name: node for node in ast.walk(tree) if isinstance(node, Function)}
    for name, function in defined.items():
        stem, _, number = name.rpartition("__mutmut_")
        if number.isdigit() and _dump(function) != _dump(defined[f"{stem}__mutmut_orig"]):
            yield f"{module}.{name}"


def _dump(function: Function) -> str:
    """The function's code without its name and its texts."""
    body = [_WithoutTexts().visit(statement) for statement in function.body]
    return "\n".join(ast.dump(statement) for statement in body)


class _WithoutTexts(ast.NodeTransformer):
    """Blanks strings and errors, and drops `strict=`."""

    def visit_Constant(self, node: ast.Constant) -> ast.AST:
        return ast.Constant("") if isinstance(node.value, str) else node

    def visit_JoinedStr(self, _: ast.JoinedStr) -> ast.AST:
        return ast.Constant("")

    def visit_Raise(self, _: ast.Raise) -> ast.AST:
        return ast.Raise()

    def visit_keyword(self, node: ast.keyword) -> ast.AST | None:
        return None if node.arg == "strict" else self.generic_visit(node)


def _copy_project() -> None:
    shutil.rmtree(FOLDER, ignore_errors=True)
    listed = ["git", "ls-files", "-z", "--", *COPIED]
    files = subprocess.run(listed, cwd=PROJECT, capture_output=True, text=True, check=True).stdout
    for name in filter(None, files.split("\0")):
        place = FOLDER / name
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(PROJECT / name, place)
    (FOLDER / "setup.cfg").write_text(_settings(TESTS), "utf-8")


def _settings(tests: Mapping[str, Sequence[str]]) -> str:
    """mutmut's section of setup.cfg: which modules it mutates, and with which tests."""
    values = {
        "source_paths": ["pipeline"],
        "only_mutate": list(tests),
        "also_copy": [name for name in COPIED if name not in ("pipeline", "tests")],
        "pytest_add_cli_args_test_selection": [
            f"tests/{file}" for files in tests.values() for file in files
        ],
    }
    lines = ["[mutmut]", "use_git_change_detection=false", "track_dependencies=false"]
    return "\n".join(
        [*lines, *("\n    ".join([f"{key}=", *items]) for key, items in values.items()), ""]
    )


def _mutmut(*names: str) -> None:
    subprocess.run([sys.executable, "-m", "mutmut", "run", *names], cwd=FOLDER, check=False)


def _exit_codes(names: Sequence[str]) -> dict[str, int]:
    """How the tests of each of these mutants ended."""
    codes: dict[str, int | None] = {}
    for module in TESTS:
        meta = FOLDER / "mutants" / f"{module}.meta"
        codes |= json.loads(meta.read_text("utf-8"))["exit_code_by_key"]
    ended = {name: code for name in sorted(names) if (code := codes[name]) is not None}
    if len(ended) < len(names):
        sys.exit("mutmut did not try all mutants: see above whether a test fails without one")
    return ended


if __name__ == "__main__":
    main()
