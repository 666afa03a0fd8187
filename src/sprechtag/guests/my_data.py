# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""A family's rights on its own page: what is kept of it, taking it along, correcting and erasing it.

Only by the family's own link: what a screen has shown to a stranger opens none of it."""

import json
from collections.abc import Mapping
from dataclasses import replace

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse
from sqlmodel import Session

from ..conference import households, taken
from ..conference.errors import Invalid, Refused
from ..conference.organise import share_token
from ..conference.person import Person
from ..conference.tables import Guest
from ..paper.pdf import pdf_soon
from ..phrases import LANGUAGES
from ..privacy import my_data
from ..privacy.family import (
    ChildCorrection,
    Correction,
    add_by_family,
    children_named,
    correct_as_family,
    erase,
    export,
    parts,
)
from .front import Field, FrontOf, Language, Sent, Visit, common, file_answer, sentence_page, text_of
from .page import Page
from .refusals import Sentence, sentence

MOST_CHILDREN = 20


router = APIRouter(default_response_class=HTMLResponse, include_in_schema=False)

# -- what is kept -------------------------------------------------------------------------------------------


@router.get("/m/{token}/my-data")
def show(front: FrontOf, request: Request, token: str, lang: Language = "") -> Response:
    page = front.page(request, lang)
    with front.database.read() as session:
        visit, guest = _family(front, session, page, token)
        return _page(session, page, visit, guest)


@router.get("/m/{token}/my-data.json")
def as_json(front: FrontOf, request: Request, token: str, lang: Language = "") -> Response:
    page = front.page(request, lang)
    with front.database.read() as session:
        _, guest = _family(front, session, page, token)
        found = export(session, guest)
    return file_answer(json.dumps(found, ensure_ascii=False, indent=1).encode(), "application/json", "my-data.json")


@router.get("/m/{token}/my-data.pdf")
def as_pdf(front: FrontOf, request: Request, token: str, lang: Language = "") -> Response:
    page = front.page(request, lang)
    with front.database.read() as session:
        visit, guest = _family(front, session, page, token)
        found = my_data.sections(parts(session, guest), page.say)
    return file_answer(pdf_soon(my_data.document(visit.conference, found, page.say)), "application/pdf", "my-data.pdf")


# -- correcting ---------------------------------------------------------------------------------------------


@router.post("/m/{token}/correct")
def correct(front: FrontOf, request: Request, token: str, sent: Sent) -> Response:
    """Sets right what is wrong. To a new address a link goes; whoever asked is not told whether another family has
    it, and is shown no link."""
    page = front.page(request, text_of(sent, "lang"))
    with front.database.read() as session:
        visit, guest = _family(front, session, page, token)
        # And one more, which may be new.
        numbers = range(min(len(children_named(session, guest)), MOST_CHILDREN) + 1)
    form = {name: text_of(sent, name) for name in ("name", "email", "phone")}
    form |= {f"{part}-{number}": text_of(sent, f"{part}-{number}") for number in numbers for part in _PARTS}
    listed = [
        ChildCorrection(form[f"was-{number}"], form[f"child-{number}"], form[f"class-{number}"]) for number in numbers
    ]
    named = tuple(one for one in listed if one.was or one.child)
    language = text_of(sent, "language")
    wanted = Correction(form["name"], form["email"], form["phone"], named, language if language in LANGUAGES else "")
    writes = front.desk.can_confirm(visit.conference.organiser_id)
    page.home(f"{visit.base}/my-data")
    try:
        with front.database.write() as session:
            guest = session.get_one(Guest, visit.family_id)
            moved = correct_as_family(session, guest, wanted, front.links, front.clock(), rewrite_events=not writes)
            mailed = writes or taken.has_bookings(session, guest)
    except Invalid as invalid:
        return _again(front, page, visit, form, invalid)
    except Refused as refused:
        return front.answer(
            page, visit, sentence(page.say, refused), f"{visit.base}/my-data", page.say("What is kept about you")
        )
    if moved:
        return _moved(front, page, visit, guest, mailed)
    with front.database.read() as session:
        guest = session.get_one(Guest, visit.family_id)
        return _page(session, page, visit, guest, notice=page.say("Saved"))


def _moved(front: FrontOf, page: Page, visit: Visit, guest: Guest, mailed: bool) -> Response:
    text = page.say("We are sending the new one to your address. Please look into your mails.")
    said = Sentence(200, page.say("Your old links are void"), text)
    page.about("")
    onward = {} if mailed else {"onward": front.manage_link(guest), "onward_text": page.say("My appointments")}
    return sentence_page(page, said, **common(visit), **onward)


def _again(front: FrontOf, page: Page, visit: Visit, form: dict[str, str], invalid: Invalid) -> Response:
    wrong = {
        "too_long": page.say("That is too long. Please shorten it."),
        "child_twice": page.say("You have named a child of this name already."),
    }.get(invalid.reason, page.say("Please look at this once more."))
    name = (
        invalid.field
        if invalid.field in form
        else {"child": "child-0", "school_class": "class-0"}.get(invalid.field, "name")
    )
    with front.database.read() as session:
        guest = session.get_one(Guest, visit.family_id)
        return _page(session, page, visit, guest, form=form, wrong={name: wrong})


