# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""What is kept of people: for every table and every column what it is, whose it is, and when it goes.

The one list. `retention` erases by it, `family` exports by it, docs/privacy.md is written from it, and a test fails for
a table or a column that is not in it."""

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Literal

from ..conference.budgets import HITS_KEPT
from ..conference.strays import SHOWN as STRAYS_KEPT
from ..day.readings import KEPT as READINGS_KEPT

Whose = Literal["family", "host", "interpreter", "organiser", "user", "visitor"]
OF_WHOM: dict[str, str] = {
    "family": "families",
    "host": "hosts",
    "interpreter": "interpreters",
    "organiser": "organisers",
    "user": "users of Nextcloud",
    "visitor": "visitors",
}
CONFERENCE_DAYS = 3 * 365
"""Days after the last day until a conference itself goes with its hosts, where nobody has deleted it before: so long it
can be copied."""
EVENTS_TRIED = timedelta(days=14)
"""How long it is tried to empty an event in a host's calendar after the retention."""
ERRANDS_KEPT = timedelta(days=7)
PAPERS_KEPT = timedelta(days=1)
ERASING_TAKES = timedelta(days=14)
"""How long a family that is erased may be written to about its cancelled appointments, should no mail go out."""


# -- when a row goes ---------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Retention:
    """At the end of the conference's retention, or with its family if that is erased before; `by` leads to the
    conference."""

    by: str = "conference_id"
    text: str = "at the end of the retention"


@dataclass(frozen=True)
class With:
    """With the row that it hangs on (a foreign key that cascades)."""

    parent: str

    @property
    def text(self) -> str:
        return f"with its {self.parent.replace('_', ' ')}"


@dataclass(frozen=True)
class WithConference:
    """The conference itself and what belongs to it, whoever has booked."""

    text: str = "with the conference: when its organiser deletes it, at the latest three years after its last day"


@dataclass(frozen=True)
class After:
    """When the moment in `column` is so long ago; before, where the conference's retention ends."""

    column: str
    age: timedelta
    text: str
    and_retention: bool = False


@dataclass(frozen=True)
class Facts:
    """By the name of the fact, as `FACTS` says."""

    text: str = "see the facts below"


@dataclass(frozen=True)
class Stays:
    """Nothing of a person stands there."""

    text: str = "stays: nothing of a person"


Goes = Retention | With | WithConference | After | Facts | Stays


@dataclass(frozen=True)
class Column:
    """A column with something of a person in it. `told` is false for what is a key or stands there in another form, so
    that an export need not hold it; `ask` names who can be asked for what an export does not show."""

    whose: Whose
    what: str
    told: bool = True
    ask: str = ""


@dataclass(frozen=True)
class Table:
    """`plain` are the columns without personal data. `emptied` are values that the end of the retention sets in rows
    that stay, where the column `where` is not null."""

    what: str
    goes: Goes
    personal: Mapping[str, Column] = field(default_factory=dict)
    plain: str = ""
    emptied: Mapping[str, Any] = field(default_factory=dict)
    where: str = ""

    def columns(self) -> set[str]:
        return set(self.personal) | set(self.plain.split())


def _key(whose: Whose, what: str) -> Column:
    return Column(whose, what, told=False)


