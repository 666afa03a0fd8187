# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Whoever types a family's address learns nothing of it and gets nothing of it: every public form, in every mode."""

import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from sqlmodel import select

from conftest import KEY, NOW
from house import FRONTS, Stage, open_stage
from sprechtag.conference import lookup, proof, wishes
from sprechtag.conference.booking import Pick
from sprechtag.conference.families import Family, by_code, code_of, invite, manage_token
from sprechtag.conference.named import name_host
from sprechtag.conference.person import Person
from sprechtag.conference.tables import Booking, Conference, Guest, GuestLetter
from sprechtag.conference.tokens import hashed, invitation_code
from sprechtag.conference.windows import block
from town import links

EMAIL = "ayse@post.example"
OF_THE_FAMILY = ("Ali ", ">Ali", "Ali<", "Yılmaz", "Zebras")
FORM = {"child": "Emre", "school_class": "5b", "name": "Somebody", "email": EMAIL, "place": "on_site"}
MODES = [
    {"booking_by": "link"},
    {"booking_by": "confirmed"},
    {"booking_by": "invited"},
    {"booking_mode": "wishes", "wishes_until": NOW + timedelta(days=1)},
    {"booking_mode": "wishes", "wishes_until": NOW + timedelta(days=1), "booking_by": "invited"},
    {"booking_mode": "assigned", "wishes_until": NOW - timedelta(days=1)},
]
MODE_NAMES = ["link", "confirmed", "invited", "wishes", "wishes of the invited", "assigned"]


@asynccontextmanager
async def school(folder: Path, mode: dict[str, object]) -> AsyncIterator[Stage]:
    folder.mkdir()  # noqa: ASYNC240 - a test waits for nobody
    async with open_stage(folder, hosts=("t01", "t02", "t03", "t04")) as stage:
        stage.public.base_url = httpx.URL(f"http://nc.example{FRONTS['php']}sprechtag/")
        stage.school.change(max_bookings_per_guest=3, max_bookings_per_guest_and_host=1, languages="en", **mode)
        # With t04 nothing is free, so that somebody can wait there.
        for number, slot in enumerate(stage.school.slots("t04")):
            with stage.house.database.write() as session:
                block(session, session.merge(slot), "organiser")
            assert number < 12
        yield stage


# -- what may be known of the address ------------------------------------------------------------------------------


def nothing(stage: Stage) -> None:
    """Nobody has ever heard of it."""


def _book(stage: Stage, host: str, number: int, child: str = "Ali") -> int:
    """As the school on the phone, whom no mode keeps out."""
    wish = Pick(stage.school.slots(host)[number].public_id, "on_site", child, "Zebras", "")
    booked = stage.house.desk.book(stage.school.conference_id, Person("Yılmaz", EMAIL, "tr"), wish, by_guest=False)
    return booked.guest_id


def has_an_appointment(stage: Stage) -> None:
    _book(stage, "t03", 9)


def has_proven_it(stage: Stage) -> None:
    stage.house.desk.prove(_book(stage, "t03", 9))


def was_entered_by_the_school(stage: Stage) -> None:
    with stage.house.database.write() as session:
        conference = session.get_one(Conference, stage.school.conference_id)
        guest, _ = invite(session, conference, Family("Yılmaz", EMAIL, "Ali", "Zebras", "tr"), KEY)
        host = lookup.find_host(session, conference.id or 0, "t02")
        name_host(session, guest, host, asked=True)


def had_one_and_cancelled(stage: Stage) -> None:
    _book(stage, "t03", 9)
    stage.house.desk.cancel(1, by_guest=False)


def is_elsewhere_then(stage: Stage) -> None:
    for host in ("t02", "t03"):
        _book(stage, host, 0 if host == "t02" else 1)


def has_all_it_may(stage: Stage) -> None:
    for number, host in enumerate(("t02", "t03", "t02")):
        _book(stage, host, 6 + number)


def sees_this_host_already(stage: Stage) -> None:
    for number in (5, 6, 7):
        _book(stage, "t01", number, "Emre")


