# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Letters over a real SMTP relay: reminders, offers, invitations, wishes; and what stands in the mails about bookings."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import update
from sqlmodel import select

from conftest import KEY, Clock, School, make_school
from sprechtag.bootstrap import House
from sprechtag.conference import follow, jobs, letters, lookup, organise
from sprechtag.conference.families import Family, invite
from sprechtag.conference.hosts import decline
from sprechtag.conference.instance import learn
from sprechtag.conference.named import name_host
from sprechtag.conference.person import Person
from sprechtag.conference.tables import Booking, Conference, Effect, Guest, GuestLetter, Job, JobItem
from sprechtag.errands.table import Errand
from sprechtag.errands.testing import open_errands, run_due
from sprechtag.letters.compose import compose
from sprechtag.letters.mime import message
from sprechtag.sandbox.demo import new_world
from sprechtag.sandbox.smtp import Relay
from sprechtag.sandbox.world import Fault, Mail, World
from sprechtag.settings import Settings

FIRST = datetime(2027, 1, 13, 14, tzinfo=UTC)


@dataclass
class Office:
    """A school whose mails go over a relay; nothing runs by itself."""

    house: House
    school: School
    world: World

    def deliver(self) -> list[Mail]:
        """Sends everything that is due; returns the mails that came in."""
        self.world.mails.clear()
        run_due(self.house.worker, ["letter", "message"])
        return list(self.world.mails)

    def due(self) -> list[str]:
        """What may be sent now."""
        with self.house.database.read() as session:
            found = [*open_errands(session, "letter"), *open_errands(session, "message")]
        return [one.key for one in found if one.due_at <= self.school.clock.now]

    def mail_about_bookings(self, guest_id: int) -> Mail:
        """The mail about what is new; room and event are taken as done."""
        with self.house.database.write() as session:
            for effect in session.exec(select(Effect)):
                if effect.kind != "mail":
                    effect.applied_revision = session.get_one(Booking, effect.booking_id).revision
        self.world.mails.clear()
        with self.house.database.write() as session:
            follow.mail(session, guest_id, self.school.clock.now)
        run_due(self.house.worker, ["mail"])
        (mail,) = self.world.mails
        return mail


def write_due(office: Office) -> None:
    with office.house.database.write() as session:
        letters.write_reminders(session, office.school.clock.now)
        letters.write_feedback(session, office.school.clock.now)


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    world = new_world("http://nc.example", "s" * 64)
    relay = Relay(world)
    settings = Settings(
        app_secret="s" * 64,
        nextcloud_url="http://nc.example",
        persistent_storage=tmp_path,
        link_key="k" * 32,
        public_url="http://nc.example/app",
        smtp_host="127.0.0.1",
        smtp_port=relay.start(),
        smtp_security="none",
        smtp_from="Schule <schule@schule.example>",
        sync=False,
    )
    clock = Clock()
    house = House(settings, clock)
    house.database.migrate()
    school = make_school(house.database, ("t01", "t02", "t03"))
    school.clock = clock
    yield Office(house, school, world)
    relay.stop()
    house.database.close()


def set_texts(office: Office, texts: dict[str, dict[str, str]]) -> None:
    with office.house.database.write() as session:
        organise.set_texts(session, session.get_one(Conference, office.school.conference_id), texts)


def test_a_reminder_holds_all_appointments_of_the_day_in_the_schools_words(office: Office) -> None:
    office.school.book(office.school.slots("t01")[0], "a")
    office.school.book(office.school.slots("t02")[3], "a")
    set_texts(office, {"reminder": {"en": "Do not forget, {name}: {when}!"}})
    office.school.clock.now = FIRST - timedelta(hours=23)
    write_due(office)
    (mail,) = office.deliver()
    assert mail.subject == "Reminder: Wed 13 Jan, 15:00 – Elternsprechtag"
    assert (
        "Do not forget, Family a: Wednesday, 13 January 2027!" in mail.text
        and mail.text.count("Booking reference: ") == 2
    )
    assert mail.calendar.count("BEGIN:VEVENT") == 2 and "/app/m/" in mail.text
    assert office.deliver() == []


def test_a_reminder_of_what_was_cancelled_meanwhile_is_not_sent(office: Office) -> None:
    view = office.school.book(office.school.slots("t01")[0], "a")
    office.school.clock.now = FIRST - timedelta(hours=23)
    write_due(office)
    office.school.desk.cancel(view.id)
    assert office.deliver() == []
    with office.house.database.read() as session:
        (letter,) = session.exec(select(GuestLetter))
    assert letter.sent_at and letter.last_error == "Not needed any more."