# -- the other household ------------------------------------------------------------------------------------


@router.post("/m/{token}/household")
def add_household(front: FrontOf, request: Request, token: str, sent: Sent) -> Response:
    """Gives the other parent a link of its own, by mail. Whoever asked does not learn whether the address is known:
    another family is nobody's to take in, only the school's."""
    page = front.page(request, text_of(sent, "lang"))
    with front.database.read() as session:
        visit, _ = _family(front, session, page, token)
    page.home(f"{visit.base}/my-data")
    form = {name: text_of(sent, name) for name in ("other_name", "other_email")}
    try:
        with front.database.write() as session:
            add_by_family(
                session,
                session.get_one(Guest, visit.family_id),
                Person(form["other_name"], form["other_email"], page.say.language),
                front.links,
                front.clock(),
                shared=bool(text_of(sent, "shares")),
            )
    except Invalid as invalid:
        return _again(front, page, visit, form, replace(invalid, field=f"other_{invalid.field}"))
    except Refused as refused:
        return front.answer(
            page, visit, sentence(page.say, refused), f"{visit.base}/my-data", page.say("What is kept about you")
        )
    with front.database.read() as session:
        said = page.say("If the address is new here, its own link goes there now. Else please ask the school.")
        return _page(session, page, visit, session.get_one(Guest, visit.family_id), notice=said)


@router.post("/m/{token}/shares")
def share(front: FrontOf, request: Request, token: str, sent: Sent) -> Response:
    """The two households learn no more of what the other books. Each may end it; that it begins is said by the school,
    or by the parent who names the other household: nobody opens another's appointments to itself."""
    page = front.page(request, text_of(sent, "lang"))
    with front.database.read() as session:
        visit, _ = _family(front, session, page, token)
    page.home(f"{visit.base}/my-data")
    with front.database.write() as session:
        guest = session.get_one(Guest, visit.family_id)
        if (guest.named_other or households.other_of(session, guest)) and not text_of(sent, "shares"):
            households.share(session, guest, shared=False)
    with front.database.read() as session:
        return _page(session, page, visit, session.get_one(Guest, visit.family_id), notice=page.say("Saved"))


# -- erasing ------------------------------------------------------------------------------------------------


@router.get("/m/{token}/erase")
def ask_erase(front: FrontOf, request: Request, token: str, lang: Language = "") -> Response:
    page = front.page(request, lang)
    with front.database.read() as session:
        visit, _ = _family(front, session, page, token)
        now = front.clock()
        coming = [view for view in visit.bookings(session) if view.active and view.ends_at > now]
    return page.answer("erase.html", **common(visit), base=visit.base, coming=coming)


@router.post("/m/{token}/erase")
def erase_family(front: FrontOf, request: Request, token: str, lang: Field = "") -> Response:
    page = front.page(request, lang)
    with front.database.read() as session:
        visit, _ = _family(front, session, page, token)
    with front.database.write() as session:
        done = erase(session, session.get_one(Guest, visit.family_id), front.clock())
    front.database.wipe()
    text = page.say("Nothing about you is kept any more.")
    if not done:
        text = page.say("One more mail tells you of the cancelled appointments; then your address is erased too.")
    page.about("")
    start = f"s/{share_token(visit.conference, front.links)}"
    page.about(start)
    said = Sentence(200, page.say("Everything about you is erased"), text)
    return sentence_page(page, said, **common(visit), onward=start, onward_text=page.say("To the beginning"))


# -- common -------------------------------------------------------------------------------------------------


def _family(front: FrontOf, session: Session, page: Page, token: str) -> tuple[Visit, Guest]:
    """Raises `NotFound` for every link but the family's own."""
    visit = front.visit(session, page, token)
    return visit, session.get_one(Guest, visit.family_id)


def _page(
    session: Session,
    page: Page,
    visit: Visit,
    guest: Guest,
    notice: str = "",
    form: Mapping[str, str] | None = None,
    wrong: Mapping[str, str] | None = None,
) -> Response:
    listed = [(child, child, school_class) for child, school_class in children_named(session, guest)][:MOST_CHILDREN]
    stands = {"other_name": "", "other_email": "", "name": guest.name, "email": guest.email, "phone": guest.phone}
    for number, one in enumerate([*listed, ("", "", "")]):
        stands |= {f"{part}-{number}": text for part, text in zip(_PARTS, one, strict=True)}
    wrong = dict(wrong or {})
    return page.answer(
        "my_data.html",
        422 if wrong else 200,
        **common(visit),
        base=visit.base,
        retention=visit.conference.retention_days,
        sections=my_data.sections(parts(session, guest), page.say),
        children=listed,
        language=guest.language,
        spoken={guest.language: LANGUAGES.get(guest.language, guest.language), **page.languages},
        other=guest.named_other or households.other_of(session, guest),
        named_other=guest.named_other,
        shares=households.shares(session, guest),
        form=stands | dict(form or {}),
        wrong=wrong,
        problems=[{"field": name, "text": text} for name, text in wrong.items()],
        problem_title=page.say("One more thing"),
        notice={"title": notice, "text": ""} if notice else None,
    )


_PARTS = ("was", "child", "class")
