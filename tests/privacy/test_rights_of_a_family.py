# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""One family's rights: read, take along, correct, erase; by its own link and by the organiser."""

import json
from collections.abc import AsyncIterator
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import httpx
import pypdf
import pytest
from sqlmodel import select
from test_kept import found, plant

from conftest import KEY, NOW, School
from house import FRONTS, Stage, open_stage
from sprechtag.conference import administration, proof, waiting
from sprechtag.conference.errors import AddressTaken, NotFound, Spent
from sprechtag.conference.families import Family, find_family, invite, manage_token
from sprechtag.conference.holding import hold
from sprechtag.conference.instance import learn
from sprechtag.conference.tables import Booking, Conference, Effect, EventToEmpty, Guest, GuestLetter, Host, Slot
from sprechtag.database import Database
from sprechtag.day import media
from sprechtag.privacy import kept
from sprechtag.privacy.family import (
    CORRECTIONS,
    ChildCorrection,
    Correction,
    correct,
    correct_as_family,
    erase,
    erase_done,
    export,
    tables_of_family,
)

API = {"X-Requested-With": "x"}


# -- the rules -----------------------------------------------------------------------------------------------------


def test_an_export_holds_every_column_that_is_the_familys(database: Database) -> None:
    """A row in every table: whatever is the family's and no key is in its export."""
    plant(database)
    with database.read() as session:
        guest = session.exec(select(Guest)).one()
        told = {part["what"]: part["rows"] for part in export(session, guest)["kept"]}
    names = {table.name for table, _ in tables_of_family()}
    assert {"guest", "booking", "screen_link", "live_call", "slot"} < names
    for name in names:
        entry = kept.TABLES[name]
        wanted = {column for column, about in entry.personal.items() if about.whose == "family" and about.told}
        if wanted:
            assert wanted <= set(told[entry.what][0]), name


def test_a_hosts_note_is_said_to_be_there_and_not_shown(school: School) -> None:
    view = school.book(school.slots()[0])
    with school.database.write() as session:
        session.get_one(Booking, view.id).note = "cries easily"
        said = json.dumps(export(session, session.get_one(Guest, view.guest_id)))
    assert "cries easily" not in said and "Ask the host." in said


def in_step(school: School) -> None:
    with school.database.write() as session:
        for effect in session.exec(select(Effect)):
            effect.applied_revision = session.get_one(Booking, effect.booking_id).revision


def test_erasing_a_family_leaves_nothing_of_it(school: School) -> None:
    """With an appointment to come, one that is over, a wait, letters, a time that is held: and other families stay."""
    school.change(max_bookings_per_guest_and_host=9)
    slots = school.slots()
    over, coming = school.book(slots[0], "amara"), school.book(slots[8], "amara")
    school.book(slots[3], "boris")
    in_step(school)
    school.clock.now = slots[5].starts_at
    with school.database.write() as session:
        guest = session.get_one(Guest, over.guest_id)
        session.get_one(Effect, (over.id, "calendar")).remote = {"calendar": "personal", "name": "past"}
        slot = session.get_one(Slot, slots[10].id)
        hold(session, slot, guest)
        proof.show_link(session, guest, KEY, NOW)
        assert not erase(session, guest, school.clock())
        assert session.get_one(Slot, slot.id).blocked_by == "" and session.get_one(Slot, slot.id).held_for is None
    with school.database.read() as session:
        (left,) = session.exec(select(Booking).where(Booking.guest_id == over.guest_id)).all()
        assert (left.id, left.state, left.child) == (coming.id, "cancelled", "")
        guest = session.get_one(Guest, over.guest_id)
        assert guest.email == "amara@post.example", "the mail is still to go out"
        with pytest.raises(NotFound):
            proof.by_token(session, manage_token(guest, KEY))
        assert [event.name for event in session.exec(select(EventToEmpty))] == ["past"]
    in_step(school)
    with school.database.write() as session:
        assert erase_done(session, school.clock()) == 1
    school.database.wipe()
    assert found(school.database, ["amara"]) == []
    assert found(school.database, ["boris@post.example"])


