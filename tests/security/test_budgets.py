# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""What somebody may spend who has proven nothing, and that the organiser sees it and takes it back in one step."""

import re
import secrets
from collections.abc import AsyncIterator
from datetime import date, time, timedelta
from pathlib import Path

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlmodel import select

from conftest import KEY, NOW, School, notices
from house import FRONTS, Stage, open_stage
from sprechtag.conference import budgets, jobs, lookup, ruleset
from sprechtag.conference.booking import Desk, Pick
from sprechtag.conference.errors import Refused, Spent
from sprechtag.conference.person import Person
from sprechtag.conference.proof import plain_class, plain_name
from sprechtag.conference.slots import TimeWindow
from sprechtag.conference.tables import Booking, BudgetCount, Effect, FeedbackAnswer, Guest, Slot
from sprechtag.conference.tokens import feedback_path
from sprechtag.conference.views import guest_view
from sprechtag.errands.testing import open_errands
from sprechtag.letters.channels.calendar_files import calendar_files
from sprechtag.letters.compose import announcement, compose
from town import links

RULES = ruleset.Rules(name="Sprechtag", windows=[TimeWindow(date(2027, 1, 13), time(8), time(20))], slot_minutes=10)


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    async with open_stage(tmp_path, rules=RULES) as stage:
        stage.house.settings.families_per_address = 5
        yield stage


def visitor(stage: Stage, address: str) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(stage.sandbox, client=(address, 4711))
    base = f"http://nc.example{FRONTS['php']}sprechtag/"
    return httpx.AsyncClient(transport=transport, base_url=base, headers={"Accept-Language": "en"})


async def book(stage: Stage, number: int, address: str = "203.0.113.9", **more: str) -> httpx.Response:
    slot = stage.school.slots()[number]
    name = secrets.token_hex(6)
    form = {"key": name, "place": "on_site", "child": "Kid", "name": name, "email": f"{name}@post.example"}
    async with visitor(stage, address) as browser:
        return await browser.post(f"{stage.share}/t/{slot.public_id}", data=form | more)


async def test_one_visitor_enters_only_so_many_families(stage: Stage) -> None:
    answers = [(await book(stage, number)).status_code for number in range(7)]
    assert answers == [200] * 5 + [429] * 2
    refused = await book(stage, 8)
    assert int(refused.headers["retry-after"]) == 600 and "from your network" in refused.text
    assert (await book(stage, 9, "203.0.113.10")).status_code == 200, "everybody else books on"
    stage.school.clock.now += timedelta(minutes=11)
    assert (await book(stage, 10)).status_code == 200


async def test_the_counters_are_everybodys_and_hold_no_address(stage: Stage) -> None:
    for number in range(5):
        await book(stage, number)
    other_process = Desk(stage.house.database, stage.house.links, clock=stage.school.clock, per_address=lambda: 5)
    wish = Pick(stage.school.slots()[20].public_id, "on_site", "Kid", "", "")
    person = Person("X", "x@post.example", "en")
    with pytest.raises(Spent):
        other_process.book(stage.school.conference_id, person, wish, visitor="203.0.113.9")
    with stage.house.database.read() as session:
        assert not [row for row in session.exec(select(BudgetCount)) if "203.0" in row.key or "post.example" in row.key]


async def test_what_is_refused_has_spent_nothing(stage: Stage) -> None:
    assert (await book(stage, 0)).status_code == 200
    for _ in range(20):
        assert (await book(stage, 0)).status_code == 409
    assert (await book(stage, 1)).status_code == 200


