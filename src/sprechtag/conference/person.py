# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""What a family says of itself, tidied and checked."""

from dataclasses import dataclass

from email_validator import EmailNotValidError, validate_email

from .errors import Invalid


def tidy(field: str, value: str, longest: int, required: bool = False) -> str:
    """The text of a form's field without needless spaces. Raises `Invalid` when it is missing or too long."""
    value = " ".join(value.split())
    if required and not value:
        raise Invalid(field, f"{field}_missing")
    if len(value) > longest:
        raise Invalid(field, "too_long")
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
        try:
            email = validate_email(self.email.strip(), check_deliverability=False, test_environment=True).normalized
        except EmailNotValidError as error:
            raise Invalid("email", "email_missing" if not self.email.strip() else "email_wrong") from error
        return Person(name, email, self.language, tidy("phone", self.phone, 40))
