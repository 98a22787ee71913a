"""`gesture data`: takes looked over, drawn, listed, changed, fetched and exported."""

from __future__ import annotations

import base64
import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from pipeline.core.artifacts import Interval, Recording
from pipeline.core.errors import ExitCode
from pipeline.datasets.recordings import load_recording, load_recordings, save_recording
from tests.cli.commands import PROJECT, gesture
from tests.takes import save_all, take, takes

PNG = b"\x89PNG\r\n\x1a\n"


def test_lint_of_a_clean_dataset_finds_nothing_and_ends_with_0(
    dataset: Path, tmp_path: Path
) -> None:
    save_all(dataset, takes(["idle"], ("anna", "bo")))
    ended = gesture("data", "lint", "data/mine", cwd=tmp_path)
    assert "30 takes looked at, nothing found" in ended.said
    assert gesture("data", "lint", dataset, "--json", cwd=tmp_path).json["findings"] == []


def test_lint_names_file_and_line_and_what_to_do_and_ends_with_7(
    dataset: Path, tmp_path: Path
) -> None:
    holed = take("punch", 1, n=60)
    kept = np.r_[0:20, 23:60]
    save_recording(
        replace(holed, samples=holed.samples[kept], seq=holed.seq[kept], t_us=holed.t_us[kept]),
        dataset / "punch" / "anna-1-001.csv",
    )
    torn = dataset / "flex" / "bo-1-002.csv"
    text = torn.read_text("utf-8").splitlines()
    text[29] = text[29].rpartition(",")[0]
    torn.write_text("\n".join(text) + "\n", "utf-8")

    ended = gesture("data", "lint", "data/mine", cwd=tmp_path, code=ExitCode.FINDINGS)
    lines = (dataset / "punch" / "anna-1-001.csv").read_text("utf-8").splitlines()
    after_gap = 1 + next(n for n, line in enumerate(lines) if line.startswith("1023,"))
    assert f"data/mine/punch/anna-1-001.csv:{after_gap}: 3 samples are missing" in ended.said
    assert "data/mine/flex/bo-1-002.csv:30: has 7 cells where 8 belong" in ended.said
    assert "gesture data trim FILE" in ended.said

    found = gesture("data", "lint", "data/mine", "--json", cwd=tmp_path, code=ExitCode.FINDINGS)
    assert {(entry["check"], entry["line"]) for entry in found.json["findings"]} == {
        ("gap", after_gap),
        ("unreadable", 30),
        ("background", None),
    }
    assert all(entry["next_step"] and entry["what"] for entry in found.json["findings"])


def test_lint_without_a_dataset_is_an_error_not_a_finding(tmp_path: Path) -> None:
    ended = gesture("data", "lint", "data/nowhere", cwd=tmp_path, code=ExitCode.FAILED)
    assert "There is no dataset data/nowhere" in ended.said


def inked_pixels(png: bytes) -> tuple[int, int]:
    """How many pixels are not white, and how many colours there are."""
    import io

    from matplotlib.image import imread

    pixels = (imread(io.BytesIO(png))[:, :, :3] * 255).round().astype(np.uint8).reshape(-1, 3)
    return int((pixels < 250).any(axis=1).sum()), len(np.unique(pixels, axis=0))


def assert_drawn(png: bytes) -> None:
    assert png.startswith(PNG)
    inked, colours = inked_pixels(png)
    assert inked > 5000
    assert colours > 50


def test_show_draws_a_take_with_its_gap_and_its_interval(dataset: Path, tmp_path: Path) -> None:
    whole = take("punch", 9, n=80)
    plain = dataset / "punch" / "anna-1-009.csv"
    save_recording(whole, plain)
    kept = np.r_[0:20, 40:80]
    marked = replace(
        whole,
        samples=whole.samples[kept],
        seq=whole.seq[kept],
        t_us=whole.t_us[kept],
        intervals=(Interval(5, 15, "punch"),),
    )
    save_recording(marked, dataset / "punch" / "anna-1-010.csv")
    for name in ("anna-1-009", "anna-1-010"):
        gesture("data", "show", f"data/mine/punch/{name}.csv", "--out", f"{name}.png", cwd=tmp_path)
        assert_drawn((tmp_path / f"{name}.png").read_bytes())
    pictures = [(tmp_path / f"anna-1-0{n}.png").read_bytes() for n in ("09", "10")]
    reds = [count_reddish(picture) for picture in pictures]
    assert reds[0] < 100 < reds[1]  # the gap is a red band


def count_reddish(png: bytes) -> int:
    import io

    from matplotlib.image import imread

    red, green, blue = (imread(io.BytesIO(png))[:, :, i] for i in range(3))
    return int(((red > 0.9) & (green < 0.8) & (abs(green - blue) < 0.05)).sum())


