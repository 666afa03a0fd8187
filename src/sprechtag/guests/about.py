# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""What stands beside booking: the code of a printed letter, privacy notice, accessibility, feedback after the day."""

import secrets

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlmodel import col

from ..conference import budgets, families
from ..conference.errors import NotFound, Spent
from ..conference.instance import fact
from ..conference.tables import Conference, FeedbackAnswer, Slot
from ..conference.tokens import hashed, is_token
from ..day import media
from .front import Field, FrontOf, Language, Visit, address_of, common, of_conference, sentence_page
from .manage import show
from .page import Page
from .refusals import Sentence, sentence

GRADES = (1, 2, 3, 4, 5)


router = APIRouter(default_response_class=HTMLResponse, include_in_schema=False)

# -- the code of a printed letter -----------------------------------------------------------------------------


@router.get("/s/{token}/code")
def ask_code(front: FrontOf, request: Request, token: str, lang: Language = "") -> Response:
    page = front.page(request, lang)
    with front.database.read() as session:
        visit = front.visit(session, page, token)
    return _code_form(page, visit, "")


@router.post("/s/{token}/code")
def enter_code(front: FrontOf, request: Request, token: str, code: Field = "", lang: Field = "") -> Response:
    """Shows the family's own page. A right code always passes; wrong ones use up the visitor's budget, and an
    unknown one is as wrong as any other."""
    page = front.page(request, lang)
    with front.database.read() as session:
        visit = front.visit(session, page, token)
        guest = families.by_code(session, visit.conference, code, front.links)
    page.home(f"{visit.base}/code")
    if guest is None:
        try:
            _count_wrong(front, address_of(request), visit.conference, code)
        except Spent as refused:
            return front.answer(page, visit, sentence(page.say, refused), visit.base)
        return _code_form(page, visit, page.say("This code is not known. Please compare it with your letter."))
    front.desk.prove(guest.id or 0)
    page.speaks(guest.language)
    page.in_zone(visit.conference.time_zone)
    known = Visit(front.manage_link(guest), visit.kept, guest)
    page.about(known.base)
    said = page.say("Your code is right")
    text = page.say("From now on you can use this page. With the button below you begin.")
    return show(front, page, known, {"title": said, "text": text})


def _count_wrong(front: FrontOf, address: str, conference: Conference, code: str) -> None:
    """Raises `Spent`."""
    desk = front.desk
    visitor = desk.ledger.visitor(address)
    if not code.strip():
        return
    try:
        with front.database.write() as session:
            budgets.spend(session, budgets.WRONG_CODES, visitor, front.clock())
            budgets.spend(session, budgets.WRONG_CODES_OF_ALL, conference.public_id, front.clock())
    except Spent as spent:
        desk.ledger.refused(conference.id or 0, "codes", visitor)
        raise Spent("codes", spent.minutes) from spent


def _code_form(page: Page, visit: Visit, problem: str) -> Response:
    return page.answer(
        "code.html",
        422 if problem else 200,
        **common(visit),
        problems=[{"field": "code", "text": problem}] if problem else [],
        problem_title=page.say("One more thing"),
        base=visit.base,
    )


# -- what every page links to --------------------------------------------------------------------------------


@router.get("/s/{token}/privacy")
@router.get("/m/{token}/privacy")
def privacy(front: FrontOf, request: Request, token: str, lang: Language = "") -> Response:
    """Who, what, why, how long, which rights (GDPR, Art. 13): only what is so here."""
    page = front.page(request, lang)
    with front.database.read() as session:
        visit = front.visit(session, page, token)
        relays = fact(session, media.RELAYS)
        through_harp = front.options().behind_harp or bool(fact(session, "front").get("harp"))
    conference = visit.conference
    mail = _mail_way(front, conference.organiser_id)
    return page.answer(
        "privacy.html",
        **common(visit),
        own_words=_lines(conference.privacy_notice),
        legal_basis=_lines(conference.legal_basis),
        officer=_lines(conference.data_protection_officer),
        retention=conference.retention_days,
        video=conference.offers_video,
        # Where the calendar server writes the mails the address stands in the event.
        hosts_see_contact=conference.contact_for_hosts or mail == "calendar",
        events_emptied=conference.empty_events,
        mail=mail,
        relay=front.options().smtp_host,
        media_servers=bool(front.options().media.get("servers")),
        stun=media.relay_hosts(relays),
        cookies=not through_harp,
        family=visit.family,
        base=visit.base,
        start=visit.base,
    )


def _mail_way(front: FrontOf, organiser_id: str) -> str:
    """`smtp`, `mail-app` or `calendar`."""
    if not front.desk.can_confirm(organiser_id):
        return "calendar"
    options = front.options()
    return "smtp" if options.smtp_host and options.mail_channel in ("auto", "smtp") else "mail-app"


