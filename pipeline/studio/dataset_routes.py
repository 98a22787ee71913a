"""What the page asks about datasets and takes."""

from __future__ import annotations

import json
import tempfile
import zipfile
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse
from starlette.routing import Route

from pipeline.core.artifacts import Recording
from pipeline.core.errors import PipelineError
from pipeline.core.json_values import plain
from pipeline.core.original_names import OriginalNames, load_names
from pipeline.core.project import DATA
from pipeline.datasets.editing import (
    discard_recording,
    discarded_in,
    restore_recording,
    untrim_recording,
    untrimmed_of,
)
from pipeline.datasets.exporters import FORMATS
from pipeline.datasets.intervals import single_takes
from pipeline.datasets.inventory import datasets_in
from pipeline.datasets.lint import lint_dataset
from pipeline.datasets.lint_places import second_of
from pipeline.datasets.recordings import load_from_dataset, load_recordings, takes_in
from pipeline.datasets.take_map import take_map
from pipeline.studio.page_words import in_page_words
from pipeline.studio.places import dataset_in, discarded_take_in, take_in
from pipeline.workflows import datasets as workflow

POINTS = 120  # of a small picture
MOST_POINTS = 2000  # of a large one


def list_datasets(_: Request) -> JSONResponse:
    """The datasets in data/, with how many files each has."""
    names = load_names(DATA)
    return JSONResponse(
        [
            {"name": folder.name, "shown": names.shown("dataset", folder.name), "files": count}
            for folder, count in datasets_in(DATA).items()
        ]
    )


def list_takes(request: Request) -> JSONResponse:
    """All takes of a dataset, with small pictures; the newest files last."""
    dataset = dataset_in(request)
    workflow.recover(dataset)
    names = load_names(dataset)
    takes = [_take(path, names) for path in takes_in(dataset)]
    takes.sort(key=lambda take: take["changed"])
    return JSONResponse(takes)


def _take(path: Path, names: OriginalNames) -> dict[str, Any]:
    about = {
        "id": f"{path.parent.name}/{path.name}",
        "label": names.shown("label", path.parent.name),
        "changed": path.stat().st_mtime_ns,
        "trimmed": untrimmed_of(path).exists(),
    }
    try:
        recording = load_from_dataset(path)
    except PipelineError as error:
        return {**about, "fault": error.what}
    facts = {
        "person": names.shown("person", recording.person),
        "session": names.shown("session", recording.session),
        "seconds": round(recording.seconds, 2),
        "rate_hz": round(recording.rate_hz, 1),
        "pulled": recording.pulled,
        "intervals": len(recording.intervals),
    }
    return {**about, **facts, "picture": _points(recording, POINTS)}


def _points(recording: Recording, most: int) -> dict[str, Any]:
    step = -(-len(recording) // most)
    seconds = (recording.t_us[::step] - recording.t_us[0]) / 1e6
    return {
        "channels": recording.channels,
        "t_s": seconds.round(4).tolist(),
        "values": recording.samples[::step].T.round(3).tolist(),
    }


def show_take(request: Request) -> JSONResponse:
    """One take, in full."""
    recording = load_from_dataset(take_in(request))
    return JSONResponse(_points(recording, MOST_POINTS))


def list_discarded(request: Request) -> JSONResponse:
    """The discarded takes of a dataset, the newest last."""
    dataset = dataset_in(request)
    names = load_names(dataset)
    folders = [(path, path.parent.parent.name) for path in discarded_in(dataset)]
    return JSONResponse(
        [
            {"id": f"{label}/{path.name}", "label": names.shown("label", label)}
            for path, label in folders
        ]
    )


def lint(request: Request) -> JSONResponse:
    """What lint finds, and at which second of a take."""
    findings = lint_dataset(dataset_in(request)).findings
    return JSONResponse(
        [{**in_page_words(plain(found)), "at_s": second_of(found)} for found in findings]
    )


def show_map(request: Request) -> JSONResponse:
    """Where each take lies beside the others."""
    dataset = dataset_in(request)
    names = load_names(dataset)
    points = take_map(single_takes(load_recordings(dataset)))
    shown = {
        label: names.shown("label", label) for label in {point.label for point in points} | {""}
    }
    return JSONResponse(
        [
            {**plain(p), "label": shown[p.label], "looks_like": shown.get(p.looks_like, "")}
            for p in points
        ]
    )


async def change_take(request: Request) -> JSONResponse:
    """Trim, untrim, relabel, discard or restore a take; says where it is then."""
    wish = json.loads(await request.body())
    action = wish["action"]
    if action == "restore":
        path = restore_recording(discarded_take_in(request))
    elif action == "discard":
        path = discard_recording(take_in(request))
    elif action == "trim":
        path = workflow.trim(take_in(request), wish["start_s"], wish["stop_s"]).file
    elif action == "untrim":
        path = untrim_recording(take_in(request))
    else:
        is_new = bool(wish.get("new_label"))
        [(_, path)] = workflow.relabel([take_in(request)], wish["label"], is_new)
    return JSONResponse({"file": path.name, "label": path.parent.name})


def list_exports(_: Request) -> JSONResponse:
    """The forms in which a dataset can be exported here: parquet where pyarrow is installed."""
    has_parquet = find_spec("pyarrow") is not None
    return JSONResponse([form for form in FORMATS if form != "parquet" or has_parquet])


def export(request: Request) -> FileResponse:
    """A dataset for other tools, as a zip archive."""
    dataset, form = dataset_in(request), request.query_params.get("format", "tutorial")
    with tempfile.TemporaryDirectory() as folder:
        workflow.export_recordings(dataset, Path(folder) / "out", form)
        archive = Path(tempfile.mkstemp(suffix=".zip")[1])
        with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as packed:
            for file in sorted((Path(folder) / "out").rglob("*")):
                packed.write(file, file.relative_to(Path(folder) / "out"))
    name = f"{dataset.name}-{form}.zip"
    return FileResponse(archive, filename=name, background=BackgroundTask(archive.unlink))


TAKE = "/api/datasets/{dataset}/takes/{label}/{file}"
ROUTES = [
    Route("/api/datasets", list_datasets),
    Route("/api/exports", list_exports),
    Route("/api/datasets/{dataset}/takes", list_takes),
    Route("/api/datasets/{dataset}/lint", lint),
    Route("/api/datasets/{dataset}/discarded", list_discarded),
    Route("/api/datasets/{dataset}/map", show_map),
    Route("/api/datasets/{dataset}/export", export),
    Route(TAKE, show_take, methods=["GET"]),
    Route(TAKE, change_take, methods=["POST"]),
]
