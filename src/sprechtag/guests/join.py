# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""The join page: what the video link in a mail opens. Countdown, device check, a turn, then the Talk room.

It needs nothing but its own link, and never stands in the way: the room's own link is on it, and without an answer of
ours the page leads there by itself."""

import json
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse, JSONResponse
from sqlmodel import Session

from ..conference import budgets, companions
from ..conference.errors import NotFound, Refused
from ..conference.instance import fact
from ..conference.organise import share_token
from ..conference.tables import ON_SITE, VIDEO, Companion, Conference, DeviceCheck
from ..conference.telling import tell_user
from ..conference.tokens import is_token, join_path
from ..conference.views import BookingView, booking_by_public_id, booking_view, bookings_of_guest
from ..day import live, media, noted, timeline, turns
from ..moments import shifted
from .front import Field, FrontOf, Language
from .page import POLICY, Page, etag
from .refusals import sentence

DEVICES = {
    "Feature-Policy": "camera 'self'; microphone 'self'",
    "Permissions-Policy": "camera=(self), microphone=(self)",
    "Content-Security-Policy": f"{POLICY}; connect-src 'self'; media-src 'self' blob:",
}
"""AppAPI forbids camera and microphone to every page that does not say otherwise itself."""
POLL_SECONDS = 10
POLLS_A_SECOND = 20
"""All join pages together ask no more often than this: 18 ms of PHP each are a third of a core."""
FORECAST = timedelta(hours=2)
"""So long before an appointment it is worth saying how late its host runs."""
RESULTS = ("ok", "failed")


@dataclass(frozen=True)
class Moment:
    """One appointment as its family sees it now. `begins`: when it was agreed or announced to begin; `late`: how many
    minutes after what was agreed it will, as far as one can tell; `let_in_at`: when the family is let on, once it has a
    turn; `met`: as far as anybody knows, they did."""

    view: BookingView
    state: live.State
    begins: datetime
    late: int
    let_in_at: datetime | None
    met: bool = True

    @property
    def open(self) -> bool:
        """Whether there is still a call to come or to go back to."""
        return self.view.active and self.view.place == VIDEO and self.state not in live.OVER


router = APIRouter(default_response_class=HTMLResponse, include_in_schema=False)

# -- the page -----------------------------------------------------------------------------------------------


@router.get("/j/{booking_id}/{token}")
def show(front: FrontOf, request: Request, booking_id: str, token: str, lang: Language = "") -> Response:
    page, view, who = _open(front, request, booking_id, token, lang)
    return _page(front, page, view, who=who)


def _page(
    front: FrontOf,
    page: Page,
    view: BookingView,
    notice: dict[str, str] | None = None,
    problems: list[Any] | None = None,
    who: Companion | None = None,
) -> Response:
    now = front.clock()
    with front.database.read() as session:
        moment = _moment(session, view, now, who)
        conference = session.get_one(Conference, view.conference_id)
        after = None if who else _next(session, view, now)
        relays = fact(session, media.RELAYS)
    page.home(_path(front, view, who))
    people = [one for one in view.people if who is None or one != who.name]
    answer = page.answer(
        "join.html",
        **_common(view),
        script="join.js" if moment.open else "",
        view=view,
        moment=moment,
        now=_ms(now),
        begins=_ms(moment.begins),
        soon=now + turns.EARLIEST >= moment.begins,
        late_text=late_text(page, view, moment.late),
        after=after,
        after_link=_path(front, after) if after and after.place == VIDEO else "",
        relays=json.dumps(relays.get("servers", [])),
        on_site=ON_SITE in view.places and view.active,
        rehearsal=[room["link"] for room in conference.rehearsal_rooms] if conference.rehearsal == "on" else [],
        base=_path(front, view, who),
        who=who,
        people=[view.guest_name, *people] if who else people,
        notice=notice,
        problems=problems or [],
        problem_title=page.say("Please check this entry."),
    )
    answer.headers.update(DEVICES)
    return answer


@router.get("/j/{booking_id}/{token}/state")
def state(front: FrontOf, request: Request, booking_id: str, token: str) -> Response:
    """How it stands, for the script; 304 where nothing has changed."""
    page, view, who = _open(front, request, booking_id, token, "")
    with front.database.read() as session:
        moment = _moment(session, view, front.clock(), who)
    return _json(front, request, page, moment)


@router.post("/j/{booking_id}/{token}/enter")
def enter(front: FrontOf, request: Request, booking_id: str, token: str, lang: Field = "") -> Response:
    """The family is there and gets its turn. For the script as JSON, else as a page that leads on by itself."""
    page, view, who = _open(front, request, booking_id, token, lang)
    now = front.clock()
    with front.database.write() as session:
        moment = _moment(session, view, now, who)
        if who is None and moment.open and now + turns.EARLIEST >= moment.begins:
            setup = media.setup_of(front.options().media)
            turns.arrive(session, view, moment.begins, now, setup)
            session.flush()
            moment = _moment(session, view, now)
    if "application/json" in request.headers.get("accept", ""):
        return _json(front, request, page, moment)
    if not moment.open or moment.let_in_at is None or not view.talk_link:
        return _page(front, page, view, who=who)
    seconds = max(0, -int(-(moment.let_in_at - now).total_seconds() // 1))
    if seconds > 60:
        return _page(front, page, view, who=who)
    page.home(_path(front, view, who))
    answer = page.answer("connect.html", **_common(view), view=view, seconds=seconds, base=_path(front, view, who))
    # Not a redirect: AppAPI's proxy would follow it itself, with the app's secret.
    answer.headers["Refresh"] = f"{seconds}; url={view.talk_link}"
    return answer


# -- what a family can do here ------------------------------------------------------------------------------


@router.post("/j/{booking_id}/{token}/check")
def check(
    front: FrontOf,
    request: Request,
    booking_id: str,
    token: str,
    camera: Field = "",
    microphone: Field = "",
    webrtc: Field = "",
    connection: Field = "",
) -> Response:
    """Keeps whether the family's device is fit, and nothing of how it looks or sounds."""
    _, view, who = _open(front, request, booking_id, token, "")
    if who:
        return JSONResponse({"kept": False}, headers={"Cache-Control": "no-store"})
    parts = {"camera": camera, "microphone": microphone, "webrtc": webrtc, "connection": connection}
    kept = {name: value if value in RESULTS else "" for name, value in parts.items()}
    with front.database.write() as session:
        found = session.get(DeviceCheck, view.guest_id)
        if found is None:
            found = DeviceCheck(guest_id=view.guest_id, conference_id=view.conference_id)
            session.add(found)
        for name, value in kept.items():
            setattr(found, name, value)
        found.at = front.clock()
    return JSONResponse({"kept": True}, headers={"Cache-Control": "no-store"})


