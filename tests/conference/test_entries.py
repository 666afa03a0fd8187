# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
import unicodedata
from contextlib import suppress
from datetime import UTC, date, datetime, time, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sprechtag.conference import entries
from sprechtag.conference.entries import Wrong
from sprechtag.conference.errors import Invalid
from sprechtag.conference.person import Person


@given(st.text(max_size=200))
def test_a_line_is_one_line_in_one_form(text: str) -> None:
    line = entries.line(text, 2000)
    assert line == " ".join(line.split()) and entries.line(line, 2000) == line
    assert unicodedata.is_normalized("NFC", line)
    assert not {unicodedata.category(sign) for sign in line} & {"Cc", "Cs", "Zl", "Zp"}
    line.encode()


@pytest.mark.parametrize(
    ("given_", "kept"),
    [
        ("Ada\r\nBcc: all@example.org", "Ada Bcc: all@example.org"),
        ("Ada\u2028Lovelace\u2029", "Ada Lovelace"),
        ("A\0d\x1ba\x7f", "Ada"),
        ("\ud800Ada\udfff\ufffe\ufdd0", "Ada"),
        ("\u202eada\u2066\u061c\ufeff", "ada"),
        ("Mu\u0308ller", "Müller"),
        ("علی\u200cرضا", "علی\u200cرضا"),
        ("क्\u200dष", "क्\u200dष"),
        ("👩\u200d👧 Ada", "👩\u200d👧 Ada"),
        ("\u200dAda\u200c \u200c\u200dLovelace\u200d", "Ada Lovelace"),
        ("a\u200c\u200c\u200cb", "a\u200cb"),
    ],
)
def test_what_has_no_place_in_a_line_goes_and_what_scripts_need_stays(given_: str, kept: str) -> None:
    assert entries.line(given_) == kept


def test_several_lines_stay_several() -> None:
    assert entries.text(" a\r\nb\rc\u2028d\x0be\tf\0 ") == "a\nb\nc\nd\ne f"


@pytest.mark.parametrize(
    "name", ["", " ", "\u200b", "\u2060\u00ad", "\u3164", "\u0301", "\u2800\u115f", "\u200d", "\0"]
)
def test_a_name_that_nobody_sees_is_none(name: str) -> None:
    with pytest.raises(Wrong, match="name_missing"):
        entries.name(name)
    with pytest.raises(Invalid) as refused:
        Person(name, "a@post.example", "de").checked()
    assert (refused.value.field, refused.value.reason) == ("name", "name_missing")


@pytest.mark.parametrize("name", ["X Æ", "李", "👍", "7", "علی\u200cرضا"])
def test_a_name_is_whatever_can_be_read(name: str) -> None:
    assert entries.name(name) == name


def test_what_is_too_long_is_refused_never_cut() -> None:
    with pytest.raises(Wrong, match="too_long"):
        entries.line("a" * 301)
    with pytest.raises(Invalid, match="too_long"):
        Person("a" * 121, "a@post.example", "de").checked()


@pytest.mark.parametrize("text", ["", "²", "5²", "٣", "-1", "+1", "1e3", "1_0", "0x1", "9" * 5000, "1.0", "\0", "121"])
def test_only_ascii_digits_make_a_number(text: str) -> None:
    assert entries.digits(text, 120) is None


@pytest.mark.parametrize(
    ("name", "number"), [("5²", 5), ("²", None), ("10b", 10), ("b", None), ("9" * 400, 999_999_999)]
)
def test_a_name_is_sorted_by_its_number(name: str, number: int | None) -> None:
    assert entries.number_in(name) == number


def test_a_class_has_ascii_digits_and_keeps_its_exponent() -> None:
    assert [entries.school_class(name) for name in ("٥b", "５b", "5²", " 5 b\n")] == ["5b", "5b", "5²", "5 b"]


@pytest.mark.parametrize("day", [date.min, date.max, date(1899, 12, 31), date(1999, 12, 31), date(2101, 1, 1)])
def test_a_day_lies_in_years_that_make_sense(day: date) -> None:
    assert entries.day(date(2027, 1, 13)) == date(2027, 1, 13)
    with pytest.raises(Wrong, match="day_wrong"):
        entries.day(day)


@pytest.mark.parametrize(
    "moment",
    [
        datetime(2027, 1, 1),  # noqa: DTZ001 - that it has no zone is the point
        datetime.max.replace(tzinfo=timezone(timedelta(hours=-14))),
        datetime.min.replace(tzinfo=timezone(timedelta(hours=14))),
        datetime(2101, 1, 1, tzinfo=UTC),
        datetime(1999, 12, 31, 23, tzinfo=UTC),
    ],
)
def test_a_moment_has_a_zone_and_a_year_that_makes_sense(moment: datetime) -> None:
    assert entries.instant(datetime(2027, 1, 1, 1, tzinfo=timezone(timedelta(hours=1)))) == datetime(
        2027, 1, 1, tzinfo=UTC
    )
    with pytest.raises(Wrong, match="moment_wrong"):
        entries.instant(moment)


def test_a_clock_has_minutes_and_no_zone() -> None:
    assert entries.clock(time(15, 0, 59, 7)) == time(15)
    with pytest.raises(Wrong, match="clock_wrong"):
        entries.clock(time(15, tzinfo=UTC))


@pytest.mark.parametrize(
    "zone",
    [
        "",
        "Europe",
        "localtime",
        "Factory",
        "../etc/passwd",
        "/etc/localtime",
        "Europe/Berlin\0",
        "CET-1",
        "a" * 9999,
        ".",
    ],
)
def test_a_zone_is_one_of_the_list(zone: str) -> None:
    assert entries.zone("Europe/Berlin") == "Europe/Berlin" and entries.zone("UTC") == "UTC"
    with pytest.raises(Wrong, match="time_zone_unknown"):
        entries.zone(zone)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("ä", "file_unreadable"),
        ("%", "file_unreadable"),
        ("YQ", "file_unreadable"),
        ("YWFhYQ==" * 99, "file_too_large"),
        ("YWFhYWE=", "file_too_large"),
    ],
)
def test_base64_is_base64(text: str, reason: str) -> None:
    assert entries.base64_bytes("YWFhYQ==", 4) == b"aaaa"
    with pytest.raises(Wrong, match=reason):
        entries.base64_bytes(text, 4)


@given(st.text(max_size=80))
def test_nothing_that_is_entered_raises_what_nobody_expects(text: str) -> None:
    for entry in (entries.name, entries.text, entries.school_class, entries.user_id, entries.zone):
        with suppress(Wrong):
            entry(text)
    entries.digits(text, 5), entries.number_in(text), entries.is_seen(text)
