# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""The family's journey beside a single booking, without script: several hosts, waiting lists, wishes, codes, paper."""

import re
from collections.abc import AsyncIterator
from datetime import time, timedelta
from io import BytesIO
from itertools import pairwise
from pathlib import Path
from typing import Any

import httpx
import icalendar
import pypdf
import pytest
from sqlmodel import select

from conftest import DAY, KEY, NOW
from house import FRONTS, Stage, open_stage
from sprechtag.conference import lookup, ruleset, waiting, windows
from sprechtag.conference.booking import Desk
from sprechtag.conference.families import Family, code_of, invite, manage_token
from sprechtag.conference.holding import HeldByForm
from sprechtag.conference.named import name_host
from sprechtag.conference.slots import TimeWindow
from sprechtag.conference.tables import Booking, Conference, FeedbackAnswer, Guest, Host, HostWish, Slot, WaitingEntry
from sprechtag.conference.tokens import code_hash, feedback_path, older_code
from town import links

WHO = {
    "child": "Emre Yılmaz",
    "school_class": "5b",
    "name": "Ayşe Yılmaz",
    "email": "ayse@post.example",
    "place": "on_site",
}


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    async with open_stage(tmp_path, hosts=("t01", "t02", "t03")) as stage:
        stage.public.base_url = httpx.URL(f"http://nc.example{FRONTS['php']}sprechtag/")
        with stage.house.database.write() as session:
            for user, classes in (("t01", "5a, 5b"), ("t02", "5b; 6a"), ("t03", "7c")):
                lookup.find_host(session, stage.school.conference_id, user).classes = classes
        yield stage


def fields(answer: httpx.Response) -> dict[str, list[str]]:
    """All fields of the page's forms with what they would send."""
    found: dict[str, list[str]] = {}
    for tag in re.findall(r"<(?:input|button)[^>]*>", answer.text):
        name, value = re.search(r'name="([^"]*)"', tag), re.search(r'value="([^"]*)"', tag)
        sent = not re.search(r'type="(?:checkbox|radio)"', tag) or " checked" in tag
        if name and sent and not tag.startswith("<button"):
            found.setdefault(name[1], []).append(value[1] if value else "")
    return found


def hosts_of(answer: httpx.Response) -> list[str]:
    """Whose boxes stand in the list, or whom a form names."""
    return re.findall(r'name="h-([^"]+)"', answer.text) or re.findall(r'name="h" value="([^"]+)"', answer.text)


def ticked_in(answer: httpx.Response) -> list[str]:
    return [name.removeprefix("h-") for name in fields(answer) if name.startswith("h-")]


async def plan(stage: Stage, **more: object) -> httpx.Response:
    start = await stage.public.get(stage.share)
    return await stage.public.post(f"{stage.share}/plan", data={"h": hosts_of(start), **more})


async def manage_page(stage: Stage) -> httpx.Response:
    booked = await stage.public.post(f"{stage.share}/plan", data=fields(await plan(stage)) | WHO | {"do": "book"})
    return await stage.public.get(re.sub(r"/book.*", "", links(booked, "/m/")[0]))


async def test_a_class_ticks_its_teachers(stage: Stage) -> None:
    answer = await stage.public.get(f"{stage.share}?class=5b")
    assert len(hosts_of(answer)) == 2 and ticked_in(answer) == hosts_of(answer)
    assert "Teacher t03" not in answer.text
    assert ticked_in(await stage.public.get(stage.share)) == []


async def test_ticks_survive_search_class_and_language(stage: Stage) -> None:
    everybody = hosts_of(await stage.public.get(stage.share))
    answer = await stage.public.get(f"{stage.share}?h-{everybody[2]}=1&q=t01&class=")
    assert hosts_of(answer) != everybody and everybody[2] in ticked_in(answer), "although it is not shown"
    assert "Auch angekreuzt: Teacher t03" in answer.text
    (turkish,) = re.findall(r'href="([^"]*lang=tr[^"]*)"', answer.text)
    turkish = str(answer.url.join(turkish.replace("&amp;", "&")))
    assert everybody[2] in ticked_in(await stage.public.get(turkish))
    again = await stage.public.get(f"{stage.share}?h-{everybody[2]}=1&class=5b")
    assert set(ticked_in(again)) >= {everybody[2]}
    plan = await stage.public.post(f"{stage.share}/plan", data={f"h-{one}": "1" for one in everybody[:2]})
    assert hosts_of(plan) == everybody[:2]
    wrong = await stage.public.get(f"{stage.share}?h-{everybody[2]}=1&h-<b>=1&h-nobody=1")
    assert wrong.status_code == 200 and "<b>=1" not in wrong.text


