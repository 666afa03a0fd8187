# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from conftest import DAY, School
from sprechtag.conference import follow, jobs
from sprechtag.conference.errors import BookingClosed
from sprechtag.conference.jobs import Scope
from sprechtag.conference.lookup import find_host
from sprechtag.conference.tables import Job, Place
from sprechtag.errands import queue
from sprechtag.errands.testing import open_errands

EVERYTHING = Scope()


def start(
    school: School, place: Place = "video", scope: Scope = EVERYTHING, offer: bool = False, message: str = ""
) -> int:
    with school.database.write() as session:
        conference = session.merge(school.conference())
        return jobs.start_switch(session, conference, place, scope, message, offer, school.clock()).id or 0


def preview(school: School, place: Place = "video", scope: Scope = EVERYTHING) -> jobs.SwitchPreview:
    with school.database.read() as session:
        return jobs.preview_switch(session, school.conference(), place, scope, school.clock())


def finish(school: School, job_id: int) -> Job:
    jobs.run(school.database, job_id, school.clock)
    with school.database.read() as session:
        return session.get_one(Job, job_id)


def cannot_video(school: School, user_id: str) -> None:
    with school.database.write() as session:
        host = find_host(session, school.conference_id, user_id)
        host.can_video, host.problem = False, "This user may not create Talk conversations."


def test_a_whole_conference_is_switched(school: School) -> None:
    views = [school.book(slot, f"f{number}") for number, slot in enumerate(school.slots()[:5])]
    views.append(school.book(school.slots("t02")[7], "f0", place="video"))
    assert preview(school) == jobs.SwitchPreview(bookings=5, guests=5, already=1, unable=[])
    job = finish(school, start(school, message="Ab morgen nur per Video."))
    assert (job.total, job.done, job.changed) == (5, 5, 5) and job.finished_at
    after = [school.view(view.id) for view in views]
    assert {view.place for view in after} == {"video"}
    assert [view.revision for view in after] == [2, 2, 2, 2, 2, 1]
    assert {view.message for view in after[:5]} == {"Ab morgen nur per Video."}


def test_one_day_or_one_host_is_switched(school: School) -> None:
    first, second = school.book(school.slots()[0], "a"), school.book(school.slots("t02")[1], "b")
    with pytest.raises(jobs.NothingToDo):
        start(school, scope=Scope(day=DAY + timedelta(days=1)))
    finish(school, start(school, scope=Scope(day=date(2027, 1, 13), host_user_id="t02")))
    assert (school.view(first.id).place, school.view(second.id).place) == ("on_site", "video")


def test_a_host_who_cannot_stays_and_is_named(school: School) -> None:
    cannot_video(school, "t02")
    able, unable = school.book(school.slots()[0], "a"), school.book(school.slots("t02")[5], "a")
    (named,) = preview(school).unable
    assert (named.host_user_id, named.bookings) == ("t02", 1) and "may not create" in named.reason
    assert finish(school, start(school)).changed == 1
    assert (school.view(able.id).place, school.view(unable.id).place) == ("video", "on_site")


def test_what_is_over_stays_as_it_was(school: School) -> None:
    slots = school.slots()
    over, coming = school.book(slots[0], "a"), school.book(slots[5], "b")
    school.clock.now = slots[1].starts_at
    finish(school, start(school))
    assert (school.view(over.id).place, school.view(coming.id).place) == ("on_site", "video")


def test_from_then_on_only_this_place_can_be_booked(school: School) -> None:
    school.book(school.slots()[0])
    finish(school, start(school, offer=True))
    conference = school.conference()
    assert (conference.offers_video, conference.offers_on_site) == (True, False)
    finish(school, start(school, "on_site", Scope(host_user_id="t01"), offer=True))
    with school.database.read() as session:
        host = find_host(session, school.conference_id, "t01")
        assert (host.offers_video, host.offers_on_site) == (False, True)


def test_a_killed_job_goes_on_where_it_was(school: School) -> None:
    views = [school.book(slot, f"f{number}") for number, slot in enumerate(school.slots()[:6])]
    job_id = start(school)
    looked = iter(range(100))

    def clock() -> object:
        # The clock is asked inside each guest's transaction: dying there must undo that guest alone.
        if next(looked) == 3:
            raise KeyboardInterrupt
        return school.clock()

    with pytest.raises(KeyboardInterrupt):
        jobs.run(school.database, job_id, clock)  # type: ignore[arg-type]
    assert sum(school.view(view.id).place == "video" for view in views) == 3
    with school.database.write() as session:
        queue.forget(session, "job", [str(job_id)])
        follow.level(session, school.clock())
        assert [one.key for one in open_errands(session, "job")] == [str(job_id)]
    job = finish(school, job_id)
    assert (job.done, job.changed) == (6, 6)
    assert {school.view(view.id).revision for view in views} == {2}
    with school.database.read() as session:
        assert session.get_one(Job, job_id).finished_at


def test_all_are_cancelled_with_a_reason(school: School) -> None:
    views = [
        school.book(school.slots()[0], "a"),
        school.book(school.slots("t02")[4], "a"),
        school.book(school.slots()[2], "b"),
    ]
    with school.database.write() as session:
        conference = session.merge(school.conference())
        assert jobs.guests_reached(session, conference) == 2
        job = jobs.start_cancelling(session, conference, "Die Schule ist zu.", school.clock())
    assert finish(school, job.id or 0).changed == 3
    after = [school.view(view.id) for view in views]
    assert {(view.state, view.message) for view in after} == {("cancelled", "Die Schule ist zu.")}
    # Booking is over with it: nobody takes the times of a day that does not happen.
    with pytest.raises(BookingClosed):
        school.book(school.slots()[0], "c")


def test_a_family_that_cannot_be_done_does_not_keep_the_others_back(
    school: School, monkeypatch: pytest.MonkeyPatch
) -> None:
    views = [school.book(slot, f"f{number}") for number, slot in enumerate(school.slots()[:3])]
    done = jobs._do

    def surprised(session: Any, job: Job, guest_id: int, now: datetime) -> int:
        if guest_id == views[0].guest_id:
            raise RuntimeError("Familie Öz")
        return done(session, job, guest_id, now)

    monkeypatch.setattr(jobs, "_do", surprised)
    job = finish(school, start(school))
    assert job.finished_at and (job.done, job.changed) == (3, 2)
    assert [school.view(view.id).place for view in views] == ["on_site", "video", "video"]
