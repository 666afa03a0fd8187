# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Whose fault a relay's answer says it is; the answers are those of Postfix, Exim, Exchange, Gmail and some providers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sprechtag.letters.channels import answers
from sprechtag.letters.channels.errors import AddressRefused, ChannelError, MessageRefused, RelayTrouble


@pytest.mark.parametrize(
    ("code", "text"),
    [
        (550, "5.1.1 <x@y.example>: Recipient address rejected: User unknown in virtual mailbox table"),
        (550, "5.1.1 The email account that you tried to reach does not exist."),
        (550, "5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found"),
        (556, "5.1.10 Recipient address has null MX"),
        (550, "5.2.1 The email account that you tried to reach is disabled"),
        (550, "5.4.1 Recipient address rejected: Access denied. AS(201806281)"),
        (550, "5.4.4 Unable to route: no mail hosts for domain"),
        (550, "Unknown user"),
        (550, "<spam.later@relay.example> No such user here"),
        (551, "User not local"),
        (553, "Mailbox name not allowed"),
        (550, "5.0.0 no such user"),
    ],
)
def test_of_the_address(code: int, text: str) -> None:
    assert type(answers.to_recipient(code, text)) is AddressRefused


@pytest.mark.parametrize(
    ("code", "text"),
    [
        (450, "4.2.0 <x@y.example>: Recipient address rejected: Greylisted"),
        (452, "4.2.2 Mailbox full"),
        (552, "5.2.2 Mailbox full"),
        (421, "4.7.0 Try again later, closing connection."),
        (554, "5.7.1 <x@y.example>: Relay access denied"),
        (550, "relay not permitted"),
        (550, "5.7.1 Unable to relay"),
        (530, "5.7.0 Must issue a STARTTLS command first"),
        (550, "5.7.23 The message was rejected because of Sender Policy Framework violation"),
        (550, "Sender verify failed"),
        (553, "5.1.8 <a@b.example>: Sender address rejected: Domain not found"),
        (550, "5.1.7 Invalid return address"),
        (550, "authentication required"),
        (554, "rate exceeded"),
        (550, "You have exceeded your daily limit"),
        (503, "5.5.1 Error: need MAIL command"),
        (554, "Transaction failed"),
        (550, "4.1.1 makes no sense: relay"),
    ],
)
def test_of_the_relay(code: int, text: str) -> None:
    assert type(answers.to_recipient(code, text)) is RelayTrouble


@pytest.mark.parametrize(
    ("code", "text", "kind"),
    [
        (554, "rate exceeded", RelayTrouble),
        (550, "5.7.1 Our system has detected an unusual rate of unsolicited mail", RelayTrouble),
        (554, "5.7.1 Message rejected due to content policy restrictions", RelayTrouble),
        (550, "5.7.1 Message contains a virus", MessageRefused),
        (554, "5.7.0 Attachment type not allowed", MessageRefused),
        (554, "5.6.0 Message with invalid header", MessageRefused),
        (552, "5.3.4 Message size exceeds fixed limit", MessageRefused),
        (552, "Message size exceeds fixed maximum", MessageRefused),
        (550, "5.1.1 no such user", AddressRefused),
        (550, "5.7.26 unauthenticated", RelayTrouble),
        (451, "4.3.0 queue file write error", RelayTrouble),
        (554, "told to say so", RelayTrouble),
    ],
)
def test_of_the_mail(code: int, text: str, kind: type[ChannelError]) -> None:
    assert type(answers.to_content(code, text)) is kind


@given(st.integers(400, 599), st.text(max_size=100))
def test_nothing_that_is_said_of_the_sender_finishes_a_mail(code: int, text: str) -> None:
    for judge in (answers.to_sender, answers.to_login, answers.to_greeting, answers.to_data):
        assert type(judge(code, text)) is RelayTrouble


@given(st.integers(400, 499), st.text(max_size=100))
def test_what_is_temporary_finishes_no_mail(code: int, text: str) -> None:
    for judge in (answers.to_recipient, answers.to_content):
        assert type(judge(code, text)) is RelayTrouble


@given(st.text(max_size=50), st.sampled_from([450, 550, 554]))
def test_an_error_repeats_no_word_of_the_relay(text: str, code: int) -> None:
    said = str(answers.to_recipient(code, f"5.1.1 jana.kaya@post.example {text}"))
    assert "jana" not in said and "@" not in said and str(code) in said


@pytest.mark.parametrize(
    ("code", "text"),
    [
        (550, "5.1.0 <school@relay.example>: Sender address rejected: User unknown"),
        (550, "5.1.1 Sender address rejected: not owned by user"),
        (550, "5.1.90 daily limit for message recipients exceeded"),
        (550, "5.2.1 The user you are trying to contact is receiving mail at a rate that prevents delivery"),
        (554, "5.2.252 SendAsDenied; not allowed to send as"),
        (554, "5.2.0 STOREDRV.Submission.Exception:SubmissionQuotaExceededException"),
        (554, "5.2.0 STOREDRV.Submission.Exception:OutboundSpamException"),
        (550, "Access denied"),
        (550, "Zu viele Mails von Ihnen"),
    ],
)
def test_what_is_about_us_ends_no_familys_mail_whatever_its_number(code: int, text: str) -> None:
    assert type(answers.to_recipient(code, text)) is RelayTrouble
    assert type(answers.to_content(code, text)) is RelayTrouble
