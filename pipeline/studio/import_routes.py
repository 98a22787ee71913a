"""Files that are dropped on the page: shown as they are understood, then saved."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path, PurePosixPath
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from pipeline.core.errors import PipelineError, UsageError
from pipeline.core.original_names import load_names
from pipeline.core.project import DATA
from pipeline.datasets.importers import (
    ImportOptions,
    Understanding,
    grouped,
    split_list,
    summary_of,
)
from pipeline.datasets.recording_file import Noted
from pipeline.datasets.tables.formats import SUFFIXES
from pipeline.datasets.tables.sources import sources
from pipeline.studio.page_words import in_page_words
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
    with _named_as_dropped(dropped.folder):
        understood = await run_in_threadpool(
            workflow.understand_import, [_whole(dropped.folder)], wish["dataset"], _options(wish)
        )
    dropped.understanding = understood
    asked = [question.noted() for question in understood.questions]
    left_out = [*understood.left_out, *asked, *_of_other_kinds(dropped.folder)]
    above = f"{dropped.folder}/"  # nobody dropped that
    questions = {q.key: q for q in reversed(understood.questions)}  # one answer is for all files
    found = {
        "understood": _without(above, summary_of(understood)),
        "recordings": understood.recordings,
        "questions": [
            {"key": q.key, "what": q.what, "example": q.example} for q in questions.values()
        ],
        "left_out": _without(above, grouped(left_out)),
        "noted": _without(above, grouped(understood.noted)),
    }
    return JSONResponse(in_page_words(found))


async def save(request: Request) -> JSONResponse:
    """Save what was understood in a dataset."""
    wish = json.loads(await request.body())
    dropped = _in(request)
    if dropped.understanding is None:
        raise UsageError("Nothing is understood yet.", "no file was sent", "drop files first")
    with _named_as_dropped(dropped.folder):
        report = await run_in_threadpool(
            workflow.save_import,
            dropped.understanding,
            wish["dataset"],
            bool(wish.get("new_label")),
        )
    dropped.place.cleanup()
    del _dropped[request.path_params["number"]]
    shown = load_names(DATA).shown("dataset", report.dataset.name)
    return JSONResponse({"dataset": shown, "takes": report.total})


def _in(request: Request) -> _Dropped:
    dropped = _dropped.get(request.path_params["number"])
    if dropped is None:
        raise UsageError(
            "These files are no longer here.", "the studio was started again", "drop them again"
        )
    return dropped


@contextmanager
def _named_as_dropped(folder: Path) -> Iterator[None]:
    """Errors do not name the folder in which the files wait."""
    try:
        yield
    except PipelineError as error:
        error.what = error.what.replace(f"{folder}/", "").replace(str(folder), "what was dropped")
        raise


def _without(above: str, lines: Iterable[str]) -> list[str]:
    return [line.replace(above, "") for line in lines]


def _whole(folder: Path) -> Path:
    """A single file by itself: its name may say what it is."""
    inside = list(folder.iterdir())
    return inside[0] if len(inside) == 1 else folder


def _of_other_kinds(folder: Path) -> list[Noted]:
    """Files that are not looked at; a single one always is."""
    looked_at = {source.path for source in sources(_whole(folder), SUFFIXES)}
    files = (path for path in sorted(folder.rglob("*")) if path.is_file())
    others = (path for path in files if path not in looked_at and not path.name.startswith("."))
    return [Noted(path, None, "is of a kind that holds no recordings") for path in others]


def _options(wish: dict[str, Any]) -> ImportOptions:
    """The options of `gesture data import` that the page has fields for."""
    kinds: dict[str, Callable[[str], Any]] = {
        **dict.fromkeys(("label", "label_from", "person"), str),
        **dict.fromkeys(("columns", "units"), split_list),
        "rate_hz": lambda text: _number(text, float, "119"),
        "take_rows": lambda text: _number(text, int, "120"),
    }
    said = {name: kind(wish[name]) for name, kind in kinds.items() if wish.get(name)}
    return ImportOptions(**said)


def _number(text: str, kind: Callable[[str], float], example: str) -> float:
    try:
        return kind(text)
    except ValueError:
        raise UsageError(
            f"{text!r} cannot be used here.", "a number is meant", f"write for example {example}"
        ) from None


ROUTES = [
    Route("/api/imports", begin, methods=["POST"]),
    Route("/api/imports/{number}/files/{path:path}", put_file, methods=["PUT"]),
    Route("/api/imports/{number}/understand", understand, methods=["POST"]),
    Route("/api/imports/{number}/save", save, methods=["POST"]),
]