def test_it_does_not_wait_for_a_mail_for_ever(school: School) -> None:
    view = school.book(school.slots()[0], "amara")
    with school.database.write() as session:
        erase(session, session.get_one(Guest, view.guest_id), NOW)
        assert erase_done(session, NOW + timedelta(days=13)) == 0
        assert erase_done(session, NOW + timedelta(days=14)) == 1
        assert session.exec(select(Guest)).all() == session.exec(select(Booking)).all() == []


def test_what_an_erased_family_had_goes_to_the_next_who_waits(school: School) -> None:
    """And not to the next family that is entered, whatever its id is."""
    view = school.book(school.slots()[4], "amara")
    with school.database.write() as session:
        conference = session.get_one(Conference, school.conference_id)
        host = session.get_one(Host, view.host_id)
        for slot in session.exec(select(Slot).where(Slot.host_id == host.id)):
            if slot.public_id != view.slot_public_id:
                slot.blocked, slot.blocked_by = True, "host"
        waits, _ = invite(session, conference, Family("Next", "next@post.example", "Kim"), KEY)
        waiting.join(session, conference, host, waits, "Kim", "", NOW)
        erase(session, session.get_one(Guest, view.guest_id), NOW)
        slot = session.exec(select(Slot).where(Slot.public_id == view.slot_public_id)).one()
        assert slot.held_for == waits.id
        erase(session, waits, NOW)
        new, _ = invite(session, conference, Family("New"), KEY)
        assert session.get_one(Slot, slot.id).held_for is None and new.id != waits.id


def test_an_unconfirmed_address_hears_no_more(school: School) -> None:
    school.change(booking_by="confirmed")
    view = school.book(school.slots()[0], "amara")
    with school.database.write() as session:
        erase(session, session.get_one(Guest, view.guest_id), NOW)
        mail = session.get(Effect, (view.id, "mail"))
        assert mail is None or mail.applied_revision == session.get_one(Booking, view.id).revision


def test_correcting_reaches_every_place_and_the_hosts_event(school: School) -> None:
    view = school.book(school.slots()[0], "amara")
    in_step(school)
    wanted = Correction("Amara N.", "amara@post.example", "030", (ChildCorrection("Child amara", "Chinua", "6c"),))
    with school.database.write() as session:
        assert not correct(session, session.get_one(Guest, view.guest_id), wanted, KEY, NOW)
    after = school.view(view.id)
    assert (after.guest_name, after.guest_phone, after.child, after.school_class) == ("Amara N.", "030", "Chinua", "6c")
    with school.database.read() as session:
        behind = {effect.kind for effect in session.exec(select(Effect)) if effect.applied_revision < after.revision}
        assert behind == {"calendar"}, "no mail for a corrected name"


def test_a_new_address_is_unproven_and_gets_a_new_link(school: School) -> None:
    view = school.book(school.slots()[0], "amara")
    with school.database.write() as session:
        guest = session.get_one(Guest, view.guest_id)
        proof.prove(session, guest, NOW)
        old = manage_token(guest, KEY)
        assert correct(session, guest, Correction("Amara", "new@post.example"), KEY, NOW)
        assert guest.proven_at is None and guest.email == "new@post.example"
        assert proof.by_token(session, manage_token(guest, KEY)).guest.id == guest.id
        with pytest.raises(NotFound):
            proof.by_token(session, old)
        assert [letter.kind for letter in session.exec(select(GuestLetter))] == ["new_link"]
        assert find_family(session, school.conference(), Family("x", "new@post.example"), KEY)


def test_another_familys_address_is_neither_taken_nor_told(school: School) -> None:
    view, other = school.book(school.slots()[0], "amara"), school.book(school.slots()[1], "boris")
    with school.database.write() as session:
        guest = session.get_one(Guest, view.guest_id)
        wanted = Correction("Amara", "boris@post.example")
        with pytest.raises(AddressTaken):
            correct(session, guest, wanted, KEY, NOW)
    with school.database.write() as session:
        guest = session.get_one(Guest, view.guest_id)
        assert correct_as_family(session, guest, wanted, KEY, NOW), "as if it had been possible"
        assert guest.email == "amara@post.example"
        assert session.get_one(Guest, other.guest_id).email == "boris@post.example"