TABLES: dict[str, Table] = {
    "conference": Table(
        "the conference, its rules and the school's own words",
        WithConference(),
        {
            "organiser_id": Column("organiser", "user id"),
            "name": Column("organiser", "the school's words"),
            "description": Column("organiser", "the school's words"),
            "contact": Column("organiser", "whom families ask"),
            "texts": Column("organiser", "the school's words in mails"),
            "privacy_notice": Column("organiser", "who is responsible"),
            "legal_basis": Column("organiser", "the school's words"),
            "data_protection_officer": Column("organiser", "name and address"),
            "rehearsal_rooms": Column("organiser", "links of rooms to try in, until the last day is over"),
        },
        "id public_id time_zone state slot_minutes pause_minutes offers_on_site offers_video opens_at closes_at "
        "lead_minutes change_deadline_minutes max_bookings_per_guest max_bookings_per_guest_and_host limit_per "
        "households_share retention_days contact_for_hosts asks hosts_change mails_wait booking_by languages "
        "walk_minutes reminders waiting_list priority_from booking_mode wishes_until empty_events feedback "
        "display_shows display_generation rehearsal share_generation share_token_hash preview_token_hash version "
        "created_at",
        emptied={"rehearsal_rooms": []},
    ),
    "window": Table("days and times", WithConference(), plain="id conference_id host_id day starts ends"),
    "deputy": Table(
        "who helps to organise",
        With("conference"),
        {
            "user_id": Column("organiser", "user id"),
            "name": Column("organiser", "name"),
            "role": Column("organiser", "what they may do"),
        },
        "conference_id",
    ),
    "host": Table(
        "hosts",
        WithConference(),
        {
            "user_id": Column("host", "user id"),
            "display_name": Column("host", "name"),
            "short": Column("host", "short sign (Kürzel)"),
            "subject": Column("host", "subject"),
            "classes": Column("host", "classes"),
            "room": Column("host", "room"),
            "calendar": Column("host", "name of the calendar that takes the appointments"),
            "problem": Column("host", "what keeps Nextcloud from following"),
        },
        "id public_id conference_id state offers_on_site offers_video can_video gone tandem min_pause_minutes "
        "max_in_a_row delay_minutes delayed_on calendar_read_at",
    ),
    "slot": Table(
        "times",
        WithConference(),
        {
            "held_for": Column("family", "for which family the time is held, until the end of the retention"),
            "held_until": Column("family", "until when it is held"),
        },
        "id public_id conference_id host_id starts_at ends_at usual_ends_at blocked blocked_by kept_open held_by",
        emptied={"held_for": None, "held_until": None, "blocked": False, "blocked_by": ""},
        where="held_for",
    ),
    "guest": Table(
        "families",
        Retention(),
        {
            "public_id": _key("family", "number in links"),
            "name": Column("family", "name"),
            "email": Column("family", "e-mail address"),
            "email_fingerprint": _key("family", "keyed hash of the address"),
            "phone": Column("family", "phone number"),
            "language": Column("family", "language"),
            "named_other": Column("family", "whether it has named another household itself"),
            "invited": Column("family", "whether the school has entered it"),
            "manage_token_hash": _key("family", "hash of the link"),
            "code_hash": _key("family", "hash of the printed code"),
            "proven_at": Column("family", "when the address was confirmed"),
            "created_at": Column("family", "when it was entered"),
        },
        "id conference_id kin_id manage_generation erase_by",
    ),
    "kin": Table(
        "which households are one family",
        Retention(),
        {"shares": Column("family", "whether the households see each other's appointments")},
        "id conference_id",
    ),
    "child": Table(
        "children",
        With("kin"),
        {
            "public_id": _key("family", "number in forms"),
            "name": Column("family", "child"),
            "school_class": Column("family", "class"),
        },
        "id kin_id",
    ),
    "child_host": Table("who teaches a child", With("child"), plain="child_id host_id"),
    "screen_link": Table(
        "links that an answer has shown",
        With("guest"),
        {
            "public_id": _key("family", "number in links"),
            "token_hash": _key("family", "hash of the link"),
            "created_at": Column("family", "when it was shown"),
        },
        "id guest_id",
    ),
    "booking": Table(
        "appointments",
        Retention(),
        {
            "public_id": _key("family", "number in links"),
            "code": Column("family", "number to read out"),
            "place": Column("family", "on site or by video"),
            "state": Column("family", "agreed or cancelled"),
            "child": Column("family", "child"),
            "school_class": Column("family", "class"),
            "topic": Column("family", "what it is about, for the host"),
            "needs": Column("family", "what is needed"),
            "interpreter": Column("family", "language of an interpreter"),
            "message": Column("family", "what the school wrote with the last change"),
            "note": Column("family", "the host's note", ask="host"),
            "cancelled_by": Column("family", "who has cancelled"),
            "language": Column("family", "language of the form"),
            "visitor": _key("family", "keyed hash of the network address it came from"),
            "confirm_by": Column("family", "until when it has to be confirmed"),
            "created_at": Column("family", "when it was booked"),
            "changed_at": Column("family", "when it was changed"),
        },
        "id conference_id host_id slot_id guest_id revision screen",
    ),
    "guest_minute": Table("minutes that a family is taken", With("booking"), plain="guest_id minute booking_id"),
    "deed": Table(
        "what the school has done",
        With("guest"),
        {
            "who": Column("organiser", "user id"),
            "what": Column("family", "what was done"),
            "before": Column("family", "how it was"),
            "after": Column("family", "how it is"),
            "at": Column("family", "when"),
        },
        "id guest_id booking_id",
    ),
    "host_minute": Table(
        "minutes that a host is taken",
        With("booking"),
        {"user_id": Column("host", "user id")},
        "minute booking_id",
    ),
    "host_partner": Table(
        "who is in a tandem",
        With("host"),
        {"user_id": Column("host", "user id")},
        "host_id place",
    ),
    "companion": Table(
        "who comes to an appointment beside family and host",
        With("booking"),
        {
            "public_id": _key("family", "number in links"),
            "kind": Column("family", "parent, relative, interpreter or other"),
            "name": Column("family", "name"),
            "email": Column("family", "e-mail address"),
            "language": Column("family", "language"),
            "by_family": Column("family", "whether the family has named them"),
            "told_at": Column("family", "when they were told"),
            "created_at": Column("family", "when they were named"),
        },
        "id booking_id interpreter_id seat generation told_revision last_error",
    ),
    "interpreter": Table(
        "who interprets",
        Retention(),
        {
            "public_id": _key("interpreter", "number in links"),
            "user_id": Column("interpreter", "user id"),
            "name": Column("interpreter", "name"),
            "email": Column("interpreter", "e-mail address"),
            "language": Column("interpreter", "language of the mails"),
            "languages": Column("interpreter", "languages interpreted"),
            "times": Column("interpreter", "when they can come"),
            "told_at": Column("interpreter", "when they were sent their link"),
            "created_at": Column("interpreter", "when they were entered"),
        },
        "id conference_id generation last_error",
    ),
    "interpreter_minute": Table(
        "minutes that an interpreter is taken", With("booking"), plain="interpreter_id minute booking_id"
    ),
    "guest_host": Table(
        "whom a family shall see",
        With("guest"),
        {"asked": Column("family", "whether the host has asked for the talk")},
        "guest_id host_id",
    ),
    "waiting_entry": Table(
        "waiting lists",
        With("guest"),
        {
            "public_id": _key("family", "number in links"),
            "child": Column("family", "child"),
            "school_class": Column("family", "class"),
            "created_at": Column("family", "since when it waits"),
        },
        "id conference_id host_id guest_id screen offered_slot_id",
    ),
    "guest_letter": Table(
        "mails to a family besides those about appointments",
        With("guest"),
        {
            "kind": Column("family", "what it was about"),
            "name": _key("family", "which one of its kind"),
            "payload": Column("family", "what it says"),
            "sent_at": Column("family", "when it went out"),
            "last_error": Column("family", "why it did not"),
        },
        "id public_id guest_id expires_at",
    ),
    "wish_sheet": Table(
        "when a family can come",
        With("guest"),
        {
            "available": Column("family", "days and times"),
            "place": Column("family", "on site or by video"),
            "walk_minutes": Column("family", "minutes to walk"),
            "changed_at": Column("family", "when it was said"),
        },
        "guest_id conference_id",
    ),
    "host_wish": Table(
        "whom a family wants to see",
        With("guest"),
        {
            "child": Column("family", "child"),
            "school_class": Column("family", "class"),
            "outcome": Column("family", "what came of it"),
        },
        "id conference_id guest_id host_id screen",
    ),
    "wish_run": Table(
        "runs that assign everybody",
        Retention(),
        {
            "chosen": _key("family", "times by the number of a wish"),
            "unserved": _key("family", "reasons by the number of a wish"),
            "progress": _key("family", "how far it is"),
            "problem": _key("family", "why it failed"),
        },
        "id public_id conference_id seed effort state created_at finished_at",
    ),
    "feedback_answer": Table(
        "answers after the day, without a name",
        WithConference(),
        {"comment": Column("family", "what somebody wrote, until the end of the retention")},
        "id conference_id key_hash worth ease place",
        emptied={"comment": ""},
    ),
    "paper_job": Table(
        "papers to print",
        After("created_at", PAPERS_KEPT, "a day after it was made", and_retention=True),
        {
            "user_id": Column("user", "who has asked for it"),
            "options": Column("family", "for which class"),
            "content": Column("family", "the PDF with names"),
        },
        "id public_id conference_id kind state pages created_at",
    ),
    "idempotency_key": Table(
        "forms that were sent",
        With("booking"),
        {"key_hash": _key("family", "hash of the form"), "created_at": _key("family", "when it was sent")},
        "screen booking_id",
    ),
    "effect": Table(
        "how far calendar, room and mail have followed",
        With("booking"),
        {
            "remote": Column("family", "calendar, event, room"),
            "last_error": Column("family", "what went wrong"),
        },
        "booking_id kind applied_revision gave_up_revision behind",
    ),
    "event_to_empty": Table(
        "events in hosts' calendars from which the family is still to be taken out",
        After("give_up_at", timedelta(0), "when it is done, after 14 days at the latest"),
        {"user_id": Column("host", "user id"), "calendar": Column("host", "calendar"), "name": _key("host", "event")},
        "id give_up_at",
    ),
    "job": Table(
        "work on many families at once",
        Retention(),
        {"payload": Column("family", "text of a message, for whom; a list that is still to be entered")},
        "id public_id conference_id kind total done changed created_at finished_at",
    ),
    "job_item": Table(
        "families that are still to come in it",
        With("job"),
        {},
        "job_id guest_id attempts",
    ),
    "errand": Table(
        "what is due: numbers of appointments, families and jobs, and whom to tell something in Nextcloud",
        After("due_at", ERRANDS_KEPT, "when it is done, a week after it was due at the latest"),
        {
            "key": Column("user", "for whom"),
            "lane": Column("user", "for whom"),
            "payload": Column("user", "for whom, about which appointment"),
        },
        "id kind rank due_at expires_at wanted attempts problem troubled_at holder leased_until",
    ),
    "calendar_question": Table(
        "questions to a host who has moved an event",
        With("booking"),
        {
            "starts_at": Column("family", "where the event stands"),
            "ends_at": Column("family", "where the event stands"),
            "asked_at": Column("family", "since when"),
        },
        "booking_id",
    ),
    "stray_event": Table(
        "events that stand in hosts' calendars otherwise than here, after a restored backup",
        After("found_at", STRAYS_KEPT, "two weeks after it was last found so", and_retention=True),
        {
            "title": Column("family", "title of the event"),
            "starts_at": Column("family", "where it stands"),
            "ends_at": Column("family", "where it stands"),
            "uid": _key("family", "number of the event"),
        },
        "id conference_id host_id kind found_at",
    ),
    "live_call": Table(
        "how an appointment went on its day",
        With("booking"),
        {
            "room": Column("family", "room of the video call"),
            "arrived_at": Column("family", "when the join page was opened"),
            "let_in_at": Column("family", "when the room was opened"),
            "present": _key("family", "who is in the call, as hashes"),
            "up_at": Column("family", "when the call was up"),
            "left_at": Column("family", "when it ended"),
            "mark": Column("family", "what the school noted"),
            "family_says": Column("family", "what the family wrote to the host"),
        },
        "booking_id server let_in_by seen_at marked_at extra_minutes",
    ),
    "join_gate": Table("pace of a media server", Stays(), plain="server share slowed_until asked_share asked_until"),
    "media_sample": Table(
        "readings of media servers",
        After("at", READINGS_KEPT, "after an hour and a bit"),
        plain="id server at reading",
    ),
    "alarm": Table(
        "what somebody has to know on the day",
        Retention(),
        plain="id public_id conference_id kind about facts since ended_at",
    ),
    "device_check": Table(
        "how a family's device did",
        With("guest"),
        {
            "camera": Column("family", "camera"),
            "microphone": Column("family", "microphone"),
            "webrtc": Column("family", "browser"),
            "connection": Column("family", "connection"),
            "at": Column("family", "when"),
        },
        "guest_id conference_id",
    ),
    "budget_count": Table(
        "what a network address or a mailbox has spent",
        After("expires_at", timedelta(0), "when its time is over, after a day at the latest"),
        {"key": _key("visitor", "keyed hash")},
        "count expires_at",
    ),
    "budget_hit": Table(
        "who has spent all",
        After("last_at", HITS_KEPT, "after a week", and_retention=True),
        {"visitor": _key("visitor", "keyed hash of the network address")},
        "id conference_id kind count first_at last_at",
    ),
    "admin_settings": Table(
        "what the administration has set",
        Stays("stays until it is changed: the school's mail server, nothing of a family"),
        plain="id value",
    ),
    "instance_fact": Table(
        "what was learned of Nextcloud",
        Facts(),
        {"name": Column("user", "user id"), "value": Column("user", "see the facts below")},
        "learned_at",
    ),
}


