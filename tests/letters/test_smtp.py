# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""A mail over a relay that does its work, refuses, dawdles or breaks off."""

import asyncio
import shutil
import ssl
import subprocess
import time
from pathlib import Path

import pytest

from letters.conftest import Line
from sprechtag.letters.channels.errors import AddressRefused, AnswerLost, ChannelError, MessageRefused, RelayTrouble
from sprechtag.letters.channels.smtp import Relay
from sprechtag.sandbox.demo import new_world
from sprechtag.sandbox.smtp import Relay as SandboxRelay
from sprechtag.settings import Settings


async def refusal(line: Line, **more: object) -> ChannelError:
    with pytest.raises(ChannelError) as caught:
        await line.send(**more)  # type: ignore[arg-type]
    return caught.value


async def test_it_works(line: Line) -> None:
    await line.send()
    (mail,) = line.world.mails
    assert (mail.sender, mail.to, mail.subject) == (
        "Schule <schule@schule.example>",
        "Jana <jana@post.example>",
        "Gruß",
    )
    assert mail.message_id == "<1@schule.example>"
    assert mail.text.splitlines() == ["Hallo", ".", ".. Ende"]


async def test_a_connection_is_kept_for_the_next_mail(line: Line) -> None:
    for number in range(5):
        await line.send(name=str(number))
    assert len(line.world.mails) == 5 and line.theirs.greeted == 1
    await line.ours.close()
    await line.send(name="6")
    assert line.theirs.greeted == 2


async def test_a_connection_is_left_after_a_while(line: Line) -> None:
    line.ours = Relay(idle_seconds=0.1)
    await line.send()
    await asyncio.sleep(0.5)
    await line.send()
    assert line.theirs.greeted == 2


async def test_mails_at_once_share_a_few_connections(line: Line) -> None:
    line.ours = Relay()
    await asyncio.gather(*(line.send(name=str(number)) for number in range(20)))
    assert len(line.world.mails) == 20 and line.theirs.greeted <= 2


async def test_a_connection_that_broke_is_replaced(line: Line) -> None:
    await line.send()
    await asyncio.to_thread(line.theirs.stop)
    line.theirs = type(line.theirs)(line.world, line.settings.smtp_port)
    await asyncio.to_thread(line.theirs.start)
    await line.send(name="2")
    assert len(line.world.mails) == 2


async def test_a_kept_connection_that_hangs_up_unseen_costs_no_mail(line: Line) -> None:
    await line.send()
    await line.ours.close()
    await line.send()
    (kept,) = line.ours._here().idle
    kept._client.protocol.transport.abort()
    await line.send(name="2")
    assert len(line.world.mails) == 3


async def test_other_settings_are_another_connection(line: Line) -> None:
    await line.send()
    await line.send(smtp_host="localhost")
    assert line.theirs.greeted == 2


def test_each_event_loop_has_its_own(line: Line) -> None:
    asyncio.run(line.send())
    asyncio.run(line.send(name="2"))
    assert len(line.world.mails) == 2


async def test_a_refused_address_does_not_end_the_connection(line: Line) -> None:
    line.fault("/rcpt", 550, "5.1.1 no such user", times=1)
    assert isinstance(await refusal(line), AddressRefused)
    await line.send()
    assert line.theirs.greeted == 1


@pytest.mark.parametrize(
    ("path", "status", "text", "kind"),
    [
        ("/mail", 550, "no such sender", RelayTrouble),
        ("/mail", 553, "5.7.1 sender not owned by user", RelayTrouble),
        ("/mail", 501, "bad address", RelayTrouble),
        ("/mail", 421, "too many connections", RelayTrouble),
        ("/connect", 554, "no SMTP service here", RelayTrouble),
        ("/rcpt", 451, "greylisted", RelayTrouble),
        ("/rcpt", 550, "unknown user", AddressRefused),
        ("/rcpt", 550, "relay not permitted", RelayTrouble),
        ("/rcpt", 554, "5.7.1 relay access denied", RelayTrouble),
        ("/data", 451, "busy", RelayTrouble),
        ("/data", 554, "rate exceeded", RelayTrouble),
        ("/data", 554, "5.7.1 too many mails today", RelayTrouble),
        ("/data", 550, "5.6.0 bad message", MessageRefused),
        ("/data", 552, "too big", MessageRefused),
        ("/data", 550, "5.1.1 no such user", AddressRefused),
    ],
)
async def test_an_answer_says_whose_fault_it_is(
    line: Line, path: str, status: int, text: str, kind: type[ChannelError]
) -> None:
    line.fault(path, status, text, times=1)
    error = await refusal(line)
    assert type(error) is kind and error.code == status and str(status) in str(error)
    assert "jana" not in str(error) and text not in str(error)
    assert line.world.mails == []
    await line.send()


async def test_a_lost_answer_is_told_from_a_mail_that_was_not_sent(line: Line) -> None:
    line.fault("/data", kind="drop_after", times=1)
    assert isinstance(await refusal(line), AnswerLost)
    assert len(line.world.mails) == 1
    for path in ("/connect", "/mail", "/rcpt"):
        await line.ours.close()
        line.fault(path, kind="drop_before", times=1)
        assert isinstance(await refusal(line), RelayTrouble)
    assert len(line.world.mails) == 1


async def test_the_same_name_makes_the_same_message_id(line: Line) -> None:
    line.fault("/data", kind="drop_after", times=1)
    await refusal(line)
    await line.send()
    assert len(line.world.mails) == 2 and len({mail.message_id for mail in line.world.mails}) == 1


