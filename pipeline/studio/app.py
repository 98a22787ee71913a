"""The studio's server: the page, what it asks, and the messages to its tabs."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Mount, Route, WebSocketRoute
from starlette.staticfiles import StaticFiles
from starlette.websockets import WebSocket

from pipeline.core.errors import PipelineError
from pipeline.core.failures import explained
from pipeline.core.json_values import plain
from pipeline.studio import dataset_routes, import_routes, run_routes
from pipeline.studio.activities import Activities
from pipeline.studio.guard import Guard
from pipeline.studio.page_words import in_page_words
from pipeline.studio.tabs import Tabs
from pipeline.workflows.deploy import list_ports

PAGE = Path(__file__).with_name("page")


def make_app(port: int, token: str) -> Starlette:
    """The server for one project folder: the current one."""
    tabs = Tabs()
    activities = Activities(tabs.send)

    async def live(socket: WebSocket) -> None:
        shown = [activity.shown() for activity in activities.all.values()]
        await tabs.serve(socket, {"type": "state", "activities": shown})

    async def start(request: Request) -> JSONResponse:
        wish = json.loads(await request.body())
        activity = await activities.start(wish["task"], wish["options"])
        return JSONResponse({"activity": activity.number})

    async def command(request: Request) -> JSONResponse:
        wish = json.loads(await request.body())
        activities.command(request.path_params["number"], wish["command"])
        return JSONResponse({})

    async def stop(request: Request) -> JSONResponse:
        await activities.stop(request.path_params["number"])
        return JSONResponse({})

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        yield
        await activities.stop_all()

    return Starlette(
        routes=[
            Route("/", _page),
            Mount("/page", StaticFiles(directory=PAGE)),
            Route("/api/ports", _ports),
            Route("/api/activities", start, methods=["POST"]),
            Route("/api/activities/{number:int}", command, methods=["POST"]),
            Route("/api/activities/{number:int}", stop, methods=["DELETE"]),
            *dataset_routes.ROUTES,
            *run_routes.ROUTES,
            *import_routes.ROUTES,
            WebSocketRoute("/live", live),
        ],
        middleware=[Middleware(Guard, port=port, token=token)],
        exception_handlers={PipelineError: _failed, OSError: _failed, Exception: _failed},
        lifespan=lifespan,
    )


def _page(_: Request) -> FileResponse:
    return FileResponse(PAGE / "index.html")


def _ports(_: Request) -> JSONResponse:
    """Boards on USB, emulated boards, and other ports."""
    return JSONResponse(plain(list_ports()))


async def _failed(_: Request, problem: Exception) -> Response:
    error = explained(problem)
    content = {"what": error.what, "why": error.why, "next": error.next_step}
    kind = type(error).__name__
    return JSONResponse({**in_page_words(content), "kind": kind}, 400)
