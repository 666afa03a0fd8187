# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""What the school has cancelled by mistake and taken back within ten minutes, no family hears of."""

from datetime import timedelta

from conftest import School, eventually
from sprechtag.conference.effects import Ledger
from sprechtag.conference.rules import UNDONE_WITHIN
from sprechtag.conference.tables import Effect
from sprechtag.conference.views import booking_view
from town import open_town


def told(school: School, booking_id: int) -> None:
    """The family has heard of all there was until now."""
    with school.database.write() as session:
        view = booking_view(session, booking_id)
        session.get_one(Effect, (booking_id, "mail")).applied_revision = view.revision


def test_a_cancellation_that_is_taken_back_was_never_owed(school: School) -> None:
    school.change(mails_wait=True)
    view = school.book(school.slots()[0])
    told(school, view.id)
    school.desk.cancel(view.id, by_guest=False)
    ledger = Ledger(school.database)
    state = ledger.states(view.id)["mail"]
    assert state.behind and state.view.told_from == school.clock() + UNDONE_WITHIN
    school.clock.now += timedelta(minutes=5)
    school.desk.restore(view.id)
    assert not ledger.states(view.id)["mail"].behind
    assert ledger.states(view.id)["calendar"].behind, "the event comes back"


def test_a_family_s_own_and_a_school_s_without_waiting_are_told_at_once(school: School) -> None:
    view = school.book(school.slots()[0])
    told(school, view.id)
    school.desk.cancel(view.id, by_guest=False)
    ledger = Ledger(school.database)
    assert ledger.states(view.id)["mail"].view.told_from is None
    school.desk.restore(view.id)
    assert ledger.states(view.id)["mail"].behind, "it heard of the cancellation, or will: it is told that it stands"
    school.change(mails_wait=True)
    own = school.book(school.slots()[1], "own")
    school.desk.cancel(own.id)
    assert ledger.states(own.id)["mail"].view.told_from is None


def test_only_what_stands_is_written_to_the_family() -> None:
    with open_town(SPRECHTAG_PACE="0.5") as town:
        event = town.conference(["t04"], mails_wait=True)
        event.family("amara").book()
        eventually(lambda: town.in_step(event), what="booked")
        town.world.mails.clear()
        (booking,) = town.bookings(event)
        town.api("orga", "POST", f"bookings/{booking['id']}/cancel", {})
        eventually(lambda: not town.events("t04"), what="gone from the calendar")
        town.api("orga", "POST", f"bookings/{booking['id']}/restore")
        town.api("orga", "POST", f"bookings/{booking['id']}/place", {"place": "video"})
        eventually(lambda: town.in_step(event) and bool(town.world.mails), what="changed to video")
        (mail,) = town.world.mails
        assert mail.text.count("/j/") == 1 and len(town.events("t04")) == 1
