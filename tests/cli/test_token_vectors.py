"""The vectors of a run's tokens go into a file, and another run begins with them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from pipeline.core.errors import ExitCode
from pipeline.core.run_folder import RunFolder
from pipeline.core.token_vectors import TokenVectors
from pipeline.core.tokens import FIRST
from tests.cli.commands import gesture

pytestmark = pytest.mark.xdist_group("texts")

NETWORK = (
    "text: {length: 20, embedding: 6}, model: {kind: gru, units: [5]}, "
    "fit: {epochs: 1, learning_rate: 1.0e-9}"
)


@pytest.fixture(scope="module")
def written(work: Path) -> Path:
    """Vectors of a run whose text has other letters than the next one's."""
    vectors = work / "vectors" / "ants.npz"
    gesture("train", config(work, "ants", "an ant ate nine tea\n"), *to(work, "ants"), cwd=work)
    ended = gesture("runs", "embedding", work / "runs" / "ants", vectors, "--json", cwd=work)
    assert ended.json["name"] == "ants"
    assert ended.json["version"] == "1"
    return vectors


def config(work: Path, name: str, line: str) -> Path:
    (work / f"{name}.txt").write_text(line * 60)
    file = work / f"{name}.yaml"
    file.write_text(f"{{task: generation, data: {{path: {name}.txt}}, {NETWORK}}}")
    return file


def to(work: Path, name: str) -> tuple[str | Path, ...]:
    return "--run", work / "runs" / name, "--json"


def test_a_run_begins_with_the_vectors_of_the_letters_that_both_know(
    work: Path, written: Path
) -> None:
    bees = config(work, "bees", "a bee is in a bean\n")
    gesture(
        *("train", bees, "--set", f"text.vectors={written}", *to(work, "bees")),
        cwd=work,
    )
    run = RunFolder(work / "runs" / "bees")
    facts = run.contract().vocabulary
    vectors = TokenVectors.load(written)
    assert facts is not None
    assert facts.vectors == vectors.facts
    own = work / "vectors" / "bees.npz"
    gesture("runs", "embedding", run.path, own, cwd=work)
    learned, given = (
        dict(zip(found.tokens, found.vectors, strict=True))
        for found in (TokenVectors.load(own), vectors)
    )
    for letter in "aein ":
        np.testing.assert_allclose(learned[letter], given[letter], atol=1e-6)
    assert "b" not in given
    assert len(learned) == len(own_letters := set("a bee is in a bean\n")), own_letters


def test_vectors_of_another_size_are_refused(work: Path, written: Path) -> None:
    file = config(work, "wide", "an ant\n")
    more = ("--set", f"text.vectors={written}", "--set", "text.embedding=7")
    ended = gesture("train", file, *more, *to(work, "wide"), cwd=work, code=ExitCode.USAGE)
    assert "ants 1 have 6 values each, and the embedding has 7" in ended.said
    assert "set text.embedding to 6" in ended.said


def test_other_vectors_do_not_overwrite_a_version(work: Path, written: Path) -> None:
    run = work / "runs" / "ants"
    before = written.read_bytes()
    gesture("runs", "embedding", run, written, cwd=work)
    ended = gesture(
        *("runs", "embedding", run, written, "--version", "2"), cwd=work, code=ExitCode.USAGE
    )
    assert "there already, with other vectors" in ended.said
    assert TokenVectors.load(written).version == "1"
    assert len(before) > 0


def test_what_are_no_vectors_is_said(work: Path, written: Path, tmp_path: Path) -> None:
    ended = gesture(
        *("runs", "embedding", work / "runs" / "ants", tmp_path / "vectors.txt"),
        cwd=work,
        code=ExitCode.USAGE,
    )
    assert "vectors.npz" in ended.said
    other = tmp_path / "other.npz"
    np.savez(other, vectors=np.zeros((3, 6)))
    file = config(work, "none", "an ant\n")
    ended = gesture(
        *("train", file, "--set", f"text.vectors={other}", *to(work, "none")),
        cwd=work,
        code=None,
    )
    assert "other.npz" in ended.said
    assert "Traceback" not in ended.said


def test_numbers_of_tokens_begin_after_padding_and_unknown(written: Path) -> None:
    vectors = TokenVectors.load(written)
    rows = np.zeros((FIRST + 1, 6), np.float32)
    changed = vectors.rows_for(("a",), rows, FIRST)
    assert not changed[:FIRST].any()
    assert changed[FIRST].any()
