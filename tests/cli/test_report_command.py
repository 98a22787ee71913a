"""`gesture report`: what a run withstands, and a page made of all that its stages have left."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipeline.core.errors import ExitCode
from pipeline.core.run_folder import RunFolder
from pipeline.core.shares import Share
from pipeline.training.held_out_scores import HeldOutScores
from pipeline.workflows.decision import Events
from tests.cli.commands import gesture
from tests.fixtures.reported import event_score
from tests.noted import note_all


@pytest.fixture(scope="module")
def reported(reported_run: tuple[Path, Any], work: Path) -> Any:
    run, said = reported_run
    shutil.copytree(run, work / "runs" / "reported")
    return said


def page_of(run: Path) -> str:
    return " ".join(RunFolder(run).report_file.read_text("utf-8").split())


def copy(run: Path, name: str) -> Path:
    place = run.with_name(name)
    shutil.copytree(run, place)
    return place


def test_conversion_leaves_a_report_of_what_the_board_computes(converted_run: Path) -> None:
    run = RunFolder(converted_run)
    scores = HeldOutScores.load(run.scores_file)
    right = int(np.sum(scores.int8_scores.argmax(axis=1) == scores.targets))
    streams = Events.load(run.events_file).gestures
    called = Share(sum(one.found for one in streams), sum(one.takes for one in streams))
    page = page_of(converted_run)
    assert f'<p class="headline">{called}</p>' in page
    assert f"Of single windows, {right} of {len(scores.targets)} held-out ones" in page
    assert "the board's own C computes in int8" in page
    assert "gesture report runs/quick" in page  # what it withstands is not known yet
    assert "<th>gestures</th><th>rest</th><th>unknown</th>" in page


def test_undisturbed_windows_are_called_as_they_were_at_conversion(
    reported: Any, work: Path
) -> None:
    """The sweep goes by the board's own scaling, conversion by NumPy's: a window may tip over."""
    assert {curve["name"] for curve in reported["robustness"]["curves"]} == {
        "rotation",
        "gain",
        "rate error",
        "dropped samples",
        "noise",
        "clipping",
    }
    for curve in reported["robustness"]["curves"]:
        neutral = curve["accuracies"][curve["levels"].index(curve["neutral"])]
        assert neutral == pytest.approx(reported["accuracy"], abs=0.03)
    assert "Not computed yet: accuracy against rotation" not in page_of(work / "runs" / "reported")


def test_the_page_says_whether_more_takes_pay(reported: Any, work: Path) -> None:
    curve = reported["learning"]["takes"]
    assert curve["sentence"] in page_of(work / "runs" / "reported")
    assert curve["sentence"] in gesture("report", "runs/reported", cwd=work).said


def test_the_same_run_tolerates_the_same_and_is_asked_once(reported: Any, work: Path) -> None:
    run = copy(work / "runs" / "reported", "again")
    kept = (run / "robustness.json").read_bytes()
    assert "disturbing" not in gesture("report", "runs/again", cwd=work).said
    (run / "robustness.json").write_text("{", "utf-8")
    assert "disturbing: rotation" in gesture("report", "runs/again", cwd=work).said
    assert (run / "robustness.json").read_bytes() == kept


def test_a_report_made_within_the_run_has_its_name(reported: Any, work: Path) -> None:
    run = copy(work / "runs" / "reported", "within")
    gesture("report", ".", cwd=run)
    assert "<h1>within</h1>" in page_of(run)


def test_curves_of_another_model_are_not_passed_off_as_this_ones(reported: Any, work: Path) -> None:
    run = copy(work / "runs" / "reported", "other")
    curves = json.loads((run / "robustness.json").read_text("utf-8"))
    said = {**curves, "contract": "0" * 64, "rotation_limit_deg": 1.5}
    (run / "robustness.json").write_text(json.dumps(said), "utf-8")
    note_all(run)
    gesture("report", "runs/other", cwd=work)
    assert json.loads((run / "robustness.json").read_text("utf-8")) == curves


def test_an_evaluation_takes_the_headline(reported: Any, work: Path) -> None:
    run = copy(work / "runs" / "reported", "evaluated")
    labels = RunFolder(run).contract().labels
    count = len(labels)
    score = {
        "what": "",
        "folds": [{}, {}, {}],
        "people": [{"person": "zoe", "windows": 9, "int8_accuracy": 1 / 3}],
        "float_accuracy": 0.5,
        "labels": labels,
        "called": {"gestures": event_score(takes=9, found=8), "unknown": event_score()},
        "confusion": np.ones((count, count), int).tolist(),
    }
    protocols = [
        {"protocol": "kfold", "int8_accuracy": 0.9, **score},
        {"protocol": "lopo", "int8_accuracy": 1 / count, **score},
        {"protocol": "leaky", "int8_accuracy": 0.987, **score},
    ]
    content = {"folder": "evaluations/evaluated-1", "protocols": protocols}
    (run / "evaluation.json").write_text(json.dumps(content), "utf-8")
    note_all(run)
    ended = gesture("report", "runs/evaluated", "--json", cwd=work)
    assert ended.json["accuracy"] == pytest.approx(1 / count)
    page = page_of(run)
    assert '<p class="headline">8 of 9</p>' in page
    assert "It holds for a stranger: no recording of zoe was learned from." in page
    assert "each person in turn" in page
    assert "<b>98.7 %</b>" in page
    assert "<td>zoe</td><td>9</td><td>3 of 9</td>" in page


def test_a_run_that_is_not_converted_gets_its_report_all_the_same(
    reported: Any, work: Path
) -> None:
    run = copy(work / "runs" / "reported", "unconverted")
    (run / "robustness.json").unlink()
    contract = json.loads((run / "contract.json").read_text("utf-8"))
    contract["quantisation"] = contract["hashes"]["model"] = None
    (run / "contract.json").write_text(json.dumps(contract), "utf-8")
    note_all(run)
    assert "once the run is converted" in gesture("report", "runs/unconverted", cwd=work).said
    assert not (run / "robustness.json").exists()
    assert "gesture convert runs/unconverted && gesture report runs/unconverted" in page_of(
        run
    ).replace("&amp;", "&")


@pytest.mark.parametrize(
    ("file", "content", "code", "said"),
    [
        ("contract.json", None, ExitCode.FAILED, "no contract at"),
        ("metrics.json", None, ExitCode.MISMATCH, "metrics.json is missing"),
        ("metrics.json", b"{", ExitCode.MISMATCH, "metrics.json cannot be read"),
        ("metrics.json", b"{}", ExitCode.MISMATCH, "is not complete"),
        ("evaluation.json", b'{"protocols": [{}]}', ExitCode.MISMATCH, "is not complete"),
        ("windows.npz", b"PK", ExitCode.MISMATCH, "windows.npz cannot be read"),
        ("windows.npz", b"PK\x03\x04", ExitCode.MISMATCH, "windows.npz cannot be read"),
        ("config.yaml", b"data: [", ExitCode.USAGE, "config.yaml is not readable as YAML"),
        ("scores.npz", b"PK\x03\x04", ExitCode.MISMATCH, "scores.npz cannot be read"),
        ("scores.npz", None, ExitCode.MISMATCH, "scores.npz is missing"),
    ],
)
def test_a_damaged_run_is_reported_and_its_report_kept(
    reported: Any,
    work: Path,
    file: str,
    content: bytes | None,
    code: int,
    said: str,
) -> None:
    run = work / "runs" / "damaged"
    shutil.rmtree(run, ignore_errors=True)
    shutil.copytree(work / "runs" / "reported", run)
    before = (run / "report.html").read_bytes()
    if content is None:
        (run / file).unlink()
    else:
        (run / file).write_bytes(content)
        note_all(run)
    assert said in gesture("report", "runs/damaged", cwd=work, code=code).said
    assert (run / "report.html").read_bytes() == before


def test_a_run_of_an_older_version_is_not_converted(converted_run: Path, work: Path) -> None:
    run = copy(converted_run, "older")
    with np.load(run / "windows.npz") as content:
        kept = {name: content[name] for name in content.files if name != "test_names"}
    np.savez(run / "windows.npz", **kept)
    note_all(run)
    ended = gesture("convert", "runs/older", cwd=work, code=ExitCode.MISMATCH)
    assert "windows.npz cannot be read: it has no test_names" in ended.said
    assert "`gesture train` makes it again" in ended.said


def test_a_missing_run_is_reported(tmp_path: Path) -> None:
    ended = gesture("report", "runs/nope", cwd=tmp_path, code=ExitCode.USAGE)
    assert "no run at runs/nope" in ended.said