def test_a_schools_evening_passes_and_a_flood_does_not(school: School) -> None:
    """300 bookings of one address in ten minutes are an evening at school, 2,000 are none."""
    desk = school.desk
    mark = desk.ledger.visitor("203.0.113.9")
    taken = 0
    for number in range(2000):
        try:
            with school.database.write() as session:
                for budget in (desk.ledger.families, desk.ledger.times):
                    budgets.spend(session, budget, mark, NOW + number * timedelta(seconds=0.3))
        except Spent:
            break
        taken += 1
    assert 300 <= taken <= 600
    assert taken == 400


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("203.0.113.9", "203.0.113.9", True),
        ("203.0.113.9", "203.0.113.10", False),
        ("2001:db8:1:2::1", "2001:db8:1:2:ffff::9", True),
        ("2001:db8:1:2::1", "2001:db8:1:3::1", False),
        ("::ffff:203.0.113.9", "203.0.113.9", True),
        ("nonsense", "", True),
    ],
)
def test_who_counts_as_one_visitor(school: School, one: str, other: str, same: bool) -> None:
    ledger = school.desk.ledger
    assert (ledger.visitor(one) == ledger.visitor(other)) is same


@pytest.mark.parametrize(
    "email", ["Ayse.Yilmaz@Post.example", "ayseyilmaz+1@post.example", "a.y.s.e.yilmaz+x+y@POST.example."]
)
def test_one_mailbox_is_one_however_it_is_written(email: str) -> None:
    assert budgets.mailbox_of(email) == "ayseyilmaz@post.example"


async def test_one_mailbox_sends_only_some_forms(stage: Stage) -> None:
    stage.house.settings.families_per_address = 100
    answers = []
    for number in range(33):
        answer = await book(stage, number, f"198.51.100.{number}", email=f"ayse+{number}@post.example")
        answers.append(answer.status_code)
    assert answers == [200] * 30 + [409] * 3
    assert "If we know this address" in answer.text


async def test_the_organiser_hears_of_it_once_sees_it_and_undoes_it_in_one_step(stage: Stage) -> None:
    stage.house.settings.families_per_address = 15
    stage.school.book(stage.school.slots("t02")[0], "honest")
    for number in range(18):
        await book(stage, number)
    assert [user for user, _ in notices(stage.house.database, "budget")] == ["orga"]
    organiser = stage.as_user("orga")
    organiser.base_url = httpx.URL(f"http://nc.example{FRONTS['php']}sprechtag/api/v1/")
    organiser.headers["X-Requested-With"] = "test"
    one = f"conferences/{stage.school.conference().public_id}"
    seen = (await organiser.get(f"{one}/visitors")).json()
    assert {hit["kind"] for hit in seen["hits"]} == {"families"} and seen["hits"][0]["count"] >= 1
    (found,) = seen["visitors"]
    assert (found["families"], len(found["bookings"])) == (15, 15)
    begun = await organiser.post(f"{one}/undo", json={"bookings": [booking["id"] for booking in found["bookings"]]})
    assert begun.status_code == 202 and begun.json()["kind"] == "undo"
    with stage.house.database.read() as session:
        (job,) = open_errands(session, "job")
    jobs.run(stage.house.database, int(job.key), stage.school.clock)
    with stage.house.database.read() as session:
        states = [booking.state for booking in session.exec(select(Booking))]
        assert states.count("cancelled") == 15 and states.count("active") == 1
        mails = session.exec(select(Effect, Booking).where(Effect.kind == "mail", Booking.id == Effect.booking_id))
        told = [booking.guest_id for effect, booking in mails if effect.applied_revision < booking.revision]
        assert len(told) == 1, "nobody is written to whose address nobody has proven"
    assert (await organiser.get(f"{one}/visitors")).json()["visitors"] == []
    assert (await organiser.post(f"{one}/undo", json={"bookings": ["nothing"]})).status_code == 409


