"""A run comes out again byte for byte, and works in the hands of people without this project."""

from __future__ import annotations

import errno
import json
import os
import shutil
import subprocess
import zipfile
from pathlib import Path

import numpy as np
import pytest

from pipeline.core.artifacts import GoldenVectors
from pipeline.core.errors import ExitCode, PipelineError
from pipeline.core.files import save_text_files
from pipeline.core.run_folder import RunFolder
from pipeline.datasets.recordings import load_recordings
from pipeline.datasets.streams import join_takes
from pipeline.twin.library import Twin
from pipeline.workflows.export import export
from pipeline.workflows.generated import centres_of, compiled, constants_source
from pipeline.workflows.runs import locked_run
from tests.cli.commands import PROJECT, gesture
from tests.noted import note_all
from tests.parity import target_engine

FIXTURES = PROJECT / "tests" / "fixtures"
WARNINGS = ("-std=c11", "-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Werror", "-O2")
LIMIT_S = 300.0


def run_command(*command: object, feed: bytes | None = None, cwd: Path | None = None) -> bytes:
    result = subprocess.run(
        list(map(str, command)), input=feed, capture_output=True, timeout=LIMIT_S, cwd=cwd
    )
    assert result.returncode == 0, result.stderr.decode()
    return result.stdout


@pytest.fixture(scope="module")
def streaming(converted_run: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The export of a run that streams."""
    folder = tmp_path_factory.mktemp("elsewhere") / "exported"
    ended = gesture("export", converted_run, folder, "--json", cwd=converted_run)
    assert sorted(ended.json["files"]) == sorted(
        str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()
    )
    return folder


@pytest.fixture(scope="module")
def windowed(
    converted_run: Path, work: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, Path]:
    """The same network, given whole windows: its run and its export."""
    run = RunFolder(tmp_path_factory.mktemp("windowed") / "run")
    shutil.copytree(converted_run, run.path)
    contract = run.contract().model_copy(update={"hop": 7})  # odd: it does not stream
    network = compiled(run.flatbuffer_file.read_bytes(), contract, keep_features=True)
    centres = centres_of(run, contract, network)
    hasty = contract.decision.model_copy(update={"thresholds": (0.1,) * len(contract.labels)})
    contract = contract.model_copy(update={"streaming": False, "decision": hasty})
    texts = {**network.sources, **constants_source(contract, 0, network, centres)}
    save_text_files(run.sources, texts)
    crc = Twin(run.sources, run.build).selftest_crc()
    save_text_files(run.sources, constants_source(contract, crc, network, centres))
    contract.save(run.contract_file)
    note_all(run)
    folder = tmp_path_factory.mktemp("elsewhere") / "exported"
    gesture("export", run.path, folder, cwd=work)
    return run.path, folder


@pytest.fixture(params=["streaming", "windowed"])
def exported(request: pytest.FixtureRequest) -> Path:
    made = request.getfixturevalue(request.param)
    return made[1] if isinstance(made, tuple) else made


def c_files(folder: Path) -> list[Path]:
    return sorted((folder / "c" / "src").rglob("*.c"))


def golden(converted_run: Path, count: int) -> GoldenVectors:
    vectors = GoldenVectors.load(converted_run / "golden.npz")
    return GoldenVectors(vectors.inputs[:count], vectors.outputs[:count])


@pytest.mark.parametrize(
    ("exported", "compiler"),
    [("streaming", "gcc"), ("windowed", "gcc"), ("windowed", "clang")],
    indirect=["exported"],
)
def test_on_this_computer_it_gives_the_bytes_of_tflite_micro(
    request, converted_run, exported, tmp_path, compiler
):
    request.getfixturevalue("host_compiler" if compiler == "gcc" else "clang")
    program = tmp_path / "runner"
    runner = FIXTURES / "exported_runner.c"
    source = f"-I{exported / 'c' / 'src'}"
    run_command(compiler, *WARNINGS, source, runner, *c_files(exported), "-o", program)
    vectors = golden(converted_run, 1000)
    said = run_command(program, feed=vectors.inputs.tobytes())
    assert said == vectors.outputs.tobytes()


@pytest.mark.usefixtures("qemu")
@pytest.mark.parametrize("exported", ["windowed"], indirect=True)
def test_on_a_cortex_m4f_it_gives_the_bytes_of_tflite_micro(converted_run, exported, tmp_path):
    shutil.copy(FIXTURES / "exported_network.h", tmp_path / "model_network.h")
    image = tmp_path / "exported.elf"
    board = target_engine.BOARD
    folders = [f"-I{folder}" for folder in (tmp_path, exported / "c" / "src", board)]
    options = (*target_engine.TARGET, *target_engine.COMPILE, "-O2", *folders, *target_engine.LINK)
    harness = target_engine.HARNESS / "harness.c"
    link = ("-T", board / "link.ld", "-o", image)
    run_command("arm-none-eabi-gcc", *options, harness, *c_files(exported), *link)
    vectors = golden(converted_run, 20)
    found = target_engine.run(tmp_path, target_engine.Image(image, 0, 0), vectors.inputs)
    np.testing.assert_array_equal(found.outputs, vectors.outputs)


@pytest.mark.usefixtures("host_compiler")
def test_the_example_calls_what_the_board_would(work, windowed, tmp_path):
    run, folder = windowed
    takes = load_recordings(work / "data" / "sample", ["punch", "wave"])[:20]
    stream = join_takes(takes, (1.5, 2.5), seed=3)
    program = tmp_path / "example"
    flags = (*WARNINGS, "-ffp-contract=off", f"-I{folder / 'c' / 'src'}")
    run_command("gcc", *flags, *c_files(folder), folder / "c" / "example.c", "-o", program)
    rows = np.column_stack([stream.t_us, stream.thousandths])
    text = "\n".join(" ".join(map(str, row)) for row in rows.tolist())
    called = [
        line.split() for line in run_command(program, feed=text.encode()).decode().split("\n")
    ]
    lines = text.splitlines()
    broken = "\n".join([*lines[:9], lines[9].rpartition(" ")[0], *lines[10:]])
    ended = subprocess.run([program], input=broken, text=True, capture_output=True, check=False)
    assert ended.returncode == 1
    assert ended.stderr.startswith("line 10 is no sample")
    gesture("data", "stream", "data/sample", tmp_path / "samples.txt", cwd=work)
    assert run_command(program, feed=(tmp_path / "samples.txt").read_bytes())
    events = Twin(run / "firmware", tmp_path).replay(stream).events
    assert events
    expected = [[str(e.t_us), e.label, str(round(1000 * e.score))] for e in events]
    assert [words for words in called if words] == expected


@pytest.mark.usefixtures("qemu")
def test_everything_builds_for_the_boards_chip(streaming, tmp_path):
    (archive,) = (streaming / "arduino").glob("*.zip")
    with zipfile.ZipFile(archive) as packed:
        packed.extractall(tmp_path)
    (library,) = tmp_path.iterdir()
    assert (library / "library.properties").read_text().startswith(f"name={library.name}\n")
    target = (*target_engine.TARGET, "-Wall", "-Wextra", "-Werror")
    sketch = library / "examples" / "Gesture" / "Gesture.ino"
    stub = FIXTURES / "arduino_stub"
    includes = (f"-I{library / 'src'}", f"-I{stub}", "-include", "Arduino.h")
    run_command("arm-none-eabi-g++", *target, *includes, "-fsyntax-only", "-x", "c++", sketch)
    linking = ("--specs=nosys.specs", "-o", tmp_path / "example.elf")
    source = (f"-I{streaming / 'c' / 'src'}", streaming / "c" / "example.c", *c_files(streaming))
    run_command("arm-none-eabi-gcc", *target, "-std=c11", *source, *linking)
    array = streaming / "tflite" / "model_data.c"
    run_command("arm-none-eabi-gcc", *target, "-std=c11", "-c", array, "-o", tmp_path / "array.o")


@pytest.mark.usefixtures("host_compiler")
def test_every_name_that_it_links_or_shows_has_its_prefix(exported, tmp_path):
    """So that it can stand beside any other code, in a program of C or of C++."""
    source = exported / "c" / "src"
    run_command("gcc", "-c", "-std=c11", f"-I{source}", *c_files(exported), cwd=tmp_path)
    listing = run_command("nm", "--defined-only", "--extern-only", *sorted(tmp_path.glob("*.o")))
    names = {line.split()[-1] for line in listing.decode().splitlines() if line.count(" ") == 2}
    assert {"gesture_push", "gesture_MODEL", "gesture_crc32"} <= names
    assert [name for name in names if not name.startswith("gesture_")] == []
    for language in ("c", "c++"):
        header = ("-x", language, "-fsyntax-only", "-Wall", "-Wextra", "-Werror")
        run_command("gcc", *header, source / "gesture.h")
        macros = run_command("gcc", "-E", "-dM", "-x", language, source / "gesture.h").decode()
        plain = "#include <stdbool.h>\n#include <stdint.h>\n"
        known = run_command("gcc", "-E", "-dM", "-x", language, "-", feed=plain.encode()).decode()
        new = set(macros.splitlines()) - set(known.splitlines())
        assert all(line.split()[1].startswith("GESTURE_") for line in new), new


@pytest.mark.parametrize("number", [errno.EROFS, errno.EACCES])
def test_a_run_on_a_read_only_disk_is_exported(converted_run, tmp_path, number, monkeypatch):
    system_open = os.open

    def refusing(path, *words, **options):
        if Path(path).parent == converted_run:
            raise OSError(number, os.strerror(number), str(path))
        return system_open(path, *words, **options)

    monkeypatch.setattr(os, "open", refusing)
    assert export(converted_run, tmp_path / "out").files
    with pytest.raises(PipelineError, match="cannot be written"), locked_run(converted_run, "x"):
        pass


def test_an_export_never_writes_over_anything(converted_run, streaming):
    gesture("export", converted_run, streaming, cwd=converted_run, code=ExitCode.USAGE)
    other = streaming.parent / "other"
    gesture("export", converted_run, other, cwd=converted_run)
    for path in (path for path in streaming.rglob("*") if path.is_file()):
        assert (other / path.relative_to(streaming)).read_bytes() == path.read_bytes()
    assert {path.name for path in streaming.parent.iterdir()} == {"exported", "other"}


def test_a_run_comes_out_again_and_so_does_what_was_deployed(converted_run, deployed, work):
    undeployed = gesture("verify", converted_run, "--json", cwd=work)
    assert undeployed.json["deployed"]["board"] is None
    verified = gesture("verify", deployed[0], "--json", cwd=work).json
    assert (verified["deployed"]["board"], verified["deployed"]["same"]) == ("virtual", True)
    assert verified["image"] == undeployed.json["image"]
    image = json.loads((deployed[0] / "firmware.json").read_text())
    assert verified["image"] == image["sha256"]


@pytest.mark.parametrize(
    ("file", "said"),
    [
        ("firmware/model_network.c", "line"),
        ("firmware/model_contract.c", "line"),
        ("model_data.c", "line"),
        ("model.tflite", "SHA-256"),
    ],
)
def test_a_file_that_was_changed_is_named(converted_run, work, file, said):
    run = work / "runs" / "changed"
    shutil.copytree(converted_run, run, dirs_exist_ok=True)
    content = bytearray((run / file).read_bytes())
    content[len(content) // 2] ^= 1
    (run / file).write_bytes(content)
    note_all(run)
    ended = gesture("verify", run, cwd=work, code=ExitCode.MISMATCH)
    assert Path(file).name in ended.said
    assert said in ended.said