def test_who_has_a_link_cannot_write_to_many_addresses(school: School) -> None:
    view = school.book(school.slots()[0], "amara")
    most = int(CORRECTIONS.limits[0].amount)
    with school.database.write() as session:
        guest = session.get_one(Guest, view.guest_id)
        for number in range(most):
            correct_as_family(session, guest, Correction("A", f"a{number}@post.example"), KEY, NOW)
        with pytest.raises(Spent):
            correct_as_family(session, guest, Correction("A", "more@post.example"), KEY, NOW)


# -- the pages -----------------------------------------------------------------------------------------------------


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    async with open_stage(tmp_path) as stage:
        stage.public.base_url = httpx.URL(f"http://nc.example{FRONTS['php']}sprechtag/")
        with stage.house.database.write() as session:
            administration.write(session, {"smtp_host": "mail.school.example"})
        stage.house.facts.forget()
        yield stage


def own_page(stage: Stage, who: str = "amara") -> str:
    view = stage.school.book(stage.school.slots()[0], who)
    with stage.house.database.read() as session:
        return f"m/{manage_token(session.get_one(Guest, view.guest_id), KEY)}"


async def test_a_family_reads_and_takes_along_what_is_kept(stage: Stage) -> None:
    page = own_page(stage)
    shown = await stage.public.get(f"{page}/my-data")
    assert shown.status_code == 200 and "amara@post.example" in shown.text and "Child amara" in shown.text
    data = await stage.public.get(f"{page}/my-data.json")
    assert data.json()["conference"] == "Elternsprechtag" and "Child amara" in data.text
    paper = await stage.public.get(f"{page}/my-data.pdf")
    text = "".join(sheet.extract_text() for sheet in pypdf.PdfReader(BytesIO(paper.content)).pages)
    assert "Child amara" in text and "amara@post.example" in text
    assert f"{page}/my-data" in (await stage.public.get(page)).text


async def test_a_link_that_a_screen_has_shown_opens_none_of_it(stage: Stage) -> None:
    own_page(stage)
    with stage.house.database.write() as session:
        guest = session.exec(select(Guest)).one()
        page = f"m/{proof.screen_token(KEY, proof.show_link(session, guest, KEY, NOW))}"
    assert (await stage.public.get(page)).status_code == 200
    for path in ("my-data", "my-data.json", "my-data.pdf", "erase"):
        assert (await stage.public.get(f"{page}/{path}")).status_code == 404, path
    for path in ("correct", "erase"):
        assert (await stage.public.post(f"{page}/{path}", data={"name": "X"})).status_code == 404, path
    assert "my-data" not in (await stage.public.get(page)).text
    with stage.house.database.read() as session:
        assert session.exec(select(Guest)).one().name == "Family amara"


async def test_a_family_corrects_itself(stage: Stage) -> None:
    page = own_page(stage)
    fields = {"name": "Amara N.", "email": "amara@post.example", "phone": "030 1"}
    fields |= {"was-0": "Child amara", "child-0": "Chinua", "class-0": "6c"}
    saved = await stage.public.post(f"{page}/correct", data=fields)
    assert saved.status_code == 200 and "Chinua" in saved.text and "030 1" in saved.text
    wrong = await stage.public.post(f"{page}/correct", data=fields | {"name": "  "})
    assert wrong.status_code == 422 and "aria-invalid" in wrong.text
    moved = await stage.public.post(f"{page}/correct", data=fields | {"email": "new@post.example"})
    with stage.house.database.read() as session:
        new = manage_token(session.exec(select(Guest)).one(), KEY)
    assert moved.status_code == 200 and new not in moved.text and new not in page
    assert (await stage.public.get(page)).status_code == 404


