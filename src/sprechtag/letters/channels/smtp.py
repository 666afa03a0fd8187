# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""The SMTP relay of the settings: the channel for a whole school."""

import smtplib
import ssl
from email.message import EmailMessage

from ...settings import Settings


class SmtpRefused(Exception):
    """The relay will never take this mail (5xx); the message says why, without an address."""


class SmtpTroubled(Exception):
    """The relay is away or asks to come back later."""


def send(settings: Settings, message: EmailMessage) -> None:
    """Sends one message; blocking, up to 30 s. Raises `SmtpRefused` or `SmtpTroubled`."""
    try:
        with _connection(settings) as relay:
            if settings.smtp_user:
                relay.login(settings.smtp_user, settings.smtp_password)
            relay.send_message(message)
    except smtplib.SMTPRecipientsRefused as error:
        codes = [code for code, _ in error.recipients.values()]
        if codes and all(500 <= code < 600 for code in codes):
            raise SmtpRefused(f"The mail server does not take this address ({codes[0]}).") from error
        raise SmtpTroubled("The mail server asks to come back later.") from error
    except smtplib.SMTPAuthenticationError as error:
        raise SmtpTroubled("The mail server does not take our user name and password.") from error
    except smtplib.SMTPResponseException as error:
        if 500 <= error.smtp_code < 600:
            raise SmtpRefused(f"The mail server refused the mail ({error.smtp_code}).") from error
        raise SmtpTroubled(f"The mail server asks to come back later ({error.smtp_code}).") from error
    except (smtplib.SMTPException, OSError) as error:
        raise SmtpTroubled("The mail server does not answer.") from error
    except ValueError as error:  # a name of the server, user or password that cannot be sent (UnicodeError too)
        raise SmtpTroubled("The mail server's name, user or password has signs that cannot be used.") from error


def _connection(settings: Settings) -> smtplib.SMTP:
    if settings.smtp_security == "tls":
        context = ssl.create_default_context()
        return smtplib.SMTP_SSL(settings.smtp_host, settings.smtp_port, timeout=30, context=context)
    relay = smtplib.SMTP(settings.smtp_host, settings.smtp_port, timeout=30)
    if settings.smtp_security == "starttls":
        relay.starttls(context=ssl.create_default_context())
    return relay
