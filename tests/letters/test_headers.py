# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Subjects and names are read as they were written, whoever reads them."""

import re
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.header import decode_header, make_header
from email.message import EmailMessage
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sprechtag.letters.headers import MAIL, address, one_line
from sprechtag.phrases import Speaker

LANGUAGES = ("de", "en", "tr", "ar", "uk", "fa", "pl")
CONFERENCES = (
    "Elternsprechtag",
    "Elternsprechtag der Gesamtschule am Sandberg",
    "Sprechtag 2027, Haus „Übergang“",
    "Çocuklar için görüşme günü – Şubat",
    "Зустріч із батьками та вчителями",
    "يوم أولياء الأمور في المدرسة",
    "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft",
    "日本語補習校 保護者面談",
    "Tag der 👩‍👩‍👧‍👦 Familien",
)
HEADINGS = ("Reminder: %(when)s", "Changed: %(when)s", "Your appointment: %(when)s", "A time is free: %(when)s")
HOSTS = ("Frau Dr. Öztürk-Müller, Deutsch", "Herr 'Ä' Ö=?utf-8?q?x?=", "Ms. A  B", "Олена Ґ", "إيمان")


def written(name: str, value: object) -> bytes:
    mail = EmailMessage(policy=MAIL)
    mail[name] = value
    mail.set_content("x")
    return mail.as_bytes()


def lines(raw: bytes, name: str) -> list[str]:
    """The header's lines as they go over the wire."""
    text = raw.decode("ascii").partition("\r\n\r\n")[0]
    found = re.search(rf"^{name}: .*(?:\r\n[ \t].*)*", text, re.MULTILINE)
    assert found
    return found[0].rstrip("\r").split("\r\n")


def check_subject(subject: str) -> None:
    raw = written("Subject", subject)
    assert str(message_from_bytes(raw, policy=policy.default)["Subject"]) == subject
    old = message_from_bytes(raw)["Subject"]
    assert str(make_header(decode_header(old))) == subject
    assert all(len(line) <= 76 for line in lines(raw, "Subject"))


def realistic() -> list[str]:
    hours = [datetime(2027, month, 3 * month + 1, 13 + month, 10, tzinfo=UTC) for month in (1, 3, 9)]
    found = []
    for language, heading, conference, when in product(LANGUAGES, HEADINGS, CONFERENCES, hours):
        say = Speaker(language, "Europe/Berlin")
        found.append(f"{say(heading, when=say.when(when))} – {conference}")
    for language, host, conference in product(LANGUAGES, HOSTS, CONFERENCES):
        found.append(f"{Speaker(language)('%(host)s would like to talk to you', host=host)} – {conference}")
    return [one_line(subject) for subject in found]


def test_realistic_subjects_are_read_as_written() -> None:
    subjects = realistic()
    assert len(subjects) > 1000
    for subject in subjects:
        check_subject(subject)


def test_pythons_own_folding_would_lose_some() -> None:
    """Why there is a policy of ours."""
    lost = 0
    for subject in realistic():
        mail = EmailMessage()
        mail["Subject"] = subject
        lost += str(message_from_bytes(mail.as_bytes(policy=policy.SMTP), policy=policy.default)["Subject"]) != subject
    assert lost > 0


@given(st.text(max_size=300))
def test_any_subject_is_read_as_written(text: str) -> None:
    check_subject(one_line(text))


def test_a_short_subject_of_ascii_stays_readable() -> None:
    assert lines(written("Subject", "Test mail of Sprechtag"), "Subject") == ["Subject: Test mail of Sprechtag"]


@pytest.mark.parametrize("header", ["From", "To", "Reply-To"])
@pytest.mark.parametrize(
    "name",
    [
        "Schule",
        "Dr. Smith, Ann",
        'O"Brien\\',
        "Öztürk, Ayşe",
        "Олена Ґонта",
        "إيمان",
        "=?utf-8?q?x?=",
        "a,b;c:<d>@e",
        "",
        *HOSTS,
    ],
)
def test_names_are_read_as_written(header: str, name: str) -> None:
    name = one_line(name)
    raw = written(header, address(name, "jana@post.example"))
    (one,) = message_from_bytes(raw, policy=policy.default)[header].addresses
    assert (one.display_name, one.addr_spec) == (name, "jana@post.example")
    assert all(len(line) <= 76 for line in lines(raw, header))


@given(st.text(max_size=120))
def test_any_name_keeps_its_address(name: str) -> None:
    name = one_line(name)
    raw = written("To", address(name, "jana@post.example"))
    (one,) = message_from_bytes(raw, policy=policy.default)["To"].addresses
    assert one.addr_spec == "jana@post.example"
    # Python reads a space between two encoded words of a name, which RFC 2047 (6.2) does not have.
    assert one.display_name.replace(" ", "") == name.replace(" ", "")
    shown = " ".join(lines(raw, "To")).removeprefix("To: ").rpartition("<")[0].strip()
    if shown.startswith("=?"):
        assert str(make_header(decode_header(shown))) == name


def test_a_long_name_is_cut_at_spaces() -> None:
    name = "Gesamtschule am Übergang mit einem sehr langen Namen und noch mehr Wörtern"
    raw = written("From", address(name, "schule@schule.example"))
    (one,) = message_from_bytes(raw, policy=policy.default)["From"].addresses
    assert " ".join(one.display_name.split()) == name
