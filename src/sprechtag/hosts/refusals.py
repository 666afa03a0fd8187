# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""A refusal as the API says it: a status, a code for programs and a sentence for people."""

from collections.abc import Sequence
from typing import Any

from ..conference import errors, jobs, wishes
from ..conference.entries import Wrong
from ..conference.errors import HasBookings, OtherFamily, StillFollowing, WrongState
from . import import_sentences
from .groups import MayNotOrganise, NoConfirmation
from .schemas import Problem

_SENTENCES: dict[str, str] = {
    "windows_missing": "Give at least one day with a time window.",
    "windows_overlap": "Two time windows overlap. Change one of them.",
    "window_ends_before_start": "A time window ends before it starts. Change its times.",
    "too_many_slots": "That makes more than 500 slots for one host. Take longer slots or fewer windows.",
    "slot_too_short": "A slot needs at least one minute.",
    "pause_negative": "The pause cannot be negative.",
    "name_missing": "Give a name.",
    "time_zone_unknown": "This time zone is unknown. Use a name like Europe/Berlin.",
    "no_place_offered": "Offer at least one place: on site or video.",
    "too_small": "This number is too small.",
    "closes_before_opening": "Booking closes before it opens. Change one of the two times.",
    "child_twice": "The family has a child of this name.",
    "child_missing": "Give the child's name.",
    "email_wrong": "This e-mail address cannot be right. Check it, or leave it empty.",
    "too_long": "This text is too long.",
    "subject_missing": "Give the message a subject.",
    "text_missing": "Write the message.",
    "booking_by_unknown": "Choose who may book.",
    "smtp_host_missing": "Give the address of the mail server.",
    "url_wrong": "The address begins with https://. Check it, or leave it empty.",
    "language_unknown": "The public pages do not speak one of these languages.",
    "priority_after_opening": "Families that a host asks for would book later than the others. Change a time.",
    "limit_per_unknown": "Choose whether the limit holds for a household or for a child.",
    "booking_mode_unknown": "Choose how families book.",
    "wishes_until_missing": "Say until when families can enter their wishes.",
    "wishes_need_no_confirmation": "With wishes nobody confirms an address. Let everybody or the invited enter.",
    "wishes_still_open": "Families can still enter wishes. Wait until that time is over, or end it in the rules.",
    "no_wishes": "No family has entered a wish.",
    "reminders_wrong": "Reminders are minutes before the appointment, at most 14 days.",
    "text_kind_unknown": "There is no such mail.",
    "placeholder_unknown": "This mail does not have one of the placeholders in braces. Take one of those shown.",
    "day_wrong": "This day cannot be. Give one between 2000 and 2100.",
    "moment_wrong": "This time cannot be. Give a day between 2000 and 2100.",
    "clock_wrong": "Give the time of day without a time zone: the conference’s own is meant.",
    "user_wrong": "No Nextcloud user is called like that.",
    "sign_wrong": "There is a sign in it that cannot be typed. Type it again.",
    "substitute_is_absent": "Choose somebody else as the substitute.",
    "substitute_not_joined": "The substitute has not agreed to take part yet. Choose somebody else.",
    "team_too_large": "A team has at most 50 people.",
    "asks_unknown": "The booking form has no such question.",
    "times_wrong": "An appointment is one, two or three times long.",
    "languages_missing": "Give at least one language.",
    "too_many_interpreters": "A conference has at most 200 interpreters.",
    "kind_unknown": "Say who it is: parent, relative, interpreter or other.",
    "email_missing": "Give an e-mail address: the link goes there.",
    "user_id_missing": "Give the Nextcloud user to invite.",
    "after_midnight": "The day would end after midnight. Choose fewer minutes.",
    "extends_too_long": "Extend by one minute to four hours.",
    "extends_by_nothing": "So few minutes make no further time. Choose more.",
    "user_id_unknown": "There is no such tandem in this conference. Form it from its hosts.",
    "tandem_size": "Choose two or three hosts who receive families together.",
    "tandem_hosts": "Everybody in a tandem has to be a host of this conference. Invite them first.",
    "tandem_there": "These hosts receive families together already.",
}


_STATUSES = {
    400: "This request cannot be read. Load the page anew.",
    405: "This is not possible here. Load the page anew.",
    413: "That is too much at once. Send less.",
    415: "This kind of content is not taken here. Load the page anew.",
}


