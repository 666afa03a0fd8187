# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Names of classes: kept as the school writes them, compared so that "05A" and "5a" are one. "5²" is another one."""

import re

_NUMBER = re.compile(r"(?<![0-9])0+(?=[0-9])")
_WHOLE = re.compile(r"([0-9]{1,2})[.,]0")
_MONTHS = "jan|feb|mär|mrz|mar|apr|mai|may|jun|jul|aug|sep|okt|oct|nov|dez|dec"
_DATE = re.compile(
    rf"[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}(?: .*)?|[0-9]{{1,2}}[./][0-9]{{1,2}}[./][0-9]{{2,4}}"
    rf"|[0-9]{{1,2}}[. -]*(?:{_MONTHS})[a-zä]*\.?(?:[ -]?[0-9]{{2,4}})?|(?:{_MONTHS})[a-zä]*[. -]*[0-9]{{1,4}}",
    re.IGNORECASE,
)
_CLASS = re.compile(
    r"(?:klasse )?0?[0-9]{1,2} ?[-./_]?[a-zäöü²³¹]{0,4}[0-9²³¹]?"
    r"|(?:e[f1-2p]?|q[1-4]|j[12]|k[12]|ks[12]|vk|ivk|dk)[-. ]?[0-9a-z]{0,3}"
    r"|[a-z]{1,6}[- ]?[0-9]{1,3}[a-z]?",
    re.IGNORECASE,
)
_SEPARATORS = re.compile(r"[,;/|~]| u\. | und | and ")


def key(name: str) -> str:
    """What two names of one class have in common."""
    return _NUMBER.sub("", re.sub(r"[\s._-]", "", name.casefold().removeprefix("klasse ").removeprefix("class ")))


def tidied(name: str) -> str:
    """As the school writes it; "5.0", which a spreadsheet made of 5, is 5 again."""
    whole = _WHOLE.fullmatch(name)
    return whole[1] if whole else name


def is_date(name: str) -> bool:
    """Whether a spreadsheet has taken "5-10" or "5/6" for a date ("05. Okt", "Mai 06", "01.05.2027", or the number of
    days since 1900 that stands for it)."""
    return _DATE.fullmatch(name) is not None or re.fullmatch("4[0-9]{4}", name) is not None


def looks_like_class(text: str) -> bool:
    return _CLASS.fullmatch(text) is not None


def several(text: str) -> list[str]:
    """The classes in a cell like "5a, 7b"."""
    return [tidied(part.strip()) for part in _SEPARATORS.split(text) if part.strip()]
