# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Nextcloud's notifications: whatever a family, an organiser or an alarm says is shown whole, and spoils nobody's list."""

import asyncio
import html
import json
from collections.abc import Iterator
from typing import Any, cast

import httpx
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from sqlalchemy import select

from conftest import PATIENCE, eventually, notices
from sprechtag.conference.tables import Alarm, Conference
from sprechtag.conference.telling import tell_user
from sprechtag.database import Database, utc_now
from sprechtag.nextcloud.notifications import notify, readable
from sprechtag.nextcloud.session import UserSession
from sprechtag.sandbox.notifier import PIPE, PhpError, Shown, shown, translated
from sprechtag.sandbox.server import SESSION
from town import Town, open_town

NASTY = "50 % sicher {word} a|b, 100%, %s %1$s %n %% {text} {subject} %d{"


@pytest.fixture(scope="module")
def town() -> Iterator[Town]:
    with open_town() as town:
        yield town


def page(town: Town, user: str) -> httpx.Response:
    return httpx.get(f"{town.url}/notifications", cookies={SESSION: town.world.log_in(user)})


def on_page(town: Town, user: str, text: str) -> bool:
    answer = page(town, user)
    assert answer.status_code == 200, "the user's whole list is gone"
    return html.escape(text) in answer.text


def test_the_stand_in_spoils_texts_as_nextcloud_does() -> None:
    for text in ("50 % sicher", "100%", "%s", "%1$s", "%%%"):
        with pytest.raises(PhpError):
            translated(text)
    assert translated("a|b") == PIPE
    assert translated("92 %% and %n") == "92 % and 1"
    assert shown({"rich_subject": "{word}", "rich_subject_params": {}}) is None
    assert (
        shown({"rich_subject": "x", "rich_subject_params": {"x": {"type": "highlight", "id": 1, "name": "x"}}}) is None
    )
    good: dict[str, Any] = {"rich_subject": "x", "rich_subject_params": {}}
    assert shown(good | {"rich_message": "", "rich_message_params": {}}) is None
    assert shown(good) == Shown("x", "", "")


class Taken:
    """A session that only takes what is sent, as JSON."""

    body: dict[str, Any]

    async def ocs(self, method: str, path: str, *, body: dict[str, Any]) -> None:
        self.body = json.loads(json.dumps(body).encode())


def arrives(subject: str, message: str) -> Shown | None:
    session = Taken()
    asyncio.run(notify(cast(UserSession, session), subject, message, "https://cloud.example/"))
    return shown(session.body["params"]["subject_params"])


@given(st.text(min_size=1, max_size=300), st.text(max_size=300))
@example(NASTY, NASTY)
@example("a\r\nb", "line\nline\x00\x1b[1m\ud800")
@example("می‌خواهم 👩‍🏫 \u2066 15:10\u2069", "")
def test_any_text_is_shown_whole(subject: str, message: str) -> None:
    found = arrives(subject, message)
    if not readable(subject):
        assert found is None
        return
    assert found == Shown(readable(subject), readable(message), "https://cloud.example/")
    found.subject.encode()  # half a letter would not go through PHP's JSON


def test_what_is_readable_stays_as_it_was_written() -> None:
    for text in (NASTY, "می‌خواهم 👩‍🏫", "\u206615:10–15:20\u2069", "two\nlines"):
        assert readable(text) == text
    assert readable("a\x00b\x7f\ud800c\r\nd") == "a b  c\nd"


def test_a_family_s_words_and_a_conference_s_name(town: Town) -> None:
    name = "Tag 100% {name} a|b %s"
    event = town.under_way(["t10"], name=name)
    eventually(lambda: on_page(town, "t10", name), what="the invitation names the conference")
    family = event.family("Demir")
    answer = family.send(family.slots()[0], place="video", name="Demir %d {x} y|z")
    assert answer.status_code == 200, answer.text
    eventually(lambda: any("/j/" in mail.text for mail in town.world.mails), what="the mail with the link")
    link = next(word for mail in town.world.mails for word in mail.text.split() if "/j/" in word)
    assert family.browser.post(f"{link}/message", data={"text": NASTY}).status_code == 200
    eventually(lambda: on_page(town, "t10", NASTY), what="the host reads it whole")
    assert on_page(town, "t10", "Demir %d {x} y|z")


KINDS = ("calls_not_up", "server_silent", "server_full", "joining_stuck", "line_full", "connections_fail")


@pytest.mark.parametrize("language", ["de", "en"])
def test_every_alarm_of_ours(town: Town, language: str) -> None:
    town.world.users["orga"].language = language
    event = town.under_way(["t11"])
    database = Database(f"sqlite:///{town.storage / 'app' / 'sprechtag.sqlite'}")
    with database.write(PATIENCE) as session:
        conference = session.execute(
            select(Conference).where(Conference.public_id == event.path.split("/")[1])  # type: ignore[arg-type]
        ).scalar_one()
        for kind in KINDS:
            facts = {"percent": 92.0, "missing": 3.0, "due": 8.0}
            alarm = Alarm(conference_id=conference.id or 0, kind=kind, about=f"{kind} 5% {{x}} a|b", facts=facts)
            session.add(alarm)
            session.flush()
            tell_user(session, conference.id or 0, "orga", "alarm", utc_now(), alarm.public_id)

    def done() -> bool:
        return not notices(database, "alarm")

    eventually(done, what="all were sent")
    database.close()
    assert page(town, "orga").status_code == 200
    subjects = [one.subject for one in town.world.notices("orga")][: len(KINDS)]
    assert len(subjects) == len(KINDS)
    full = {one for one in subjects if "92" in one}
    assert len(full) == 2 and all("92\u202f%" in one or "92\u00a0%" in one or "92 %" in one for one in full), subjects
    assert not [one for one in subjects if "%%" in one]
    for kind in KINDS[1:]:
        assert any(f"{kind} 5% {{x}} a|b" in one for one in subjects), (kind, subjects)