async def test_a_proposal_is_booked_as_a_whole(stage: Stage) -> None:
    proposal = await plan(stage)
    assert proposal.status_code == 200 and len(fields(proposal)["slot"]) == 3
    booked = await stage.public.post(f"{stage.share}/plan", data=fields(proposal) | WHO | {"do": "book"})
    assert booked.status_code == 200 and "Ihre Termine sind gebucht" in booked.text
    spans = sorted((view.starts_at, view.ends_at) for view in map(stage.school.view, (1, 2, 3)))
    assert all(after[0] - before[1] == timedelta(minutes=10) for before, after in pairwise(spans))
    again = await stage.public.post(f"{stage.share}/plan", data=fields(proposal) | WHO | {"do": "book"})
    assert links(again, "/m/") == links(booked, "/m/")


async def test_a_time_lost_in_between_brings_a_new_proposal_and_books_nothing(stage: Stage) -> None:
    proposal = await plan(stage)
    lost = next(slot for slot in stage.school.slots("t02") if slot.public_id in fields(proposal)["slot"])
    with stage.house.database.write() as session:
        assert session.get_one(Slot, lost.id).held_by, "while the form is open"
        stage.school.clock.now += timedelta(minutes=3)
        waiting.sweep(session, stage.school.clock())
    stage.school.book(lost, "faster")
    answer = await stage.public.post(f"{stage.share}/plan", data=fields(proposal) | WHO | {"do": "book"})
    assert answer.status_code == 409
    assert "Noch ist nichts gebucht. Das ist der neue Vorschlag." in answer.text and "Ayşe Yılmaz" in answer.text
    assert lost.public_id not in fields(answer)["slot"] and len(fields(answer)["slot"]) == 3
    with stage.house.database.read() as session:
        assert len(session.exec(select(Booking)).all()) == 1
    booked = await stage.public.post(f"{stage.share}/plan", data=fields(answer) | WHO | {"do": "book"})
    assert booked.status_code == 200


async def test_a_proposal_is_held_while_its_form_is_open_and_the_next_one_takes_its_place(stage: Stage) -> None:
    proposal = await plan(stage)
    assert "Wir halten diese Zeiten zwei Minuten für Sie frei." in proposal.text
    somebody_else = await plan(stage)
    assert set(fields(proposal)["slot"]).isdisjoint(fields(somebody_else)["slot"])
    back = re.search(r'class="back" href="([^"]+)"', proposal.text)[1].replace("&amp;", "&")
    everybody = await stage.public.get(str(proposal.url.join(back)))
    ticked = fields(everybody) | {f"h-{one}": "1" for one in hosts_of(everybody)}
    again = await stage.public.post(f"{stage.share}/plan", data=ticked)
    assert sorted(fields(again)["slot"]) == sorted(fields(proposal)["slot"])
    picks = {f"pick-{hosts_of(again)[0]}": fields(somebody_else)["slot"]}
    lost = await stage.public.post(f"{stage.share}/plan", data=fields(again) | picks | {"do": "picked"})
    assert lost.status_code == 422, "what another form holds is not in the grid"
    mistake = await stage.public.post(f"{stage.share}/plan", data=fields(again) | {"do": "book"})
    assert mistake.status_code == 422 and "zwei Minuten" in mistake.text
    booked = await stage.public.post(f"{stage.share}/plan", data=fields(mistake) | WHO | {"do": "book"})
    assert booked.status_code == 200
    own = re.sub(r"/book.*", "", links(booked, "/m/")[0])
    for name in (own, stage.share):
        assert not re.search("zwei Minuten", (await stage.public.get(name)).text)