def has_wishes(stage: Stage) -> None:
    guest_id = _book(stage, "t03", 9)
    with stage.house.database.write() as session:
        guest = session.get_one(Guest, guest_id)
        conference = session.get_one(Conference, guest.conference_id)
        if conference.booking_mode == "wishes":
            host = lookup.find_host(session, conference.id or 0, "t02")
            day = stage.school.slots()[0].starts_at.date()
            wished = wishes.Wished([host], "Ali", "Zebras", {day: (0, 1440)}, "on_site", 5)
            wishes.enter(session, conference, guest, wished, stage.school.clock())


FREE_TO_BOOK = [nothing, has_an_appointment, has_proven_it, was_entered_by_the_school, had_one_and_cancelled]
REFUSED = [is_elsewhere_then, has_all_it_may, sees_this_host_already]


# -- the forms -----------------------------------------------------------------------------------------------------


async def books(stage: Stage) -> httpx.Response:
    slot = stage.school.slots("t01")[0].public_id
    return await stage.public.post(f"{stage.share}/t/{slot}", data=FORM | {"key": "k" * 22})


async def books_several(stage: Stage) -> httpx.Response:
    slots = [stage.school.slots("t01")[0].public_id, stage.school.slots("t02")[2].public_id]
    with stage.house.database.read() as session:
        hosts = [lookup.find_host(session, stage.school.conference_id, user).public_id for user in ("t01", "t02")]
    data = FORM | {"h": hosts, "slot": slots, "do": "book", "key": "k" * 22}
    return await stage.public.post(f"{stage.share}/plan", data=data)


async def waits(stage: Stage) -> httpx.Response:
    with stage.house.database.read() as session:
        host = lookup.find_host(session, stage.school.conference_id, "t04").public_id
    return await stage.public.post(f"{stage.share}/h/{host}/wait", data=FORM)


async def saves_wishes(stage: Stage) -> httpx.Response:
    with stage.house.database.read() as session:
        host = lookup.find_host(session, stage.school.conference_id, "t01").public_id
    return await stage.public.post(f"{stage.share}/wishes", data=FORM | {"h": host, "do": "save"})


async def types_a_code(stage: Stage) -> httpx.Response:
    return await stage.public.post(f"{stage.share}/code", data={"code": "BCDFGHJKMN"})


FORMS = [books, books_several, waits, saves_wishes, types_a_code]
Send = Callable[[Stage], Awaitable[httpx.Response]]
Known = Callable[[Stage], None]


def seen(answer: httpx.Response) -> tuple[int, str]:
    """What an observer could compare: everything but what is drawn anew each time."""
    text = re.sub(r"(?<=[/\"])[A-Za-z0-9_-]{16,27}(?=[/\"?.])", "…", answer.text)
    return answer.status_code, re.sub(r"<dd[^>]*>[A-Z0-9]{6}</dd>|· [A-Z0-9]{6}<", "#", text)


def tokens_of_the_guest(stage: Stage) -> set[str]:
    """Everything that would open the family's page, from its beginning to some renewals ahead."""
    with stage.house.database.read() as session:
        guests = session.exec(select(Guest).where(Guest.email == EMAIL)).all()
        bookings = session.exec(select(Booking)).all()
    found = set()
    for guest in guests:
        for generation in range(5):
            found |= {KEY.token(purpose, guest.public_id, generation) for purpose in ("manage", "feed")}  # type: ignore[arg-type]
            found.add(invitation_code(KEY, guest.public_id, generation))
    return found | {KEY.token("join", one.public_id, 1) for one in bookings if one.child != "Emre"}


async def answers(
    folder: Path, mode: dict[str, object], send: Send, known: list[Known]
) -> list[tuple[Known, httpx.Response]]:
    found = []
    for state in known:
        async with school(folder / state.__name__, mode) as stage:
            state(stage)
            answer = await send(stage)
            assert answer.status_code < 500
            assert not [token for token in tokens_of_the_guest(stage) if token in answer.text], state.__name__
            assert not [word for word in OF_THE_FAMILY if word in answer.text], state.__name__
            for link in {re.sub(r"[?].*", "", one) for one in links(answer, "/m/") if "#" not in one}:
                page = await stage.public.get(link)
                assert page.status_code == 200
                assert not [word for word in OF_THE_FAMILY if word in page.text], (state.__name__, link)
                token = re.search(r"/m/([A-Za-z0-9_-]+)", link)
                with stage.house.database.read() as session:
                    hashes = {guest.manage_token_hash for guest in session.exec(select(Guest))}
                assert token and hashed(token[1]) not in hashes, "no family's own link"
        found.append((state, answer))
    return found


