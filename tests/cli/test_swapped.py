"""Every artifact of a run is covered by its hashes, and every command that reads a run checks."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from pipeline.core.errors import ExitCode, PipelineError
from pipeline.core.run_folder import STAGE_OF, RunFolder, RunHashes, announce, check
from pipeline.workflows import convert, report
from tests.fixtures.run_commands import COMMANDS, artifacts_of, ignore
from tests.fixtures.swapped import passed_by, passes, stage_of

pytestmark = pytest.mark.usefixtures("host_compiler")


@pytest.fixture
def run(converted_run: Path, tmp_path: Path) -> Path:
    return shutil.copytree(converted_run, tmp_path / "run")


@pytest.mark.parametrize("command", COMMANDS)
def test_no_swapped_artifact_passes(command: str, run: Path, tmp_path: Path) -> None:
    assert passed_by(command, run, tmp_path, remakes=False) == []


@pytest.mark.parametrize("command", ["deploy", "export", "replay", "report"])
def test_an_artifact_that_is_missing_or_not_its_own_is_named(command: str, run: Path) -> None:
    for name in (file for file in artifacts_of(run) if stage_of(file) != command):
        kept = (run / name).read_bytes()
        (run / name).unlink()
        with pytest.raises(PipelineError, match=Path(name).name):
            COMMANDS[command](run)
        (run / name).write_bytes(kept)
    (run / "evaluation.json").write_text("{}", "utf-8")
    with pytest.raises(PipelineError, match=r"evaluation\.json is not what") as refused:
        COMMANDS[command](run)
    assert refused.value.exit_code == ExitCode.MISMATCH


def test_what_a_run_has_is_covered(run: Path) -> None:
    covered = set(RunHashes.load(RunFolder(run)).files)
    assert covered == set(artifacts_of(run)) - {"hashes.json"}
    assert {name for name in covered if "/" not in name} <= {*STAGE_OF, "contract.json"}


def test_one_hash_stands_for_all(run: Path) -> None:
    before = check(RunFolder(run))
    assert before == RunHashes.load(RunFolder(run)).one()
    report.report(run, ignore)
    assert check(RunFolder(run)) != before


def test_a_report_makes_again_what_was_swapped(run: Path) -> None:
    report.report(run, ignore)
    assert not passes("report", run, ["robustness.json", "report.html"])
    check(RunFolder(run))


def test_a_conversion_that_was_cut_short_is_done_again(run: Path) -> None:
    """It had announced its contract, and replaced some of its files."""
    announce(RunFolder(run), RunFolder(run).contract().file_text)
    (run / "model.tflite").write_bytes(b"half")
    with pytest.raises(PipelineError, match="was cut short") as refused:
        COMMANDS["export"](run)
    assert "gesture convert" in refused.value.next_step
    convert.convert(run, None, ignore)
    check(RunFolder(run))
