# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""The event in the host's calendar, as the host."""

import asyncio
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from icalendar import Calendar, Event, Timezone, vCalAddress, vText

from ..conference.effects import RESTORED, Ledger, State
from ..conference.slots import TimeSpan
from ..conference.tables import VIDEO
from ..conference.views import BookingView
from ..letters.channels import Channel
from ..letters.headers import one_line
from ..letters.writer import Writer
from ..moments import is_repeated, local
from ..nextcloud import calendar
from ..nextcloud.errors import NextcloudError, NotAllowed
from ..nextcloud.session import Door, UserSession
from ..paper.ical import PRODUCT, person, uid_of
from ..paper.needs import needs_in_words
from ..phrases import Speaker
from . import merged_event
from .one_of_several import OneOfSeveral
from .places import Guesses

MOST_LIVES = 20
MOST_CONFLICTS = 3


@dataclass(frozen=True)
class Writing:
    """What an event is written with besides its booking. `host_email` may be empty, `host_language` too."""

    channel: Channel
    host_email: str
    host_language: str
    writer: Writer
    first: bool = True
    """Whether it is the event of the only host, or of the first one of a tandem."""

    @property
    def invites(self) -> bool:
        """Whether the calendar server writes the family's mail: with one event, whoever else is there."""
        return self.first and self.channel.name == "calendar"


def host_event(view: BookingView, uid: str, sequence: int, writing: Writing, again: bool = False) -> str:
    """The event as the host sees it (RFC 5545), times in the conference's zone: the calendar server's mails name the
    time of day as it stands here, and a family must not read it in UTC.

    The Talk link stands in LOCATION with a parameter before the colon: Talk copies SUMMARY and DESCRIPTION into the
    room wherever it reads a plain `LOCATION:` (its CalDavEventListener), and a child's name does not belong there.

    Only the `calendar` channel needs the family as an ATTENDEE, because there the calendar server writes the mail; the
    address then stands in the event. With the other channels it does so only where the conference says that hosts see
    it, and then SCHEDULE-AGENT=CLIENT (RFC 6638, 7.1) keeps the server from writing a second mail. `again` has the
    server write its mail although nothing is new (7.2)."""
    if writing.invites:
        view = view.outward()
    say, guest_say = Speaker(writing.host_language or "de", view.zone), Speaker(view.language, view.zone)
    zone = ZoneInfo(view.zone)
    event = Event()
    event.add("uid", uid)
    event.add("sequence", sequence)
    event.add(merged_event.REVISION, str(view.revision))
    event.add("dtstamp", datetime.now(UTC).replace(microsecond=0))
    event.add("dtstart", _on_the_clock(view.starts_at, zone))
    event.add("dtend", _on_the_clock(view.ends_at, zone))
    # An erased family's is cancelled and names no child any more.
    child = view.child or view.conference_name
    event.add("summary", f"{child} ({view.school_class})" if view.school_class else child)
    event.add("location", *_location(view, say))
    event.add("class", "PRIVATE")
    event.add("status", "CONFIRMED" if view.active else "CANCELLED")
    manage_link = writing.writer.manage_link(view) if writing.invites and view.active else ""
    join_link = writing.writer.for_family(view).talk_link if writing.invites else ""
    event.add("description", _description(view, manage_link, join_link, say, guest_say))
    if view.guest_email and writing.first and (writing.invites or view.contact_for_hosts):
        if writing.host_email:
            event.add("organizer", person(writing.host_email, one_line(view.host_name)))
        attendee = _attendee(view, writing.invites)
        if again:
            attendee.params["SCHEDULE-FORCE-SEND"] = vText("REQUEST")
        event.add("attendee", attendee)
    for name, copy in merged_event.SHARED.items():
        event.add(copy, vText(str(event[name])))
    outer = Calendar()
    outer.add("prodid", PRODUCT)
    outer.add("version", "2.0")
    outer.add_component(event)
    for zone_id in sorted(outer.get_used_tzids()):
        outer.add_component(_zone(zone_id, view.starts_at.year))
    return str(outer.to_ical().decode())


@lru_cache(maxsize=50)
def _zone(zone_id: str, year: int) -> Timezone:
    """The time zone's component for that year and the ones beside it: to make it takes longer than the event does."""
    return Timezone.from_tzid(zone_id, first_date=date(year - 1, 1, 1), last_date=date(year + 1, 12, 31))


def _on_the_clock(moment: datetime, zone: ZoneInfo) -> datetime:
    """In UTC where the clock shows the time twice: RFC 5545 (3.3.5) reads it as the first of the two."""
    there = local(moment, zone)
    return moment.astimezone(UTC) if is_repeated(there) else there


def _location(view: BookingView, say: Speaker) -> tuple[str, dict[str, str]]:
    if view.place == VIDEO and view.talk_link:
        return view.talk_link, {"LANGUAGE": view.language}
    place = say("Room %(room)s", room=view.host_room) if view.host_room else say("On site")
    return say("By video") if view.place == VIDEO else place, {}


