# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""A refusal of the rules as a sentence: what happened, and what to do now."""

from dataclasses import dataclass

from ..conference import errors
from ..phrases import Speaker


@dataclass(frozen=True)
class Sentence:
    """`text` says what happened, `advice` what to do; `field` is the form field it belongs to, or empty. In how many
    `minutes` the same may be tried again: 0 for any time."""

    status: int
    text: str
    advice: str
    field: str = ""
    minutes: int = 0


def _fields(say: Speaker) -> dict[str, str]:
    return {
        "name_missing": say("Please enter your name."),
        "child_missing": say("Please enter the name of the child."),
        "email_missing": say("Please enter your e-mail address."),
        "email_wrong": say("Please check the e-mail address, for example name@example.com."),
        "too_long": say("That is too long. Please shorten it."),
        "hosts_missing": say("Tick at least one person."),
        "days_missing": say("Please choose at least one day."),
        "too_many_wishes": say("Please wish for at most ten persons."),
    }


def sentence(say: Speaker, refused: errors.Refused) -> Sentence:
    match refused:
        case errors.Invalid(field=field, reason=reason):
            return Sentence(422, _fields(say).get(reason, say("Please check this entry.")), "", field)
        case errors.SlotTaken(starts_at=starts_at, free_next=free):
            advice = (
                say("Free next: %(times)s.", times=say.listing([say.time(start) for start in free]))
                if free
                else say("Nothing else is free here. Please choose somebody else or look in again later.")
            )
            return Sentence(409, say("%(time)s was just taken.", time=say.time(starts_at)), advice, "slot")
        case errors.NoTimeAfter():
            return Sentence(
                409,
                say("Your appointment is longer than the others and does not fit there."),
                say("Please choose another time."),
            )
        case errors.OnlyPreview():
            return Sentence(
                409,
                say("This is a preview. Nothing can be booked here."),
                say("Families see these pages once booking is opened."),
            )
        case errors.SlotBlocked():
            return Sentence(409, say("This time is not offered any more."), say("Please choose another time."))
        case errors.PlaceNotOffered(offered=offered):
            if not offered:
                return Sentence(
                    409, say("Nothing can be booked here at the moment."), say("Please choose another time.")
                )
            names = {"on_site": say("On site"), "video": say("By video")}
            choice = say.listing([names[place] for place in offered])
            return Sentence(422, say("Please choose where: %(places)s.", places=choice), "", "place")
        case errors.GuestBusy(starts_at=starts_at):
            return Sentence(
                409,
                say("You already have an appointment at %(time)s.", time=say.time(starts_at)),
                say("Please choose a time that does not overlap."),
            )
        case errors.InterpreterBusy(starts_at=starts_at, language=language):
            return Sentence(
                409,
                say(
                    "Nobody who interprets %(language)s is free at %(time)s.",
                    language=language,
                    time=say.time(starts_at),
                ),
                say("Please choose another time, or tick that you come without an interpreter."),
                "without",
            )
        case errors.TooManyPeople(most=most):
            return Sentence(
                409,
                say("So many are named already: %(number)s.", number=most),
                say("Take one of them back first."),
            )
        case errors.LimitReached(by_other=True):
            return Sentence(
                409,
                say("Your family's other household has booked this person for this child."),
                say("More appointments for one child are not possible. You can book for another child."),
            )
        case errors.LimitReached(limit=limit, per_host=True):
            return Sentence(
                409,
                say.plural(
                    "You already have %(number)s appointment with this person; more are not possible.",
                    "You already have %(number)s appointments with this person; more are not possible.",
                    limit,
                ),
                say("You can move or cancel it with the link in your mail."),
            )
        case errors.LimitReached(limit=limit):
            return Sentence(
                409,
                say.plural(
                    "Only %(number)s appointment per family is possible.",
                    "Only %(number)s appointments per family are possible.",
                    limit,
                ),
                say("Cancel one with the link in your mail, then you can book another."),
            )
        case errors.OtherFamily():
            return Sentence(409, say("Your family has another household already."), say("Please ask the school."))
        case errors.OnlyInvited():
            return Sentence(
                403,
                say("Booking here needs your own link."),
                say("You find it in the letter or mail of your school. Please ask there if you have none."),
            )
        case errors.BookingNotOpen(opens_at=opens_at) if opens_at:
            return Sentence(
                403, say("Booking opens on %(when)s.", when=say.when(opens_at)), say("Please come back then.")
            )
        case errors.BookingNotOpen():
            return Sentence(403, say("Booking is not open yet."), say("Please look in again later."))
        case errors.WishesFirst(over=True):
            return Sentence(
                403,
                say("The wishes are being assigned."),
                say("You get a mail as soon as it is done. After that, free times can be booked here."),
            )
        case errors.WishesFirst(until=until):
            advice = say("You can do that until %(when)s.", when=say.when(until)) if until else ""
            return Sentence(403, say("Please say first whom you would like to see."), advice)
        case errors.NoWaitingList():
            return Sentence(403, say("There is no waiting list here."), say("Please look in again later."))
        case errors.StillFree():
            return Sentence(
                409, say("There are free times."), say("Choose one of them; nobody waits while something is free.")
            )
        case errors.NotLikeThis() | errors.WishesBefore():
            return Sentence(
                409,
                say("This does not go through here."),
                say("If we know this address, we are writing to it now what to do. Please look into your mails."),
            )
        case errors.Spent(kind="codes", minutes=minutes):
            return _later(say, minutes, say("Too many wrong codes were typed."))
        case errors.Spent(minutes=minutes):
            return _later(say, minutes, say("A great many entries have come from your network just now."))
        case errors.BookingClosed():
            return Sentence(403, say("Booking is closed."), say("Appointments that are booked stay as they are."))
        case errors.TooLate():
            return Sentence(
                409, say("It is too late for this time."), say("Please choose a later time or contact the organisers.")
            )
        case errors.AlreadyCancelled():
            return Sentence(409, say("This appointment was cancelled before."), say("You can book a new one."))
        case _:
            return Sentence(
                404,
                say("This page does not exist (any more)."),
                say("Please open the link from your mail or letter again."),
            )


def _later(say: Speaker, minutes: int, text: str) -> Sentence:
    advice = say.plural(
        "Please wait %(number)s minute and try again.", "Please wait %(number)s minutes and try again.", minutes
    )
    return Sentence(429, text, advice, minutes=minutes)
