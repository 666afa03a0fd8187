# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Who comes beside the family is told of the appointment, of what changes, and when they need not come; once each."""

from datetime import timedelta

from sqlalchemy import select, update
from test_post import Office, office

from conftest import KEY
from sprechtag.conference import companions, follow, interpreting
from sprechtag.conference.asked import Answers
from sprechtag.conference.booking import Pick
from sprechtag.conference.interpreting import Entry
from sprechtag.conference.person import Person
from sprechtag.conference.tables import Booking, Companion, Conference, Effect, Guest, Interpreter
from sprechtag.conference.tokens import interpreter_path, join_path, person_path
from sprechtag.errands.testing import run_due
from sprechtag.privacy.family import erase, erase_done
from sprechtag.sandbox.world import Mail

__all__ = ["office"]


def mails(office: Office) -> list[Mail]:
    """What people beside families get; Nextcloud has followed."""
    database = office.house.database
    with database.write() as session:
        for effect in session.execute(select(Effect)).scalars():
            effect.applied_revision = session.get_one(Booking, effect.booking_id).revision
            if effect.kind == "talk" and session.get_one(Booking, effect.booking_id).place == "video":
                effect.remote = {"token": "abc", "link": "http://nc.example/call/abc"}
    with database.write() as session:
        follow.level(session, office.school.clock.now)
    office.world.mails.clear()
    run_due(office.house.worker, ["people"])
    return list(office.world.mails)


def name(office: Office, booking_id: int, kind: str = "parent") -> Companion:
    with office.house.database.write() as session:
        who = Person("Papa", "papa@post.example", "en")
        return companions.name(session, session.get_one(Booking, booking_id), who, kind, office.school.clock.now)


def test_a_named_person_hears_of_the_appointment_its_changes_and_its_end(office: Office) -> None:
    slots = office.school.slots("t01")
    view = office.school.book(slots[0], "a", "video")
    one = name(office, view.id)
    (first,) = mails(office)
    assert "papa@post.example" in first.to and first.subject.startswith("You are asked to come: Wed 13 Jan, 15:00")
    assert person_path(KEY, one.public_id, 1) in first.text and join_path(KEY, one.public_id, 1) in first.text
    assert "Also coming: Family a" in first.text and "/m/" not in first.text and "METHOD:PUBLISH" in first.calendar
    assert mails(office) == [], "told once"
    office.school.desk.move(view.id, slots[2].public_id)
    (changed,) = mails(office)
    assert changed.subject.startswith("Changed: Wed 13 Jan, 15:20")
    office.school.desk.cancel(view.id)
    (gone,) = mails(office)
    assert gone.subject.startswith("Cancelled:") and "METHOD:CANCEL" in gone.calendar
    assert mails(office) == []


def test_who_is_taken_back_is_told_once_and_forgotten(office: Office) -> None:
    view = office.school.book(office.school.slots("t01")[0], "a")
    one = name(office, view.id)
    mails(office)
    with office.house.database.write() as session:
        companions.remove(session, session.get_one(Booking, view.id), one.public_id, office.school.clock.now)
    (told,) = mails(office)
    assert told.subject.startswith("Not needed any more") and "METHOD:CANCEL" in told.calendar
    with office.house.database.read() as session:
        assert session.execute(select(Companion)).first() is None
    assert mails(office) == []


def test_the_same_news_have_the_same_message_id(office: Office) -> None:
    """A crash between "sent" and "noted" sends again, and the mailbox shows it once."""
    view = office.school.book(office.school.slots("t01")[0], "a")
    name(office, view.id)
    (first,) = mails(office)
    with office.house.database.write() as session:
        session.execute(update(Companion).values(told_revision=0, told_at=None))
    (second,) = mails(office)
    assert first.message_id == second.message_id


def test_a_mailbox_nobody_has_proven_is_not_flooded(office: Office) -> None:
    slots = office.school.slots("t01")
    view = office.school.book(slots[0], "a")
    name(office, view.id)
    count = len(mails(office))
    for number in range(1, 9):
        office.school.desk.move(view.id, slots[number].public_id)
        count += len(mails(office))
    assert count == 6


def test_an_interpreter_gets_a_link_and_one_mail_for_all_that_is_new(office: Office) -> None:
    office.school.change(asks="interpreter")
    with office.house.database.write() as session:
        conference = session.get_one(Conference, office.school.conference_id)
        entry = Entry("Aylin", "aylin@post.example", "Türkisch", "en")
        one = interpreting.enter(session, conference, entry, office.school.clock.now)
    (welcome,) = mails(office)
    mine = interpreter_path(KEY, one.public_id, 1)
    assert welcome.subject.startswith("You interpret") and mine in welcome.text
    views = []
    for number, place in enumerate(("on_site", "video")):
        slot = office.school.slots("t01")[number]
        pick = Pick(slot.public_id, place, "Kid", "5b", "", Answers(interpreter="tr"))
        person = Person(f"Family {number}", f"f{number}@post.example", "en")
        views.append(office.school.desk.book(office.school.conference_id, person, pick).booking_id)
    (both,) = mails(office)
    assert both.subject.startswith("Changes to") and both.calendar.count("BEGIN:VEVENT") == 2 and mine in both.text
    with office.house.database.write() as session:
        interpreting.take_out(session, session.get_one(Interpreter, one.id), office.school.clock.now)
    told = mails(office)
    assert {mail.to for mail in told} == {welcome.to} and len(told) == 2
    assert all(mail.subject.startswith("Not needed any more") for mail in told)


def test_who_was_told_hears_that_an_erased_familys_appointment_is_cancelled(office: Office) -> None:
    view = office.school.book(office.school.slots("t01")[0], "a")
    name(office, view.id)
    mails(office)
    with office.house.database.write() as session:
        erase(session, session.get_one(Guest, view.guest_id), office.school.clock.now)
    (gone,) = mails(office)
    assert gone.subject.startswith("Cancelled:") and "Child a" not in gone.text
    office.school.clock.now += timedelta(minutes=1)
    with office.house.database.write() as session:
        assert erase_done(session, office.school.clock.now) == 1
        assert session.execute(select(Companion)).first() is None
