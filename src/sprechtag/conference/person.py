# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""What a family says of itself, tidied and checked."""

from dataclasses import dataclass

from email_validator import EmailNotValidError, validate_email

from . import entries
from .errors import Invalid


def tidy(field: str, value: str, longest: int, required: bool = False) -> str:
    """The text of a form's field as one line (`entries.line`). Raises `Invalid` when it is missing or too long."""
    try:
        value = entries.school_class(value) if field == "school_class" else entries.line(value, longest)
    except entries.Wrong as wrong:
        raise Invalid(field, wrong.reason) from wrong
    if required and not entries.is_seen(value):
        raise Invalid(field, f"{field}_missing")
    return value


@dataclass(frozen=True)
class Person:
    """What a guest says of itself. Raises nothing by itself: `checked` does."""

    name: str
    email: str
    language: str
    phone: str = ""

    def checked(self, *, address_needed: bool = True) -> "Person":
        """The same, trimmed and with a normal form of the address.

        Raises `Invalid` for an empty name, a wrong address, or text that is too long. On the phone a family may have
        no address at all."""
        name = tidy("name", self.name, 120, required=True)
        if not address_needed and not self.email.strip():
            return Person(name, "", self.language, tidy("phone", self.phone, 40))
        given = tidy("email", self.email, 320)
        try:
            email = validate_email(given, check_deliverability=False, test_environment=True).normalized
        except EmailNotValidError as error:
            raise Invalid("email", "email_missing" if not given else "email_wrong") from error
        return Person(name, email, self.language, tidy("phone", self.phone, 40))