# -- facts, by the beginning of their name ------------------------------------------------------------------------


@dataclass(frozen=True)
class Fact:
    """`age`: so long after it was learned it goes. `while_` names whose user id stands behind the colon: with `host`
    and `organiser` it also goes when they have no conference within its retention."""

    what: str
    whose: str = ""
    age: timedelta | None = None
    while_: Literal["", "host", "organiser"] = ""

    @property
    def text(self) -> str:
        parts = [f"with the last {self.while_}'s conference within its retention"] if self.while_ else []
        parts += [f"{self.age.days} days after it was learned"] if self.age and self.age.days else []
        parts += [f"{self.age.seconds // 3600} hours after it was learned"] if self.age and not self.age.days else []
        return " or ".join(parts) or "stays: nothing of a person"


FACTS: dict[str, Fact] = {
    "host:": Fact("e-mail address, language and name of a host", "host", while_="host"),
    "calendars:": Fact("names of a host's calendars", "host", while_="host"),
    "mail:": Fact("an organiser's mail account and address", "organiser", while_="organiser"),
    "person:": Fact("groups of a user who has opened the page", "user", timedelta(hours=12)),
    "webhooks": Fact("hosts whose calendars Nextcloud tells of; renewed every day", "host", timedelta(days=7)),
    "test-mail": Fact("address of the administration's test mail", "user", timedelta(days=7)),
    "pace:": Fact("when an organiser's last mails went out", "organiser", timedelta(days=1)),
    "evening:": Fact("that an organiser was told of tomorrow", "", timedelta(days=7)),
    "few:": Fact("that a host was told of few times left", "", timedelta(days=200)),
    "talk:relays": Fact("STUN and TURN servers of Talk", "", timedelta(days=7)),
    "restored": Fact("when the database was restored, and from a backup of when"),
    "theming": Fact("name and colour of this Nextcloud"),
    "address": Fact("its public address"),
    "enabled": Fact("whether the app is switched on"),
    "front": Fact("which proxy is in front"),
    "talk-bot": Fact("where Talk's bot is registered"),
}


def fact_of(name: str) -> Fact | None:
    """The entry for a fact of this name; None for one that nobody has written down."""
    found = (fact for start, fact in FACTS.items() if name == start or (start[-1] == ":" and name.startswith(start)))
    return next(found, None)


def as_markdown() -> str:
    """The list as docs/privacy.md shows it."""
    lines = ["| what | of whom | when it goes |", "|---|---|---|"]
    for table in TABLES.values():
        of_whom = sorted({OF_WHOM[column.whose] for column in table.personal.values()})
        what = "; ".join(dict.fromkeys(column.what for column in table.personal.values()))
        lines.append(f"| {table.what}{f': {what}' if what else ''} | {', '.join(of_whom) or '–'} | {table.goes.text} |")
    for start, fact in FACTS.items():
        lines.append(f"| fact `{start}`: {fact.what} | {OF_WHOM.get(fact.whose, '–')} | {fact.text} |")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.stdout.write(as_markdown() + "\n")
