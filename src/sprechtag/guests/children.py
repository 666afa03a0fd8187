# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""For which child a family books: one that is known, or another; and who teaches which."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlmodel import Session
from starlette.datastructures import FormData

from ..conference import children
from ..conference.names import names_in
from ..conference.tables import Host
from ..conference.views import BookingView
from .front import Visit, field_of, text_of


@dataclass(frozen=True)
class KnownChild:
    """`teachers` are the ids of the hosts who teach it, by the school's files; `id` is empty for a child of which only
    an appointment knows."""

    child: str
    school_class: str
    id: str = ""
    teachers: frozenset[int] = frozenset()

    def has(self, host: Host) -> bool:
        """Whether the host teaches this child, by the school's files or by its class."""
        return host.id in self.teachers or bool(
            self.school_class and self.school_class.strip().casefold() in names_in(host.classes)
        )


def children_of(session: Session, visit: Visit, views: Sequence[BookingView] | None = None) -> list[KnownChild]:
    """The children that the visitor's link knows of: those that the school or the family has entered, and those of its
    bookings (`views`, where the caller has read them) in their order."""
    entered = children.of_guest(session, visit.family) if visit.family else []
    taught = children.teachers(session, entered)
    found = {
        child.name: KnownChild(
            child.name, child.school_class, child.public_id, frozenset(taught.get(child.id or 0, ()))
        )
        for child in entered
    }
    for view in sorted(visit.bookings(session) if views is None else views, key=lambda view: view.id):
        found.setdefault(view.child, KnownChild(view.child, view.school_class))
    return [one for one in found.values() if one.child]


def child_in(form: FormData, known: Sequence[KnownChild]) -> dict[str, str]:
    """For which child a form is: one of those that are known, or another. Who types a name means that one, whatever is
    marked above it."""
    typed = field_of(form, "child")
    chosen = next((one for one in known if one.child == text_of(form, "known")), None)
    if chosen and not typed:
        return {"known": chosen.child, "child": chosen.child, "school_class": chosen.school_class}
    return {"known": "", "child": typed, "school_class": field_of(form, "school_class")}


def whose_host(host: Host, known: Sequence[KnownChild]) -> KnownChild | None:
    """The one child that the host teaches; None where it is nobody, or several."""
    taught = [one for one in known if one.has(host)]
    return taught[0] if len(taught) == 1 else None


def chosen_for(form: Mapping[str, object], host: Host, known: Sequence[KnownChild]) -> KnownChild | None:
    """For which child the family sees this host in a plan of several: what the form says, else the one it teaches."""
    said = form.get(f"{FOR}{host.public_id}")
    if isinstance(said, str):
        return next((one for one in known if one.child == said), None)
    return whose_host(host, known)


FOR = "for-"
"""`for-` and a host's id: the child for whom the family sees this host."""
