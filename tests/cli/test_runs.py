"""`gesture runs`: what there is, and what differs between runs."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from pipeline.core.errors import ExitCode
from tests.cli.commands import gesture
from tests.noted import note_all


@pytest.fixture
def two(converted_run: Path, tmp_path: Path) -> Path:
    """A folder with runs/one, converted, and runs/two, the same with another config."""
    for name in ("one", "two"):
        shutil.copytree(converted_run, tmp_path / "runs" / name)
        note_all(tmp_path / "runs" / name)
    change(tmp_path / "runs" / "two", "config.yaml", ("fit", "epochs"), 3)
    (tmp_path / "runs" / "latest").symlink_to("two")
    return tmp_path


def change(run: Path, file: str, place: tuple[str, ...], value: Any) -> None:
    """Set one value of a JSON or YAML file of a run."""
    content = yaml.safe_load((run / file).read_text("utf-8"))
    inner = content
    for key in place[:-1]:
        inner = inner[key]
    inner[place[-1]] = value
    (run / file).write_text(json.dumps(content), "utf-8")
    note_all(run)


def test_each_run_is_listed_once(two: Path) -> None:
    ended = gesture("runs", "list", "--json", cwd=two)
    one, other = ended.json["runs"]
    assert (one["run"], other["run"]) == ("runs/one", "runs/two")
    assert one["state"] == "converted"
    assert one["data"] == "sample"
    assert 0 <= one["int8_accuracy"] <= 1
    assert one["model_bytes"] == (two / "runs" / "one" / "model.tflite").stat().st_size
    assert one["flash_bytes"] is None
    assert 0 <= one["event_f1"] <= 1
    assert one["false_alarms_per_hour"] >= 0
    assert one["instructions"] is None
    cost = json.loads((two / "runs" / "one" / "cost.json").read_text("utf-8"))
    estimated = cost["instructions"]
    assert one["estimated_instructions"] == estimated
    said = gesture("runs", "compare", "runs/one", "runs/two", cwd=two).said
    assert f"about {estimated:,}" in said
    assert f"instructions a second {round(estimated * one['hops_per_second']):,}" in said
    assert f"network's flash bytes {cost['flash_bytes']:,}" in said
    assert f"network's RAM bytes {cost['ram_bytes']:,}" in said


def test_a_broken_run_is_listed_with_its_fault(two: Path) -> None:
    (two / "runs" / "one" / "contract.json").write_text("{", "utf-8")
    (two / "runs" / "two" / "metrics.json").write_text("[]", "utf-8")
    assert "is not a contract" in gesture("runs", "list", cwd=two).said
    listed = gesture("runs", "list", "--json", cwd=two).json["runs"]
    assert [Path(run["run"]).name for run in listed if "fault" in run] == ["one", "two"]


@pytest.mark.parametrize(
    ("file", "content"),
    [
        ("contract.json", b"\xff"),
        ("config.yaml", b"data: ["),
        ("config.yaml", b"a list"),
        ("cost.json", b"[]"),
        ("events.json", b"{"),
        ("scores.npz", b"PK\x03\x04"),
    ],
)
def test_one_damaged_run_does_not_hide_the_others(two: Path, file: str, content: bytes) -> None:
    (two / "runs" / "two" / file).write_bytes(content)
    ended = gesture("runs", "list", "--json", cwd=two)
    one, other = ended.json["runs"]
    assert one["state"] == "converted"
    assert file in other["fault"]


def test_no_runs_are_no_fault(tmp_path: Path) -> None:
    assert "gesture train" in gesture("runs", "list", cwd=tmp_path).said
    assert gesture("runs", "list", "--json", cwd=tmp_path).json == {"runs": []}


def test_what_differs_is_reported_and_nothing_else(two: Path) -> None:
    ended = gesture("runs", "compare", "runs/one", "runs/two", "--json", cwd=two)
    assert ended.json["differences"] == {"fit.epochs": [2, 3]}
    assert ended.json["warnings"] == []
    said = gesture("runs", "compare", "runs/one", "runs/latest", cwd=two).said
    assert "fit.epochs 2 3" in said
    assert "int8 accuracy" in said
    assert "note" not in said


def test_a_deployed_run_says_its_size_unless_it_was_deployed_as_another_model(two: Path) -> None:
    image = {"flash_bytes": 44448, "ram_bytes": 17592, "instructions_per_inference": 351894}
    contract = gesture("convert", "runs/one", "--json", cwd=two).json["contract_hash"]
    for run, of in (("one", contract), ("two", "0" * 64)):
        content = json.dumps({**image, "board": "virtual", "contract_hash": of})
        (two / "runs" / run / "firmware.json").write_text(content, "utf-8")
        note_all(two / "runs" / run)
    one, other = gesture("runs", "list", "--json", cwd=two).json["runs"]
    assert (one["state"], one["flash_bytes"], one["instructions"]) == ("deployed", 44448, 351894)
    assert (other["state"], other["flash_bytes"]) == ("converted", None)


@pytest.mark.parametrize(
    ("file", "place", "value", "said"),
    [
        ("contract.json", ("labels",), ["a", "b", "c", "d", "e"], "have different labels"),
        ("contract.json", ("hashes", "data"), "f" * 64, "on different data"),
        (
            "metrics.json",
            ("split",),
            "by take, fold 2 of 5",
            "hold out different data: compare what",
        ),
    ],
)
def test_what_makes_figures_hard_to_compare_is_said(
    two: Path, file: str, place: tuple[str, ...], value: Any, said: str
) -> None:
    change(two / "runs" / "two", file, place, value)
    assert said in gesture("runs", "compare", "runs/one", "runs/two", cwd=two).said


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("runs/one", "runs/nope"), "no run at runs/nope"),
        (("runs/one",), "only one run"),
        ((), "Missing argument"),
    ],
)
def test_too_few_runs_are_reported(two: Path, words: tuple[str, ...], said: str) -> None:
    assert said in gesture("runs", "compare", *words, cwd=two, code=ExitCode.USAGE).said