@router.post("/j/{booking_id}/{token}/on-site")
def on_site(front: FrontOf, request: Request, booking_id: str, token: str, lang: Field = "") -> Response:
    """Video does not work: the family comes to the school instead, also when it is too late for other changes."""
    page, view = _family(front, request, booking_id, token, lang)
    try:
        front.desk.change_place(view.id, ON_SITE, late=True)
    except Refused as refused:
        said = sentence(page.say, refused)
        return _page(front, page, view, {"title": said.text, "text": said.advice})
    _, view = _family(front, request, booking_id, token, lang)
    where = page.say("Room %(room)s", room=view.host_room) if view.host_room else ""
    return _page(front, page, view, {"title": page.say("Your appointment is on site now"), "text": where})


@router.post("/j/{booking_id}/{token}/message")
def tell_host(
    front: FrontOf, request: Request, booking_id: str, token: str, text: Field = "", lang: Field = ""
) -> Response:
    """A few words to the host, who reads them in Nextcloud at once."""
    page, view = _family(front, request, booking_id, token, lang)
    try:
        with front.database.write() as session:
            budgets.spend(session, budgets.MESSAGES, view.public_id, front.clock())
            noted.say(session, view.id, text)
            now = front.clock()
            for one in view.receivers:
                tell_user(session, view.conference_id, one.user_id, "family_says", now, view.public_id)
    except Refused as refused:
        said = sentence(page.say, refused)
        return _page(front, page, view, problems=[{"text": said.text, "field": "text"}])
    title = page.say("Your message was passed on to %(host)s", host=view.host_name)
    return _page(front, page, view, {"title": title, "text": ""})


# -- common -------------------------------------------------------------------------------------------------


