# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""To those who come to an appointment beside its family, and to who interprets.

As news of a family's appointments they are about revisions, so they are no entry of the registry: `letters/people.py`
knows what is new. Views are as `Writer.for_person` makes them."""

from collections.abc import Sequence
from dataclasses import replace

from ...conference.tables import Companion, Conference, Interpreter
from ...conference.views import BookingView, GuestView
from ...phrases import Speaker
from ..compose import for_interpreter, to_person
from ..letter import Letter, Onward
from ..writer import Writer

Told = tuple[BookingView, bool]
"""An appointment, and whether they knew it before."""


def without(view: BookingView) -> BookingView:
    """As it is for who is not asked for any more: their calendar forgets it."""
    return replace(view, state="cancelled", talk_link="", people=())


def to_companion(one: Companion, told: Told, gone: bool, writer: Writer) -> tuple[Letter, BookingView]:
    view, _ = told
    say = Speaker(one.language, view.zone)
    onward = Onward(say("See the appointment"), writer.person_link(one), _note(say))
    text = _text(say, told, gone, interprets=one.kind == "interpreter")
    return to_person(
        _heading(say, told, gone), f"{_hello(say, view.guest_name)}\n{text}", [view], [], view, onward
    ), view


def to_interpreter(
    one: Interpreter,
    conference: Conference,
    told: Sequence[Told],
    gone: Sequence[bool],
    others: Sequence[BookingView],
    writer: Writer,
) -> tuple[Letter, BookingView | GuestView]:
    say = Speaker(one.language, conference.time_zone)
    onward = Onward(say("My appointments"), writer.interpreter_link(one), _note(say))
    if not told:
        text = say(
            "you are asked to interpret at %(conference)s. As soon as a family needs you, we write to you. Your "
            "appointments are always on your own page.",
            conference=conference.name,
        )
        return for_interpreter(
            one, conference, say("You interpret"), f"{_hello(say, one.name)}\n{text}", onward, writer.look
        )
    to = told[0][0]
    several = len(told) > 1
    heading = say("What is new with your appointments") if several else _heading(say, told[0], gone[0])
    lines = dict.fromkeys(_text(say, some, left, interprets=True) for some, left in zip(told, gone, strict=True))
    text = "\n".join([_hello(say, to.guest_name), *lines])
    return to_person(heading, text, [view for view, _ in told], others, to, onward), to


def _hello(say: Speaker, name: str) -> str:
    return say("Hello {name},").replace("{name}", name)


def _note(say: Speaker) -> str:
    return say("This link is yours alone. Keep it to yourself.")


def _heading(say: Speaker, told: Told, gone: bool) -> str:
    view, known = told
    when = say.when(view.starts_at)
    if gone:
        return say("Not needed any more: %(when)s", when=when)
    if not view.active:
        return say("Cancelled: %(when)s", when=when)
    return say("Changed: %(when)s", when=when) if known else say("You are asked to come: %(when)s", when=when)


def _text(say: Speaker, told: Told, gone: bool, *, interprets: bool) -> str:
    view, known = told
    if gone:
        return say("you need not come to this appointment any more.")
    if not view.active:
        return say("this appointment does not take place.")
    if known:
        return say("this appointment has changed. It is now as below.")
    if interprets:
        return say("please interpret at this appointment.")
    return say("you were named to this appointment and are asked to come.")
