"""The studio's server: who may ask, what it answers, and that no name leads out of the project."""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import numpy as np
import pytest
from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from pipeline.capture.port_list import programs_using
from pipeline.core.errors import UsageError
from pipeline.core.run_folder import RunFolder
from pipeline.datasets.recordings import load_recording
from pipeline.studio import server
from pipeline.studio.activities import Activities, Activity
from pipeline.studio.app import make_app
from pipeline.studio.page_words import in_page_words
from tests.fixtures.waiting import until
from tests.takes import save_all, takes

PORT, TOKEN = 8765, "token-of-a-test"
HERE = f"http://127.0.0.1:{PORT}"
TAKE = "/api/datasets/mine/takes/punch/anna-1-001.csv"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    save_all(tmp_path / "data" / "mine", takes(["punch", "flex"], people=("anna", "bob"), each=4))
    return tmp_path


@pytest.fixture
def page(project: Path) -> Iterator[TestClient]:
    """A browser that has opened the address of the terminal."""
    with TestClient(make_app(PORT, TOKEN), base_url=HERE) as client:
        assert client.get(f"/?token={TOKEN}").status_code == 200
        yield client


def asked(page: TestClient, path: str) -> Any:
    answer = page.get(path)
    assert answer.status_code == 200, answer.text
    return answer.json()


@pytest.mark.parametrize(
    "headers",
    [
        {"host": "evil.example"},
        {"host": f"127.0.0.1:{PORT + 1}"},
        {"origin": "http://evil.example"},
        {"origin": f"http://127.0.0.1:{PORT + 1}"},
        {"origin": "null"},
        {"cookie": ""},
        {"cookie": f"studio-{PORT}=another"},
    ],
)
def test_others_are_refused(page: TestClient, headers: dict[str, str]) -> None:
    for answer in (
        page.get("/api/datasets", headers=headers),
        page.post(TAKE, headers=headers, json={"action": "discard"}),
        page.get("/page/main.js", headers=headers),
    ):
        assert answer.status_code == 403
        assert "access-control-allow-origin" not in answer.headers
    with pytest.raises(WebSocketDisconnect), page.websocket_connect("/live", headers=headers):
        pass


def test_the_token_leaves_the_address_and_scripts_of_others_are_not_loaded(
    page: TestClient,
) -> None:
    answer = page.get(f"/?token={TOKEN}", follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    assert "httponly" in answer.headers["set-cookie"].lower()
    policy = page.get("/").headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self'" in policy


@pytest.mark.parametrize(
    "path",
    [
        "/api/datasets/..%2f..%2fetc/takes",
        "/api/datasets/%2e%2e/takes",
        "/api/datasets/mine/takes/..%2f..%2f..%2fetc/passwd",
        "/api/datasets/mine/takes/punch/..%2fanna-1-001.csv",
        "/api/runs/..%2f..%2fetc/files/model.tflite",
        "/api/runs/x/files/..%2f..%2fsecret",
        "/page/..%2f..%2fapp.py",
    ],
)
def test_no_name_leads_out_of_the_project(page: TestClient, path: str) -> None:
    assert page.get(path).status_code in (400, 404)


def test_a_browser_may_be_faster_than_the_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "_require_charts", lambda: None)

    def open_at_once(address: str) -> None:
        with socket.create_connection((server.HOST, urlsplit(address).port), timeout=5):
            raise KeyboardInterrupt  # it was not refused; nothing has to be served

    with pytest.raises(KeyboardInterrupt):
        server.serve(0, False, open_at_once)


def test_takes_are_listed_with_a_picture_of_each(page: TestClient) -> None:
    found = asked(page, "/api/datasets/mine/takes")
    assert len(found) == 16
    assert {take["label"] for take in found} == {"punch", "flex"}
    picture = found[0]["picture"]
    assert len(picture["values"]) == 6
    assert {len(column) for column in picture["values"]} == {len(picture["t_s"])}


def test_a_take_is_trimmed_and_brought_back(page: TestClient, project: Path) -> None:
    file = project / "data/mine/punch/anna-1-001.csv"
    whole = load_recording(file).samples
    assert (
        page.post(TAKE, json={"action": "trim", "start_s": 0.1, "stop_s": 0.3}).status_code == 200
    )
    part = load_recording(file).samples
    assert 0 < len(part) < len(whole)
    assert asked(page, "/api/datasets/mine/takes")[-1]["trimmed"]
    page.post(TAKE, json={"action": "untrim"})
    assert np.array_equal(load_recording(file).samples, whole)


