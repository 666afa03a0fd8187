# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""What the title of a column says, in German or English: about whom (the child, the first or second parent, the
teacher) and what. Titles are compared without case, spaces, hyphens, dots and signs, umlauts also as ae, oe, ue."""

import re
import unicodedata
from dataclasses import dataclass

_UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss"})
_LONGEST = 80

_WORDS = {
    "child": "kind kindes kinder schueler schuelers schuelerin schuelerinnen sus pupil pupils student students child "
    "children schuelerdaten",
    "parent": "eltern elternteil elternteils erziehungsberechtigter erziehungsberechtigte erziehungsberechtigten "
    "erziehungsber erzberechtigter erzieher erz eb ezb sorgeberechtigter sorgeberechtigte sorgeberechtigten sorgeber "
    "parent parents parental guardian familie family familien kontakt contact kontaktperson person haushalt household "
    "hauptansprechpartner ansprechpartner",
    "father": "vater vaters father",
    "mother": "mutter mother",
    "teacher": "lehrer lehrerin lehrerinnen lehrkraft lehrkraefte lehrperson lehrpersonen lehrende teacher teachers "
    "host hosts fachlehrer fachlehrerin fachlehrkraft fachlehrkraefte klassenlehrer klassenlehrerin klassenleitung "
    "klassenlehrkraft tutor kursleiter unterrichtende betreuer",
    "first": "1 a erster erste erstes ersten first primary",
    "second": "2 b zweiter zweite zweites zweiten second secondary weiterer weitere weiteres",
    "third": "3 dritter dritte drittes dritten third",
    "email": "email emails mail mails emailadresse emailadressen mailadresse mailadressen emailaddress mailaddress",
    "phone": "telefon tel handy mobil mobile mobiltelefon mobilnummer phone festnetz telefonnummer telefonnr "
    "telefonnummern handynummer handynr rufnummer telnr phonenumber telephone",
    "forename": "vorname vornamen rufname rufnamen firstname givenname forename forenames givennames",
    "surname": "nachname nachnamen familienname familiennamen surname lastname zuname familyname",
    "name": "name namen fullname vollername anzeigename displayname",
    "class": "klasse klassen class classes klassenname klassenbezeichnung stammklasse klassengruppe form homeroom "
    "lerngruppe tutorgroup",
    "street": "strasse street adresse anschrift address postadresse strassehausnr hausnummer hausnr wohnadresse",
    "town": "ort wohnort plz stadt town city zip postleitzahl postcode ortsteil",
    "language": "sprache language korrespondenzsprache familiensprache muttersprache verkehrssprache herkunftssprache "
    "elternsprache spracheltern",
    "short": "kuerzel kurzname lehrerkuerzel lehrkraftkuerzel krz internkrz kurzbezeichnung abbreviation initials kurz "
    "kurzzeichen namenskuerzel",
    "user": "benutzer benutzername benutzerkennung user userid uid username login loginname account accountname "
    "kennung nextcloud nutzer nutzername nutzerkennung anmeldename nextclouduser nextcloudbenutzer konto benutzerid",
    "title": "titel title akadtitel akademischertitel",
    "subject": "fach faecher subject subjects unterrichtsfach unterrichtsfaecher fachkuerzel",
    "room": "raum raeume zimmer room rooms raumnummer raumnr raumname sprechzimmer",
    "number": "id ids nr nummer ident identnummer idnummer schueleridentnummer schuelernummer externeid "
    "fremdschluessel guid uuid importid kennnummer schluessel number externeidnr schuelerid idextern",
    "birth": "geburtsdatum geburtstag gebdatum gebdat geb birthday birthdate dateofbirth",
    "school": "schulische schulisches schulischer schulemail dienstl dienstlich dienstliche dienstlicher school",
    "more": "information info daten privat private primaer haupt home legal",
    "": "der des die dem den das und of the s in innen im fuer for von vom nr",
}
_MEANINGS: dict[str, str] = {word: meaning for meaning, words in _WORDS.items() for word in words.split()}
_LONGEST_WORD = max(map(len, _MEANINGS))
_WHATS = frozenset(_WORDS) - {
    "child",
    "parent",
    "father",
    "mother",
    "teacher",
    "first",
    "second",
    "third",
    "school",
    "more",
    "",
}
_WHOS = frozenset({"child", "parent", "father", "mother", "teacher"})


_BESIDE = re.compile(
    r"\([^()]*\)|\[[^]]*\]|\b(?:schuljahr|sj\.?)?\s*(?:19|20)[0-9]{2}(?:\s*/\s*[0-9]{2,4})?\b", re.IGNORECASE
)
"""What is said beside: "Klasse 2026/27", "Name (Pflichtfeld)"."""
_MERE_NUMBERS = frozenset({"nr", "nummer", "number", "lfdnr", "laufendenummer", "no"})


@dataclass(frozen=True)
class Meaning:
    """`who` is "child", "parent", "father", "mother", "teacher" or "" where the title does not say; `what` is one of
    the words of `_WHATS`, or "" for the person ("Kind"). `second` stands for "Elternteil 2" (`third` for "Kind 3"),
    `school` for an address that the school has given."""

    who: str = ""
    what: str = ""
    second: bool = False
    school: bool = False
    third: bool = False


def tidy(title: str) -> str:
    """The title as it is compared: "E-Mail-Adresse" is emailadresse, "Schüler:in" schuelerin."""
    folded = unicodedata.normalize("NFC", title).casefold().translate(_UMLAUTS)
    bare = unicodedata.normalize("NFKD", folded)
    return re.sub(r"[\W_]", "", bare)


def key(titles: list[str]) -> str:
    """What a choice of columns is remembered under: the titles of a table, tidied, in their order."""
    return "|".join(tidy(title) for title in titles)


def meaning(title: str) -> Meaning | None:
    """None for a title that is not known as a whole, and for one that only counts the lines."""
    words = _split(tidy(title)[:_LONGEST]) or _split(tidy(_BESIDE.sub("", title))[:_LONGEST])
    if not words or tidy(title) in _MERE_NUMBERS:
        return None
    found = [_MEANINGS[word] for word in words]
    whos = [one for one in found if one in _WHOS]
    whats = [one for one in found if one in _WHATS]
    if "email" in whats:  # "E-Mail-Adresse"
        whats = ["email"]
    elif "phone" in whats or "birth" in whats:
        whats = [one for one in whats if one in ("phone", "birth")][:1]
    elif len(whats) > 1:
        whats = _of_several(whats)
    if len(whats) > 1 or not (whos or whats):
        return None
    return Meaning(_who(whos), whats[0] if whats else "", "second" in found, "school" in found, "third" in found)


def _who(whos: list[str]) -> str:
    """Of "Elternteil 1 (Mutter)" and "Eltern des Kindes" the nearer word."""
    for one in ("mother", "father", "parent", "teacher", "child"):
        if one in whos:
            return one
    return ""


def _of_several(whats: list[str]) -> list[str]:
    """ "Straße und Ort" is about where, "Nachname, Vorname" a whole name, "Klasse/Name" nothing we know."""
    several = set(whats)
    if several <= {"street", "town"}:
        return ["street"]
    if several <= {"surname", "forename", "name", "title"}:
        return ["name"]
    if "number" in several and len(several) == 2:
        (other,) = several - {"number"}
        return [other] if other in ("user", "short", "room") else ["number"]
    return whats if len(several) > 1 else whats[:1]


def _split(text: str) -> tuple[str, ...]:
    """The fewest known words that make up the text; none when something is left."""
    best: list[tuple[str, ...] | None] = [()]
    for end in range(1, len(text) + 1):
        found: tuple[str, ...] | None = None
        for start in range(max(0, end - _LONGEST_WORD), end):
            before = best[start]
            if before is not None and text[start:end] in _MEANINGS and (found is None or len(before) + 1 < len(found)):
                found = (*before, text[start:end])
        best.append(found)
    return best[-1] or ()
