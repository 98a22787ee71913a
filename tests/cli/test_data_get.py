"""`gesture data get` and `gesture data list --remote`, as a person types them."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.core.errors import ExitCode
from tests.cli.commands import gesture


def test_the_catalogue_is_told_with_what_others_reached(tmp_path: Path) -> None:
    told = gesture("data", "list", "--remote", cwd=tmp_path).told
    for words in ("spells", "punch_flex", "uhh_imu", "watch", "88.0 %", "88.9 %", "MIT", "assumed"):
        assert words in told
    listed = gesture("data", "list", "--remote", "--json", cwd=tmp_path).json["datasets"]
    watch = next(item for item in listed if item["entry"]["name"] == "watch")
    assert watch["entry"]["people"] == 10
    assert watch["files"][0]["url"].endswith("/seglearn-1.2.5.tar.gz")


def test_a_dataset_is_fetched_from_a_folder_and_not_twice(
    tmp_path: Path, shared_data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = gesture("data", "get", "spells", "--from", shared_data, "--json", cwd=tmp_path)
    assert first.code == 0, first.err
    noted = [*first.json["left_out"], *first.json["noted"]]
    assert noted
    assert all(
        (shared_data / "gestures" / "spells" / line.partition(":")[0]).is_file() for line in noted
    )
    assert sum(entry["takes"] for entry in first.json["takes"]) == 125
    again = gesture("data", "get", "spells", "--from", shared_data, cwd=tmp_path)
    assert again.code == ExitCode.USAGE
    assert "data/spells is there already" in again.told
    monkeypatch.setenv("GESTURE_DATA", str(shared_data))
    named = gesture("data", "get", "spells", "--dataset", "wands", cwd=tmp_path)
    assert named.code == 0, named.err
    assert "--set data.path=data/wands" in named.out.splitlines()[-1]
    assert gesture("data", "list", "--json", cwd=tmp_path).json["datasets"] == {
        "data/spells": 125,
        "data/wands": 125,
    }


def test_a_misspelt_name(tmp_path: Path) -> None:
    ended = gesture("data", "get", "spels", cwd=tmp_path)
    assert ended.code == ExitCode.USAGE
    assert "misspelt for 'spells'" in ended.told