def test_a_discarded_take_is_no_take_until_it_is_restored(page: TestClient, project: Path) -> None:
    file = project / "data/mine/punch/anna-1-001.csv"
    content = file.read_bytes()
    page.post(TAKE, json={"action": "discard"})
    assert len(asked(page, "/api/datasets/mine/takes")) == 15
    file.write_bytes(content.replace(b"anna", b"carl"))  # its name was taken since
    restored = page.post(TAKE, json={"action": "restore"}).json()
    assert restored == {"file": "anna-1-005.csv", "label": "punch"}
    assert len(asked(page, "/api/datasets/mine/takes")) == 17


def test_a_misspelt_label_is_asked_about(page: TestClient, project: Path) -> None:
    answer = page.post(TAKE, json={"action": "relabel", "label": "flexx"})
    assert (answer.status_code, answer.json()["kind"]) == (400, "SimilarLabelError")
    page.post(TAKE, json={"action": "relabel", "label": "flexx", "new_label": True})
    assert (project / "data/mine/flexx/anna-1-001.csv").exists()


def test_the_map_shows_a_take_with_a_wrong_label(page: TestClient, project: Path) -> None:
    for number in range(1, 5):  # waves are all alike; one of them is called punch
        take = load_recording(project / f"data/mine/flex/anna-1-00{number}.csv")
        label = "punch" if number == 1 else "wave"
        folder = project / "data/mine" / label
        folder.mkdir(exist_ok=True)
        text = (project / "data/mine/flex/anna-1-001.csv").read_text()
        (folder / f"odd-1-00{number}.csv").write_text(
            text.replace("# label: flex", f"# label: {label}").replace("anna", "odd")
        )
        assert len(take) > 0
    points = {point["name"]: point for point in asked(page, "/api/datasets/mine/map")}
    assert points["punch/odd-1-001"]["looks_like"] == "wave"
    assert not points["wave/odd-1-002"]["looks_like"]


def test_dropped_files_are_shown_before_they_are_saved(page: TestClient, project: Path) -> None:
    rows = "\n".join(",".join(f"{v:.3f}" for v in row) for row in np.random.rand(238, 6))
    number = page.post("/api/imports").json()["import"]
    page.put(f"/api/imports/{number}/files/a/wave.csv", content=f"aX,aY,aZ,gX,gY,gZ\n{rows}\n")
    wish = {"dataset": "dropped", "person": "eve"}
    found = page.post(f"/api/imports/{number}/understand", json=wish).json()
    assert found["recordings"] == 2
    assert "assumed, as in the Arduino tutorial" in found["understood"][0]
    assert not (project / "data/dropped").exists()
    assert page.post(f"/api/imports/{number}/save", json=wish).json()["takes"] == 2
    assert sorted(p.name for p in (project / "data/dropped/wave").iterdir()) == [
        "eve-1-001.csv",
        "eve-1-002.csv",
    ]


@pytest.mark.parametrize("name", ["../../evil.csv", "..%2f..%2fevil.csv", "/etc/evil.csv"])
def test_a_dropped_file_stays_in_its_folder(page: TestClient, project: Path, name: str) -> None:
    number = page.post("/api/imports").json()["import"]
    page.put(f"/api/imports/{number}/files/{name}", content="x")
    assert not list(project.parent.glob("**/evil.csv"))
    assert not Path("/etc/evil.csv").exists()


def test_a_dataset_is_downloaded_for_other_tools(page: TestClient) -> None:
    for form in asked(page, "/api/exports"):
        answer = page.get(f"/api/datasets/mine/export?format={form}")
        assert answer.status_code == 200, answer.text
        with zipfile.ZipFile(BytesIO(answer.content)) as archive:
            assert archive.namelist()