@pytest.mark.parametrize("mode", MODES, ids=MODE_NAMES)
@pytest.mark.parametrize("send", FORMS, ids=lambda send: send.__name__)
async def test_an_answer_does_not_tell_whether_the_address_is_known(
    tmp_path: Path, mode: dict[str, object], send: Send
) -> None:
    first, *others = await answers(tmp_path, mode, send, FREE_TO_BOOK)
    for state, answer in others:
        assert seen(answer) == seen(first[1]), state.__name__


@pytest.mark.parametrize("mode", MODES, ids=MODE_NAMES)
@pytest.mark.parametrize("send", [books, books_several, waits], ids=lambda send: send.__name__)
async def test_what_stands_against_a_form_is_one_sentence(tmp_path: Path, mode: dict[str, object], send: Send) -> None:
    known = [has_all_it_may] if send is waits else REFUSED[:2] if send is books_several else REFUSED
    found = await answers(tmp_path, mode, send, known)
    assert len({seen(answer) for _, answer in found}) == 1
    for _, answer in found:
        assert "15:" not in answer.text or mode.get("booking_mode") == "wishes" or answer.status_code == 403


async def test_the_address_is_told_by_mail_what_stood_against_it(tmp_path: Path) -> None:
    async with school(tmp_path / "told", MODES[0]) as stage:
        is_elsewhere_then(stage)
        refused = await books(stage)
        assert refused.status_code == 409 and "If we know this address" in refused.text
        await books(stage)
        with stage.house.database.read() as session:
            (letter,) = session.exec(select(GuestLetter)).all()
        assert letter.kind == "not_done" and letter.payload["code"] == "guest_busy"


async def test_wishes_before_are_one_sentence_too(tmp_path: Path) -> None:
    found = await answers(tmp_path, MODES[3], saves_wishes, [has_wishes])
    assert found[0][1].status_code == 409 and "If we know this address" in found[0][1].text


async def test_who_booked_first_with_somebodys_address_keeps_nothing(tmp_path: Path) -> None:
    async with school(tmp_path / "first", MODES[0]) as stage:
        mine = re.sub(r"[?].*", "", links(await books(stage), "/m/")[-1])
        one = next(link for link in links(await stage.public.get(mine), "/b/") if not link.endswith(".ics"))
        await stage.public.post(f"{one.split('?')[0]}/cancel", data={})
        # The address' owner books, by its mail, and the one with the old link looks.
        with stage.house.database.read() as session:
            guest = session.exec(select(Guest)).one()
        own = f"m/{manage_token(guest, KEY)}"
        slot = stage.school.slots("t02")[3].public_id
        booked = await stage.public.post(f"{own}/t/{slot}", data={"child": "Ali", "place": "on_site"})
        assert booked.status_code == 200
        page = await stage.public.get(mine)
        assert page.status_code == 404 or ("Ali" not in page.text and "Teacher t02" not in page.text)
        # Somebody meets the unproven address again: the first link is void.
        with stage.house.database.write() as session:
            session.get_one(Guest, guest.id).proven_at = None
        again = await stage.public.post(
            f"{stage.share}/t/{stage.school.slots('t03')[7].public_id}", data=FORM | {"key": "other"}
        )
        assert again.status_code == 200 and mine not in {re.sub(r"[?].*", "", one) for one in links(again, "/m/")}
        assert (await stage.public.get(mine)).status_code == 404
        assert (await stage.public.get(own)).status_code == 200


async def test_a_forms_key_is_bound_to_address_and_times(tmp_path: Path) -> None:
    async with school(tmp_path / "key", MODES[0]) as stage:
        slots = stage.school.slots("t01")
        first = await stage.public.post(f"{stage.share}/t/{slots[0].public_id}", data=FORM | {"key": "planted"})
        for other in (
            (slots[0], {"email": "other@post.example"}),
            (slots[0], {"email": "other@post.example", "name": "X", "child": "Y"}),
        ):
            answer = await stage.public.post(
                f"{stage.share}/t/{other[0].public_id}", data=FORM | {"key": "planted"} | other[1]
            )
            assert answer.status_code == 409 and not links(answer, "/m/")
        elsewhere = await stage.public.post(
            f"{stage.share}/t/{slots[4].public_id}", data=FORM | {"key": "planted", "email": "b@post.example"}
        )
        assert elsewhere.status_code == 200
        assert not set(links(elsewhere, "/m/")) & set(links(first, "/m/"))


