"""A run that was changed: swapped artifacts are found, and foreign code is not run.

The probe is code that leaves a file behind as soon as it is loaded or run.
"""

from __future__ import annotations

import shutil
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.core.contract import Contract
from pipeline.core.errors import ExitCode, PipelineError
from pipeline.core.run_folder import STAGE_OF, RunFolder, RunHashes, announce, build_folder, check
from pipeline.workflows import convert, generated
from pipeline.workflows.generated import require_generated
from tests.fixtures.run_commands import (
    C_FILES,
    COMMANDS,
    EXPORTED,
    artifacts_of,
    ignore,
    passed_by,
    passes,
    put_built,
    put_c,
    ran,
    stage_of,
)
from tests.noted import note_all
from tests.refusals import refuses

pytestmark = pytest.mark.usefixtures("host_compiler")


@pytest.fixture
def stranger(converted_run: Path, tmp_path: Path) -> Path:
    """A run from elsewhere: nothing was built of it here."""
    return shutil.copytree(converted_run, tmp_path / "stranger")


@pytest.mark.parametrize("name", ["replay", "report"])
def test_a_library_that_lies_in_the_run_is_not_loaded(
    name: str, reported_run: tuple[Path, object], tmp_path: Path
) -> None:
    stranger = shutil.copytree(reported_run[0], tmp_path / "stranger")
    if name == "report":
        (stranger / "robustness.json").unlink()  # it makes it again with the twin
    put_built(stranger, tmp_path)
    assert not ran(name, stranger, tmp_path / "mark")
    assert list(build_folder(stranger).glob("twin-*.so"))


@pytest.mark.parametrize("name", ["replay", "report", "export", "deploy", "board build"])
@pytest.mark.parametrize("file", C_FILES)
def test_c_that_is_not_the_models_is_neither_built_nor_packed(
    name: str, file: str, stranger: Path, tmp_path: Path
) -> None:
    """Though the run's hashes are those of its files: whoever wrote the C wrote them too."""
    put_c(stranger / "firmware" / file, tmp_path / "mark")
    note_all(stranger)
    with refuses(Path(file).name, ExitCode.MISMATCH):
        COMMANDS[name](stranger)
    assert not (tmp_path / "mark").exists()
    assert not (tmp_path / EXPORTED).exists()


@settings(max_examples=25)
@given(at=st.floats(0, 1, exclude_max=True), other=st.integers(1, 255), data=st.data())
def test_any_other_byte_is_refused(
    converted_run: Path, at: float, other: int, data: st.DataObject
) -> None:
    run = RunFolder(converted_run)
    file = data.draw(st.sampled_from(sorted(run.sources.iterdir())))
    content = file.read_bytes()
    place = int(at * len(content))
    try:
        file.write_bytes(content[:place] + bytes([content[place] ^ other]) + content[place + 1 :])
        with pytest.raises(PipelineError) as refused:
            require_generated(run)
    finally:
        file.write_bytes(content)
    assert refused.value.exit_code == ExitCode.MISMATCH
    require_generated(run)


@pytest.fixture
def generations(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """The runs whose C has been generated again."""
    runs: list[Path] = []
    generate = generated.generated_texts

    def counted(run: RunFolder, contract: Contract, crc: int) -> dict[str, str]:
        runs.append(run.path)
        return generate(run, contract, crc)

    monkeypatch.setattr(generated, "generated_texts", counted)
    return runs


def test_c_that_was_converted_here_is_not_generated_again(
    stranger: Path, generations: list[Path]
) -> None:
    convert.convert(stranger, None, ignore)
    generations.clear()
    require_generated(RunFolder(stranger))
    assert generations == []


def test_a_strangers_c_is_generated_again_once(stranger: Path, generations: list[Path]) -> None:
    require_generated(RunFolder(stranger))
    require_generated(RunFolder(stranger))
    assert generations == [stranger]


def test_a_strangers_c_that_was_refused_is_not_known(
    stranger: Path, generations: list[Path]
) -> None:
    (stranger / "firmware" / "extra.c").touch()
    for _ in range(2):
        with pytest.raises(PipelineError, match="extra"):
            require_generated(RunFolder(stranger))
    assert len(generations) == 2


@pytest.mark.parametrize("file", ["firmware/model_network.c", "model.tflite", "contract.json"])
def test_a_changed_byte_is_checked_again(
    file: str, stranger: Path, generations: list[Path]
) -> None:
    require_generated(RunFolder(stranger))
    with (stranger / file).open("ab") as end:
        end.write(b"\n")
    with suppress(PipelineError):  # a contract may end in an empty line
        require_generated(RunFolder(stranger))
    assert len(generations) == 2


def test_another_version_of_the_program_checks_again(
    stranger: Path, generations: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    require_generated(RunFolder(stranger))
    monkeypatch.setattr(generated, "_program", lambda: "of another version")
    require_generated(RunFolder(stranger))
    assert len(generations) == 2


def test_what_is_built_lies_in_the_users_own_cache(stranger: Path) -> None:
    COMMANDS["replay"](stranger)
    assert not list(stranger.rglob("*.so"))
    folder = build_folder(stranger)
    assert list(folder.glob("twin-*.so"))
    assert folder.stat().st_mode & 0o077 == 0


def test_a_cache_that_others_may_write_is_not_used(
    stranger: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "shared"))
    (tmp_path / "shared" / "gesture" / "built").mkdir(parents=True)
    (tmp_path / "shared" / "gesture" / "built").chmod(0o777)
    with pytest.raises(PipelineError, match="may be written by others"):
        COMMANDS["replay"](stranger)


def test_folders_of_runs_that_are_gone_go_too(tmp_path: Path) -> None:
    (tmp_path / "first").mkdir()
    first = build_folder(tmp_path / "first")
    assert build_folder(tmp_path / "first") == first
    (tmp_path / "first").rename(tmp_path / "second")
    assert build_folder(tmp_path / "second") != first
    assert not first.exists()


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
    with refuses(r"evaluation\.json is not what", ExitCode.MISMATCH):
        COMMANDS[command](run)


def test_what_a_run_has_is_covered(run: Path) -> None:
    covered = set(RunHashes.load(RunFolder(run)).files)
    assert covered == set(artifacts_of(run)) - {"hashes.json"}
    assert {name for name in covered if "/" not in name} <= {*STAGE_OF, "contract.json"}


def test_one_hash_stands_for_all(run: Path, reported_run: tuple[Path, object]) -> None:
    before = check(RunFolder(run))
    assert before == RunHashes.load(RunFolder(run)).one()
    assert check(RunFolder(reported_run[0])) != before


def test_a_report_makes_again_what_was_swapped(
    reported_run: tuple[Path, object], tmp_path: Path
) -> None:
    run = shutil.copytree(reported_run[0], tmp_path / "reported")
    assert not passes("report", run, ["robustness.json", "report.html"])
    check(RunFolder(run))


def test_a_conversion_that_was_cut_short_is_done_again(run: Path) -> None:
    """It had announced its contract, and replaced some of its files."""
    announce(RunFolder(run), RunFolder(run).contract().file_text)
    (run / "model.tflite").write_bytes(b"half")
    with refuses("was cut short", next_step="gesture convert"):
        COMMANDS["export"](run)
    convert.convert(run, None, ignore)
    check(RunFolder(run))