def test_parquet_is_offered_where_it_can_be_written(
    page: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipeline.studio.dataset_routes.find_spec", lambda _: None)
    assert asked(page, "/api/exports") == ["tutorial", "edge-impulse"]


def test_an_error_says_what_to_do(page: TestClient) -> None:
    error = page.get("/api/datasets/nothing/lint")
    assert error.status_code == 400
    assert all(error.json()[key] for key in ("what", "why", "next"))


def test_the_newest_discarded_take_is_known_and_comes_back_with_what_was_trimmed(
    page: TestClient, project: Path
) -> None:
    file = project / "data/mine/punch/anna-1-001.csv"
    whole = load_recording(file).samples
    for name in ("anna-1-002", "anna-1-001"):
        take = f"/api/datasets/mine/takes/punch/{name}.csv"
        page.post(take, json={"action": "trim", "start_s": 0.1, "stop_s": 0.3})
        page.post(take, json={"action": "discard"})
    file.write_bytes((project / "data/mine/punch/anna-1-003.csv").read_bytes())
    assert page.post(TAKE, json={"action": "untrim"}).status_code == 400  # it is another take
    page.post(TAKE, json={"action": "discard"})
    names = [take["id"] for take in asked(page, "/api/datasets/mine/discarded")]
    assert names == ["punch/anna-1-002.csv", "punch/anna-1-001.csv", "punch/anna-1-001.csv.2"]
    page.post(TAKE, json={"action": "restore"})
    page.post(TAKE, json={"action": "untrim"})
    assert np.array_equal(load_recording(file).samples, whole)


def test_lint_says_where_in_a_take(page: TestClient, project: Path) -> None:
    file = project / "data/mine/punch/anna-1-001.csv"
    lines = file.read_text().split("\n")
    columns = next(row for row, line in enumerate(lines) if line and line[0] != "#")
    t_us = [int(line.split(",")[1]) for line in lines[columns + 1 :] if line]
    del lines[columns + 21 : columns + 26]  # five samples are missing
    file.write_text("\n".join(lines))
    found = [one for one in asked(page, "/api/datasets/mine/lint") if one["at_s"] is not None]
    assert found
    assert all(one["file"].endswith("punch/anna-1-001.csv") for one in found)
    assert found[0]["at_s"] == pytest.approx((t_us[25] - t_us[0]) / 1e6)


def test_one_training_at_a_time() -> None:
    activities = Activities(lambda _: None)
    activities.all[1] = Activity(1, "train", {})
    with pytest.raises(UsageError, match="A training runs already"):
        asyncio.run(activities.start("train", {"config": "gesture_rocket"}))


def test_a_file_that_is_no_recording_is_named_as_it_was_dropped(page: TestClient) -> None:
    number = page.post("/api/imports").json()["import"]
    page.put(f"/api/imports/{number}/files/notes.csv", content="hello,world\n1,2\n")
    page.put(f"/api/imports/{number}/files/more/other.csv", content="hello,world\n1,2\n")
    found = page.post(f"/api/imports/{number}/understand", json={"dataset": "x"}).json()
    assert found["recordings"] == 0
    said = " ".join(found["left_out"])
    assert "notes.csv" in said
    assert "gesture-import" not in said


def dropped(page: TestClient, name: str, content: str) -> str:
    """The address of an import of one file."""
    number = page.post("/api/imports").json()["import"]
    page.put(f"/api/imports/{number}/files/{name}", content=content)
    return f"/api/imports/{number}"


def rows_of_motion(rows: int = 238) -> str:
    return "\n".join(",".join(f"{v:.3f}" for v in row) for row in np.random.rand(rows, 6))


@pytest.mark.parametrize(
    "answer", [{"rate_hz": "fast"}, {"take_rows": "1.5"}, {"rate_hz": "-5"}, {"units": "furlongs"}]
)
def test_a_wrong_answer_is_explained_without_options_of_the_terminal(
    page: TestClient, answer: dict[str, str]
) -> None:
    place = dropped(page, "wave.csv", f"aX,aY,aZ,gX,gY,gZ\n{rows_of_motion()}\n")
    refused = page.post(f"{place}/understand", json={"dataset": "x", **answer})
    assert refused.status_code == 400
    assert "fault of the program" not in refused.text
    assert "--" not in refused.text
    assert next(iter(answer.values())) in refused.json()["what"]


def test_a_question_is_asked_once_for_all_files(page: TestClient) -> None:
    number = page.post("/api/imports").json()["import"]
    for name in ("punch", "flex"):
        page.put(f"/api/imports/{number}/files/{name}.csv", content=rows_of_motion())
    found = page.post(f"/api/imports/{number}/understand", json={"dataset": "x"}).json()
    assert [question["key"] for question in found["questions"]] == ["columns"]
    assert len(found["left_out"]) == 2
    assert not any("--" in line for line in found["left_out"])


def test_where_the_labels_come_from_can_be_answered(page: TestClient) -> None:
    number = page.post("/api/imports").json()["import"]
    for name in ("anna_tap", "bob_roll", "anna_roll", "bob_tap"):
        content = f"aX,aY,aZ,gX,gY,gZ\n{rows_of_motion()}\n"
        page.put(f"/api/imports/{number}/files/{name}.csv", content=content)
    wish = {"dataset": "x", "label_from": "first-word"}
    found = page.post(f"/api/imports/{number}/understand", json=wish).json()
    assert "labels from the first words of the names: anna, bob" in found["understood"][0]


def test_no_folder_of_the_studio_is_named_when_nothing_can_be_read(page: TestClient) -> None:
    number = page.post("/api/imports").json()["import"]
    for name in ("a.pdf", "b.pdf"):
        page.put(f"/api/imports/{number}/files/{name}", content="x")
    refused = page.post(f"/api/imports/{number}/understand", json={"dataset": "x"})
    assert "what was dropped" in refused.json()["what"]
    assert "gesture-import" not in refused.text


def test_a_dataset_is_called_as_it_was_written(page: TestClient) -> None:
    name = "<img src=x onerror=alert(1)> 👍"
    place = dropped(page, "wave.csv", f"aX,aY,aZ,gX,gY,gZ\n{rows_of_motion()}\n")
    wish = {"dataset": name}
    page.post(f"{place}/understand", json=wish)
    assert page.post(f"{place}/save", json=wish).json()["dataset"] == name
    assert name in [one["shown"] for one in asked(page, "/api/datasets")]


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("run `gesture convert runs/a` first", "run `Convert to C` on the Deploy page first"),
        ("`gesture train --resume runs/a`", "`Go on` on the Train page"),
        ("name one, for example `--port /dev/x`", "name one, for example a board on the Connect"),
        ("write wave, or add --new-label if you", "write wave, or choose `OK` if you"),
        ("`gesture evaluate --protocol lopo` measures", "`gesture evaluate --protocol lopo`"),
    ],
)
def test_errors_name_the_controls_of_the_page(said: str, shown: str) -> None:
    assert in_page_words({"next": [said]})["next"][0].startswith(shown)


