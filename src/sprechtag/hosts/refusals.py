# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""A refusal as the API says it: a status, a code for programs and a sentence for people."""

from ..conference import errors, organise
from .schemas import Problem

_SENTENCES: dict[str, str] = {
    "windows_missing": "Give at least one day with a time window.",
    "windows_overlap": "Two time windows overlap. Change one of them.",
    "window_ends_before_start": "A time window ends before it starts. Change its times.",
    "too_many_slots": "That makes more than 500 slots for one host. Take longer slots or fewer windows.",
    "slot_too_short": "A slot needs at least one minute.",
    "pause_negative": "The pause cannot be negative.",
    "name_missing": "Give the conference a name.",
    "time_zone_unknown": "This time zone is unknown. Use a name like Europe/Berlin.",
    "no_place_offered": "Offer at least one place: on site or video.",
    "too_small": "This number is too small.",
    "closes_before_opening": "Booking closes before it opens. Change one of the two times.",
    "user_id_missing": "Give the Nextcloud user to invite.",
}


def problem(refused: errors.Refused) -> tuple[int, Problem]:
    match refused:
        case errors.Invalid(field=field, reason=reason):
            message = _SENTENCES.get(reason, "This entry cannot be used. Check it and try again.")
            return 422, Problem(error=reason, message=message, field=field)
        case errors.NotFound():
            return 404, Problem(error="not_found", message="There is no such thing, or it is not yours.")
        case organise.HasBookings():
            message = "Families have appointments there. Move or cancel those first."
            return 409, Problem(error=refused.code, message=message)
        case organise.WrongState():
            return 409, Problem(error=refused.code, message="Not possible now: the conference is in another state.")
        case _:
            return 409, Problem(error=refused.code, message="The rules of this conference do not allow it.")