@router.get("/s/{token}/accessibility")
@router.get("/m/{token}/accessibility")
def accessibility(front: FrontOf, request: Request, token: str, lang: Language = "") -> Response:
    page = front.page(request, lang)
    with front.database.read() as session:
        visit = front.visit(session, page, token)
    return page.answer("accessibility.html", **common(visit), base=visit.base, start=visit.base)


# -- after the day ------------------------------------------------------------------------------------------


@router.get("/f/{conference_id}/{token}")
def ask_feedback(front: FrontOf, request: Request, conference_id: str, token: str, lang: Language = "") -> Response:
    page = front.page(request, lang)
    conference = _conference(front, page, conference_id, token)
    return _too_early(front, page, conference) or _feedback_form(page, conference)


@router.post("/f/{conference_id}/{token}")
def take_feedback(
    front: FrontOf,
    request: Request,
    conference_id: str,
    token: str,
    key: Field = "",
    worth: Field = "",
    ease: Field = "",
    place: Field = "",
    comment: Field = "",
    lang: Field = "",
) -> Response:
    """Keeps an answer without any trace of who gave it; the same form again counts once."""
    page = front.page(request, lang)
    conference = _conference(front, page, conference_id, token)
    if early := _too_early(front, page, conference):
        return early
    form = {"worth": worth, "ease": ease, "place": place, "comment": comment}
    wrong = {name: page.say("Please choose.") for name in ("worth", "ease") if form[name] not in map(str, GRADES)}
    if len(comment) > 1000:
        wrong["comment"] = page.say("That is too long. Please shorten it.")
    if wrong:
        return _feedback_form(page, conference, form, wrong)
    answer = FeedbackAnswer(
        conference_id=conference.id or 0,
        key_hash=hashed(f"{conference_id}:{key or secrets.token_hex(16)}"),
        worth=int(worth),
        ease=int(ease),
        place=place if place in ("on_site", "video") else "",
        comment=comment.strip(),
    )
    desk = front.desk
    visitor = desk.ledger.visitor(address_of(request))
    try:
        with front.database.write() as session:
            budgets.spend(session, budgets.ANSWERS, f"{conference_id}-{visitor}", front.clock())
            session.add(answer)
    except IntegrityError:
        pass  # the same form twice
    except Spent as refused:
        desk.ledger.refused(conference.id or 0, refused.kind, visitor)
        return sentence_page(page, sentence(page.say, refused), **of_conference(conference))
    said = Sentence(200, page.say("Thank you"), page.say("Your answer helps to do it better next time."))
    return sentence_page(page, said, **of_conference(conference))


def _too_early(front: FrontOf, page: Page, conference: Conference) -> Response | None:
    """Nobody can say how it was before the first appointment is over."""
    with front.database.read() as session:
        first = session.execute(
            select(func.min(col(Slot.ends_at))).where(col(Slot.conference_id) == conference.id)
        ).scalar_one_or_none()
    if first and first <= front.clock():
        return None
    said = Sentence(403, page.say("It is too early for an answer."), page.say("Please come back after the day."))
    return sentence_page(page, said, **of_conference(conference))


def _conference(front: FrontOf, page: Page, conference_id: str, token: str) -> Conference:
    with front.database.read() as session:
        conference: Conference | None = session.execute(
            select(Conference).where(col(Conference.public_id) == conference_id)
        ).scalar_one_or_none()
    if conference is None or not is_token(front.links, "feedback", conference_id, 1, token):
        raise NotFound
    if not conference.feedback:
        raise NotFound
    front.offer_languages(page, conference)
    return conference


def _feedback_form(
    page: Page,
    conference: Conference,
    form: dict[str, str] | None = None,
    wrong: dict[str, str] | None = None,
) -> Response:
    wrong = wrong or {}
    return page.answer(
        "feedback.html",
        422 if wrong else 200,
        conference_name=conference.name,
        contact=conference.contact,
        form=form or {"worth": "", "ease": "", "place": "", "comment": ""},
        wrong=wrong,
        problems=[{"field": name, "text": f"{_questions(page)[name]} {text}"} for name, text in wrong.items()],
        problem_title=page.say("One more thing"),
        both_places=conference.offers_on_site and conference.offers_video,
        key=secrets.token_urlsafe(16),
    )


def _questions(page: Page) -> dict[str, str]:
    return {
        "worth": page.say("Was the talk worth your time?"),
        "ease": page.say("How easy was booking?"),
        "comment": page.say("What should be different next time?"),
    }


def _lines(text: str) -> list[str]:
    return [line for line in text.splitlines() if line.strip()]
