# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""What a letter is written with besides what it is about."""

from dataclasses import dataclass, replace
from datetime import datetime

from sqlmodel import Session

from ..conference.proof import plain_name
from ..conference.tables import Companion, Interpreter
from ..conference.tokens import LinkKey, feedback_path, interpreter_path, join_path, person_path, whole
from ..conference.views import BookingView, GuestView, bookings_of_guest, for_family
from ..look import PLAIN, Look


@dataclass(frozen=True)
class Writer:
    """`base` is the app's public address without a slash at its end, `now` the moment of writing (UTC), `look` the
    school's name and colour."""

    links: LinkKey
    base: str
    now: datetime
    look: Look = PLAIN

    def addressed(self, to: GuestView) -> GuestView:
        """The same with the school's name and colour."""
        return replace(to, look=self.look)

    def manage_link(self, to: BookingView | GuestView) -> str:
        return f"{self.base}/m/{self.links.token('manage', to.guest_public_id, to.guest_generation)}"

    def host_link(self, to: BookingView | GuestView, host_public_id: str) -> str:
        """The family's page of one host's free times."""
        return whole(f"{self.manage_link(to)}/h/{host_public_id}")

    def feedback_link(self, conference_public_id: str) -> str:
        return f"{self.base}/{feedback_path(self.links, conference_public_id)}"

    def for_family(self, view: BookingView) -> BookingView:
        """The same with the links that a family gets."""
        return replace(for_family(view, self.links, self.base), look=self.look)

    def for_person(self, view: BookingView, one: Companion) -> BookingView:
        """The same as somebody beside the family reads it: to whom it goes, who else comes, the own link to the
        call."""
        people = [view.guest_name, *view.people]
        if one.name in people:
            people.remove(one.name)
        link = f"{self.base}/{join_path(self.links, one.public_id, one.generation)}" if view.talk_link else ""
        return replace(
            view.outward(),
            look=self.look,
            before=None,
            guest_name=plain_name(one.name),
            guest_email=one.email,
            guest_phone="",
            language=one.language,
            message="",
            proven=one.interpreter_id is not None,
            people=tuple(plain_name(name) for name in people),
            talk_link=link,
        )

    def person_link(self, one: Companion) -> str:
        return f"{self.base}/{person_path(self.links, one.public_id, one.generation)}"

    def interpreter_link(self, one: Interpreter) -> str:
        return f"{self.base}/{interpreter_path(self.links, one.public_id, one.generation)}"

    def views(self, session: Session, to: GuestView) -> list[BookingView]:
        """All of the family's bookings by time, as it reads them; cancelled ones too."""
        return [self.for_family(view.outward()) for view in bookings_of_guest(session, to.guest_id)]

    def coming(self, session: Session, to: GuestView) -> list[BookingView]:
        """Those of `views` that are not cancelled."""
        return [view for view in self.views(session, to) if view.active]
