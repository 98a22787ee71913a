"""Files that are dropped on the page: shown as they are understood, then saved."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import count
from pathlib import Path, PurePosixPath
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from pipeline.core.errors import UsageError
from pipeline.datasets.importers import (
    ImportOptions,
    Understanding,
    grouped,
    split_list,
    summary_of,
)
from pipeline.workflows import datasets as workflow

FREE_BYTES = 2**28  # that stay on the disk


@dataclass
class _Dropped:
    """Files that wait; their folder goes when they are saved, or with the studio."""

    place: tempfile.TemporaryDirectory[str]
    understanding: Understanding | None = None

    @property
    def folder(self) -> Path:
        return Path(self.place.name)


_dropped: dict[str, _Dropped] = {}
_numbers = count(1)


def begin(_: Request) -> JSONResponse:
    """A place for files that will be sent."""
    name = str(next(_numbers))
    _dropped[name] = _Dropped(tempfile.TemporaryDirectory(prefix="gesture-import-"))
    return JSONResponse({"import": name})


async def put_file(request: Request) -> JSONResponse:
    """One file, with its path among those that were dropped."""
    folder = _in(request).folder
    path = PurePosixPath(request.path_params["path"])
    parts = [part for part in path.parts if part not in ("/", "..", ".")]
    target = folder.joinpath(*parts)
    if shutil.disk_usage(folder).free < FREE_BYTES:
        raise UsageError(
            f"{path} does not fit on the disk.", f"{folder} is nearly full", "make room there"
        )
    target.parent.mkdir(parents=True, exist_ok=True)
    with target.open("wb") as file:
        async for chunk in request.stream():
            file.write(chunk)
    return JSONResponse({})


async def understand(request: Request) -> JSONResponse:
    """What the files hold; nothing is written."""
    wish = json.loads(await request.body())
    dropped = _in(request)
    understood = await run_in_threadpool(
        workflow.understand_import, _whole(dropped.folder), wish["dataset"], _options(wish)
    )
    dropped.understanding = understood
    left_out = [*understood.left_out, *(q.noted() for q in understood.questions)]
    above = f"{dropped.folder}/"  # nobody dropped that
    return JSONResponse(
        {
            "understood": _without(above, summary_of(understood)),
            "recordings": understood.recordings,
            "questions": [
                {"key": q.key, "what": q.what, "option": q.option, "example": q.example}
                for q in understood.questions
            ],
            "left_out": _without(above, grouped(left_out)),
            "noted": _without(above, grouped(understood.noted)),
        }
    )


async def save(request: Request) -> JSONResponse:
    """Save what was understood in a dataset."""
    wish = json.loads(await request.body())
    dropped = _in(request)
    if dropped.understanding is None:
        raise UsageError("Nothing is understood yet.", "no file was sent", "drop files first")
    report = await run_in_threadpool(
        workflow.save_import, dropped.understanding, wish["dataset"], bool(wish.get("new_label"))
    )
    dropped.place.cleanup()
    del _dropped[request.path_params["number"]]
    return JSONResponse({"dataset": report.dataset.name, "takes": report.total})


def _in(request: Request) -> _Dropped:
    dropped = _dropped.get(request.path_params["number"])
    if dropped is None:
        raise UsageError(
            "These files are no longer here.", "the studio was started again", "drop them again"
        )
    return dropped


def _without(above: str, lines: Iterable[str]) -> list[str]:
    return [line.replace(above, "") for line in lines]


def _whole(folder: Path) -> Path:
    """A single file by itself: its name may say what it is."""
    inside = list(folder.iterdir())
    return inside[0] if len(inside) == 1 else folder


def _options(wish: dict[str, Any]) -> ImportOptions:
    """The options of `gesture data import` that the page has fields for."""
    words = {name: wish[name] for name in ("label", "person") if wish.get(name)}
    words |= {name: split_list(wish[name]) for name in ("columns", "units") if wish.get(name)}
    words |= {"rate_hz": float(wish["rate_hz"])} if wish.get("rate_hz") else {}
    words |= {"take_rows": int(wish["take_rows"])} if wish.get("take_rows") else {}
    return ImportOptions(**words)


ROUTES = [
    Route("/api/imports", begin, methods=["POST"]),
    Route("/api/imports/{number}/files/{path:path}", put_file, methods=["PUT"]),
    Route("/api/imports/{number}/understand", understand, methods=["POST"]),
    Route("/api/imports/{number}/save", save, methods=["POST"]),
]