def _description(view: BookingView, manage_link: str, join_link: str, say: Speaker, guest_say: Speaker) -> str:
    """The host's, and where the calendar server writes the mail the family's too: it then gets the join page's link."""
    lines = [
        view.conference_name,
        say("Family: %(name)s", name=view.guest_name),
        say("Number: %(code)s", code=view.code),
    ]
    if view.topic:
        lines.append(say("About: %(topic)s", topic=view.topic))
    lines += needs_in_words(view, say)
    if view.contact_for_hosts:
        lines += [text for text in (view.guest_email, view.guest_phone) if text]
    if view.place == VIDEO and view.talk_link:
        tell = guest_say if join_link else say
        lines.append(tell("Video: %(link)s", link=join_link or view.talk_link))
    if manage_link:
        lines += ["", guest_say("Change or cancel this appointment: %(link)s", link=manage_link)]
    return "\n".join(lines)


def _attendee(view: BookingView, invites: bool) -> vCalAddress:
    attendee = person(view.guest_email, one_line(view.guest_name))
    attendee.params[merged_event.GUEST] = vText("family")
    attendee.params["ROLE"] = vText("REQ-PARTICIPANT")
    attendee.params["PARTSTAT"] = vText("ACCEPTED")
    attendee.params["LANGUAGE"] = vText(view.language)
    if not invites:
        attendee.params["SCHEDULE-AGENT"] = vText("CLIENT")
    return attendee


