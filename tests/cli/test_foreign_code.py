"""Native code that a run brings with it is not loaded, and C that is not its model's not built.

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
from pipeline.core.run_folder import RunFolder, build_folder
from pipeline.workflows import generated
from pipeline.workflows.generated import require_generated
from tests.fixtures.foreign_code import C_FILES, put_built, put_c, ran
from tests.fixtures.run_commands import COMMANDS, EXPORTED
from tests.noted import note_all

pytestmark = pytest.mark.usefixtures("host_compiler")


@pytest.fixture
def stranger(converted_run: Path, tmp_path: Path) -> Path:
    """A run from elsewhere: nothing was built of it here."""
    return shutil.copytree(converted_run, tmp_path / "stranger")


@pytest.mark.parametrize("name", ["replay", "report"])
def test_a_library_that_lies_in_the_run_is_not_loaded(
    name: str, stranger: Path, tmp_path: Path
) -> None:
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
    with pytest.raises(PipelineError, match=Path(file).name) as refused:
        COMMANDS[name](stranger)
    assert refused.value.exit_code == ExitCode.MISMATCH
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
    converted_run: Path, generations: list[Path]
) -> None:
    require_generated(RunFolder(converted_run))
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
