# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""What stands beside booking: the code of a printed letter, privacy notice, accessibility, feedback after the day."""

import secrets
from dataclasses import dataclass, field

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse
from limits import parse
from limits.storage import MemoryStorage
from limits.strategies import FixedWindowRateLimiter
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlmodel import col

from ..conference import people
from ..conference.errors import NotFound, TooManyCodes
from ..conference.tables import Conference, FeedbackAnswer
from ..conference.tokens import hashed, is_token
from .front import Field, Front, Language, Visit, address_of, common, message_page
from .manage import ManagePages
from .page import Page
from .refusals import Sentence, sentence

PER_ADDRESS = parse("30 per 10 minutes")
"""A school is one address, and on its evening many type; only wrong codes count."""
PER_CONFERENCE = parse("300 per hour")
CODE_MINUTES = 10
GRADES = (1, 2, 3, 4, 5)


@dataclass
class CodeLimit:
    """Counts wrong codes. With 38 bits a code, 300 tries an hour find one of 600 families' in some 50,000 years."""

    limiter: FixedWindowRateLimiter = field(default_factory=lambda: FixedWindowRateLimiter(MemoryStorage()))

    def check(self, address: str, conference: str) -> None:
        """Raises `TooManyCodes`."""
        if not (
            self.limiter.test(PER_ADDRESS, "address", address) and self.limiter.test(PER_CONFERENCE, "all", conference)
        ):
            raise TooManyCodes(CODE_MINUTES)

    def wrong(self, address: str, conference: str) -> None:
        self.limiter.hit(PER_ADDRESS, "address", address)
        self.limiter.hit(PER_CONFERENCE, "all", conference)


@dataclass
class AboutPages:
    front: Front
    manage: ManagePages
    codes: CodeLimit = field(default_factory=CodeLimit)

    def router(self) -> APIRouter:
        router = APIRouter(default_response_class=HTMLResponse, include_in_schema=False)
        router.get("/s/{token}/code")(self.ask_code)
        router.post("/s/{token}/code")(self.enter_code)
        for base in ("/s/{token}", "/m/{token}"):
            router.get(f"{base}/privacy")(self.privacy)
            router.get(f"{base}/accessibility")(self.accessibility)
        router.get("/f/{conference_id}/{token}")(self.ask_feedback)
        router.post("/f/{conference_id}/{token}")(self.take_feedback)
        return router

    # -- the code of a printed letter -----------------------------------------------------------------------------

    def ask_code(self, request: Request, token: str, lang: Language = "") -> Response:
        page = self.front.page(request, lang)
        with self.front.database.read() as session:
            visit = self.front.visit(session, page, token)
        return self._code_form(page, visit, "")

    def enter_code(self, request: Request, token: str, code: Field = "", lang: Field = "") -> Response:
        """Shows the family's own page. A wrong code and an unknown one are the same."""
        page = self.front.page(request, lang)
        with self.front.database.read() as session:
            visit = self.front.visit(session, page, token)
            guest = people.by_code(session, visit.conference, code[:40], self.front.links)
        address, conference = address_of(request), visit.conference.public_id
        page.home(f"{visit.base}/code")
        try:
            self.codes.check(address, conference)
        except TooManyCodes as refused:
            return self.front.message(page, visit, sentence(page.say, refused), visit.base)
        if guest is None:
            if code.strip():
                self.codes.wrong(address, conference)
            return self._code_form(page, visit, page.say("This code is not known. Please compare it with your letter."))
        page.speaks(guest.language)
        page.in_zone(visit.conference.time_zone)
        known = Visit(self.front.manage_link(guest), visit.conference, guest)
        page.about(known.base)
        said = page.say("Your code is right")
        text = page.say("From now on you can use this page. With the button below you begin.")
        return self.manage.show(page, known, {"title": said, "text": text})

    def _code_form(self, page: Page, visit: Visit, problem: str) -> Response:
        return page.answer(
            "code.html",
            422 if problem else 200,
            **common(visit),
            problems=[{"field": "code", "text": problem}] if problem else [],
            problem_title=page.say("One more thing"),
            base=visit.base,
        )

    # -- what every page links to --------------------------------------------------------------------------------

    def privacy(self, request: Request, token: str, lang: Language = "") -> Response:
        """Who, what, why, how long, which rights (GDPR, Art. 13)."""
        page = self.front.page(request, lang)
        with self.front.database.read() as session:
            visit = self.front.visit(session, page, token)
        return page.answer(
            "privacy.html",
            **common(visit),
            own_words=[line for line in visit.conference.privacy_notice.splitlines() if line.strip()],
            retention=visit.conference.retention_days,
            video=visit.conference.offers_video,
            hosts_see_contact=visit.conference.contact_for_hosts,
            base=visit.base,
            start=visit.base,
        )

    def accessibility(self, request: Request, token: str, lang: Language = "") -> Response:
        page = self.front.page(request, lang)
        with self.front.database.read() as session:
            visit = self.front.visit(session, page, token)
        return page.answer("accessibility.html", **common(visit), base=visit.base, start=visit.base)

    # -- after the day ------------------------------------------------------------------------------------------

    def ask_feedback(self, request: Request, conference_id: str, token: str, lang: Language = "") -> Response:
        page = self.front.page(request, lang)
        conference = self._conference(page, conference_id, token)
        return self._feedback_form(page, conference)

    def take_feedback(
        self,
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
        page = self.front.page(request, lang)
        conference = self._conference(page, conference_id, token)
        form = {"worth": worth, "ease": ease, "place": place, "comment": comment}
        wrong = {name: page.say("Please choose.") for name in ("worth", "ease") if form[name] not in map(str, GRADES)}
        if len(comment) > 1000:
            wrong["comment"] = page.say("That is too long. Please shorten it.")
        if wrong:
            return self._feedback_form(page, conference, form, wrong)
        answer = FeedbackAnswer(
            conference_id=conference.id or 0,
            key_hash=hashed(f"{conference_id}:{key or secrets.token_hex(16)}"),
            worth=int(worth),
            ease=int(ease),
            place=place if place in ("on_site", "video") else "",
            comment=comment.strip(),
        )
        try:
            with self.front.database.write() as session:
                session.add(answer)
        except IntegrityError:
            pass  # the same form twice
        said = Sentence(200, page.say("Thank you"), page.say("Your answer helps to do it better next time."))
        return message_page(page, said, **common(Visit(page.path, conference, None)))

    def _conference(self, page: Page, conference_id: str, token: str) -> Conference:
        with self.front.database.read() as session:
            conference: Conference | None = session.execute(
                select(Conference).where(col(Conference.public_id) == conference_id)
            ).scalar_one_or_none()
        if conference is None or not is_token(self.front.links, "feedback", conference_id, 1, token):
            raise NotFound
        if not conference.feedback:
            raise NotFound
        self.front.offer_languages(page, conference)
        return conference

    def _feedback_form(
        self,
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