def test_show_draws_an_overlay_of_every_label_as_picture_and_as_page(
    dataset: Path, tmp_path: Path
) -> None:
    ended = gesture("data", "show", "data/mine", "--out", "all.png", "--json", cwd=tmp_path)
    assert ended.json == {"file": "all.png", "recordings": 20}
    assert_drawn((tmp_path / "all.png").read_bytes())

    gesture("data", "show", "data/mine", "--out", "all.html", cwd=tmp_path)
    page = (tmp_path / "all.html").read_text("utf-8")
    assert "flex: 10 takes" in page
    assert "punch: 10 takes" in page
    pictures = re.findall(r"base64,([^\"]+)", page)
    assert len(pictures) == 3  # the overlay, and the takes of both labels
    for picture in pictures:
        assert_drawn(base64.b64decode(picture))


def test_show_refuses_another_ending_and_writes_nothing(dataset: Path, tmp_path: Path) -> None:
    ended = gesture(
        "data", "show", "data/mine", "--out", "all.gif", cwd=tmp_path, code=ExitCode.USAGE
    )
    assert ".png" in ended.said
    assert [path.name for path in tmp_path.iterdir()] == ["data"]


def test_what_cannot_be_written_is_reported(dataset: Path, tmp_path: Path) -> None:
    (tmp_path / "notes").write_text("a file, not a folder")
    for words in (
        ("show", "data/mine", "--out", "notes/all.png"),
        ("export", "data/mine", "notes/out", "--format", "tutorial"),
    ):
        ended = gesture("data", *words, cwd=tmp_path, code=ExitCode.FAILED)
        assert "notes" in ended.said
        assert "should not have" not in ended.said


def test_list_says_datasets_and_what_is_in_one(dataset: Path, tmp_path: Path) -> None:
    save_recording(take("wave", rate_hz=100.0), tmp_path / "data" / "other" / "wave" / "a-1-1.csv")
    listed = gesture("data", "list", "--json", cwd=tmp_path)
    assert listed.json == {"datasets": {"data/mine": 20, "data/other": 1}}
    inside = gesture("data", "list", "data/mine", "--json", cwd=tmp_path).json
    assert [(s["label"], s["person"], s["takes"], s["rates_hz"]) for s in inside["shares"]] == [
        (label, person, 5, [119.0]) for label in ("flex", "punch") for person in ("anna", "bo")
    ]
    said = gesture("data", "list", "data/mine", cwd=tmp_path).said
    assert "20 takes in data/mine" in said
    assert "flex bo 1 5 2.5 119" in said


def test_trim_keeps_the_part_its_intervals_and_the_recording_as_it_was(tmp_path: Path) -> None:
    whole = replace(take("punch", n=60), intervals=(Interval(10, 40, "punch"),))
    file = tmp_path / "data" / "mine" / "punch" / "anna-1-001.csv"
    save_recording(whole, file)
    before = file.read_bytes()
    words = ("--start", 19.5 / 119, "--stop", 49.5 / 119)
    ended = gesture("data", "trim", file, *map(str, words), "--json", cwd=tmp_path)
    assert (ended.json["kept"], ended.json["of"]) == (30, 60)
    part = load_recording(file)
    np.testing.assert_array_equal(part.samples, whole.samples[20:50])
    np.testing.assert_array_equal(part.seq, whole.seq[20:50])
    assert part.intervals == (Interval(0, 20, "punch"),)

    gesture("data", "trim", file, "--stop", "0.1", cwd=tmp_path)
    assert Path(ended.json["untrimmed"]).read_bytes() == before  # still the first one
    assert len(load_recordings(tmp_path / "data" / "mine")) == 1


def test_trim_to_nothing_is_refused_and_changes_nothing(dataset: Path, tmp_path: Path) -> None:
    file = dataset / "punch" / "anna-1-001.csv"
    before = file.read_bytes()
    ended = gesture("data", "trim", file, "--start", "7", cwd=tmp_path, code=ExitCode.USAGE)
    assert "0.496" in ended.said
    assert file.read_bytes() == before
    assert len(list(file.parent.iterdir())) == 10


def test_relabel_moves_and_rewrites_and_never_overwrites(dataset: Path, tmp_path: Path) -> None:
    wrong = [dataset / "punch" / f"anna-1-00{n}.csv" for n in (2, 4)]
    samples = [load_recording(path).samples for path in wrong]
    others = {path: path.read_bytes() for path in dataset.glob("flex/*.csv")}
    files = [str(path.relative_to(tmp_path)) for path in wrong]
    ended = gesture("data", "relabel", *files, "--label", "flex", "--json", cwd=tmp_path)
    moved = [tmp_path / entry["to"] for entry in ended.json["moved"]]
    assert [path.name for path in moved] == ["anna-1-006.csv", "anna-1-007.csv"]
    for path, was in zip(moved, samples, strict=True):
        np.testing.assert_array_equal(load_recording(path).samples, was)
    assert not any(path.exists() for path in wrong)
    assert all(path.read_bytes() == content for path, content in others.items())
    assert len(load_recordings(dataset)) == 20  # labels and folders agree