async def test_a_page_takes_over_no_key_from_elsewhere(tmp_path: Path) -> None:
    async with school(tmp_path / "planted", MODES[0]) as stage:
        with stage.house.database.read() as session:
            host = lookup.find_host(session, stage.school.conference_id, "t01").public_id
        for do in ("", "grid", "picked", "book"):
            page = await stage.public.post(
                f"{stage.share}/plan", data={"h": host, "do": do, "key": "planted-by-another-site"}
            )
            assert "planted-by-another-site" not in page.text, do
        slot = stage.school.slots("t01")[0].public_id
        for page in (
            await stage.public.get(f"{stage.share}/t/{slot}?key=planted-by-another-site"),
            await stage.public.post(f"{stage.share}/t/{slot}", data={"key": "planted-by-another-site"}),
        ):
            assert "planted-by-another-site" not in page.text


async def test_the_form_of_a_lapsed_hold_books_nothing(tmp_path: Path) -> None:
    async with school(tmp_path / "lapsed", MODES[1]) as stage:
        assert "One more step" in (await books(stage)).text
        stage.school.clock.now += timedelta(hours=2)
        stage.house.desk.release_unconfirmed()
        again = await books(stage)
        assert again.status_code == 409 and not links(again, "/m/") and "booked" not in again.text.split("<main")[1]


async def test_a_form_sent_twice_shows_no_link_of_a_family_that_the_school_entered(tmp_path: Path) -> None:
    async with school(tmp_path / "twice", MODES[0]) as stage:
        was_entered_by_the_school(stage)
        for answer in (await books(stage), await books(stage)):
            assert answer.status_code == 200
            assert not [token for token in tokens_of_the_guest(stage) if token in answer.text]


async def test_only_what_is_pressed_in_a_mail_proves_the_address(tmp_path: Path) -> None:
    async with school(tmp_path / "proof", MODES[0]) as stage:
        shown = re.sub(r"[?].*", "", links(await books(stage), "/m/")[-1])

        def guest() -> Guest:
            with stage.house.database.read() as session:
                return session.exec(select(Guest)).one()

        own = f"m/{manage_token(guest(), KEY)}"
        await stage.public.get(shown)
        await stage.public.post(f"{shown}/confirm", data={})
        await stage.public.get(own)
        assert guest().proven_at is None, "neither a screen's link nor a look proves anything"
        await stage.public.post(f"{own}/confirm", data={})
        assert guest().proven_at == stage.school.clock()


async def test_a_new_link_voids_all_older_ones(tmp_path: Path) -> None:
    async with school(tmp_path / "new", MODES[0]) as stage:
        stage.house.settings.smtp_host = "127.0.0.1"
        shown = re.sub(r"[?].*", "", links(await books(stage), "/m/")[-1])
        with stage.house.database.write() as session:
            guest = session.exec(select(Guest)).one()
            conference = session.get_one(Conference, guest.conference_id)
            invite(session, conference, Family(guest.name, guest.email), KEY)
            code = code_of(guest, KEY)
            booking = session.exec(select(Booking)).one().public_id
        own = f"m/{manage_token(guest, KEY)}"
        feed = f"c/{guest.public_id}/{KEY.token('feed', guest.public_id, 1)}.ics"
        join = f"j/{booking}/{KEY.token('join', booking, 1)}"
        for path in (own, feed, join, shown):
            assert (await stage.public.get(path)).status_code == 200, path
        answer = await stage.public.post(f"{own}/new-link", data={})
        shows = [link for link in links(answer, "/m/") if "#main" not in link]
        assert answer.status_code == 200 and not shows, "whoever pressed it is not shown the new one"
        for path in (own, feed, join, shown):
            assert (await stage.public.get(path)).status_code == 404, path
        assert (await stage.public.post(f"{stage.share}/code", data={"code": code})).status_code == 422
        with stage.house.database.read() as session:
            guest = session.exec(select(Guest)).one()
            assert by_code(session, conference, code_of(guest, KEY), KEY)
            assert proof.by_token(session, manage_token(guest, KEY)).guest.id == guest.id
            kinds = [letter.kind for letter in session.exec(select(GuestLetter))]
        assert kinds == ["new_link"]