class BookingEvent:
    def __init__(self, door: Door, ledger: Ledger | OneOfSeveral, writing: Writing, guesses: Guesses) -> None:
        self._door = door
        self._ledger = ledger
        self._writing = writing
        self._guesses = guesses

    async def apply(self, state: State, now: datetime) -> dict[str, Any]:
        """Brings the event up to the booking; returns how to find it. Raises `NextcloudError`.

        Where the calendar server writes the mails, a cancelled event is marked so first, which sends the cancellation
        and says whether it went out, and deleted then."""
        view, remote = state.view, dict(state.remote)
        looked_again = bool(remote.pop(RESTORED, False))
        if not view.active and not remote:
            return {}
        async with self._door.as_user(view.host_user_id) as session:
            if looked_again and view.active:
                await self._note_difference(session, view, remote, now)
            if view.active or self._writing.invites:
                try:
                    written = await self._write(session, state, remote, quiet=looked_again and view.active)
                except NextcloudError:
                    self._guesses.forget("calendar", view.host_user_id, view.host_calendar)
                    raise
                return await self._settle(session, view, *written)
            await self._delete(session, view, remote)
            return {}

    async def _delete(self, session: UserSession, view: BookingView, remote: dict[str, Any]) -> None:
        """Also where the host has moved it into another calendar."""
        there = await calendar.delete(session, str(remote["calendar"]), str(remote["name"]))
        if not there and remote.get("written") and (found := await self._found(session, view, remote)):
            await calendar.delete(session, *found)

    async def _found(self, session: UserSession, view: BookingView, remote: dict[str, Any]) -> tuple[str, str] | None:
        return await calendar.find(session, uid_of(view, int(remote["life"])))

    async def invite_again(self, state: State) -> dict[str, Any]:
        """Has the calendar server send the mail that it could not send when the event was written.

        It does so for a raised SEQUENCE and where it is forced to (seen on Nextcloud 33). Raises `NextcloudError`."""
        view, remote = state.view, dict(state.remote)
        async with self._door.as_user(view.host_user_id) as session:
            where = str(remote["calendar"]), str(remote["name"])
            present = await calendar.get(session, *where)
            if present is None:
                return {} if not view.active else remote | {"undelivered": False}
            if _undelivered(present.text):
                text = self._event(view, remote, present, again=True)
                await calendar.put(session, *where, text, is_new=False, refused_before=False, etag=present.etag)
                present = await calendar.get(session, *where) or present
            return await self._settle(session, view, remote, present.text)

    async def _settle(
        self, session: UserSession, view: BookingView, remote: dict[str, Any], text: str
    ) -> dict[str, Any]:
        """What is left to know of a written event: an event that nobody has to hear of any more goes."""
        undelivered = self._writing.invites and _undelivered(text)
        if view.active or undelivered:
            return remote | {"written": True, "undelivered": undelivered, "invites": self._writing.invites}
        await self._delete(session, view, remote)
        return {}

    async def _note_difference(
        self, session: UserSession, view: BookingView, remote: dict[str, Any], now: datetime
    ) -> None:
        """Where the event stood when it was first looked at after a restored backup, before it is put back."""
        present = await calendar.get(session, str(remote["calendar"]), str(remote["name"]))
        times = calendar.event_times(present.text, view.zone) if present else ()
        stood = next((TimeSpan(one.starts_at, one.ends_at) for one in times), None)
        if stood or present is None:
            self._ledger.note_difference(view, uid_of(view, int(remote["life"])), stood, now)

    async def _write(
        self, session: UserSession, state: State, remote: dict[str, Any], quiet: bool = False
    ) -> tuple[dict[str, Any], str]:
        """The remote and, where the calendar server writes the mails, the event as it stands there. `quiet` keeps it
        from writing them."""
        view, changed_under_us, looked_for = state.view, 0, False
        # What was never named was never made: it is written straight away, and only where nothing is.
        is_first = not remote
        if is_first:
            remote = self._named(view, await self._calendar(session, view), 1)
        while True:
            present = None if is_first else await calendar.get(session, str(remote["calendar"]), str(remote["name"]))
            if present is None and remote.get("written") and not looked_for:
                looked_for = True
                if found := await self._found(session, view, remote):
                    # The host has moved it into another calendar: it lives on there.
                    remote |= {"calendar": found[0], "name": found[1]}
                    self._ledger.remember(view.id, "calendar", remote)
                    continue
            if present is None and not view.active:
                return remote, ""
            if present is None and remote.get("written"):
                # The host has deleted it: its name lies in the trash bin, so it lives on under another.
                remote = self._named(view, await self._calendar(session, view), int(remote["life"]) + 1)
                continue
            # An event may hold megabytes of the host's, and reading them takes a second that others would wait.
            text = await asyncio.to_thread(self._event, view, remote, present)
            if present is not None:
                stands_well: bool = await asyncio.to_thread(merged_event.same, present.text, text)
                if stands_well:
                    return remote, present.text
            where = str(remote["calendar"]), str(remote["name"])
            try:
                await calendar.put(
                    session,
                    *where,
                    text,
                    is_new=present is None,
                    refused_before=bool(remote.get("refused")),
                    # Whoever hands out wrong ones would have it never written.
                    etag=present.etag if present and changed_under_us < MOST_CONFLICTS else "",
                    quiet=quiet,
                )
            except calendar.NameUsedUp:
                if int(remote["life"]) >= MOST_LIVES:
                    raise
                remote = self._named(view, str(remote["calendar"]), int(remote["life"]) + 1)
                continue
            except calendar.Conflict:
                if is_first:
                    # The calendar is gone that was guessed, or a lost answer had made the event after all.
                    is_first = False
                    remote = self._named(view, await self._calendar(session, view, guess=False), 1)
                    continue
                # The host has changed it at this moment: what is theirs in it is read, and kept.
                changed_under_us += 1
                if changed_under_us > MOST_CONFLICTS:
                    raise
                continue
            except calendar.Garbled:
                raise
            except calendar.Troubled:
                self._ledger.remember(view.id, "calendar", remote | {"refused": True})
                raise
            except (calendar.Missing, NotAllowed) as error:
                # The calendar itself was deleted, or cannot be written any more; the next attempt looks for another.
                if isinstance(error, calendar.Missing) or not remote.get("written"):
                    self._ledger.remember(view.id, "calendar", {})
                raise
            stands = await calendar.get(session, *where) if self._writing.invites else None
            return remote, stands.text if stands else ""

    async def _calendar(self, session: UserSession, view: BookingView, *, guess: bool = True) -> str:
        """The name of the calendar that takes the host's appointments."""
        what = ("calendar", view.host_user_id, view.host_calendar)
        known = self._guesses.get(*what) if guess else None
        found = str(known or await calendar.find_or_create(session, view.host_calendar))
        self._guesses.keep(found, *what)
        return found

    def _event(
        self, view: BookingView, remote: dict[str, Any], present: calendar.StoredEvent | None, again: bool = False
    ) -> str:
        if self._writing.invites and remote.get("written") and not remote.get("invites"):
            # So far another channel was to tell the family; the server sees nothing new in such an event.
            again = True
        before = merged_event.number(present.text, "SEQUENCE") + 1 if present else 0
        ours = host_event(view, uid_of(view, int(remote["life"])), max(view.revision, before), self._writing, again)
        return merged_event.merge(present.text, ours) if present else ours

    def _named(self, view: BookingView, calendar_name: str, life: int) -> dict[str, Any]:
        """Where the event will be, noted before it is there."""
        remote = {"calendar": calendar_name, "name": f"sprechtag-{view.public_id}-{life}", "life": life}
        self._ledger.remember(view.id, "calendar", remote)
        return remote


def _undelivered(text: str) -> bool:
    """Whether the server noted at the family that its mail did not go out (RFC 6638, 3.2.9: codes 3 and 5)."""
    event = merged_event.first(text)
    if event is None:
        return False
    said = (str(attendee.params.get("SCHEDULE-STATUS", "")) for attendee in merged_event.guests(event))
    return any(status.startswith(("3", "5")) for status in said)
