# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""What a host adds to an event of ours stays there, whatever happens to the appointment."""

from icalendar import Calendar, Event, vText

from sprechtag.sync.merged_event import GUEST, SHARED, first, merge, same


def event(
    summary: str = "Ali (7b)", description: str = "Sprechtag\nFamily: Yılmaz", start: str = "20270113T150000Z"
) -> str:
    made = Event()
    made["uid"] = "b-1@sprechtag"
    made["dtstart"] = start
    made.add("summary", summary)
    made.add("description", description)
    for name, copy in SHARED.items():
        made.add(copy, vText(str(made[name])))
    outer = Calendar()
    outer.add("version", "2.0")
    outer.add_component(made)
    return str(outer.to_ical().decode())


def added(text: str, *lines: str) -> str:
    return text.replace("END:VEVENT", "\r\n".join((*lines, "END:VEVENT")))


def test_alarms_categories_and_colours_are_the_hosts() -> None:
    alarm = ("BEGIN:VALARM", "ACTION:DISPLAY", "DESCRIPTION:x", "TRIGGER:-PT15M", "END:VALARM")
    present = added(event(), "CATEGORIES:Eltern", "COLOR:red", "X-NOTE:a\\, b", *alarm)
    merged = merge(present, event(start="20270113T160000Z"))
    for line in ("CATEGORIES:Eltern", "COLOR:red", "X-NOTE:a\\, b", "TRIGGER:-PT15M", "DTSTART:20270113T160000Z"):
        assert line in merged, line


def test_notes_before_behind_and_in_between_are_kept() -> None:
    before = first(event())
    theirs = f"Bring the test!\n{before['DESCRIPTION']}\n\nAsk about maths."
    present = event().replace(
        "DESCRIPTION:Sprechtag\\nFamily: Yılmaz", f"DESCRIPTION:{vText(theirs).to_ical().decode()}", 1
    )
    merged = first(merge(present, event(description="Sprechtag\nFamily: Yılmaz\nVideo: x")))
    assert str(merged["DESCRIPTION"]) == "Bring the test!\nSprechtag\nFamily: Yılmaz\nVideo: x\n\nAsk about maths."
    again = first(merge(merge(present, event(description="New")), event()))
    assert str(again["DESCRIPTION"]) == theirs


def test_what_was_written_into_our_lines_comes_behind_them() -> None:
    present = event().replace(
        "DESCRIPTION:Sprechtag\\nFamily: Yılmaz", "DESCRIPTION:Sprechtag\\nloud!\\nFamily: Yılmaz", 1
    )
    merged = first(merge(present, event(description="New")))
    assert str(merged["DESCRIPTION"]) == "New\n\nloud!"


def test_a_title_that_was_added_to_is_kept() -> None:
    present = event().replace("SUMMARY:Ali (7b)", "SUMMARY:!! Ali (7b)", 1)
    assert str(first(merge(present, event("Ali (8a)")))["SUMMARY"]) == "!! Ali (8a)"


def test_further_attendees_stay_and_the_family_is_ours() -> None:
    family = f"ATTENDEE;{GUEST}=family:mailto:old@post.example"
    present = added(event(), family, "ATTENDEE;CN=Colleague:mailto:colleague@school.example")
    merged = first(merge(present, added(event(), f"ATTENDEE;{GUEST}=family:mailto:new@post.example")))
    assert sorted(map(str, merged["ATTENDEE"])) == ["mailto:colleague@school.example", "mailto:new@post.example"]


def test_what_stands_as_it_should_is_not_written_again() -> None:
    wanted = event()
    assert same(merge(added(wanted, "COLOR:red"), wanted), merge(added(wanted, "COLOR:red"), wanted))
    assert not same(wanted, event(start="20270113T160000Z"))
    assert not same(wanted, event("Another"))


def test_what_is_no_event_is_replaced() -> None:
    for broken in ("", "<html>Maintenance</html>", "BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n"):
        assert merge(broken, event()) == event()


def test_a_host_who_invites_a_colleague_stays_the_one_who_invites() -> None:
    lines = ("ORGANIZER:mailto:host@school.example", "ATTENDEE:mailto:colleague@school.example", "DURATION:PT10M")
    present = added(event(), *lines)
    merged = merge(present, event(start="20270113T160000Z"))
    assert "ORGANIZER:mailto:host@school.example" in merged and "colleague" in merged and "DURATION" not in merged
    assert same(present, merge(present, event()))