@pytest.mark.parametrize("label", ["../flex", "punch"])
def test_relabel_that_cannot_be_changes_nothing(dataset: Path, tmp_path: Path, label: str) -> None:
    files = [dataset / "flex" / "bo-1-001.csv", dataset / "punch" / "bo-1-001.csv"]
    before = sorted(dataset.rglob("*"))
    gesture("data", "relabel", *files, "--label", label, cwd=tmp_path, code=ExitCode.USAGE)
    assert sorted(dataset.rglob("*")) == before


def test_the_catalogue_is_reported_with_what_others_reached(tmp_path: Path) -> None:
    said = gesture("data", "list", "--remote", cwd=tmp_path).said
    for words in ("spells", "punch_flex", "uhh_imu", "watch", "88.0 %", "88.9 %", "MIT", "assumed"):
        assert words in said
    listed = gesture("data", "list", "--remote", "--json", cwd=tmp_path).json["datasets"]
    watch = next(item for item in listed if item["entry"]["name"] == "watch")
    assert watch["entry"]["people"] == 10
    assert watch["files"][0]["url"].endswith("/seglearn-1.2.5.tar.gz")


def test_a_dataset_is_fetched_from_a_folder_and_not_twice(
    tmp_path: Path, shared_data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = gesture("data", "get", "spells", "--from", shared_data, "--json", cwd=tmp_path)
    noted = [*first.json["left_out"], *first.json["noted"]]
    assert noted
    assert all(
        (shared_data / "gestures" / "spells" / line.partition(":")[0]).is_file() for line in noted
    )
    assert sum(entry["takes"] for entry in first.json["takes"]) == 125
    again = gesture(
        "data", "get", "spells", "--from", shared_data, cwd=tmp_path, code=ExitCode.USAGE
    )
    assert "data/spells is there already" in again.said
    monkeypatch.setenv("GESTURE_DATA", str(shared_data))
    named = gesture("data", "get", "spells", "--dataset", "wands", cwd=tmp_path)
    assert "--set data.path=data/wands" in named.out.splitlines()[-1]
    assert gesture("data", "list", "--json", cwd=tmp_path).json["datasets"] == {
        "data/spells": 125,
        "data/wands": 125,
    }


def test_a_misspelt_name(tmp_path: Path) -> None:
    ended = gesture("data", "get", "spels", cwd=tmp_path, code=ExitCode.USAGE)
    assert "misspelt for 'spells'" in ended.said


SAMPLE = PROJECT / "data" / "sample"


def exported_and_read_back(dataset: Path, work: Path) -> list[Recording]:
    ended = gesture("data", "export", dataset, "out", "--format", "tutorial", "--json", cwd=work)
    for command in ended.json["read_back"]:
        words = command.replace("NAME", "back").split()[1:]
        gesture(*words, cwd=work)
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
        ended = gesture(
            "data",
            "export",
            "data/mine",
            form,
            "--format",
            form,
            cwd=tmp_path,
            code=ExitCode.LEFT_OUT,
        )
        assert "left out data/mine/punch/anna-1-001.csv: has gaps" in ended.said
        assert "19 takes" in ended.said


def test_an_export_of_nothing_has_failed(tmp_path: Path) -> None:
    holed = take("punch", 1)
    holed = replace(holed, seq=holed.seq + 3 * (np.arange(60) >= 30))
    save_all(tmp_path / "data" / "mine", [holed])
    ended = gesture(
        "data",
        "export",
        "data/mine",
        "out",
        "--format",
        "tutorial",
        cwd=tmp_path,
        code=ExitCode.FAILED,
    )
    assert "Nothing was exported" in ended.said


def test_export_never_writes_into_a_folder_in_use(dataset: Path, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "notes.txt").write_text("mine")
    ended = gesture(
        "data", "export", dataset, "out", "--format", "tutorial", cwd=tmp_path, code=ExitCode.USAGE
    )
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["notes.txt"]
    ended = gesture(
        "data", "export", dataset, "new", "--format", "csv", cwd=tmp_path, code=ExitCode.USAGE
    )
    assert "tutorial, edge-impulse" in ended.said


def test_edge_impulse_export_is_its_acquisition_format_unsigned(
    dataset: Path, tmp_path: Path
) -> None:
    gesture("data", "export", dataset, "ei", "--format", "edge-impulse", cwd=tmp_path)
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