async def test_a_time_that_is_lost_while_it_is_being_held_is_proposed_anew(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    held, lost = Desk.hold, []

    def faster(desk: Desk, conference_id: int, slots: list[str], *more: Any) -> HeldByForm:
        if not lost:
            lost.append(next(slot for slot in stage.school.slots("t01") if slot.public_id in slots))
            stage.school.book(lost[0], "faster")
        return held(desk, conference_id, slots, *more)

    monkeypatch.setattr(Desk, "hold", faster)
    proposal = await plan(stage)
    assert proposal.status_code == 200 and "zwei Minuten" in proposal.text
    assert len(fields(proposal)["slot"]) == 3 and lost[0].public_id not in fields(proposal)["slot"]


async def test_the_family_says_when_it_can_come_and_how_long_it_walks(stage: Stage) -> None:
    late = {"days": "1", "day": DAY.isoformat(), f"from-{DAY}": "16:00", f"until-{DAY}": "17:00", "walk": "0"}
    proposal = await plan(stage, **late)
    times = [
        slot.starts_at
        for host in ("t01", "t02", "t03")
        for slot in stage.school.slots(host)
        if slot.public_id in fields(proposal)["slot"]
    ]
    assert sorted(f"{time:%H:%M}" for time in times) == ["15:00", "15:10", "15:20"]  # UTC
    latest = await plan(stage, **late, prefer="latest")
    assert "16:50" in latest.text
    nothing = await plan(stage, days="1", **{f"from-{DAY}": "15:00"})
    assert nothing.status_code == 200 and "Nichts passt" in nothing.text


async def test_times_can_be_picked_by_hand(stage: Stage) -> None:
    grid = await plan(stage, do="grid")
    columns = hosts_of(grid)
    slots = [[slot.public_id for slot in stage.school.slots(host)] for host in ("t01", "t02", "t03")]
    by_column = {
        column: next(own for own in slots if re.search(f'pick-{column}" value="{own[0]}"', grid.text))
        for column in columns
    }
    same = {f"pick-{column}": own[0] for column, own in by_column.items()}
    refused = await stage.public.post(f"{stage.share}/plan", data=fields(grid) | same | {"do": "picked"})
    assert refused.status_code == 422 and "nicht zusammen" in refused.text
    picks = {f"pick-{column}": own[2 * number] for number, (column, own) in enumerate(by_column.items())}
    chosen = await stage.public.post(f"{stage.share}/plan", data=fields(grid) | picks | {"do": "picked"})
    assert "Ihr Zeitplan" in chosen.text and sorted(fields(chosen)["slot"]) == sorted(picks.values())
    booked = await stage.public.post(f"{stage.share}/plan", data=fields(chosen) | WHO | {"do": "book"})
    assert booked.status_code == 200


async def test_mistakes_keep_what_was_typed_and_lead_to_their_fields(stage: Stage) -> None:
    wrong = WHO | {"email": "nonsense", "child": ""}
    answer = await stage.public.post(f"{stage.share}/plan", data=fields(await plan(stage)) | wrong | {"do": "book"})
    assert answer.status_code == 422 and "Ayşe Yılmaz" in answer.text
    for field in ("child", "email"):
        assert f'href="#{field}"' in answer.text and f'id="{field}"' in answer.text
    nobody = await stage.public.post(f"{stage.share}/plan", data={})
    assert nobody.status_code == 422 and "Kreuzen Sie mindestens eine Lehrkraft an" in nobody.text


async def test_the_second_child_is_planned_around_the_first(stage: Stage) -> None:
    mine = await manage_page(stage)
    base = str(mine.url)
    stage.school.change(max_bookings_per_guest=10)
    proposal = await stage.public.post(f"{base}/plan", data={"h": hosts_of(await stage.public.get(f"{base}/book"))[:2]})
    sent = fields(proposal) | {"child": "Elif Yılmaz", "place": "on_site", "do": "book"}
    booked = await stage.public.post(f"{base}/plan", data=sent)
    assert booked.status_code == 200, booked.text
    page = await stage.public.get(base)
    assert "Emre Yılmaz" in page.text and "Elif Yılmaz" in page.text
    assert len(links(page, "/b/")) == 5


async def test_everything_can_be_taken_along(stage: Stage) -> None:
    mine = await manage_page(stage)
    base = str(mine.url)
    printed = await stage.public.get(f"{base}/print")
    assert printed.status_code == 200 and printed.text.count("Emre Yılmaz") == 3
    everything = icalendar.Calendar.from_ical((await stage.public.get(f"{base}/appointments.ics")).text)
    assert len(everything.walk("VEVENT")) == 3
    while (paper := await stage.public.get(f"{base}/appointments.pdf")).status_code == 503:
        pass  # the printer is being loaded
    assert paper.headers["content-type"] == "application/pdf"
    text = pypdf.PdfReader(BytesIO(paper.content)).pages[0].extract_text()
    assert "Emre Yılmaz" in text and "Ihre Termine" in text


async def test_a_calendar_can_subscribe_and_sees_a_cancellation(stage: Stage) -> None:
    mine = await manage_page(stage)
    (feed,) = re.findall(r'<p class="address">([^<]+)</p>', mine.text)
    path = feed.split("/sprechtag/", 1)[1]
    answer = await stage.public.get(path)
    assert answer.headers["content-type"].startswith("text/calendar")
    assert b"REFRESH-INTERVAL" in answer.content and answer.content.count(b"STATUS:CONFIRMED") == 3
    known = {"If-None-Match": answer.headers["etag"]}
    assert (await stage.public.get(path, headers=known)).status_code == 304
    stage.school.desk.cancel(1)
    fresh = await stage.public.get(path, headers=known)
    assert fresh.status_code == 200 and fresh.content.count(b"STATUS:CANCELLED") == 1
    wrong = path[:-8] + "xxxx.ics"
    assert (await stage.public.get(wrong)).status_code == 404
    # It opens nothing else.
    token = path.rsplit("/", 1)[1].removesuffix(".ics")
    assert (await stage.public.get(f"m/{token}")).status_code == 404


async def test_a_full_host_has_a_waiting_list(stage: Stage) -> None:
    for slot in stage.school.slots("t01"):
        stage.school.book(slot, f"x{slot.id}")
    (wait,) = links(await stage.public.get(stage.share), "/wait")
    assert "Im Moment ist nichts frei" in (await stage.public.get(wait)).text
    refused = await stage.public.post(wait, data=WHO | {"email": ""})
    assert refused.status_code == 422 and "Emre Yılmaz" in refused.text
    joined = await stage.public.post(wait, data=WHO)
    assert joined.status_code == 200 and "Sie stehen auf der Warteliste" in joined.text
    with stage.house.database.read() as session:
        entry = session.exec(select(WaitingEntry)).one()
        guest = session.get_one(Guest, entry.guest_id)
        mine = f"m/{manage_token(guest, KEY)}"
    assert "Sie sind als Nächstes dran" in (await stage.public.get(mine)).text
    stage.school.desk.cancel(1)
    page = await stage.public.get(mine)
    assert "Eine Zeit bei Teacher t01 ist frei" in page.text
    (take,) = links(page, "/t/")
    assert "Ihre Angaben" in (await stage.public.get(take)).text
    passed = re.search(r'action="([^"]+/pass)"', page.text)
    assert passed
    answer = await stage.public.post(str(page.url.join(passed[1])), data={})
    assert "Sie haben diese Zeit nicht genommen" in answer.text
    with stage.house.database.read() as session:
        assert session.exec(select(WaitingEntry)).all() == []


async def test_a_family_leaves_a_waiting_list(stage: Stage) -> None:
    for slot in stage.school.slots("t01"):
        stage.school.book(slot, f"x{slot.id}")
    (wait,) = links(await stage.public.get(stage.share), "/wait")
    await stage.public.post(wait, data=WHO)
    with stage.house.database.read() as session:
        guest = session.exec(select(Guest).where(Guest.name == WHO["name"])).one()
    page = await stage.public.get(f"m/{manage_token(guest, KEY)}")
    leave = re.search(r'action="([^"]+/leave)"', page.text)
    assert leave
    answer = await stage.public.post(str(page.url.join(leave[1])), data={})
    assert "Sie stehen nicht mehr auf dieser Warteliste" in answer.text


def invited(stage: Stage, name: str = "Familie Kaya", asked_by: str = "") -> tuple[str, str]:
    """A family that the school has entered: its page and its code."""
    with stage.house.database.write() as session:
        conference = session.get_one(Conference, stage.school.conference_id)
        guest, _ = invite(session, conference, Family(name, "", "Deniz Kaya", "5b", "tr"), KEY)
        if asked_by:
            name_host(session, guest, lookup.find_host(session, conference.id or 0, asked_by), asked=True)
        return f"m/{manage_token(guest, KEY)}", code_of(guest, KEY)


async def test_the_code_of_a_letter_opens_the_familys_page(stage: Stage) -> None:
    _, code = invited(stage)
    stage.school.change(booking_by="invited", languages="de")
    for typed in (code, f" {code[:4].lower()}-{code[4:].lower()} "):
        answer = await stage.public.post(f"{stage.share}/code", data={"code": typed})
        assert answer.status_code == 200 and "Ihr Code stimmt" in answer.text
    book = links(answer, "/book")[0]
    assert len(links(await stage.public.get(book), "/h/")) == 3


async def test_codes_cannot_be_tried_out(stage: Stage) -> None:
    _, code = invited(stage)
    for _ in range(30):
        answer = await stage.public.post(f"{stage.share}/code", data={"code": "BCDFGHJK"})
        assert answer.status_code == 422 and "nicht bekannt" in answer.text
    refused = await stage.public.post(f"{stage.share}/code", data={"code": "BCDFGHJK"})
    assert refused.status_code == 429 and "Bitte warten Sie 10 Minuten" in refused.text
    assert refused.headers["retry-after"] == "600"
    # A guesser in the house locks nobody out: a right code always passes, and booking with the link goes on.
    assert (await stage.public.post(f"{stage.share}/code", data={"code": code})).status_code == 200
    assert (await stage.public.get(stage.share)).status_code == 200


async def test_codes_printed_before_they_grew_longer_still_open(stage: Stage) -> None:
    _, code = invited(stage)
    with stage.house.database.write() as session:
        guest = session.exec(select(Guest)).one()
        older = older_code(KEY, guest.public_id, guest.manage_generation)
        guest.code_hash = code_hash(KEY, older)
        assert code_of(guest, KEY) == older != code
    assert (await stage.public.post(f"{stage.share}/code", data={"code": older})).status_code == 200


async def test_right_codes_never_run_into_the_limit(stage: Stage) -> None:
    _, code = invited(stage)
    for _ in range(40):
        assert (await stage.public.post(f"{stage.share}/code", data={"code": code})).status_code == 200


async def test_who_is_asked_sees_it_first_and_may_book_early(stage: Stage) -> None:
    mine, _ = invited(stage, asked_by="t03")
    stage.school.change(opens_at=NOW + timedelta(days=1), priority_from=NOW - timedelta(hours=1), languages="de")
    page = await stage.public.get(mine)
    assert "Teacher t03 möchte mit Ihnen sprechen" in page.text
    hosts = await stage.public.get(f"{mine}/book")
    assert hosts.text.index("Teacher t03") < hosts.text.index("Teacher t01")
    (only,) = links(hosts, "/h/")
    slot = links(await stage.public.get(only), "/t/")[0]
    booked = await stage.public.post(slot, data={"key": "k", "place": "on_site", "child": "Deniz"})
    assert booked.status_code == 200


async def test_wishes_are_entered_changed_and_shown(stage: Stage) -> None:
    stage.school.change(booking_mode="wishes", wishes_until=NOW + timedelta(days=1))
    start = await stage.public.get(stage.share)
    assert not links(start, "/h/") and "niemand muss schnell sein" in start.text
    form = await stage.public.post(f"{stage.share}/wishes", data={"h": hosts_of(start)[:2]})
    saved = await stage.public.post(f"{stage.share}/wishes", data=fields(form) | WHO | {"do": "save"})
    assert saved.status_code == 200 and "Ihre Wünsche sind notiert" in saved.text
    mine = re.sub(r"/book.*", "", links(saved, "/book")[0])
    other = await stage.public.post(f"{stage.share}/wishes", data=fields(form) | WHO | {"do": "save"})
    assert other.status_code == 409 and "Wenn wir diese Adresse kennen" in other.text
    change = await stage.public.post(f"{mine}/wishes", data={"h": hosts_of(start)[2:]})
    assert "Emre Yılmaz" in change.text
    await stage.public.post(f"{mine}/wishes", data=fields(change) | {"do": "save"})
    page = await stage.public.get(mine)
    assert "Teacher t03" in page.text and "Teacher t01" not in page.text
    with stage.house.database.read() as session:
        assert len(session.exec(select(HostWish)).all()) == 1
    stage.school.clock.now = NOW + timedelta(days=2)
    over = await stage.public.post(f"{mine}/wishes", data=fields(change) | {"do": "save"})
    assert over.status_code == 403 and "Die Termine werden gerade verteilt" in over.text


async def test_every_page_leads_to_its_privacy_notice(stage: Stage) -> None:
    stage.school.change(privacy_notice="Gesamtschule am Sandberg\nDatenschutz: dsb@schule.example")
    mine = await manage_page(stage)
    for page in (await stage.public.get(stage.share), await plan(stage), mine):
        (privacy,) = links(page, "/privacy")
        notice = await stage.public.get(privacy)
        for part in ("dsb@schule.example", "30 Tage", "beschweren", "keine Cookies"):
            assert part in notice.text
        (accessibility,) = links(page, "/accessibility")
        assert "WCAG 2.2" in (await stage.public.get(accessibility)).text


async def test_feedback_carries_no_name_and_counts_once(stage: Stage) -> None:
    conference = stage.school.conference()
    path = feedback_path(KEY, conference.public_id)
    assert (await stage.public.get(path)).status_code == 404
    stage.school.change(feedback=True)
    early = await stage.public.post(path, data={"worth": "5", "ease": "5"})
    assert early.status_code == 403 and "Für eine Antwort ist es noch zu früh" in early.text
    stage.school.clock.now = stage.school.slots()[0].ends_at
    form = await stage.public.get(path)
    wrong = await stage.public.post(path, data=fields(form) | {"worth": "9", "comment": "gut"})
    assert wrong.status_code == 422 and "gut" in wrong.text and 'href="#worth"' in wrong.text
    sent = fields(form) | {"worth": "5", "ease": "4", "place": "video", "comment": "Danke"}
    for _ in range(2):
        answer = await stage.public.post(path, data=sent)
        assert answer.status_code == 200 and "Vielen Dank" in answer.text
    with stage.house.database.read() as session:
        answer_row = session.exec(select(FeedbackAnswer)).one()
    assert set(answer_row.model_dump()) == {"id", "conference_id", "key_hash", "worth", "ease", "place", "comment"}


async def test_several_hosts_are_within_the_budget(tmp_path: Path) -> None:
    """With 80 hosts x 24 slots: list, style, proposal, booking; and with the grid its script too."""
    from datetime import date, time

    from sprechtag.conference.slots import TimeWindow

    hosts = tuple(f"t{number:02}" for number in range(1, 81))
    rules = ruleset.Rules(name="Elternsprechtag", windows=[TimeWindow(date(2027, 1, 13), time(15), time(19))])
    async with open_stage(tmp_path, hosts=hosts, rules=rules) as stage:
        stage.public.base_url = httpx.URL(f"http://nc.example{FRONTS['php']}sprechtag/")
        seen = [await stage.public.get(stage.share)]
        (style,) = re.findall(r'rel="stylesheet" href="([^"]+)"', seen[0].text)
        seen.append(await stage.public.get(str(seen[0].url.join(style))))
        chosen = hosts_of(seen[0])[10:18]
        seen.append(await stage.public.post(f"{stage.share}/plan", data={"h": chosen}))
        assert len(fields(seen[-1])["slot"]) == 8
        sent = fields(seen[-1]) | WHO | {"do": "book"}
        seen.append(await stage.public.post(f"{stage.share}/plan", data=sent))
        assert {answer.status_code for answer in seen} == {200}
        assert len(seen) <= 5 and sum(len(answer.content) for answer in seen) <= 120_000
        grid = await stage.public.post(f"{stage.share}/plan", data={"h": chosen, "do": "grid"})
        (script,) = re.findall(r'<script src="([^"]+)" defer>', grid.text)
        code = await stage.public.get(str(grid.url.join(script)))
        assert "immutable" in code.headers["cache-control"] and len(code.content) < 3000


async def test_the_second_childs_name_is_not_the_first_ones(stage: Stage) -> None:
    """Of one child it is the one; of several the one whom the host teaches, or nobody knows which; and another one can
    be named each time."""
    with stage.house.database.write() as session:
        lookup.find_host(session, stage.school.conference_id, "t02").classes = "5b, 7c"
    mine = await manage_page(stage)
    base = re.search(r"m/[\w-]+", str(mine.url))[0]
    one = await stage.public.get(f"{base}/t/{stage.school.slots('t01')[5].public_id}")
    assert fields(one)["known"] == ["Emre Yılmaz"] and fields(one)["child"] == [""]
    form = {"known": "", "child": "Ada", "school_class": "7c", "place": "on_site"}
    second = await stage.public.post(str(one.url), data=form)
    assert second.status_code == 200 and "Ada" in second.text
    several = await stage.public.get(f"{base}/t/{stage.school.slots('t02')[6].public_id}")
    assert set(re.findall(r'name="known" value="([^"]*)"', several.text)) == {"Emre Yılmaz", "Ada", ""}
    assert fields(several)["known"] == [""]
    taught = await stage.public.get(f"{base}/t/{stage.school.slots('t03')[6].public_id}")
    assert fields(taught)["known"] == ["Ada"]
    refused = await stage.public.post(str(several.url), data={"known": "Nobody", "child": "", "place": "on_site"})
    assert refused.status_code == 422
    third = await stage.public.post(str(several.url), data={"known": "Ada", "child": "", "place": "on_site"})
    assert third.status_code == 200 and "Ada" in third.text and "7c" in third.text


async def test_another_child_is_still_there_after_choosing_by_hand(stage: Stage) -> None:
    mine = await manage_page(stage)
    base = re.search(r"m/[\w-]+", str(mine.url))[0]
    hosts = hosts_of(await stage.public.get(f"{base}/book"))[:1]
    form = {"h": hosts, "known": "", "child": "Ben", "school_class": "7b", "do": "grid"}
    grid = await stage.public.post(f"{base}/plan", data=form)
    picked = fields(grid) | {"do": "picked"}
    slot = re.search(rf'name="pick-{hosts[0]}" value="([^"]+)"', grid.text)[1]
    answer = await stage.public.post(f"{base}/plan", data=picked | {f"pick-{hosts[0]}": slot})
    assert fields(answer)["child"] == ["Ben"] and fields(answer)["known"] == [""]


@pytest.mark.parametrize("what", ["taken out", "other hours"])
async def test_a_proposal_is_booked_as_a_whole_or_not_at_all(stage: Stage, what: str) -> None:
    """Also where a host or a time is no more."""
    proposal = fields(await plan(stage))
    with stage.school.database.write() as session:
        conference, host = stage.school.conference(), session.get_one(Host, 2)
        if what == "taken out":
            host.gone = True
        else:
            windows.set_windows(session, conference, host, [TimeWindow(DAY, time(16, 30), time(17))])
            windows.rebuild_slots(session, session.get_one(Conference, conference.id), host)
    answer = await stage.public.post(f"{stage.share}/plan", data=proposal | WHO | {"do": "book"})
    assert answer.status_code >= 400 and "Noch ist nichts gebucht" in answer.text
    with stage.school.database.read() as session:
        assert not session.execute(select(Booking)).all()


async def test_the_class_that_was_chosen_stands_in_the_proposal_until_another_is_entered(stage: Stage) -> None:
    first = await plan(stage, **{"class": "7b"})
    assert 'name="school_class" value="7b"' in first.text
    again = await stage.public.post(f"{stage.share}/plan", data=fields(first) | {"school_class": "", "class": "7b"})
    assert 'name="school_class" value=""' in again.text
