"""Are these the files that this run would make again?"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from pipeline.errors import ExitCode, PipelineError

NEXT = "convert the run again, or train it again where its model is not the one it was"


def compare_texts(folder: Path, expected: Mapping[str, str]) -> int:
    """How many files `folder` has, all as `expected`.

    Raises PipelineError (MISMATCH) that names the first line of the first file that differs.
    """
    for name, text in sorted(expected.items()):
        path = folder / name
        if not path.is_file():
            raise _differs(f"{path} is missing", "it was deleted")
        found = path.read_text("utf-8")
        if found != text:
            raise _differs(
                f"{path} is not what its model compiles to: line {_first_difference(found, text)}",
                "it was edited, or another version of this program wrote it",
            )
    return len(expected)


def compare_hashes(what: str, found: str, expected: str, why: str, next_step: str = NEXT) -> None:
    """Raises PipelineError (MISMATCH) that names `what`, and both, where they differ."""
    if found != expected:
        raise _differs(f"{what} has the SHA-256 {found}, expected {expected}", why, next_step)


def _first_difference(found: str, expected: str) -> int:
    pairs = zip(found.splitlines(), expected.splitlines(), strict=False)
    same = next((number for number, (a, b) in enumerate(pairs) if a != b), None)
    return (min(found.count("\n"), expected.count("\n")) if same is None else same) + 1


def _differs(what: str, why: str, next_step: str = NEXT) -> PipelineError:
    return PipelineError(f"{what}.", why, next_step, ExitCode.MISMATCH)
