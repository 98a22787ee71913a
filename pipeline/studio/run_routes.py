"""What the page asks about configs and runs."""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import Any

from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Route

from pipeline.config.budget import load_budget
from pipeline.config.reference import TASKS
from pipeline.core.costs import NetworkCost
from pipeline.core.errors import UsageError
from pipeline.core.json_values import plain
from pipeline.core.project import CONFIGS, SHIPPED_BUDGET, shipped_configs
from pipeline.core.run_folder import RunFolder
from pipeline.studio.places import run_in
from pipeline.workflows.compare import (
    BrokenRun,
    RunSummary,
    deletable_runs,
    delete_runs,
    list_runs,
)
from pipeline.workflows.export import export
from pipeline.workflows.train import load_task_config

REPORT_POLICY = "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:"
DOWNLOADS = ("model.tflite", "model_data.c", "model_data.h", "report.html")


def list_configs(_: Request) -> JSONResponse:
    """The ready configs of gestures, and the settings that each may change."""
    names = [name for name in shipped_configs() if name.startswith("gesture_")]
    return JSONResponse({"configs": names, "schema": TASKS["gesture"].model_json_schema()})


def show_config(request: Request) -> JSONResponse:
    """All settings of a ready config, with their values."""
    name = request.path_params["config"]
    if name not in shipped_configs():
        raise UsageError(f"There is no config {name}.", "it was typed by hand", "choose one")
    return JSONResponse(load_task_config(CONFIGS / f"{name}.yaml").plain())


def show_runs(_: Request) -> JSONResponse:
    """All runs, side by side."""
    return JSONResponse([_run(found) for found in list_runs()])


def _run(found: RunSummary | BrokenRun) -> dict[str, Any]:
    is_resumable = isinstance(found, BrokenRun) and RunFolder(found.run).is_resumable
    return {"name": found.run.name, "is_resumable": is_resumable, **plain(asdict(found))}


def show_run(request: Request) -> JSONResponse:
    """The cost of a run by layer, and which of its files can be downloaded."""
    run = RunFolder(run_in(request))
    cost = plain(NetworkCost.load(run.cost_file)) if run.cost_file.is_file() else None
    files = [name for name in DOWNLOADS if (run.path / name).is_file()]
    budget = plain(load_budget(CONFIGS / f"{SHIPPED_BUDGET}.yaml"))
    return JSONResponse({"cost": cost, "files": files, "budget": budget})


def download(request: Request) -> FileResponse:
    """A file of a run."""
    name = request.path_params["file"]
    path = run_in(request) / name
    if name not in DOWNLOADS or not path.is_file():
        raise UsageError(f"{path} is not there.", "the run has not come so far", "convert it")
    return FileResponse(path, filename=f"{path.parent.name}-{name}")


def arduino(request: Request) -> FileResponse:
    """The Arduino library of a run, as `gesture export` makes it."""
    run = run_in(request)
    with tempfile.TemporaryDirectory() as folder:
        exported = export(run, Path(folder) / "out")
        library = next(exported.folder.rglob("*.zip"))
        kept = Path(tempfile.mkstemp(suffix=".zip")[1])
        shutil.copyfile(library, kept)
    return FileResponse(kept, filename=library.name, background=BackgroundTask(kept.unlink))


def report(request: Request) -> Response:
    """The report of a run, as it is: no script of it runs."""
    file = RunFolder(run_in(request)).report_file
    return FileResponse(file, headers={"content-security-policy": REPORT_POLICY})


def delete(request: Request) -> JSONResponse:
    """Delete a run."""
    delete_runs(deletable_runs([run_in(request)]))
    return JSONResponse({})


ROUTES = [
    Route("/api/configs", list_configs),
    Route("/api/configs/{config}", show_config),
    Route("/api/runs", show_runs),
    Route("/api/runs/{run}", show_run, methods=["GET"]),
    Route("/api/runs/{run}", delete, methods=["DELETE"]),
    Route("/api/runs/{run}/files/{file}", download),
    Route("/api/runs/{run}/arduino", arduino),
    Route("/api/runs/{run}/report", report),
]
