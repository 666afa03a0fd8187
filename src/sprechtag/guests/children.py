# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""For which child a family books: one that is known, or another."""

from collections.abc import Sequence
from dataclasses import dataclass

from starlette.datastructures import FormData

from ..conference.views import BookingView
from .front import Visit, field_of, text_of


@dataclass(frozen=True)
class KnownChild:
    child: str
    school_class: str


def children_of(visit: Visit, views: Sequence[BookingView]) -> list[KnownChild]:
    """The children that the visitor's link knows of: those that the school has entered, several on one line where there
    are as many classes, and those of its bookings in their order."""
    found = {view.child: view.school_class for view in sorted(views, key=lambda view: view.id)}
    if visit.family and visit.family.child:
        names = [part.strip() for part in visit.family.child.split(",")]
        classes = [part.strip() for part in visit.family.school_class.split(",")]
        if len(classes) != len(names):
            # One child, "Weber, Mia", or several of whose classes nobody knows which is whose.
            names, classes = [visit.family.child], [visit.family.school_class]
        found = {name: "" if one == "–" else one for name, one in zip(names, classes, strict=True) if name} | found
    return [KnownChild(child, school_class) for child, school_class in found.items() if child]


def child_in(form: FormData, known: Sequence[KnownChild]) -> dict[str, str]:
    """For which child a form is: one of those that are known, or another. Who types a name means that one, whatever is
    marked above it."""
    typed = field_of(form, "child")
    chosen = next((one for one in known if one.child == text_of(form, "known")), None)
    if chosen and not typed:
        return {"known": chosen.child, "child": chosen.child, "school_class": chosen.school_class}
    return {"known": "", "child": typed, "school_class": field_of(form, "school_class")}
