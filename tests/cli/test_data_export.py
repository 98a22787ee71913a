"""`gesture data export`: what is handed on to other tools, and read back from them."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from pipeline.core.artifacts import Recording
from pipeline.core.errors import ExitCode
from pipeline.datasets.recordings import load_recordings, save_recording
from tests.cli.commands import PROJECT, gesture
from tests.takes import save_all, take, takes

SAMPLE = PROJECT / "data" / "sample"


def exported_and_read_back(dataset: Path, work: Path) -> list[Recording]:
    ended = gesture("data", "export", dataset, "out", "--format", "tutorial", "--json", cwd=work)
    assert ended.code == 0, ended.told
    for command in ended.json["read_back"]:
        words = command.replace("NAME", "back").split()[1:]
        imported = gesture(*words, cwd=work)
        assert imported.code == 0, imported.told
    return load_recordings(work / "data" / "back")


def assert_same_takes(found: list[Recording], wanted: list[Recording]) -> None:
    def key(take: Recording) -> tuple[str, str, str, float, bytes]:
        return take.label, take.person, take.session, take.rate_hz, take.thousandths.tobytes()

    assert sorted(map(key, found)) == sorted(map(key, wanted))


def test_tutorial_export_of_the_sample_data_reads_back_identically(tmp_path: Path) -> None:
    wanted = load_recordings(SAMPLE)
    assert {len(recording) for recording in wanted} == {119, 238}
    assert_same_takes(exported_and_read_back(SAMPLE, tmp_path), wanted)
    first = next(iter(sorted((tmp_path / "out").rglob("punch.csv")))).read_text("utf-8")
    assert first.startswith("aX,aY,aZ,gX,gY,gZ\n")


def test_tutorial_export_keeps_sessions_rates_and_lengths_apart(tmp_path: Path) -> None:
    mixed = [
        *takes(["flex", "punch"], ("anna", "bo"), sessions=2, each=3),
        *(take("wave", n, "anna", n=60 + n) for n in range(1, 4)),  # lengths within 5 %
        *(take("slow", n, "anna", n=60, rate_hz=62.5) for n in range(1, 4)),
        take("turn", 1, "anna", n=67),  # more than 5 % longer
        take("long", 1, "anna", n=300),
    ]
    dataset = save_all(tmp_path / "mixed", mixed)
    assert_same_takes(exported_and_read_back(dataset, tmp_path), mixed)


def test_export_leaves_out_takes_with_gaps_by_name(dataset: Path, tmp_path: Path) -> None:
    holed = take("punch", 1)
    save_recording(
        replace(holed, seq=holed.seq + 3 * (np.arange(60) >= 30)),
        dataset / "punch" / "anna-1-001.csv",
    )
    for form in ("tutorial", "edge-impulse"):
        ended = gesture("data", "export", "data/mine", form, "--format", form, cwd=tmp_path)
        assert ended.code == ExitCode.LEFT_OUT
        assert "left out data/mine/punch/anna-1-001.csv: has gaps" in ended.told
        assert "19 takes" in ended.told


def test_an_export_of_nothing_has_failed(tmp_path: Path) -> None:
    holed = take("punch", 1)
    holed = replace(holed, seq=holed.seq + 3 * (np.arange(60) >= 30))
    save_all(tmp_path / "data" / "mine", [holed])
    ended = gesture("data", "export", "data/mine", "out", "--format", "tutorial", cwd=tmp_path)
    assert ended.code == ExitCode.FAILED
    assert "Nothing was exported" in ended.told


def test_export_never_writes_into_a_folder_in_use(dataset: Path, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "notes.txt").write_text("mine")
    ended = gesture("data", "export", dataset, "out", "--format", "tutorial", cwd=tmp_path)
    assert ended.code == ExitCode.USAGE
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["notes.txt"]
    ended = gesture("data", "export", dataset, "new", "--format", "csv", cwd=tmp_path)
    assert ended.code == ExitCode.USAGE
    assert "tutorial, edge-impulse" in ended.told


def test_edge_impulse_export_is_its_acquisition_format_unsigned(
    dataset: Path, tmp_path: Path
) -> None:
    ended = gesture("data", "export", dataset, "ei", "--format", "edge-impulse", cwd=tmp_path)
    assert ended.code == 0, ended.told
    files = sorted((tmp_path / "ei").iterdir())
    assert len(files) == 20
    # The uploader takes what stands before the first dot for the label.
    assert {path.name.split(".")[0] for path in files} == {"flex", "punch"}
    document = json.loads((tmp_path / "ei" / "punch.anna-1-001.json").read_text("utf-8"))
    assert document["protected"] == {"ver": "v1", "alg": "none"}
    assert re.fullmatch("0{64}", document["signature"])
    payload = document["payload"]
    assert set(payload) == {"device_type", "interval_ms", "sensors", "values"}
    assert payload["interval_ms"] == pytest.approx(1000 / 119)
    assert payload["sensors"] == [
        *({"name": f"acc{axis}", "units": "m/s2"} for axis in "XYZ"),
        *({"name": f"gyr{axis}", "units": "dps"} for axis in "XYZ"),
    ]
    wanted = take("punch", 1).samples.astype(np.float64) * [9.80665] * np.array([1, 1, 1, 0, 0, 0])
    wanted[:, 3:] = take("punch", 1).samples[:, 3:]
    np.testing.assert_allclose(payload["values"], wanted, atol=1e-5)