async def test_where_the_unproven_hold_too_much_new_ones_confirm_first(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(budgets, "FULL_SECONDS", 0.0)  # not half a second later
    """Two hosts with 72 times each: more than 72 are held by families that have proven nothing."""
    stage.house.settings.families_per_address = 1000
    stage.house.settings.smtp_host = "127.0.0.1"
    for user in ("t01", "t02"):
        for number, slot in enumerate(stage.school.slots(user)[:36]):
            stage.school.book(slot, f"{user}x{number}")
    answer = await book(stage, 40)
    assert answer.status_code == 200 and "One more step" in answer.text and not links(answer, "/m/")
    with stage.house.database.read() as session:
        guest = session.exec(select(Guest)).first()
        assert guest is not None
    # Who comes by its own link is not asked again, and once enough have proven their address nobody is.
    stage.school.change(max_bookings_per_guest_and_host=5)
    wish = Pick(stage.school.slots()[50].public_id, "on_site", "Kid", "", "")
    booked = stage.house.desk.book_again(guest.id or 0, wish)
    assert stage.school.view(booked.booking_id).confirm_by is None
    for number in range(1, 20):
        stage.house.desk.prove(number)
    assert "is booked" in (await book(stage, 60)).text


async def test_without_a_way_to_write_nobody_is_asked_to_confirm(stage: Stage) -> None:
    for user in ("t01", "t02"):
        for number, slot in enumerate(stage.school.slots(user)[:36]):
            stage.school.book(slot, f"{user}x{number}")
    answer = await book(stage, 40)
    assert answer.status_code == 200 and "is booked" in answer.text
    assert [user for user, _ in notices(stage.house.database, "budget")] == ["orga"]


async def test_the_question_after_the_day_is_not_answered_by_one_visitor_for_all(stage: Stage) -> None:
    stage.school.change(feedback=True)
    path = feedback_path(KEY, stage.school.conference().public_id)
    sent = {"worth": "1", "ease": "1"}
    async with visitor(stage, "203.0.113.9") as browser:
        assert (await browser.post(path, data=sent)).status_code == 403, "not before the day"
        stage.school.clock.now = stage.school.slots()[0].ends_at
        answers = [(await browser.post(path, data=sent)).status_code for _ in range(50)]
    assert answers.count(200) == 10 and answers.count(429) == 40
    with stage.house.database.read() as session:
        assert len(session.exec(select(FeedbackAnswer)).all()) == 10
    async with visitor(stage, "203.0.113.10") as browser:
        assert (await browser.post(path, data=sent)).status_code == 200


async def test_the_waiting_list_hands_out_nothing_that_is_free(stage: Stage) -> None:
    with stage.house.database.read() as session:
        host = lookup.find_host(session, stage.school.conference_id, "t01").public_id
    for number in range(3):
        async with visitor(stage, "203.0.113.9") as browser:
            form = {"child": "Kid", "name": f"n{number}", "email": f"n{number}@post.example"}
            answer = await browser.post(f"{stage.share}/h/{host}/wait", data=form)
        assert answer.status_code == 409 and "There are free times." in answer.text
    with stage.house.database.read() as session:
        assert not session.exec(select(Slot).where(Slot.held_for != None)).all()  # noqa: E711


# -- what a stranger's words become in a mail ----------------------------------------------------------------------

HOSTILE = [
    "Your account is blocked: https://evil.example/login",
    "evil.example",
    "www.evil.example",
    "Call +49 900 1234567 now",
    "x@evil.example",
    "0900-123456",
    "Line\nbreak: <a href='//evil.example'>here</a>",
    "evil。example evil．example",
    "HTTP://EVIL.EXAMPLE",
    "mailto:x@evil.example?subject=a",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_a_strangers_words_are_no_link(text: str) -> None:
    for said in (plain_name(text), plain_class(text)):
        assert not any(part in said.lower() for part in ("evil.example", "://", "@", "\n", "<", "www", "http", "900"))


@pytest.mark.parametrize(
    "name", ["Dr. Ayşe Yılmaz-O'Brien", "Nguyễn Thị Ánh", "مريم الخطيب", "نیلوفر می‌رضایی", "María del Carmen Ruiz"]
)
def test_a_name_stays_a_name(name: str) -> None:
    assert plain_name(name) == name


@given(st.text(max_size=300))
def test_whatever_is_typed_becomes_a_plain_line(text: str) -> None:
    said = plain_name(text)
    assert len(said) <= 60 and said == plain_name(said)
    assert not any(sign in "/:@<>\n\r" for sign in said) and sum(sign.isdecimal() for sign in said) <= 3


def test_a_mail_to_an_unproven_address_holds_only_plain_names(school: School) -> None:
    text = "Blocked https://evil.example +49 900 1234567"
    wish = Pick(school.slots()[0].public_id, "on_site", text, "9.evil.example"[:40], "")
    booked = school.desk.book(school.conference_id, Person(text, "a@post.example", "en"), wish)
    view = school.view(booked.booking_id)
    with school.database.read() as session:
        to = guest_view(session, booked.guest_id)
    written = [
        compose([(view, False)], [view], "http://nc.example/m/x"),
        announcement("S", "T", to, [view], "http://nc.example/m/x"),
    ]
    for one in written:
        whole = "\n".join((one.to[0], one.subject, one.text, one.html, str(calendar_files(one.events, "s@x.example"))))
        assert "evil.example" not in whole and "900 1234567" not in whole and "900" not in whole
    school.desk.prove(booked.guest_id)
    proven = compose([(school.view(booked.booking_id), False)], [], "http://nc.example/m/x")
    assert "evil.example" not in proven.text, "through the share link anybody can have typed it"


def test_mails_to_an_unproven_mailbox_are_bounded(school: School) -> None:
    mailbox = budgets.mailbox_mark(KEY, "a@post.example")
    went = 0
    with school.database.write() as session:
        while budgets.waits_until(session, budgets.MAILS, mailbox, NOW) is None:
            budgets.mailed(session, budgets.MAILS, mailbox, NOW)
            went += 1
        until = budgets.waits_until(session, budgets.MAILS, budgets.mailbox_mark(KEY, "A+x@post.example"), NOW)
    assert went == 6 and until == NOW + timedelta(hours=1)


async def test_a_proven_family_is_flooded_by_nobody(stage: Stage) -> None:
    """Each change is a mail to it, whoever makes it: through screen links only so many."""
    stage.school.change(max_bookings_per_guest=50, max_bookings_per_guest_and_host=50)
    stage.house.settings.families_per_address = 500
    known = stage.school.book(stage.school.slots("t02")[0], "ayse")
    stage.house.desk.prove(known.guest_id)
    answer = await book(stage, 40, email="ayse@post.example")
    screen = re.sub(r"[?].*", "", links(answer, "/m/")[-1])
    view = stage.school.view(2)
    one = f"{screen}/b/{view.public_id}"
    moved = []
    async with visitor(stage, "203.0.113.9") as browser:
        for number in range(1, 36):
            sent = await browser.post(f"{one}/move", data={"slot": stage.school.slots()[number].public_id})
            moved.append(sent.status_code)
    assert moved.count(200) == 29 and set(moved) == {200, 409}
    # The family itself is held back by nothing of that.
    stage.house.desk.cancel(known.id)


async def test_words_to_a_host_have_a_budget(stage: Stage) -> None:
    view = stage.school.book(stage.school.slots()[0], "a", place="video")
    path = f"j/{view.public_id}/{KEY.token('join', view.public_id, 1)}/message"
    answers = [(await stage.public.post(path, data={"text": f"spam {number}"})).status_code for number in range(9)]
    told = notices(stage.house.database, "family_says")
    assert len(answers) == 9 and len(told) <= 6


def test_the_school_itself_has_no_budget(school: School) -> None:
    for slot in school.slots():
        wish = Pick(slot.public_id, "on_site", "Kid", "", "")
        name = secrets.token_hex(4)
        try:
            school.desk.book(school.conference_id, Person(name, f"{name}@post.example", "en"), wish, by_guest=False)
        except Refused as refused:
            pytest.fail(refused.code)