def test_answers_go_to_the_organiser_and_nothing_is_tracked(office: Office) -> None:
    view = office.school.book(office.school.slots("t01")[0], "a")
    written = compose([(view, False)], [view], "http://nc.example/app/m/x")
    mail = message(written, "schule@schule.example", "Schule", "<1@schule.example>", "orga@schule.example")
    assert str(mail["From"]) == "Schule <schule@schule.example>" and mail["Reply-To"] == "orga@schule.example"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert "<img" not in written.html and "http" not in written.html.replace("http://nc.example/app/m/x", "")


def test_a_relay_in_trouble_is_tried_again_and_an_address_it_does_not_know_is_not(office: Office) -> None:
    office.school.book(office.school.slots("t01")[0], "a")
    office.school.clock.now = FIRST - timedelta(hours=23)
    write_due(office)
    office.world.faults.append(Fault("SMTP /data", "status", 451, times=1))
    assert office.deliver() == []
    assert office.due() == []
    office.school.clock.now += timedelta(minutes=1)
    assert len(office.deliver()) == 1
    office.school.clock.now = FIRST - timedelta(minutes=59)
    write_due(office)
    office.world.faults.append(Fault("SMTP /rcpt", "status", 550, times=1, text="5.1.1 no such user"))
    office.deliver()
    office.school.clock.now += timedelta(minutes=30)
    assert office.due() == []


def test_a_wrong_sender_and_a_rate_that_is_exceeded_end_no_mail(office: Office) -> None:
    office.school.book(office.school.slots("t01")[0], "a")
    office.school.clock.now = FIRST - timedelta(hours=23)
    write_due(office)
    office.world.faults.append(Fault("SMTP /mail", "status", 550, times=1, text="5.1.8 sender unknown"))
    office.world.faults.append(Fault("SMTP /data", "status", 554, times=1, text="rate exceeded"))
    for _ in range(2):
        assert office.deliver() == []
        office.school.clock.now += timedelta(minutes=1)
    assert len(office.deliver()) == 1


def test_a_lost_answer_is_one_mail_more_at_the_most(office: Office) -> None:
    office.school.book(office.school.slots("t01")[0], "a")
    office.school.clock.now = FIRST - timedelta(hours=23)
    write_due(office)
    office.world.faults.append(Fault("SMTP /data", "drop_after"))
    mails = []
    for _ in range(10):
        mails += office.deliver()
        office.school.clock.now += timedelta(minutes=2)
    assert len(mails) == 2 and len({mail.message_id for mail in mails}) == 1
    with office.house.database.read() as session:
        (letter,) = session.exec(select(GuestLetter))
    assert letter.sent_at and "got lost" in letter.last_error


def test_a_lost_answer_about_a_booking_is_one_mail_more_at_the_most(office: Office) -> None:
    view = office.school.book(office.school.slots("t01")[0], "a")
    office.world.faults.append(Fault("SMTP /data", "drop_after"))
    ids = [office.mail_about_bookings(view.guest_id).message_id for _ in range(2)]
    assert len(set(ids)) == 1
    office.world.mails.clear()
    with office.house.database.write() as session:
        follow.mail(session, view.guest_id, office.school.clock.now)
    run_due(office.house.worker, ["mail"])
    assert office.world.mails == []


def test_an_offer_says_what_is_held_until_when(office: Office) -> None:
    for slot in office.school.slots("t01"):
        office.school.book(slot, f"x{slot.id}")
    who = Person("Family a", "a@post.example", "en")
    office.school.desk.wait(office.school.conference_id, 1, who, "Child a", "5b")
    (waiting,) = office.deliver()
    assert "you are on the waiting list for Teacher t01" in waiting.text
    office.school.desk.cancel(1)
    (offer,) = office.deliver()
    assert offer.subject.startswith("A time is free: Wed 13 Jan, 15:00")
    assert "It is held for you until Mon 4 Jan, 12:00." in offer.text


