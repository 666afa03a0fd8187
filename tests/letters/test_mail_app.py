# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""What Nextcloud's Mail app says, and what that is to us."""

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from conftest import School
from sprechtag.letters.channels import Channel, mail_app
from sprechtag.letters.channels.errors import AddressRefused, AnswerLost, ChannelError, RelayTrouble
from sprechtag.letters.letter import Letter
from sprechtag.nextcloud.errors import Throttled, Troubled
from sprechtag.nextcloud.session import Door
from sprechtag.sandbox.world import Fault
from town import Town, open_town

CHANNEL = Channel("mail-app", 1, "orga@schule.example")


@pytest.fixture(scope="module")
def shared() -> Iterator[Town]:
    with open_town() as town:
        town.world.users["orga"].mail_account = True
        town.world.mail_window = (1000, 1.0)
        yield town


@pytest.fixture
def town(shared: Town) -> Town:
    shared.world.mails.clear()
    shared.world.faults.clear()
    return shared


async def send(town: Town, to: str = "jana@post.example", **more: Any) -> str:
    door = Door(town.url, town.world.app.id, town.world.app.version, town.world.app.secret, 2)
    return await mail_app.send(door, "orga", CHANNEL, Letter(("Jana", to), "Gruß", "Hallo", "<p>Hallo</p>", **more))


async def test_it_works(town: Town) -> None:
    assert await send(town) == ""
    (mail,) = town.world.mails
    assert (mail.to, mail.subject, mail.calendar) == ("jana@post.example", "Gruß", "")


@pytest.mark.parametrize(
    ("says", "note"), [("retried", "tries again"), ("not filed", "could not file"), ("no folder", "goes out later")]
)
async def test_what_is_in_the_mail_apps_hands_is_not_sent_again(town: Town, says: str, note: str) -> None:
    town.world.faults.append(Fault("MAIL /send", "status", text=says))
    assert note in await send(town)
    assert len(town.world.mails) == 1


@pytest.mark.parametrize(
    ("says", "kind"), [("error", RelayTrouble), ("attachment", RelayTrouble), ("fatal", AnswerLost)]
)
async def test_its_500_has_several_meanings(town: Town, says: str, kind: type[ChannelError]) -> None:
    town.world.faults.append(Fault("MAIL /send", "status", text=says, times=1))
    with pytest.raises(kind) as caught:
        await send(town)
    if isinstance(caught.value, RelayTrouble):
        assert caught.value.leaves_trace == (says == "error") and town.world.mails == []
    assert "jana" not in str(caught.value)


@pytest.mark.parametrize(("status", "kind"), [(429, Throttled), (500, Troubled), (502, Troubled), (200, Troubled)])
async def test_what_is_not_the_mail_apps_answer_is_nextclouds(town: Town, status: int, kind: type[Exception]) -> None:
    """A maintenance page or a captive portal says 200 and has taken nothing."""
    town.world.faults.append(Fault("message/send", "status", status, times=1))
    with pytest.raises(kind):
        await send(town)
    assert town.world.mails == []


async def test_a_lost_answer_counts_as_sent(town: Town) -> None:
    town.world.faults.append(Fault("message/send", "drop_after", times=1))
    assert "got lost" in await send(town)
    assert len(town.world.mails) == 1


async def test_domains_with_umlauts_get_mail(town: Town) -> None:
    await send(town, "jana@müller.example")
    assert [mail.to for mail in town.world.mails] == ["jana@xn--mller-kva.example"]


@pytest.mark.parametrize("address", ["jürgen@post.example", "jana", "jana@ä..example", "jana@po_st.example"])
async def test_what_no_mail_can_be_sent_to_is_said(town: Town, address: str) -> None:
    with pytest.raises(AddressRefused):
        await send(town, address)
    assert town.world.mails == []


async def test_moved_and_cancelled_are_two_attachments(town: Town, school: School) -> None:
    view = school.book(school.slots()[0], "a")
    await send(town, events=(view, replace(view, state="cancelled", public_id="other")))
    (mail,) = town.world.mails
    assert re.findall("METHOD:([A-Z]+)", mail.calendar) == ["PUBLISH", "CANCEL"]
    assert mail.calendar.replace("\r\n ", "").count("mailto:orga@schule.example") == 2