def _open(
    front: FrontOf, request: Request, booking_id: str, token: str, lang: str
) -> tuple[Page, BookingView, Companion | None]:
    """With whose link it is, where it is not the family's: `booking_id` is then a companion's. Raises `NotFound` for a
    link that is nobody's (any more)."""
    page, who = front.page(request, lang), None
    with front.database.read() as session:
        view = booking_by_public_id(session, booking_id)
        if view is None:
            who = companions.by_link(session, front.links, booking_id, token, "join")
            view = replace(booking_view(session, who.booking_id), language=who.language, form_language="")
        elif not is_token(front.links, "join", booking_id, view.guest_generation, token):
            raise NotFound
        conference = session.get_one(Conference, view.conference_id)
        front.offer_languages(page, conference)
    page.about(f"s/{share_token(conference, front.links)}")
    page.speaks(view.form_language or view.language)
    page.in_zone(view.zone)
    return page, view, who


def _family(front: FrontOf, request: Request, booking_id: str, token: str, lang: str) -> tuple[Page, BookingView]:
    """As `_open`, for what only the family can do."""
    page, view, who = _open(front, request, booking_id, token, lang)
    if who:
        raise NotFound
    return page, view


def _path(front: FrontOf, view: BookingView, who: Companion | None = None) -> str:
    if who:
        return join_path(front.links, who.public_id, who.generation)
    return join_path(front.links, view.public_id, view.guest_generation)


def _moment(session: Session, view: BookingView, now: datetime, who: Companion | None = None) -> Moment:
    """Who comes beside the family takes no turn: it is let on with the family, or when it begins."""
    found = _moment_of_family(session, view, now)
    return replace(found, let_in_at=found.let_in_at or found.begins) if who else found


def _moment_of_family(session: Session, view: BookingView, now: datetime) -> Moment:
    conference = session.get_one(Conference, view.conference_id)
    day = timeline.today_of(conference, view.starts_at)
    of_host = timeline.appointments(session, conference, day, view.host_id)
    mine = next((one for one in of_host if one.booking_id == view.id), None)
    if mine is None:
        return Moment(view, "ended", view.starts_at, 0, None)
    begins = {one.booking_id: at for one, at in live.forecast(of_host, now)}.get(view.id, mine.begins)
    near = now + FORECAST > view.starts_at
    known = noted.peek(session, view.id)
    # Who is late is waited for in the room or here; the family is let on when it was agreed or announced.
    late = live.late(mine, begins if near else mine.begins)
    let_in_at = known.let_in_at if known else None
    if let_in_at and let_in_at + timedelta(seconds=1) < mine.begins:
        let_in_at = None  # a turn from before a delay was announced
    met = mine.up_at is not None or mine.mark in ("done", "started")
    return Moment(view, live.state(mine, now), mine.begins, late, let_in_at, met)


def _next(session: Session, view: BookingView, now: datetime) -> BookingView | None:
    coming = [
        one
        for one in bookings_of_guest(session, view.guest_id)
        # Who has only typed an address sees nothing else that was booked with it.
        if one.screen == view.screen
        and one.active
        and one.id != view.id
        and one.starts_at > shifted(max(now, view.starts_at), timedelta(minutes=-5))
    ]
    return min(coming, key=lambda one: one.starts_at, default=None)


def _json(front: FrontOf, request: Request, page: Page, moment: Moment) -> Response:
    view = moment.view
    said = {
        "state": moment.state if moment.open else "over",
        "begins": _ms(moment.begins),
        "letIn": _ms(moment.let_in_at) if moment.let_in_at else None,
        "late": late_text(page, view, moment.late),
        "link": view.talk_link,
        "again": _again(front),
    }
    body = json.dumps(said).encode()
    headers = {"ETag": etag(body), "Cache-Control": "private, no-cache"}
    if request.headers.get("if-none-match") == headers["ETag"]:
        return Response(status_code=304, headers=headers)
    return Response(body, media_type="application/json", headers=headers)


def _again(front: FrontOf) -> int:
    """In how many seconds the script may ask again: never sooner than ten, later the more families wait."""
    with front.database.read() as session:
        there = noted.families_there(session, front.clock())
    return max(POLL_SECONDS, -(-there // POLLS_A_SECOND))


def late_text(page: Page, view: BookingView, minutes: int) -> str:
    if minutes < 3:
        return ""
    return page.say.plural(
        "%(host)s is running about %(number)s minute late.",
        "%(host)s is running about %(number)s minutes late.",
        minutes,
        host=view.host_name,
    )


def _common(view: BookingView) -> dict[str, Any]:
    return {"conference_name": view.conference_name, "contact": view.conference_contact}


def _ms(moment: datetime) -> int:
    """Milliseconds since the epoch, as JavaScript counts."""
    return int(moment.timestamp() * 1000)
