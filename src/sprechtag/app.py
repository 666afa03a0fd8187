# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""The application: routes in, errors out."""

import asyncio
import gzip
import hashlib
import re
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import lru_cache
from pathlib import Path

import structlog
from anyio import to_thread
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, PlainTextResponse
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp

from .bootstrap import House
from .conference.errors import NotFound, Refused
from .database import Busy
from .gate import Gate, TimeLimit, busy_answer
from .guests.about import AboutPages
from .guests.display import DisplayPages
from .guests.front import Front, not_found_page, status_page
from .guests.join import JoinPages
from .guests.manage import ManagePages
from .guests.my_data import MyDataPages
from .guests.page import Page
from .guests.pages import BookingPages
from .guests.plan import PlanPages
from .guests.theme import script
from .guests.waitinglist import WaitingPages
from .guests.wishes import WishPages
from .hosts.administration import AdminApi
from .hosts.api import HostApi
from .hosts.board import BoardApi
from .hosts.capacity import CapacityApi
from .hosts.exchange import ExchangeApi
from .hosts.families import FamiliesApi
from .hosts.overview import OverviewApi
from .hosts.own import OwnApi
from .hosts.papers import PapersApi
from .hosts.people import Asking
from .hosts.refusals import invalid_entry, of_status, problem
from .hosts.texts import TextsApi
from .hosts.visitors import VisitorsApi
from .hosts.wishes import WishesApi
from .limits import BodyLimit, LastAnswer, Refuse, kind_of
from .paper.pdf import PrinterBusy

log = structlog.get_logger()
_MEDIA = {
    "js": "text/javascript",
    "mjs": "text/javascript",
    "css": "text/css",
    "svg": "image/svg+xml",
    "png": "image/png",
}
_HASHED = re.compile(r"-[A-Za-z0-9_-]{8}\.[a-z]+$")
WORKER_THREADS = 6
LONGEST_NAME = 200


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
            await asyncio.to_thread(house.work.start)
            house.observer.start()
        yield
        if house.settings.sync:
            await asyncio.to_thread(house.observer.stop)
            await asyncio.to_thread(house.work.stop)
        await house.relay.close()
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
    front = Front(
        house.database,
        house.desk,
        house.links,
        house.theme,
        house.clock,
        house.options,
        house.watch.look_soon,
        house.public_base,
    )
    booking, manage = BookingPages(front), ManagePages(front)
    guests = (booking, manage, PlanPages(front, booking), WaitingPages(front), WishPages(front, booking, manage))
    house_keys = (house.database, house.desk, house.links, house.public_base)
    api = HostApi(*house_keys, house.clock, house.wake, house.options, house.mail_channel, house.ask_for_groups)
    own = OwnApi(*house_keys, house.mail_channel, house.clock, house.wake)
    families = FamiliesApi(
        house.database, house.desk, house.links, house.public_base, house.wake, house.mail_channel, house.clock
    )
    texts, papers = TextsApi(house.database), PapersApi(house.database, house.clock, house.wake)
    capacity = CapacityApi(house.database, house.options)
    board = BoardApi(
        house.database, house.links, house.public_base, house.options, house.mail_channel, house.clock, house.wake
    )
    wishes = WishesApi(house.database, house.clock, house.wake)
    admin = AdminApi(
        house.database,
        house.settings,
        house.options,
        house.public_base,
        house.facts.forget,
        house.clock,
        house.wake,
        house.ask_for_groups,
    )
    overview = OverviewApi(house.database, house.links, house.public_base, house.mail_channel, house.clock, house.wake)
    exchange = ExchangeApi(house.database, house.clock, house.wake)
    for router in (
        house.lifecycle.router(),
        *(pages.router() for pages in guests),
        AboutPages(front, manage).router(),
        MyDataPages(front).router(),
        JoinPages(front, house.wake).router(),
        DisplayPages(front).router(),
        overview.router(),
        VisitorsApi(house.database, house.clock, house.wake).router(),
        own.router(),
        families.router(),
        texts.router(),
        papers.router(),
        wishes.router(),
        capacity.router(),
        board.router(),
        admin.router(),
        exchange.router(),
        api.router(),
    ):
        app.include_router(router)
    _serve_assets(app, house)
    _answer_errors(app, house)
    return TimeLimit(Gate(BodyLimit(app, _refuse(house)), house.settings, house.callbacks), house.settings)


def _serve_assets(app: FastAPI, house: House) -> None:
    @app.get("/static/{digest}/style.css", include_in_schema=False)
    def style(digest: str) -> Response:
        theme = house.theme()
        # An older page may ask for an older digest: it gets today's style, but must not keep it for a year.
        lasting = digest == theme.digest
        cache = "public, max-age=31536000, immutable" if lasting else "no-cache"
        return Response(theme.stylesheet, media_type="text/css", headers={"Cache-Control": cache})

    @app.get("/static/{digest}/{name}.js", include_in_schema=False)
    def guests_script(digest: str, name: str) -> Response:
        try:
            found = script(f"{name}.js")
        except KeyError:
            return Response("Not found.", 404, {"Cache-Control": "no-store"})
        cache = "public, max-age=31536000, immutable" if digest == found.digest else "no-cache"
        return Response(found.text, media_type="text/javascript", headers={"Cache-Control": cache})

    @app.get("/{folder}/{name}", include_in_schema=False)
    def asset(folder: str, name: str, request: Request) -> Response:
        path = house.settings.frontend / folder / name
        # A name that is longer than the disk can hold is an OSError, not a missing file.
        if folder not in ("js", "css", "img") or len(name) > LONGEST_NAME or not path.is_file():
            return Response("Not found.", 404, {"Cache-Control": "no-store"})
        packed = "gzip" in request.headers.get("accept-encoding", "") and path.suffix != ".png"
        body, tag = _file(path, path.stat().st_mtime_ns, packed)
        # A name with a hash in it never changes what it holds; the others are asked for again each time.
        cache = "public, max-age=31536000, immutable" if _HASHED.search(name) else "no-cache"
        headers = {"Cache-Control": cache, "ETag": tag, "X-Content-Type-Options": "nosniff", "Vary": "Accept-Encoding"}
        if request.headers.get("if-none-match") == tag:
            return Response(status_code=304, headers=headers)
        if packed:
            headers["Content-Encoding"] = "gzip"
        return Response(body, media_type=_MEDIA[path.suffix[1:]], headers=headers)


@lru_cache(maxsize=64)
def _file(path: Path, _changed: int, packed: bool) -> tuple[bytes, str]:
    """What is sent of a file, and its ETag."""
    body = path.read_bytes()
    tag = f'"{hashlib.sha256(body).hexdigest()[:20]}{"-gzip" if packed else ""}"'
    return (gzip.compress(body, 9) if packed else body), tag


def _answer_errors(app: FastAPI, house: House) -> None:
    refuse = _refuse(house)
    app.add_middleware(LastAnswer, refuse=refuse)

    @app.exception_handler(Refused)
    def refused(request: Request, error: Refused) -> Response:
        if _is_api(request):
            status, said = problem(error)
            return JSONResponse(said.model_dump(), status, {"Cache-Control": "no-store"})
        return not_found_page(getattr(request.state, "page", None) or Page(request, house.theme()))

    @app.exception_handler(Asking)
    def asking(request: Request, error: Asking) -> Response:
        answer = busy_answer()
        answer.headers["Retry-After"] = "1"
        return answer

    @app.exception_handler(PrinterBusy)
    @app.exception_handler(Busy)
    def busy(request: Request, error: Exception) -> Response:
        return busy_answer()

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
