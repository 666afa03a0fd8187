# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Who has lost the own link gets it by mail. The answer is the same whether the address is known or not: nobody learns
here who takes part."""

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse

from ..conference.errors import Invalid, NotFound, Refused
from .front import Field, FrontOf, Language, Visit, address_of, common
from .page import Page
from .refusals import Sentence, sentence

router = APIRouter(default_response_class=HTMLResponse, include_in_schema=False)


@router.get("/s/{token}/link")
def ask(front: FrontOf, request: Request, token: str, lang: Language = "") -> Response:
    page = front.page(request, lang)
    return _form(page, _visit(front, page, token), {"email": ""})


@router.post("/s/{token}/link")
def send(front: FrontOf, request: Request, token: str, email: Field = "", lang: Field = "") -> Response:
    page = front.page(request, lang)
    visit = _visit(front, page, token)
    try:
        front.desk.send_link(visit.conference.id or 0, email, page.say.language, address_of(request))
    except Invalid as refused:
        return _form(page, visit, {"email": email}, sentence(page.say, refused))
    except Refused as refused:
        return front.answer(page, visit, sentence(page.say, refused))
    said = Sentence(
        200,
        page.say("Please look into your mails"),
        page.say(
            "If appointments were made with this address, a mail with your link is on its way. If none comes within "
            "some minutes, look into the spam folder, or ask the school."
        ),
    )
    return front.answer(page, visit, said)


def _visit(front: FrontOf, page: Page, token: str) -> Visit:
    """Raises `NotFound` where nothing could send a mail."""
    with front.database.read() as session:
        visit = front.visit(session, page, token)
    if not front.desk.can_confirm(visit.conference.organiser_id):
        raise NotFound
    page.home(f"{visit.base}/link")
    return visit


def _form(page: Page, visit: Visit, form: dict[str, str], problem: Sentence | None = None) -> Response:
    return page.answer(
        "link.html",
        problem.status if problem else 200,
        **common(visit),
        form=form,
        wrong={problem.field: problem.text} if problem else {},
        problems=[{"field": problem.field, "text": problem.text}] if problem else [],
        problem_title=page.say("One more thing"),
        base=visit.base,
    )