def test_a_cancellation_by_the_school_says_sorry_and_offers_what_is_free(office: Office) -> None:
    with office.house.database.write() as session:
        learn(session, "mail:orga", {"reply_to": "sekretariat@schule.example"}, office.school.clock())
    view = office.school.book(office.school.slots("t01")[2], "a")
    office.mail_about_bookings(view.guest_id)
    office.school.desk.cancel(view.id, by_guest=False, message="Frau T. ist krank.")
    mail = office.mail_about_bookings(view.guest_id)
    assert "we are sorry" in mail.text and "Frau T. ist krank." in mail.text
    assert "Teacher t01: Wed 13 Jan, 15:30, Wed 13 Jan, 15:40, Wed 13 Jan, 15:50" in mail.text
    assert "/h/" in mail.text


def test_free_times_of_others_with_the_subject_where_the_host_has_none(office: Office) -> None:
    view = office.school.book(office.school.slots("t01")[2], "a")
    office.mail_about_bookings(view.guest_id)
    with office.house.database.write() as session:
        host = lookup.find_host(session, office.school.conference_id, "t03")
        host.subject = "Sport"
    office.school.desk.cancel(view.id, by_guest=False)
    with office.house.database.write() as session:
        decline(session, lookup.find_host(session, office.school.conference_id, "t01"))
    mail = office.mail_about_bookings(view.guest_id)
    assert "Teacher t02: " in mail.text and "Teacher t03" not in mail.text


def test_a_family_that_cancels_itself_is_offered_nothing(office: Office) -> None:
    view = office.school.book(office.school.slots("t01")[2], "a")
    office.mail_about_bookings(view.guest_id)
    office.school.desk.cancel(view.id)
    mail = office.mail_about_bookings(view.guest_id)
    assert "These times are still free" not in mail.text and "we are sorry" not in mail.text


def invite_three(office: Office) -> int:
    with office.house.database.write() as session:
        conference = session.get_one(Conference, office.school.conference_id)
        for name, language in (("Kaya", "tr"), ("Nowak", "pl"), ("Ohne", "de")):
            address = f"{name.lower()}@post.example" if name != "Ohne" else ""
            invite(session, conference, Family(name, address, f"Kind {name}", "5b", language), KEY)
        return jobs.start_inviting(session, conference, again=False, now=office.school.clock()).id or 0


def test_invitations_go_to_those_with_an_address_once_in_their_language(office: Office) -> None:
    job_id = invite_three(office)
    mails = {mail.to: mail for mail in office.deliver()}
    assert set(mails) == {"Kaya <kaya@post.example>", "Nowak <nowak@post.example>"}
    assert "13 Ocak 2027" in mails["Kaya <kaya@post.example>"].text
    assert "13 stycznia 2027" in mails["Nowak <nowak@post.example>"].text
    with office.house.database.write() as session:
        assert session.get_one(Job, job_id).finished_at and session.exec(select(JobItem)).all() == []
        conference = session.get_one(Conference, office.school.conference_id)
        with pytest.raises(jobs.NothingToDo):
            jobs.start_inviting(session, conference, again=False, now=office.school.clock())
        assert jobs.start_inviting(session, conference, again=True, now=office.school.clock()).total == 2


def test_a_host_who_asks_has_the_family_written_to(office: Office) -> None:
    invite_three(office)
    office.deliver()
    with office.house.database.write() as session:
        guest = session.exec(select(Guest).where(Guest.name == "Nowak")).one()
        host = lookup.find_host(session, office.school.conference_id, "t02")
        name_host(session, guest, host, asked=True)
        until = office.school.clock() + letters.WEEK
        letters.write(session, guest.id or 0, "asked", "x", {"host": host.public_id}, office.school.clock(), until)
    (mail,) = office.deliver()
    assert "Teacher t02" in mail.subject and mail.to == "Nowak <nowak@post.example>"


def test_without_a_channel_of_our_own_nothing_waits_for_ever(office: Office, tmp_path: Path) -> None:
    office.house.settings.smtp_host = ""
    office.school.book(office.school.slots("t01")[0], "a")
    office.school.clock.now = FIRST - timedelta(hours=23)
    write_due(office)
    assert office.deliver() == [] and office.due() == []


def test_what_is_behind_for_weeks_is_not_tidied_away(office: Office) -> None:
    """An app that was switched off over the holidays has everything left to do."""
    view = office.school.book(office.school.slots("t01")[0], "a")
    with office.house.database.write() as session:
        session.execute(update(Errand).values(due_at=office.school.clock.now - timedelta(days=9)))
    office.house.later.tidy()
    with office.house.database.read() as session:
        kinds = {(one.kind, one.key) for one in open_errands(session)}
    assert {("booking", str(view.id)), ("mail", str(view.guest_id))} <= kinds