@pytest.mark.parametrize(("path", "kind"), [("/rcpt", RelayTrouble), ("/data", AnswerLost)])
async def test_a_mail_takes_no_longer_than_it_may(line: Line, path: str, kind: type[ChannelError]) -> None:
    line.fault(path, kind="delay", seconds=20, times=1)
    started = time.monotonic()
    assert type(await refusal(line)) is kind
    assert time.monotonic() - started < 4


async def test_who_waits_too_long_for_a_turn_comes_back_later(line: Line) -> None:
    line.ours = Relay(seconds=1)
    line.fault("/rcpt", kind="delay", seconds=20)
    errors = await asyncio.gather(*(refusal(line, name=str(number)) for number in range(5)))
    assert all(isinstance(error, RelayTrouble) for error in errors)


async def test_a_relay_that_is_away_is_said(line: Line) -> None:
    error = await refusal(line, smtp_port=1)
    assert isinstance(error, RelayTrouble) and str(error) == "The mail server does not answer."


async def test_a_relay_without_tls_is_not_used_when_tls_is_asked_for(line: Line) -> None:
    for security in ("starttls", "tls"):
        error = await refusal(line, smtp_security=security)
        assert isinstance(error, RelayTrouble) and "encrypted" in str(error)
    assert line.world.mails == []


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Key and certificate of "localhost" in one file, signed by itself."""
    if shutil.which("openssl") is None:
        pytest.skip("openssl is missing")
    path = tmp_path_factory.mktemp("tls") / "both.pem"
    words = "req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -addext subjectAltName=DNS:localhost"
    made = subprocess.run(["openssl", *words.split(), "-keyout", "-", "-out", "-"], capture_output=True, check=True)
    path.write_bytes(made.stdout)
    return path


@pytest.mark.parametrize("security", ["tls", "starttls"])
@pytest.mark.parametrize("trusted", [True, False])
async def test_tls_only_with_a_certificate_that_is_trusted(
    certificate: Path, security: str, trusted: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)
    world = new_world("http://nc.example", "s" * 64)
    relay = SandboxRelay(world, password="right", **{security: context})  # type: ignore[arg-type]
    settings = Settings(
        smtp_host="localhost",
        smtp_port=relay.start(),
        smtp_security=security,
        smtp_user="schule",
        smtp_password="right",
        smtp_from="schule@schule.example",
    )
    line = Line(world, relay, Relay(seconds=5), settings)
    if trusted:
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        for number in range(3):
            await line.send(name=str(number))
        assert len(world.mails) == 3
    else:
        assert "encrypted" in str(await refusal(line)) and world.mails == []
    await line.ours.close()
    await asyncio.to_thread(relay.stop)


@pytest.mark.parametrize("line", [{"password": "right"}], indirect=True)
async def test_a_login_that_is_refused_is_the_relays_trouble(line: Line) -> None:
    error = await refusal(line, smtp_user="schule", smtp_password="wrong")
    assert isinstance(error, RelayTrouble) and error.code == 535 and "user name and password" in str(error)
    assert isinstance(await refusal(line), RelayTrouble)
    await line.send(smtp_user="schule", smtp_password="right")
    assert len(line.world.mails) == 1


async def test_a_relay_without_login_is_said(line: Line) -> None:
    error = await refusal(line, smtp_user="schule", smtp_password="x")
    assert isinstance(error, RelayTrouble) and "user name and password" in str(error)


async def test_a_sending_that_is_called_off_leaves_no_half_open_connection(line: Line) -> None:
    line.fault("/rcpt", kind="delay", seconds=1, times=1)
    sending = asyncio.ensure_future(line.send())
    await asyncio.sleep(0.5)
    sending.cancel()
    with pytest.raises(asyncio.CancelledError):
        await sending
    await line.send()
    assert line.theirs.greeted == 2 and len(line.world.mails) == 1


@pytest.mark.parametrize("line", [{"smtputf8": True}], indirect=True)
async def test_letters_before_the_at_go_to_a_relay_that_takes_them(line: Line) -> None:
    await line.send(to="jürgen@müller.example")
    assert line.theirs.envelopes == [("schule@schule.example", "jürgen@xn--mller-kva.example")]
    assert line.world.mails[0].to == "Jana <jürgen@xn--mller-kva.example>" and line.world.mails[0].subject == "Gruß"


async def test_letters_before_the_at_are_said_where_the_relay_does_not_take_them(line: Line) -> None:
    error = await refusal(line, to="jürgen@müller.example")
    assert isinstance(error, AddressRefused) and "before the @" in str(error) and "rgen" not in str(error)
    assert isinstance(await refusal(line, smtp_from="bücher@schule.example"), RelayTrouble)
    await line.send()


async def test_domains_with_umlauts_get_mail(line: Line) -> None:
    await line.send(to="jana@Müller.example", smtp_from="Schule <buero@schüle.example>")
    assert line.theirs.envelopes == [("buero@xn--schle-mva.example", "jana@xn--mller-kva.example")]
    (mail,) = line.world.mails
    assert mail.sender == "Schule <buero@xn--schle-mva.example>" and mail.to == "Jana <jana@xn--mller-kva.example>"
    assert mail.message_id == "<1@xn--schle-mva.example>"


@pytest.mark.parametrize("address", ["jana", "jana@", "@müller.example", "jana@ä..example", "jana@" + "ä" * 90])
async def test_what_is_no_address_is_said(line: Line, address: str) -> None:
    assert isinstance(await refusal(line, to=address), AddressRefused)
    assert isinstance(await refusal(line, smtp_from=f"Schule <{address}>"), RelayTrouble)
    await line.send()