def test_a_training_that_was_stopped_is_offered_again(page: TestClient, project: Path) -> None:
    run = RunFolder(project / "runs" / "stopped")
    run.path.mkdir(parents=True)
    run.config_file.write_text("task: gesture\n")
    [found] = asked(page, "/api/runs")
    assert not found["is_resumable"]
    run.checkpoint_file.parent.mkdir()
    run.checkpoint_file.write_bytes(b"weights")
    [found] = asked(page, "/api/runs")
    assert found["is_resumable"]


def test_dropped_files_of_other_kinds_are_named(page: TestClient) -> None:
    number = page.post("/api/imports").json()["import"]
    for name in ("photo.jpg", "punch.csv", "readme.md"):
        content = f"aX,aY,aZ,gX,gY,gZ\n{rows_of_motion()}\n"
        page.put(f"/api/imports/{number}/files/{name}", content=content)
    found = page.post(f"/api/imports/{number}/understand", json={"dataset": "x"}).json()
    assert found["recordings"] == 2
    said = " ".join(found["left_out"])
    assert "photo.jpg" in said
    assert "readme.md" in said
    assert "punch.csv" not in said


def test_people_are_called_as_they_were_written(page: TestClient) -> None:
    place = dropped(page, "wave.csv", f"aX,aY,aZ,gX,gY,gZ\n{rows_of_motion()}\n")
    wish = {"dataset": "friends", "person": "Zoë <b>"}
    page.post(f"{place}/understand", json=wish)
    page.post(f"{place}/save", json=wish)
    takes_there = asked(page, "/api/datasets/friends/takes")
    assert {take["person"] for take in takes_there} == {"Zoë <b>"}


@pytest.mark.skipif(not Path("/proc/self/comm").exists(), reason="only Linux names processes so")
def test_who_is_told_that_a_port_is_in_use_reads_that_the_studio_has_it() -> None:
    board, port = os.openpty()
    worker = subprocess.Popen(
        [sys.executable, "-m", "pipeline.studio.worker"], stdin=subprocess.PIPE, stdout=port
    )
    try:
        said = f"gesture studio ({worker.pid})"
        until(lambda: said in programs_using(os.ttyname(port)), 60)
    finally:
        worker.kill()
        worker.wait()
        os.close(port)
        os.close(board)
