# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""The application: routes in, errors out."""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import structlog
from anyio import to_thread
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, PlainTextResponse
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp

from . import assets, deadline, lifecycle
from .bootstrap import House
from .conference.errors import NotFound, Refused
from .database import Busy
from .gate import Gate, TimeLimit, busy_answer, unsure_answer
from .guests.front import refused_page, status_page
from .guests.page import Page
from .guests.routes import ROUTERS as GUESTS_ROUTERS
from .hosts.groups import Asking
from .hosts.needs import Needs
from .hosts.refusals import invalid_entry, of_status, problem
from .hosts.routes import ROUTERS as HOSTS_ROUTERS
from .limits import BodyLimit, LastAnswer, Refuse
from .logs import kind_of
from .paper.pdf import PrinterBusy

log = structlog.get_logger()
WORKER_THREADS = 6


def build(house: House) -> ASGIApp:
    """The application behind its gate. Migrates the database when it starts."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        # Few threads: with forty, the one that holds the write lock waits for its turn at the interpreter
        # after every statement, and a rush of bookings stands still.
        to_thread.current_default_thread_limiter().total_tokens = WORKER_THREADS
        sys.setswitchinterval(0.001)
        await asyncio.to_thread(house.database.migrate)
        if house.settings.sync:
            house.worker.start()
        yield
        if house.settings.sync:
            await asyncio.to_thread(house.worker.stop)
        house.database.close()

    app = FastAPI(
        title="Sprechtag",
        version=house.settings.app_version,
        lifespan=lifespan,
        openapi_url="/api/v1/openapi.json",
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )
    needs: Needs = house
    app.state.house, app.state.front, app.state.lifecycle = needs, house.front, house.lifecycle
    for router in (lifecycle.router, *GUESTS_ROUTERS, *HOSTS_ROUTERS):
        app.include_router(router)
    for folder in assets.FOLDERS:
        app.mount(f"/{folder}", assets.Assets(house.settings.frontend / folder))
    _answer_errors(app, house)
    return TimeLimit(Gate(BodyLimit(app, _refuse(house)), house.settings, house.callbacks), house.settings)


def _answer_errors(app: FastAPI, house: House) -> None:
    refuse = _refuse(house)
    app.add_middleware(LastAnswer, refuse=refuse)

    @app.exception_handler(Refused)
    def refused(request: Request, error: Refused) -> Response:
        if _is_api(request):
            status, said = problem(error)
            return JSONResponse(said.model_dump(), status, {"Cache-Control": "no-store"})
        return refused_page(getattr(request.state, "page", None) or Page(request, house.theme()), error)

    @app.exception_handler(Asking)
    def asking(_: Request, __: Asking) -> Response:
        answer = busy_answer()
        answer.headers["Retry-After"] = "1"
        return answer

    @app.exception_handler(PrinterBusy)
    @app.exception_handler(Busy)
    def busy(_: Request, __: Exception) -> Response:
        # Only what has changed nothing may be told to be sent again as if it were new.
        until = deadline.current.get()
        return unsure_answer() if until and until.committed else busy_answer()

    @app.exception_handler(RequestValidationError)
    def invalid(request: Request, error: RequestValidationError) -> Response:
        if not _is_api(request):
            return refuse(request, 422)
        return JSONResponse(invalid_entry(error.errors()).model_dump(), 422, {"Cache-Control": "no-store"})

    @app.exception_handler(HTTPException)
    def not_possible(request: Request, error: HTTPException) -> Response:
        if error.status_code == 404:
            return refused(request, NotFound())
        answer = refuse(request, error.status_code)
        answer.headers.update(error.headers or {})
        return answer


def _refuse(house: House) -> Refuse:
    """A status without anything more to say, in words: as JSON to programs, as a page to families."""

    def refuse(request: Request, status: int) -> Response:
        if _is_api(request):
            return JSONResponse(of_status(status).model_dump(), status, {"Cache-Control": "no-store"})
        try:
            return status_page(getattr(request.state, "page", None) or Page(request, house.theme()), status)
        except Exception as error:  # noqa: BLE001 - the page itself may be what fails: a database that is away
            log.error("no page for an error", **kind_of(error))
            return PlainTextResponse(PLAIN, status, {"Cache-Control": "no-store"})

    return refuse


PLAIN = "Hier ist etwas schiefgegangen. Bitte später noch einmal.\nSomething went wrong here. Please try again later.\n"


def _is_api(request: Request) -> bool:
    return str(request.scope["path"]).startswith("/api/")
