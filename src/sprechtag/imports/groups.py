# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""What the name of a group says, as a school's directory (LDAP, SAML, IServ) calls it: the teachers of a class ("5b",
"Klasse 5b", "lehrer-5b"), those of a subject ("Fachschaft Deutsch", "Kollegium Mathe"), or nothing of the two."""

import re
from dataclasses import dataclass
from typing import Literal

from .classes import looks_like_class, tidied
from .titles import tidy

Field = Literal["classes", "subject", ""]


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_YEAR = re.compile(
    r"[-_]?(?:schuljahr|sj\.?)?\s*(?<![0-9])(?:19|20)[0-9]{2}(?:\s*[/_-]\s*[0-9]{2,4})?(?![0-9])", re.IGNORECASE
)
_BETWEEN = re.compile(r"[\s_,()\[\]]+|(?<=[^\W\d_])-(?=\w)|(?<=[^\W\d_]{3})(?=[0-9])")
_OF_TEACHERS = _words(
    "lehrer lehrerin lehrerinnen lehrkraft lehrkraefte lehrende lehrpersonen klassenteam klassenlehrer klassenlehrerin "
    "klassenlehrerinnen klassenleitung klassenkonferenz klassenkollegium teacher teachers staff kl lul"
)
_OF_CLASSES = _words("klasse klassen class stufe jahrgang jg form")
_OF_SUBJECTS = _words(
    "fachschaft fachgruppe fachkonferenz fachbereich fachkollegium fachlehrer fachlehrerinnen fach fs fk department "
    "subject"
)
_OF_EITHER = _words("kollegium")
_OF_FAMILIES = _words(
    "schueler schuelerin schuelerinnen sus eltern elternteil elternvertreter klassenpflegschaft erziehungsberechtigte "
    "pupils students parents families familien alumni"
)
_BESIDE = _words("der die das des dem den von fuer of for the innen")
_SUBJECTS = _words(
    "deutsch mathe mathematik englisch franzoesisch spanisch latein italienisch russisch biologie bio chemie physik "
    "informatik geschichte erdkunde geographie geografie politik sozialwissenschaften wirtschaft religion ethik "
    "philosophie kunst musik sport technik sachunterricht daz hauswirtschaft paedagogik literatur "
    "naturwissenschaften gesellschaftslehre"
)
_BARE_CLASS = re.compile(r"0?[0-9]{1,2} ?[-./]?[a-zäöü][a-zäöü0-9]{0,3}|(?:ef|q[1-4]|j[12]|k[12])", re.IGNORECASE)
"""What is a class without any word that says so: "5b", "Q1", but neither "10" nor "Raum 3"."""


@dataclass(frozen=True)
class Meant:
    """`field` is what of a host the group tells, "" for nothing; `word` is the class or the subject."""

    field: Field = ""
    word: str = ""


def meant(name: str) -> Meant:
    """What is proposed for a group of this name; a person may know better."""
    words = [word for word in _BETWEEN.split(_YEAR.sub(" ", name)) if word]
    kinds = [tidy(word) for word in words]
    if _OF_FAMILIES & set(kinds):
        return Meant()
    marks = _OF_TEACHERS | _OF_CLASSES | _OF_SUBJECTS | _OF_EITHER | _BESIDE
    rest = " ".join(word for word, kind in zip(words, kinds, strict=True) if kind not in marks)
    said = set(kinds)
    if not rest:
        return Meant()
    of_subject, marked = bool(said & _OF_SUBJECTS), bool(said & (_OF_TEACHERS | _OF_CLASSES | _OF_EITHER))
    is_class = looks_like_class(rest) if marked else _BARE_CLASS.fullmatch(rest) is not None
    if is_class and not of_subject:
        return Meant("classes", tidied(rest))
    if of_subject or said & _OF_EITHER or (tidy(rest) in _SUBJECTS and not said & _OF_CLASSES):
        return Meant("subject", rest)
    return Meant()
