"""Datasets, labels and people are named as people name them, in every command."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from pipeline.capture.segmentation import segmenter_for
from pipeline.cli import asking
from pipeline.cli.app import app
from pipeline.config.gesture_settings import GestureConfig
from pipeline.core.errors import UsageError
from pipeline.core.original_names import OriginalNames, can_be_drawn, load_names
from pipeline.core.run_folder import RunFolder
from pipeline.datasets.exporters import FORMATS, export_dataset
from pipeline.datasets.importers import ImportOptions
from pipeline.datasets.lint import lint_dataset
from pipeline.datasets.names import DatasetNames
from pipeline.datasets.recordings import add_recording, find_dataset, load_recordings
from pipeline.datasets.similar_labels import SimilarLabelError, check_new_label
from pipeline.reports.facts import written_verdict
from pipeline.workflows.capture import CaptureOptions, plan_of
from pipeline.workflows.datasets import import_data, relabel
from pipeline.workflows.resolved_config import keep_names, with_dataset, with_names
from pipeline.workflows.typed_names import written_dataset
from tests.fixtures.reported import verdict
from tests.takes import save_all, takes

POINT, CIRCLE, MARY = "rond point", "круг", "mary-jane"


@pytest.fixture
def mine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """data/mine, with names of any script."""
    monkeypatch.chdir(tmp_path)
    names = DatasetNames(Path("data/mine"))
    for text in (POINT, CIRCLE):
        label, person = names.name("label", text), names.name("person", MARY)
        for take in takes([label], each=2):
            add_recording(replace(take, person=person), Path("data/mine"))
    names.save()
    return Path("data/mine")


def said(*words: str) -> str:
    return CliRunner().invoke(app, words, catch_exceptions=False).output


def test_a_name_in_data_is_found_and_a_folder_with_recordings_comes_first(mine: Path) -> None:
    assert find_dataset(Path("mine")) == (mine, "")
    assert find_dataset(Path("data/mine")) == (mine, "")
    assert find_dataset(mine.absolute()) == (mine.absolute(), "")
    assert find_dataset(Path("nothing")).path == Path("nothing")
    Path("mine").mkdir()
    assert find_dataset(Path("mine")) == (mine, "data/mine was taken; mine holds no recordings")
    save_all(Path("mine"), takes(["up"], each=1))
    place = find_dataset(Path("mine"))
    assert place == (Path("mine"), "mine was taken; data/mine holds recordings too")


def test_a_dataset_itself_may_be_called_anything(mine: Path) -> None:
    folder = written_dataset("mes données", lambda _: None)
    save_all(folder, takes(["up"], each=1))
    assert written_dataset("data/mes_donnees", lambda _: None) == folder
    assert find_dataset(Path("mes données")).path == folder
    with pytest.raises(UsageError):
        written_dataset("../elsewhere", lambda _: None)


def test_lists_and_findings_show_what_was_written(mine: Path) -> None:
    listed = said("data", "list", "mine")
    for text in (POINT, CIRCLE, MARY):
        assert text in listed
    found = " ".join(finding.what for finding in lint_dataset(mine).findings)
    assert f"{POINT} has only 2 takes" in found
    assert f"{CIRCLE} has only 2 takes" in found


@pytest.mark.parametrize("label", [CIRCLE, "krug"])
def test_a_typed_label_is_the_original_or_the_name_in_files(mine: Path, label: str) -> None:
    moved = relabel([next(mine.glob("rond_point/*.csv"))], label, new_label=False)
    assert [target.parent.name for _, target in moved] == ["krug"]
    config = GestureConfig.model_validate({"data": {"path": "mine", "labels": [label, POINT]}})
    config = with_names(with_dataset(config)[0])
    assert (config.data.path, config.data.labels) == (mine, ("krug", "rond_point"))


def test_a_slip_is_compared_with_what_was_written(mine: Path) -> None:
    assert check_new_label(mine, POINT, is_meant=False) == POINT
    for slip in ("rond pont", "Rond-point", "круги"):
        with pytest.raises(SimilarLabelError, match=f"{POINT}|{CIRCLE}"):
            check_new_label(mine, slip, is_meant=False)


@pytest.mark.parametrize(("answer", "result"), [("y\n", "meant"), ("\n", None), ("no\n", None)])
def test_a_new_label_is_asked_about_on_a_terminal(
    mine: Path, monkeypatch: pytest.MonkeyPatch, answer: str, result: str | None
) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    def do(is_meant: bool) -> str:
        check_new_label(mine, "rond pont", is_meant)
        return "meant"

    monkeypatch.setattr(asking.sys, "stdin", Terminal(answer))
    if result:
        assert asking.ask_about_label(do, new_label=False, as_json=False) == result
    else:
        with pytest.raises(SimilarLabelError):
            asking.ask_about_label(do, new_label=False, as_json=False)
    with pytest.raises(SimilarLabelError):
        asking.ask_about_label(do, new_label=False, as_json=True)


def test_a_capture_asks_for_a_gesture_by_what_was_written(mine: Path) -> None:
    plan = plan_of(CaptureOptions(labels=("krug",)), load_names(mine))
    assert CIRCLE in segmenter_for(plan, []).prompt


def test_a_run_keeps_the_names_and_reports_show_them(mine: Path, tmp_path: Path) -> None:
    config = GestureConfig.model_validate({"data": {"path": str(mine)}})
    keep_names(config, RunFolder(tmp_path))
    names = load_names(tmp_path)
    shown = written_verdict(verdict(labels=("krug", "up")), names)
    assert shown.labels == (CIRCLE, "up")


def test_pictures_have_what_their_font_can_draw() -> None:
    names = OriginalNames({"label": {"krug": CIRCLE, "neko": "猫"}})
    shown = [names.shown("label", name, can_be_drawn) for name in ("krug", "neko", "up")]
    assert shown == [CIRCLE, "neko", "up"]


@pytest.mark.parametrize("form", FORMATS)
def test_an_export_read_back_has_the_names_that_were_written(mine: Path, form: str) -> None:
    report = export_dataset(mine, Path("out"), form)
    assert not report.left_out
    options = ImportOptions(rate_hz=119, take_rows=60)
    imported = import_data(Path("out"), "copy", options).dataset
    assert load_names(imported).texts["label"] == load_names(mine).texts["label"]
    assert load_names(imported).shown("person", "mary_jane") == MARY or form == "edge-impulse"
    assert len(load_recordings(imported)) == len(load_recordings(mine))