def of_status(status: int) -> Problem:
    """What a status says that no rule of ours has given."""
    other = "Something went wrong in Sprechtag. Try again in a few minutes; if it stays so, tell the administration."
    return Problem(error="unexpected" if status >= 500 else "not_possible", message=_STATUSES.get(status, other))


def invalid_entry(errors: Sequence[Any]) -> Problem:
    """The first entry that cannot be taken, by pydantic's findings."""
    first = errors[0]
    field = ".".join(str(part) for part in first["loc"][1:])
    wrong = (first.get("ctx") or {}).get("error")
    if isinstance(wrong, Wrong):
        return Problem(error=wrong.reason, message=_sentence(wrong.reason), field=field)
    return Problem(error="invalid", message=f"{field}: {first['msg']}", field=field)


def _sentence(reason: str) -> str:
    text = _SENTENCES.get(reason) or import_sentences.OF_FILE.get(reason)
    return text or "This entry cannot be used. Check it and try again."


def problem(refused: errors.Refused) -> tuple[int, Problem]:
    match refused:
        case errors.Invalid(field=field, reason=reason, values=values):
            text = _sentence(reason)
            message = import_sentences.said(text, values)
            return 422, Problem(error=reason, message=message, field=field, text=text if values else "", values=values)
        case errors.NotFound():
            return 404, Problem(error="not_found", message="There is no such thing, or it is not yours.")
        case OtherFamily():
            message = "One of the two has another household or other children. Correct or part that first."
            return 409, Problem(error=refused.code, message=message)
        case HasBookings():
            message = "Families have appointments there. Move or cancel those first."
            return 409, Problem(error=refused.code, message=message)
        case StillFollowing():
            message = "Families and calendars are still being told. Try again in a minute."
            return 409, Problem(error=refused.code, message=message)
        case MayNotOrganise():
            message = "Only groups that Nextcloud’s administration names can make conferences. Ask it to name yours."
            return 403, Problem(error=refused.code, message=message)
        case NoConfirmation():
            message = (
                "Families cannot confirm their address: that needs a mail account of yours in the Mail app or the "
                "school’s mail server. Set one up, or let everybody with the link book."
            )
            return 409, Problem(error=refused.code, message=message)
        case jobs.NothingToDo():
            return 409, Problem(error=refused.code, message="There is nothing to change.")
        case jobs.NoChannel():
            message = "Messages need a mail account of yours in the Mail app or the school’s mail server. Set one up."
            return 409, Problem(error=refused.code, message=message)
        case wishes.RunIsOn():
            message = "That is not possible in the run’s present state. Load the page anew."
            return 409, Problem(error=refused.code, message=message)
        case errors.AddressTaken():
            message = "Another family of this conference has this address. Correct that one first."
            return 409, Problem(error=refused.code, message=message, field="email")
        case errors.SlotTaken():
            return 409, Problem(error=refused.code, message="This time was just taken. Choose another one.")
        case errors.SlotBlocked():
            return 409, Problem(error=refused.code, message="This time is closed. Open it first.")
        case errors.HostElsewhere():
            message = "Another appointment takes this time. Move or cancel that one first."
            return 409, Problem(error=refused.code, message=message)
        case errors.NotYours():
            message = "In this conference the office sets times, rooms and places. Ask it to change yours."
            return 409, Problem(error=refused.code, message=message)
        case errors.NoTimeAfter():
            message = "The time after it is not free. Move that one first, or choose a shorter appointment."
            return 409, Problem(error=refused.code, message=message)
        case errors.InterpreterBusy():
            message = "This interpreter has another appointment at that time. Choose somebody else."
            return 409, Problem(error=refused.code, message=message)
        case errors.TooManyPeople():
            message = "Three people are named to this appointment already. Take one of them back first."
            return 409, Problem(error=refused.code, message=message)
        case errors.GuestBusy():
            message = "This family has another appointment at that time. Choose another one."
            return 409, Problem(error=refused.code, message=message)
        case errors.TooLate():
            return 409, Problem(error=refused.code, message="This time has passed. Choose a later one.")
        case errors.PlaceNotOffered():
            message = "This place is not possible with this host. Choose the other one."
            return 409, Problem(error=refused.code, message=message)
        case errors.AlreadyCancelled():
            message = "This appointment was cancelled before. Load the page anew."
            return 409, Problem(error=refused.code, message=message)
        case WrongState():
            return 409, Problem(error=refused.code, message="Not possible now: the conference is in another state.")
        case _:
            return 409, Problem(error=refused.code, message="The rules of this conference do not allow it.")
