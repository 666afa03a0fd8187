# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""What Nextcloud's admin sets for all: who may organise, how mails go out, how long data stay."""

from datetime import datetime
from typing import Annotated, Any, Literal

from email_validator import EmailNotValidError, validate_email
from fastapi import APIRouter, status
from pydantic import BaseModel, Field

from ..conference import administration
from ..conference.errors import Invalid
from ..conference.instance import fact, learn
from ..day import media
from ..errands import queue
from ..errands.queue import Put
from ..phrases import LANGUAGES
from ..settings import ADMIN_FIELDS
from .access import REFUSALS, User
from .capacity import MediaData
from .fields import Line, Secret
from .groups import check_admin
from .needs import House
from .schemas import Strict

Names = Annotated[Line, Field(max_length=2000)]
Short = Annotated[Line, Field(max_length=300)]


class AdminData(Strict):
    """Groups and languages are comma-separated. `smtp_password` null leaves the one that is there."""

    organiser_groups: Names = ""
    enrolled_groups: Names = ""
    mail_channel: Literal["auto", "smtp", "mail-app", "calendar"] = "auto"
    smtp_host: Short = ""
    smtp_port: Annotated[int, Field(ge=1, le=65535)] = 587
    smtp_user: Short = ""
    smtp_password: Annotated[Secret, Field(max_length=300)] | None = None
    smtp_security: Literal["starttls", "tls", "none"] = "starttls"
    smtp_from: Short = ""
    retention_days: Annotated[int, Field(ge=1, le=3650)] = 30
    public_url: Short = ""
    languages: Names = ""
    media: MediaData = MediaData()


class TestMail(BaseModel):
    """`state` is empty, `waiting`, `sent` or `failed`; `reason` says why it failed."""

    state: str = ""
    to: str = ""
    reason: str = ""


class TroubleAnswer(BaseModel):
    """What does not go well in the background just now: `count` errands of a kind for the same reason."""

    kind: str
    reason: str
    count: int
    since: datetime | None


class AdminAnswer(BaseModel):
    """The settings as they hold. `fixed` are those that the server's environment sets; they cannot be changed here.

    The password is never given out, only whether there is one. `relays`: the STUN and TURN servers that Talk names to
    all who join, as far as they are known; calls and the device check ask them. `organise_open`: everybody may make
    conferences as long as no group is named, because the installation is older than that rule."""

    settings: AdminData
    fixed: list[str]
    has_password: bool
    public_base: str
    languages_there: dict[str, str]
    test_mail: TestMail
    relays: list[str]
    organise_open: bool
    troubles: list[TroubleAnswer]


class TestMailData(Strict):
    to: Short


router = APIRouter(prefix="/api/v1/admin", responses=REFUSALS)


@router.get("/settings")
def show(house: House, user: User) -> AdminAnswer:
    with house.database.read() as session:
        check_admin(session, user, house.clock(), house.ask_for_groups)
    return _answer(house)


@router.put("/settings")
def change(house: House, data: AdminData, user: User) -> AdminAnswer:
    """Sets all; what the environment sets stays as it is."""
    _check(data)
    values = data.model_dump()
    if data.smtp_password is None:
        del values["smtp_password"]
    with house.database.write() as session:
        check_admin(session, user, house.clock(), house.ask_for_groups)
        administration.write(session, {name: values[name] for name in values if name not in _fixed(house)})
    house.forget_options()
    return _answer(house)


@router.post("/test-mail", status_code=status.HTTP_202_ACCEPTED)
def send_test_mail(house: House, data: TestMailData, user: User) -> TestMail:
    """Has a mail sent through the relay; what came of it stands in the settings a moment later."""
    try:
        to = validate_email(data.to.strip(), check_deliverability=False, test_environment=True).normalized
    except EmailNotValidError as error:
        raise Invalid("to", "email_wrong") from error
    with house.database.write() as session:
        check_admin(session, user, house.clock(), house.ask_for_groups)
        if not house.options().smtp_host:
            raise Invalid("smtp_host", "smtp_host_missing")
        asked = {"state": "waiting", "to": to, "asked": house.clock().isoformat(), "reason": ""}
        learn(session, "test-mail", asked, house.clock())
        queue.put(session, Put("test-mail", "", house.clock()))
    return TestMail(state="waiting", to=to)


def _answer(house: House) -> AdminAnswer:
    options = house.options()
    values: dict[str, Any] = {name: getattr(options, name) for name in ADMIN_FIELDS}
    with house.database.read() as session:
        mail = fact(session, "test-mail")
        relays = media.relay_hosts(fact(session, media.RELAYS))
        organise_open = administration.is_open(session, house.settings.organise_open)
        troubles = [
            TroubleAnswer(kind=one.kind, reason=one.problem, count=one.count, since=one.since)
            for one in queue.troubles(session)
        ]
    return AdminAnswer(
        settings=AdminData.model_validate(values | {"smtp_password": None}),
        fixed=_fixed(house),
        has_password=bool(options.smtp_password),
        public_base=house.public_base(),
        languages_there=LANGUAGES,
        test_mail=TestMail.model_validate({name: mail.get(name, "") for name in TestMail.model_fields}),
        relays=relays,
        organise_open=organise_open,
        troubles=troubles,
    )


def _fixed(house: House) -> list[str]:
    return [name for name in ADMIN_FIELDS if name in house.settings.model_fields_set]


def _check(data: AdminData) -> None:
    if data.public_url and not data.public_url.startswith(("https://", "http://")):
        raise Invalid("public_url", "url_wrong")
    if data.mail_channel == "smtp" and not data.smtp_host.strip():
        raise Invalid("smtp_host", "smtp_host_missing")
    unknown = [name for name in data.languages.split(",") if name.strip() and name.strip() not in LANGUAGES]
    if unknown:
        raise Invalid("languages", "language_unknown")
