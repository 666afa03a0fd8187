# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""The event in the host's calendar, as the host."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from icalendar import Calendar, Event, vCalAddress, vText

from ..conference.ical import PRODUCT, uid_of
from ..conference.queries import BookingView
from ..conference.tables import VIDEO
from ..nextcloud import calendar
from ..nextcloud.session import Door, UserSession
from ..phrases import Speaker
from .channels import Channel
from .ledger import Ledger, State

REVISION = "X-SPRECHTAG-REVISION"
MOST_LIVES = 20


def host_event(
    view: BookingView, uid: str, channel: Channel, host_email: str, manage_link: str, say: Speaker, guest_say: Speaker
) -> str:
    """The event as the host sees it (RFC 5545), times in UTC.

    The Talk link stands in LOCATION with a parameter before the colon: Talk copies SUMMARY and DESCRIPTION into the
    room wherever it reads a plain `LOCATION:` (its CalDavEventListener), and a child's name does not belong there.

    Only the `calendar` channel needs the family as an ATTENDEE, because there the calendar server writes the mail; the
    address then stands in the event. With the other channels it does so only where the conference says that hosts see
    it, and then SCHEDULE-AGENT=CLIENT (RFC 6638, 7.1) keeps the server from writing a second mail."""
    event = Event()
    event.add("uid", uid)
    event.add("sequence", view.revision)
    event.add(REVISION, str(view.revision))
    event.add("dtstamp", datetime.now(UTC).replace(microsecond=0))
    event.add("dtstart", view.starts_at.astimezone(UTC))
    event.add("dtend", view.ends_at.astimezone(UTC))
    event.add("summary", f"{view.child} ({view.school_class})" if view.school_class else view.child)
    event.add("location", *_location(view, say))
    event.add("class", "PRIVATE")
    event.add("status", "CONFIRMED")
    invites = channel.name == "calendar"
    event.add("description", _description(view, manage_link if invites else "", say, guest_say))
    if invites or view.contact_for_hosts:
        if host_email:
            event.add("organizer", _person(f"mailto:{host_email}", view.host_name))
        event.add("attendee", _attendee(view, invites))
    outer = Calendar()
    outer.add("prodid", PRODUCT)
    outer.add("version", "2.0")
    outer.add_component(event)
    return str(outer.to_ical().decode())


def _location(view: BookingView, say: Speaker) -> tuple[str, dict[str, str]]:
    if view.place == VIDEO and view.talk_link:
        return view.talk_link, {"LANGUAGE": view.language}
    place = say("Room %(room)s", room=view.host_room) if view.host_room else say("On site")
    return say("By video") if view.place == VIDEO else place, {}


def _description(view: BookingView, manage_link: str, say: Speaker, guest_say: Speaker) -> str:
    lines = [
        view.conference_name,
        say("Family: %(name)s", name=view.guest_name),
        say("Number: %(code)s", code=view.code),
    ]
    if view.contact_for_hosts:
        lines += [text for text in (view.guest_email, view.guest_phone) if text]
    if view.place == VIDEO and view.talk_link:
        lines.append(say("Video: %(link)s", link=view.talk_link))
    if manage_link:
        lines += ["", guest_say("Change or cancel this appointment: %(link)s", link=manage_link)]
    return "\n".join(lines)


def _person(address: str, name: str) -> vCalAddress:
    person = vCalAddress(address)
    person.params["CN"] = vText(name)
    return person


def _attendee(view: BookingView, invites: bool) -> vCalAddress:
    attendee = _person(f"mailto:{view.guest_email}", view.guest_name)
    attendee.params["ROLE"] = vText("REQ-PARTICIPANT")
    attendee.params["PARTSTAT"] = vText("ACCEPTED")
    attendee.params["LANGUAGE"] = vText(view.language)
    if not invites:
        attendee.params["SCHEDULE-AGENT"] = vText("CLIENT")
    return attendee


class CalendarEffect:
    def __init__(self, door: Door, ledger: Ledger, manage_link: Callable[[BookingView], str]) -> None:
        self._door = door
        self._ledger = ledger
        self._manage_link = manage_link

    async def apply(self, state: State, channel: Channel, host_email: str, host_language: str) -> dict[str, Any]:
        """Brings the event up to the booking; returns how to find it. Raises `NextcloudError`."""
        view, remote = state.view, dict(state.remote)
        if not view.active and not remote:
            return {}
        async with self._door.as_user(view.host_user_id) as session:
            if not view.active:
                await calendar.delete(session, str(remote["calendar"]), str(remote["name"]))
                return {}
            return await self._write(session, state, remote, channel, host_email, host_language)

    async def _write(
        self,
        session: UserSession,
        state: State,
        remote: dict[str, Any],
        channel: Channel,
        host_email: str,
        host_language: str,
    ) -> dict[str, Any]:
        view = state.view
        say = Speaker(host_language or "de", view.zone)
        guest_say = Speaker(view.language, view.zone)
        if not remote:
            remote = self._named(view, await calendar.find_or_create(session), 1)
        while True:
            present = await calendar.get(session, str(remote["calendar"]), str(remote["name"]))
            if present and _revision(present.text) == view.revision:
                return remote | {"written": True}
            if present is None and remote.get("written"):
                # The host has deleted it: its name lies in the trash bin, so it lives on under another.
                remote = self._named(view, await calendar.find_or_create(session), int(remote["life"]) + 1)
            text = host_event(
                view,
                uid_of(view, int(remote["life"])),
                channel,
                host_email,
                self._manage_link(view),
                say,
                guest_say,
            )
            try:
                await calendar.put(
                    session,
                    str(remote["calendar"]),
                    str(remote["name"]),
                    text,
                    is_new=present is None,
                    refused_before=bool(remote.get("refused")),
                )
            except calendar.NameUsedUp:
                if int(remote["life"]) >= MOST_LIVES:
                    raise
                remote = self._named(view, str(remote["calendar"]), int(remote["life"]) + 1)
                continue
            except calendar.Troubled:
                self._ledger.remember(view.id, "calendar", remote | {"refused": True})
                raise
            except calendar.Missing:
                # The calendar itself was deleted; the next attempt looks for another.
                self._ledger.remember(view.id, "calendar", {})
                raise
            return remote | {"written": True}

    def _named(self, view: BookingView, calendar_name: str, life: int) -> dict[str, Any]:
        """Where the event will be, noted before it is there."""
        remote = {"calendar": calendar_name, "name": f"sprechtag-{view.public_id}-{life}", "life": life}
        self._ledger.remember(view.id, "calendar", remote)
        return remote


def _revision(text: str) -> int:
    try:
        for event in Calendar.from_ical(text).walk("VEVENT"):
            return int(str(event.get(REVISION, "0")))
    except ValueError:
        return 0
    return 0