async def test_a_family_erases_itself_after_being_asked(stage: Stage) -> None:
    page = own_page(stage)
    asked = await stage.public.get(f"{page}/erase")
    assert asked.status_code == 200 and "Child amara" in asked.text
    with stage.house.database.read() as session:
        assert session.exec(select(Booking)).one().state == "active", "a look changes nothing"
    done = await stage.public.post(f"{page}/erase")
    assert done.status_code == 200
    for path in ("", "/my-data", "/my-data.json"):
        assert (await stage.public.get(f"{page}{path}")).status_code == 404
    in_step(stage.school)
    stage.house.later.release()
    assert found(stage.house.database, ["amara"]) == []


async def test_the_organiser_does_it_for_a_family_that_booked_itself(stage: Stage) -> None:
    own_page(stage)
    orga = stage.as_user("orga")
    one = f"{FRONTS['php']}sprechtag/api/v1/conferences/{stage.school.conference().public_id}/families"
    assert (await orga.get(one)).json() == []
    (listed,) = (await orga.get(f"{one}?all=1")).json()
    family = f"{one}/{listed['id']}"
    assert not listed["invited"]
    assert "Child amara" in (await orga.get(f"{family}/data.json")).text
    assert (await orga.get(f"{family}/data.pdf")).content.startswith(b"%PDF")
    stands = (await orga.get(f"{family}/correct")).json()
    assert stands["children"] == [{"was": "Child amara", "child": "Child amara", "school_class": "5b", "gone": False}]
    stage.school.book(stage.school.slots()[2], "boris")
    body: dict[str, Any] = {"name": "Amara", "email": "boris@post.example"}
    taken = await orga.post(f"{family}/correct", json=body, headers=API)
    assert (taken.status_code, taken.json()["error"]) == (409, "address_taken")
    body = {"name": "Amara", "email": "amara@post.example", "children": [stands["children"][0] | {"child": "Chi"}]}
    saved = await orga.post(f"{family}/correct", json=body, headers=API)
    assert saved.json()["children"][0]["child"] == "Chi" and not saved.json()["moved"]
    assert (await orga.post(f"{family}/erase", headers=API)).json() == {"done": False}
    assert (await orga.get(f"{family}/data.json")).status_code == 404
    assert [one["name"] for one in (await orga.get(f"{one}?all=1")).json()] == ["Family boris"]


# -- what the privacy page says ------------------------------------------------------------------------------------


async def privacy(stage: Stage) -> str:
    return (await stage.public.get(f"{stage.share}/privacy?lang=en")).text


async def test_the_privacy_page_says_what_is_so_here(stage: Stage) -> None:
    said = await privacy(stage)
    assert "mail server mail.school.example" in said and "from device to device" in said
    assert "do not see your e-mail address" in said and "only the time remains" in said
    assert "sets some for the time of your visit" in said and "no cookies." not in said.lower().split("<footer>")[1]
    assert "Legal basis" not in said and "Data protection officer" not in said
    stage.school.change(
        legal_basis="§ 44 SchulG", data_protection_officer="Dr. Data", contact_for_hosts=True, empty_events=False
    )
    with stage.house.database.write() as session:
        relays = {"servers": [{"urls": ["stun:stun.nextcloud.com:443"]}]}
        learn(session, media.RELAYS, relays, NOW)
        administration.write(session, {"smtp_host": "", "media": {"servers": [{"name": "hpb1"}]}})
    stage.house.facts.forget()
    said = await privacy(stage)
    assert "§ 44 SchulG" in said and "Dr. Data" in said and "stun.nextcloud.com" in said
    assert "media servers" in said and "device to device" not in said
    assert "calendar invitations" in said and "can also see your e-mail address" in said
    assert "until they delete it" in said
    stage.school.change(offers_video=False)
    assert "stun." not in await privacy(stage)


async def test_behind_harp_nobody_sets_a_cookie(tmp_path: Path) -> None:
    async with open_stage(tmp_path, harp=True) as stage:
        stage.public.base_url = httpx.URL(f"http://nc.example{FRONTS['harp']}sprechtag/")
        assert "No cookies are set here." in await privacy(stage)
