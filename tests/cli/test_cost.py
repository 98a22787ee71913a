"""What a network costs, as a user meets it: the table, the budget, and the board's own count."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from pipeline.core.errors import ExitCode
from pipeline.core.run_folder import RunFolder
from pipeline.workflows.generated import compiled
from tests.cli.commands import PROJECT, gesture
from tests.noted import note_all


@pytest.fixture
def run(converted_run: Path, tmp_path: Path) -> Path:
    """A trained run that has not been converted yet."""
    folder = tmp_path / "run"
    shutil.copytree(converted_run, folder, ignore=shutil.ignore_patterns("build"))
    for name in ("cost.json", "model.tflite", "golden.npz"):
        (folder / name).unlink()
    shutil.rmtree(folder / "firmware")
    return folder


def test_convert_says_and_keeps_what_each_layer_costs(run: Path, tmp_path: Path) -> None:
    """And keeps nothing else of a conversion before."""
    drafts = RunFolder(run).build / "converted"
    drafts.mkdir()
    left = [folder / "model_lstm.tflite" for folder in (run, drafts)]
    for file in left:
        file.write_bytes(b"of a conversion before")
    budget = PROJECT / "configs" / "nano33ble.yaml"
    converted = gesture("convert", run, "--budget", budget, "--json", cwd=tmp_path)
    cost = converted.json["cost"]
    assert cost == json.loads((run / "cost.json").read_text("utf-8"))
    first, *_, last = cost["layers"]
    assert first["operator"].startswith("CONV_2D + MAX_POOL_2D")
    assert first["macs"] > 0
    assert last["operator"] == "SOFTMAX"
    assert last["output_shape"] == [1, 5]
    assert cost["instructions"] == sum(layer["instructions"] for layer in cost["layers"])
    assert cost["flash_bytes"] > cost["kernel_bytes"] > 1000
    assert cost["ram_bytes"] > max(layer["ram_bytes"] for layer in cost["layers"])
    assert not any(file.exists() for file in left)


def test_a_network_past_its_budget_is_refused_before_anything_is_written(
    run: Path, tmp_path: Path
) -> None:
    (tmp_path / "small.yaml").write_text("instructions: 1000\nflash_bytes: 900\n", "utf-8")
    refused = gesture("convert", run, "--budget", "small.yaml", cwd=tmp_path, code=ExitCode.FAILED)
    assert "exceeds its budget" in refused.said
    assert "of 900" in refused.said
    assert "of 1,000" in refused.said
    assert "takes most" in refused.said
    assert not (run / "model.tflite").exists()
    assert not (run / "firmware").exists()


def test_the_compact_variant_is_taken_where_only_it_fits(
    converted_run: Path, run: Path, tmp_path: Path
) -> None:
    contract = json.loads((run / "contract.json").read_text("utf-8"))
    contract["hop"] = 7  # odd, so that it does not stream: what streams is compact already
    (run / "contract.json").write_text(json.dumps(contract), "utf-8")
    note_all(run)
    flatbuffer = RunFolder(converted_run).flatbuffer_file.read_bytes()
    fast = compiled(flatbuffer, RunFolder(run).contract()).cost
    room = fast.ram_bytes - 1
    (tmp_path / "small.yaml").write_text(f"ram_bytes: {room}\n", "utf-8")
    compact = gesture("convert", run, "--budget", "small.yaml", "--json", cwd=tmp_path)
    assert compact.json["variant"].startswith("compact: the fast one would take ram_bytes")
    assert compact.json["cost"]["ram_bytes"] <= room
    assert compact.json["cost"]["instructions"] > fast.instructions


def test_a_budget_with_a_misspelt_key_is_refused_at_once(run: Path, tmp_path: Path) -> None:
    (tmp_path / "small.yaml").write_text("instruction: 1000\n", "utf-8")
    refused = gesture("convert", run, "--budget", "small.yaml", cwd=tmp_path, code=ExitCode.USAGE)
    assert "did you mean `instructions`?" in refused.said


@pytest.fixture
def deployed_run(deployed: tuple[Path, str], tmp_path: Path) -> RunFolder:
    """A copy of a run that was deployed to the virtual board."""
    return RunFolder(shutil.copytree(deployed[0], tmp_path / "deployed"))


def image_of(run: RunFolder) -> dict[str, Any]:
    image: dict[str, Any] = json.loads(run.firmware_file.read_text("utf-8"))
    return image


def test_deploy_to_the_virtual_board_estimates_the_real_one_as_a_range(
    deployed: tuple[Path, str],
) -> None:
    ranges = re.findall(r"(\d+\.\d+) to (\d+\.\d+) (ms an|µJ an|% of)", deployed[1])
    assert [unit for *_, unit in ranges] == ["ms an", "µJ an", "% of"]
    assert all(float(lower) < float(upper) for lower, upper, _ in ranges)
    assert "estimated from the instructions" in deployed[1]


def test_deploy_says_where_the_ram_goes(deployed_run: RunFolder) -> None:
    image = image_of(deployed_run)
    parts = image["ram_parts"]
    assert sum(parts.values()) == image["ram_bytes"] < 36_000
    cost = json.loads(deployed_run.cost_file.read_text("utf-8"))
    assert parts["network"] == cost["arena_bytes"]
    assert parts["last seconds of samples"] > 14_336
    assert min(parts.values()) > 0


def test_a_network_larger_than_was_known_is_not_deployed(
    deployed_run: RunFolder, tmp_path: Path
) -> None:
    run = deployed_run
    estimated = json.loads(run.cost_file.read_text("utf-8"))
    run.cost_file.write_text(json.dumps({**estimated, "arena_bytes": 40}), "utf-8")
    note_all(run)
    words = ("deploy", run.path, "--board", "virtual")
    refused = gesture(*words, cwd=tmp_path, code=ExitCode.MISMATCH)
    assert "conversion estimated 40" in refused.said


def test_deploy_lets_the_board_count_each_layer(deployed_run: RunFolder, tmp_path: Path) -> None:
    run = deployed_run
    plain = image_of(run)
    assert not plain["profiled"]
    counting = gesture(
        "deploy", run.path, "--board", "virtual", "--profile", "--json", cwd=tmp_path
    )
    profile = counting.json["profile"]
    cost = json.loads(run.cost_file.read_text("utf-8"))
    assert profile["unit"] == "instructions"
    assert [layer["name"] for layer in profile["layers"]] == [
        layer["name"] for layer in cost["layers"]
    ]
    counted = sum(layer["measured"] for layer in profile["layers"])
    whole = counting.json["image"]["instructions_per_inference"]
    assert 0.6 * whole < counted <= whole  # the rest is what counting takes
    assert plain["instructions_per_inference"] < whole
    verified = gesture("verify", run.path, "--json", cwd=tmp_path)
    assert verified.json["deployed"] == {
        "board": "virtual",
        "same": False,
        "why_not": "it counts its layers",
    }
